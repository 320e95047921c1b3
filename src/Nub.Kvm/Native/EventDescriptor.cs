using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// A counter in the kernel that one side adds to and the other takes from: an eventfd (Linux manual, eventfd(2)), with the ways of waiting
/// that .NET knows.
/// </summary>
internal sealed unsafe class EventDescriptor : IDisposable
{
    private readonly Lock _gate = new();
    private readonly EventLoop _loop;
    private readonly Type _owner;
    private Waiter? _waiter;
    private ulong _loopKey;
    private bool _disposed;

    /// <param name="owner">The public type that is named when the event is used after its end.</param>
    /// <param name="loop">The loop that waits for it; null for the process's own.</param>
    public EventDescriptor(Type owner, EventLoop? loop = null)
    {
        _owner = owner;
        _loop = loop ?? EventLoop.OfProcess;
        int descriptor = LibC.EventFd(0, LibC.EventNonBlocking | LibC.EventCloseOnExec);
        Descriptor = descriptor >= 0 ? new Descriptor(descriptor, owner) : throw new KvmException("eventfd", Marshal.GetLastPInvokeError());
    }

    public Descriptor Descriptor { get; }

    /// <summary>The descriptor's number, for a struct that the kernel takes it in. The caller keeps this object alive for the
    /// call.</summary>
    public int Number => (int)Descriptor.DangerousGetHandle();

    /// <summary>Adds one to the counter.</summary>
    /// <exception cref="ObjectDisposedException">The event was disposed.</exception>
    public void Signal()
    {
        ObjectDisposedException.ThrowIf(Descriptor.IsClosed, _owner);
        ulong one = 1;

        // Fails only when the counter is at its most, 2^64 - 2, and then it is signalled anyway. Sound: the kernel reads the local's 8 bytes during the call only.
        _ = LibC.Write(Descriptor, &one, sizeof(ulong));
    }

    /// <summary>Takes all of the counter.</summary>
    /// <returns>Whether it was more than 0.</returns>
    /// <exception cref="ObjectDisposedException">The event was disposed.</exception>
    public bool TryTake(out ulong count)
    {
        ObjectDisposedException.ThrowIf(Descriptor.IsClosed, _owner);

        // Sound: the kernel writes the local's 8 bytes, or none, during the call only.
        ulong value = 0;
        bool taken = LibC.Read(Descriptor, &value, sizeof(ulong)) == sizeof(ulong);
        count = value;
        return taken;
    }

    /// <summary>Waits until the counter is more than 0, and takes it.</summary>
    /// <param name="timeout">For how long; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="count">What was taken.</param>
    /// <returns>Whether something was.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    public bool Wait(TimeSpan timeout, out ulong count)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The time must not be negative, unless it is infinite (-1 ms).");
        }

        long start = Stopwatch.GetTimestamp();
        while (!TryTake(out count))
        {
            TimeSpan left = timeout == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : timeout - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                return false;
            }

            bool added = false;
            Descriptor.DangerousAddRef(ref added);
            try
            {
                // In slices, so that a wait ends, by TryTake's ObjectDisposedException, when the event is disposed meanwhile; a part of a millisecond is a whole one.
                // Sound: the kernel reads and writes the one local during the call only.
                const int slice = 250;
                var poll = new LibC.PollData { Descriptor = Number, Events = LibC.PollIn };
                _ = LibC.Poll(&poll, 1, (int)Math.Ceiling(Math.Min(left.TotalMilliseconds, slice)));
            }
            finally
            {
                Descriptor.DangerousRelease();
            }
        }

        return true;
    }

    /// <summary>Waits, without a thread, until the counter is more than 0, and takes it.</summary>
    public Task<ulong> WaitAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, _owner);
            if (_waiter is not null)
            {
                throw new InvalidOperationException("The event is awaited already: one at a time may wait for it.");
            }

            if (TryTake(out ulong count))
            {
                return Task.FromResult(count);
            }

            var waiter = new Waiter(this);
            _waiter = waiter;
            try
            {
                _loop.Watch(this, ref _loopKey);

                // Of a token that is cancelled already this calls back at once, on this thread, which has the gate.
                waiter.Cancellation = cancellation.UnsafeRegister(static (me, token) => ((Waiter)me!).Cancel(token), waiter);
            }
            catch
            {
                TakeWaiter();
                throw;
            }

            return waiter.Task;
        }
    }

    public void Dispose()
    {
        Waiter? waiter;
        using (Uninterrupted.Enter(_gate))
        {
            _disposed = true;
            waiter = TakeWaiter();
        }

        Descriptor.Dispose();
        waiter?.TrySetException(new ObjectDisposedException(_owner.FullName, "The event was disposed while it was awaited."));
    }

    /// <summary>The loop has found the counter to be more than 0.</summary>
    internal void Arrived()
    {
        lock (_gate)
        {
            if (_disposed || _waiter is null)
            {
                return;
            }

            if (TryTake(out ulong count))
            {
                TakeWaiter()!.TrySetResult(count);
            }
            else
            {
                // Another reader took the count first.
                try
                {
                    _loop.Watch(this, ref _loopKey);
                }
                catch (Exception failure)
                {
                    // This is the loop's own thread: the failure is for the code that awaits the event.
                    TakeWaiter()!.TrySetException(failure);
                }
            }
        }
    }

    private Waiter? TakeWaiter()
    {
        Waiter? waiter = _waiter;
        _waiter = null;
        _loop.Forget(_loopKey);

        // Not Dispose, which would wait for a callback that waits for the gate.
        waiter?.Cancellation.Unregister();
        return waiter;
    }

    // Its cancellation may be under way while another wait has begun, and is not to end that one.
    private sealed class Waiter(EventDescriptor source) : TaskCompletionSource<ulong>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public CancellationTokenRegistration Cancellation { get; set; }

        public void Cancel(CancellationToken token)
        {
            using (Uninterrupted.Enter(source._gate))
            {
                if (ReferenceEquals(source._waiter, this))
                {
                    source.TakeWaiter()!.TrySetCanceled(token);
                }
            }
        }
    }
}
