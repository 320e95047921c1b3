using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>An eventfd of the front end's.</summary>
internal sealed partial class EventDescriptor : IDisposable
{
    public SafeFileHandle Handle { get; } = new(EventFd(0, 0x80800), ownsHandle: true);

    public void Signal() => RandomAccessWrite(1);

    /// <summary>Waits until the event was signalled, and takes that.</summary>
    public bool Wait(int milliseconds = 10_000)
    {
        for (long end = Environment.TickCount64 + milliseconds; ;)
        {
            if (Read(Handle, out _, 8) == 8)
            {
                return true;
            }

            if (Environment.TickCount64 >= end)
            {
                return false;
            }

            Thread.Sleep(0);
        }
    }

    public void Dispose() => Handle.Dispose();

    private void RandomAccessWrite(ulong value) => Assert.Equal(8, Write(Handle, in value, 8));

    [LibraryImport("libc", EntryPoint = "eventfd")]
    private static partial int EventFd(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(SafeFileHandle handle, out ulong value, nuint length);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint Write(SafeFileHandle handle, in ulong value, nuint length);
}
