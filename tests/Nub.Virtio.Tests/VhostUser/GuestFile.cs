using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>A guest's memory in a file that its owner can shorten, and the driver's own way into it.</summary>
internal sealed class GuestFile : IDisposable
{
    private readonly string _path = Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"nub-vhost-{Guid.NewGuid():N}");

    public GuestFile(ulong size = FrontEnd.MemorySize)
    {
        Handle = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(_path);
        RandomAccess.SetLength(Handle, (long)size);
        Memory = HostSharedMemory.Open(Handle, 0, size);
    }

    public SafeFileHandle Handle { get; }

    public HostSharedMemory Memory { get; }

    public void Shorten(ulong size) => RandomAccess.SetLength(Handle, (long)size);

    public void Dispose()
    {
        Memory.Dispose();
        Handle.Dispose();
    }
}
