using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// The one thread of this library: it waits for all events that are awaited (Linux manual, epoll(7)). It begins with the first and
/// stays, in the background.
/// </summary>
internal sealed unsafe class EventLoop
{
    /// <summary>The one of this process. Tests have others.</summary>
    public static readonly EventLoop OfProcess = Once.Make(static () => new EventLoop());

    private readonly ConcurrentDictionary<ulong, EventDescriptor> _events = new();
    private readonly Lock _starting = new();
    private volatile Descriptor? _epoll;
    private ulong _lastKey;

    /// <summary>How many events are awaited.</summary>
    public int Count => _events.Count;

    /// <summary>Asks to be told, once, when the event arrives. The caller holds the event's lock. Where this throws, nothing is changed.</summary>
    /// <param name="source">The event.</param>
    /// <param name="key">The event's key here; 0 the first time.</param>
    /// <exception cref="KvmException">The kernel refused: there may be no descriptor left for the loop, which the next call tries again to have.</exception>
    public void Watch(EventDescriptor source, ref ulong key)
    {
        Descriptor epoll = _epoll ?? Start();

        // A key is never used again: what comes for a closed descriptor finds no event.
        (int operation, ulong own) = key == 0 ? (LibC.EpollAdd, Interlocked.Increment(ref _lastKey)) : (LibC.EpollModify, key);

        // While it is awaited, this may be the only reference to the event.
        _events[own] = source;
        bool isWatched = false;
        try
        {
            // Sound: the kernel reads the local during the call only.
            var what = new LibC.EpollEvent { Events = LibC.EpollIn | LibC.EpollOneShot, Data = own };
            isWatched = LibC.EpollControl(epoll, operation, source.Descriptor, &what) == 0;
            key = isWatched ? own : throw new KvmException("epoll_ctl", Marshal.GetLastPInvokeError());
        }
        finally
        {
            if (!isWatched)
            {
                Forget(own);
            }
        }
    }

    /// <summary>The event is not awaited any more. When its descriptor is closed, epoll forgets it by itself.</summary>
    public void Forget(ulong key) => _events.TryRemove(key, out _);

    // What fails is tried again by the next wait.
    private Descriptor Start()
    {
        lock (_starting)
        {
            if (_epoll is { } there)
            {
                return there;
            }

            int descriptor = LibC.EpollCreate(LibC.EpollCloseOnExec);
            var epoll = descriptor >= 0 ? new Descriptor(descriptor, typeof(EventLoop)) : throw new KvmException("epoll_create1", Marshal.GetLastPInvokeError());
            try
            {
                // Without the context of the wait that it begins with: the thread would keep it for good.
                new Thread(() => Loop(epoll)) { IsBackground = true, Name = "Nub.Kvm events" }.UnsafeStart();
            }
            catch
            {
                epoll.Dispose();
                throw;
            }

            _epoll = epoll;
            return epoll;
        }
    }

    private void Loop(Descriptor epoll)
    {
        const int most = 64;
        LibC.EpollEvent* events = stackalloc LibC.EpollEvent[most];
        while (true)
        {
            // Sound: the kernel writes at most as many events as there is room for, during the call only, and tells how many; below 0 it has failed.
            int count = LibC.EpollWait(epoll, events, most, -1);
            for (int i = 0; i < count; i++)
            {
                if (_events.TryGetValue(events[i].Data, out EventDescriptor? source))
                {
                    source.Arrived();
                }
            }
        }
    }
}
