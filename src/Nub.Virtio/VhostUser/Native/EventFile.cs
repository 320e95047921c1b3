using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio;

/// <summary>An event of the kernel's (Linux manual, eventfd(2)): our own, or one that the front end sent.</summary>
internal sealed unsafe class EventFile : IDisposable
{
    /// <summary>Makes one.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public EventFile()
    {
        int descriptor = LinuxNative.EventFd(0, LinuxNative.CloseOnExec | LinuxNative.NonBlocking);
        Handle = descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    private EventFile(SafeFileHandle handle) => Handle = handle;

    public SafeFileHandle Handle { get; }

    /// <summary>Takes over an event of the front end's.</summary>
    /// <returns>The event, or <see langword="null"/> where the descriptor is no eventfd; then it is still the caller's.</returns>
    public static EventFile? TryAdopt(SafeFileHandle handle)
    {
        if (!IsEvent(handle))
        {
            return null;
        }

        // A signal must not wait, whatever the front end has done to the counter: a write then fails instead.
        int flags = LinuxNative.FileControl(handle, LinuxNative.GetFlags, 0);
        if (flags >= 0 && (flags & LinuxNative.NonBlocking) == 0)
        {
            _ = LinuxNative.FileControl(handle, LinuxNative.SetFlags, flags | LinuxNative.NonBlocking);
        }

        return new EventFile(handle);
    }

    /// <summary>Adds one to the counter.</summary>
    public void Signal()
    {
        ulong one = 1;

        // Sound: the kernel reads the eight bytes on the stack during the call only. The write fails when the counter is at its most, and then the event
        // is signalled already.
        _ = LinuxNative.Write(Handle, &one, sizeof(ulong));
    }

    public void Dispose() => Handle.Dispose();

    /// <summary>The kernel names what a descriptor stands for in /proc: everything else could make a wait or a signal block.</summary>
    private static bool IsEvent(SafeFileHandle handle)
    {
        bool held = false;
        handle.DangerousAddRef(ref held);
        try
        {
            // Not ResolveLinkTarget, which makes a path of the name.
            return new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget is "anon_inode:[eventfd]";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            handle.DangerousRelease();
        }
    }
}
