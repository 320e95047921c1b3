using System.Threading.Tasks.Sources;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// One end's wait without a thread. It is made once for an end and used again for each of its waits, so that they allocate nothing. From <see cref="Start"/>
/// to its completion it, and with it the end, belongs to what wakes it: the waiting thread (<see cref="WaitingThread"/>), or a channel's <see cref="ChannelWaker"/>.
/// </summary>
internal sealed class AsyncWait : IValueTaskSource<bool>, IDisposable
{
    private readonly WaitingEnd _end;

    // An owner of its own: the word that the kernel looks at stays mapped, even when the user disposes the memory meanwhile.
    private readonly HostSharedMemory _memory;
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationToken _token;
    private CancellationTokenRegistration _registration;
    private Exception? _error;
    private volatile bool _disposed;
    private uint _futex;
    private int _noise;

    // The memory was held exclusively at the last look: the futex cannot be read, and may have another value than the kernel is told.
    private volatile bool _lockedOut;

    // From Start to GetResult.
    private int _inProgress;

    public AsyncWait(WaitingEnd end)
    {
        _end = end;
        _memory = end.Memory.Clone();
        Address = _memory.BaseAddress + (nint)end.FutexOffset;
    }

    /// <summary>The futex, for the kernel.</summary>
    public nint Address { get; }

    /// <summary>The value that the futex had when the end was armed.</summary>
    public uint Futex => _futex;

    /// <summary>Whether the end is looked at every millisecond: its peer wakes it for nothing, or cannot wake it.</summary>
    public bool IsPolled => _lockedOut || _noise > WaitingEnd.NoiseTolerated || !_end.CanBeWoken;

    /// <summary>For tests: whether the memory was held exclusively at the last look.</summary>
    public bool IsLockedOut => _lockedOut;

    /// <summary>Begins a wait of an end that is not ready.</summary>
    /// <exception cref="InvalidOperationException">A wait is in progress, or its result has not been taken.</exception>
    public ValueTask<bool> Start(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _inProgress, 1) != 0)
        {
            throw new InvalidOperationException("This end is awaited already: it is for one call at a time.");
        }

        bool begun = false;
        try
        {
            _core.Reset();
            _noise = 0;
            _lockedOut = false;
            _error = null;
            _futex = _end.Arm(_end.Waker is not null);
            if (_end.IsReady())
            {
                _end.Disarm();
                return new ValueTask<bool>(_end.Outcome());
            }

            _token = cancellationToken;
            _registration = cancellationToken.UnsafeRegister(static wait => ((AsyncWait)wait!).Cancel(), this);
            var task = new ValueTask<bool>(this, _core.Version);
            if (_end.Waker is { } waker)
            {
                waker.Add(this);
            }
            else
            {
                WaitingThread.Add(this);
            }

            begun = true;
            return task;
        }
        finally
        {
            if (!begun)
            {
                _registration.Unregister();
                Volatile.Write(ref _inProgress, 0);
            }
        }
    }

    /// <summary>Looks whether the wait is over, and completes it then. On the waiting thread.</summary>
    /// <inheritdoc cref="IsOver"/>
    public bool TryComplete(bool always)
    {
        bool isOver = IsOver(always);
        if (isOver)
        {
            Complete();
        }

        return isOver;
    }

    /// <summary>Looks whether the wait is over. If it is, <see cref="Complete"/> is all that may come next.</summary>
    /// <param name="always">Whether to look at the ring even when the peer has not woken the end.</param>
    /// <returns>Whether it is over.</returns>
    public bool IsOver(bool always)
    {
        try
        {
            if (_disposed)
            {
                return Fail(new ObjectDisposedException(_end.GetType().FullName));
            }

            if (_token.IsCancellationRequested)
            {
                _end.Disarm();
                return Fail(new OperationCanceledException(_token));
            }

            bool woken = _end.WasWoken(_futex);
            if (!woken && !always && !IsPolled)
            {
                return false;
            }

            _futex = _end.Arm(_end.Waker is not null);
            _lockedOut = false;
            if (!_end.IsReady())
            {
                _noise += woken ? 1 : 0;
                return false;
            }

            _end.Disarm();
        }
        catch (SharedMemoryLockedException)
        {
            // For the time of a callback. Code that awaits an end does not expect this exception.
            _lockedOut = true;
            return false;
        }
        catch (Exception e) when (e is ObjectDisposedException or SharedMemoryException)
        {
            // What the end's user has done to the memory is told to the end's user.
            return Fail(e);
        }

        return true;
    }

    /// <summary>Completes a wait that is over. What awaits it may run here and now, where its synchronization context wants it so: so under no lock.</summary>
    public void Complete()
    {
        _registration.Unregister();
        if (_error is { } error)
        {
            _core.SetException(error);
        }
        else
        {
            _core.SetResult(true);
        }
    }

    /// <inheritdoc/>
    public bool GetResult(short token)
    {
        bool isOver = _core.GetStatus(token) != ValueTaskSourceStatus.Pending;
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            if (isOver)
            {
                Volatile.Write(ref _inProgress, 0);
            }
        }

        return _end.Outcome();
    }

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    public void Dispose()
    {
        _disposed = true;
        Cancel();
        if (_end.Waker is null)
        {
            WaitingThread.ReleaseLater(_memory);
        }
        else
        {
            _memory.Dispose();
        }
    }

    /// <summary>Has the wait looked at because its token was cancelled, or because it was disposed. It may come late, in the next wait.</summary>
    internal void Cancel()
    {
        if (_end.Waker is { } waker)
        {
            waker.Look();
        }
        else
        {
            WaitingThread.Kick();
        }
    }

    private bool Fail(Exception error)
    {
        _error = error;
        return true;
    }
}
