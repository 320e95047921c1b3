using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nub.Fuzz.Engine;
using Nub.Memory;
using Nub.Virtio;

namespace Nub.Fuzz.Targets;

/// <summary>
/// The messages of a front end, by a pair of sockets: the session serves or refuses them with the typed error, ends when the front end does, and lets go of every descriptor that it was sent.
/// </summary>
internal sealed partial class VhostTarget : FuzzTarget
{
    private const int MaxMessages = 40;
    private readonly MemoryStorage _storage;
    private readonly SafeFileHandle _guest;
    private readonly SafeFileHandle _event;
    private readonly BlockDevice _device;
    private readonly VhostUserBackend _backend;

    public VhostTarget()
    {
        _storage = Own(new MemoryStorage(1 << 16));
        _guest = Own(new SafeFileHandle(MemFd("nub-fuzz-guest", 1), ownsHandle: true));
        _event = Own(new SafeFileHandle(EventFd(0, 0x80800), ownsHandle: true));
        _device = new BlockDevice(_storage, new BlockDeviceOptions { QueueCount = 2 });
        _backend = Own(new VhostUserBackend(_device));
    }

    public override string Name => "vhost-user";

    public override int MaxLength => 256;

    public override IEnumerable<byte[]> Seeds =>
    [
        // As QEMU begins, with a split ring and with a packed one, and as it ends.
        Messages(1, 15, 16, 17, 3, 2, 24, 5, 8, 10, 9, 12, 13, 18, 11, 34),
        [.. Messages(1, 15, 16, 3), 2, 2, 0, 7, 0, 0, 0, 0x40, 5, 0, 0, 0, .. Messages(5, 8, 10, 9, 12, 13, 18, 11)],
        Messages(16, 2, 31, 32, 6, 5, 37, 38, 36, 21, 25, 14, 7, 4),
    ];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        RandomAccess.SetLength(_guest, 0);
        RandomAccess.SetLength(_guest, (long)VhostMessages.MemorySize);
        Span<int> ends = stackalloc int[2];
        Require(SocketPair(1, 1, 0, ref ends[0]) == 0, "the system gives two sockets");
        using var near = new Socket(new SafeSocketHandle(ends[0], ownsHandle: true));
        var far = new Socket(new SafeSocketHandle(ends[1], ownsHandle: true)) { SendTimeout = 5000 };
        for (int i = 0; i < MaxMessages && !input.IsEmpty; i++)
        {
            (byte[] message, int handles) = VhostMessages.Next(ref input, out (int At, byte[] Bytes)? poke);
            if (poke is { } write)
            {
                RandomAccess.Write(_guest, write.Bytes, write.At);
                continue;
            }

            SafeHandle[] with = [.. Enumerable.Range(0, handles & 15).Select(index => (handles & 16) != 0 || (index == 0 && (handles & 32) != 0) ? _guest : _event)];
            SocketHandles.Send(near, message, with);
        }

        near.Shutdown(SocketShutdown.Send);
        using (var session = new VhostUserSession(far, _device, (ulong)_backend.Features, new VhostUserConnection(_backend, 1)))
        {
            try
            {
                session.Run();
            }
            catch (VhostUserException refusal)
            {
                Require(refusal.Error != VhostUserError.None && refusal.Message.Length != 0, "a refusal says why");
            }
        }

        near.Dispose();
        Require(CountDescriptors() == 2, "no event and no memory is left open");
    }

    private static byte[] Messages(params byte[] requests) => [.. requests.SelectMany(static one => (byte[])[one, 0])];

    // Of the kinds that were sent: the runtime opens others when it likes.
    private static int CountDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd")
        .Count(static path => new FileInfo(path).LinkTarget is { } target && (target.Contains("[eventfd]", StringComparison.Ordinal) || target.Contains("nub-fuzz-guest", StringComparison.Ordinal)));

    [LibraryImport("libc", EntryPoint = "socketpair")]
    private static partial int SocketPair(int domain, int type, int protocol, ref int ends);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemFd(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventFd(uint value, int flags);
}
