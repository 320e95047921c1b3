using System.Diagnostics;

namespace Nub.Virtio;

/// <summary>
/// How long a queue's thread goes on looking before it sleeps until a kick. To sleep and be woken costs both sides a system call and the scheduler's time, so looking pays where a driver that
/// waits for one request sends the next at once. The window grows while sleeps turn out to be short, and is closed when one was long: an idle queue costs nothing.
/// </summary>
internal struct PollWindow
{
    private static readonly long s_least = Stopwatch.Frequency / 1_000_000 * 4;

    // 32 µs: as long as QEMU's own event loop looks.
    private static readonly long s_most = 8 * s_least;

    private long _length;

    /// <summary>Looks for the length of the window.</summary>
    /// <param name="queue">The queue, with kicks disabled.</param>
    /// <returns>Whether the driver has made something available.</returns>
    public readonly bool SeesMore(VirtQueue queue)
    {
        if (_length == 0)
        {
            return false;
        }

        long start = Stopwatch.GetTimestamp();
        do
        {
            if (queue.HasAvailable())
            {
                return true;
            }

            Thread.SpinWait(8);
        }
        while (Stopwatch.GetTimestamp() - start < _length && !queue.Paused);
        return false;
    }

    /// <summary>Learns from a sleep that has just ended.</summary>
    /// <param name="asleep">When it began.</param>
    public void Adapt(long asleep)
    {
        long slept = Stopwatch.GetTimestamp() - asleep;
        _length = slept > s_most ? 0 : Math.Min(Math.Max(2 * _length, s_least), s_most);
    }
}
