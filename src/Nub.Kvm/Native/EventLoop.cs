using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// The one thread of this library: it waits for all events that somebody awaits (Linux manual, epoll(7)). It begins with the first and
/// stays, in the background.
/// </summary>
internal static unsafe class EventLoop
{
    private static readonly ConcurrentDictionary<ulong, EventDescriptor> s_events = new();
    private static readonly Lazy<Descriptor> s_epoll = new(Start);
    private static ulong s_lastKey;

    /// <summary>Asks to be told, once, when the event arrives. The caller holds the event's lock.</summary>
    /// <param name="source">The event.</param>
    /// <param name="key">The event's key here; 0 the first time.</param>
    public static void Watch(EventDescriptor source, ref ulong key)
    {
        int operation = LibC.EpollModify;
        if (key == 0)
        {
            // A key is never used again, so that what comes for a closed descriptor finds nobody.
            operation = LibC.EpollAdd;
            key = Interlocked.Increment(ref s_lastKey);
        }

        // Whoever awaits an event may have no other hold on it than this.
        s_events[key] = source;
        var what = new LibC.EpollEvent { Events = LibC.EpollIn | LibC.EpollOneShot, Data = key };
        if (LibC.EpollControl(s_epoll.Value, operation, source.Descriptor, &what) != 0)
        {
            throw new KvmException("epoll_ctl", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Nobody awaits the event any more. When its descriptor is closed, epoll forgets it by itself.</summary>
    public static void Forget(ulong key) => s_events.TryRemove(key, out _);

    private static Descriptor Start()
    {
        int descriptor = LibC.EpollCreate(LibC.EpollCloseOnExec);
        var epoll = descriptor >= 0 ? new Descriptor(descriptor, typeof(EventLoop)) : throw new KvmException("epoll_create1", Marshal.GetLastPInvokeError());
        new Thread(() => Loop(epoll)) { IsBackground = true, Name = "Nub.Kvm events" }.Start();
        return epoll;
    }

    private static void Loop(Descriptor epoll)
    {
        const int most = 64;
        LibC.EpollEvent* events = stackalloc LibC.EpollEvent[most];
        while (true)
        {
            int count = LibC.EpollWait(epoll, events, most, -1);
            for (int i = 0; i < count; i++)
            {
                if (s_events.TryGetValue(events[i].Data, out EventDescriptor? source))
                {
                    source.Arrived();
                }
            }
        }
    }
}
