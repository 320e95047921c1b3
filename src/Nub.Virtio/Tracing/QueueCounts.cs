using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// What the meter reports, counted whether a listener is there or not. A request costs an addition to a field of its queue; a batch of them one interlocked addition here.
/// </summary>
internal static class QueueCounts
{
    /// <summary>One more than the device numbers that are told apart; what is beyond counts as 0, which is no device's number.</summary>
    public const int Devices = 64;

    private static readonly long[] s_requests = Once.Make(static () => new long[Devices]);
    private static readonly long[] s_broken = Once.Make(static () => new long[Enum.GetValues<VirtQueueError>().Length]);
    private static long s_thrown;
    private static long s_connections;
    private static long s_refused;

    public static long Thrown => Volatile.Read(ref s_thrown);

    public static long Connections => Volatile.Read(ref s_connections);

    public static long Refused => Volatile.Read(ref s_refused);

    public static int Errors => s_broken.Length;

    public static long Requests(int device) => Volatile.Read(ref s_requests[device]);

    public static long Broken(int error) => Volatile.Read(ref s_broken[error]);

    public static void AddRequests(int device, long count) => Interlocked.Add(ref s_requests[device], count);

    public static void Break(VirtQueueError error) => Interlocked.Increment(ref s_broken[(int)error]);

    /// <summary>The device threw out of its work on a queue.</summary>
    public static void Throw() => Interlocked.Increment(ref s_thrown);

    public static void AddConnection(int change) => Interlocked.Add(ref s_connections, change);

    /// <summary>A front end was refused for a message.</summary>
    public static void Refuse() => Interlocked.Increment(ref s_refused);
}
