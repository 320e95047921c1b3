using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio;

/// <summary>
/// Waits for any of a few events (Linux manual, epoll(7)), edge-triggered: each signal wakes a wait once, and no counter is ever read. So a wait costs one
/// call, and an event that is not ours cannot make a read block.
/// </summary>
internal sealed unsafe class EventSet : IDisposable
{
    private readonly SafeFileHandle _epoll;

    /// <exception cref="Win32Exception">The system refused.</exception>
    public EventSet()
    {
        int descriptor = LinuxNative.EpollCreate(LinuxNative.CloseOnExec);
        _epoll = descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Waits for an event too. One that is signalled already wakes the next wait.</summary>
    /// <exception cref="Win32Exception">The system refused.</exception>
    public void Add(EventFile source)
    {
        // Sound: the kernel reads at most this many bytes during the call; the buffer has room for either layout of the struct.
        byte* what = stackalloc byte[16];
        new Span<byte>(what, 16).Clear();
        *(uint*)what = LinuxNative.EpollIn | LinuxNative.EpollEdge;
        if (LinuxNative.EpollControl(_epoll, LinuxNative.EpollAdd, source.Handle, what) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Waits.</summary>
    /// <param name="milliseconds">For how long; -1 for ever.</param>
    /// <returns>Whether something was signalled; also false, at times, for no reason (a signal's handler ran).</returns>
    public bool Wait(int milliseconds)
    {
        const int most = 4;

        // Sound: the kernel writes at most this many structs of at most 16 bytes.
        byte* events = stackalloc byte[most * 16];
        return LinuxNative.EpollWait(_epoll, events, most, milliseconds) > 0;
    }

    public void Dispose() => _epoll.Dispose();
}
