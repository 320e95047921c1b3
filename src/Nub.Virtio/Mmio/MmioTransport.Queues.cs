using System.Diagnostics.CodeAnalysis;
using Nub.Memory;

namespace Nub.Virtio;

// The device's work on the queues: on the thread that asks for it, a processor of the guest or the device's own, and what cannot be done there on a thread of the pool.
public sealed partial class MmioTransport
{
    // A turn has room for twice what a driver can have made available before it: only one that adds to its queue meanwhile sees the end of it.
    private const uint LeastTurn = 64;

    /// <summary>Lets the device work on a queue, for one turn. It does not throw.</summary>
    private void Serve(MmioQueue slot)
    {
        if (slot.Gate.IsHeldByCurrentThread)
        {
            // The device finds work while it processes this very queue.
            slot.IsWoken = true;
            return;
        }

        if (!IsToBeServed(slot))
        {
            return;
        }

        if (!DeviceCall.IsUnderWay)
        {
            slot.Gate.Enter();
        }
        else if (!slot.Gate.TryEnter())
        {
            // Two queues whose work is work for the other do not wait for one another.
            ServeLater(slot, 0);
            return;
        }

        QueueFailure? failure;
        try
        {
            // What it was before may have changed while another thread was at the queue.
            failure = IsToBeServed(slot) ? TakeTurn(slot) : null;
        }
        finally
        {
            slot.Gate.Exit();
        }

        if (failure is not null)
        {
            Tell(slot, failure);
        }
    }

    private bool IsToBeServed(MmioQueue slot) => slot.IsAskedFor || IsRunning(slot);

    /// <summary>For tests: whether a thread of the pool is going to serve a queue, or is at it.</summary>
    internal bool IsServedLater(int queueIndex) => _queues[queueIndex].LaterCalls != 0;

    private bool IsRunning(MmioQueue slot) => slot.Queue is not null && slot.Failure is null && (Status & (DriverOk | NeedsReset)) == DriverOk;

    /// <summary>Has a thread of the pool serve a queue: no notification is lost, and the thread that brought this one goes on.</summary>
    private void ServeLater(MmioQueue slot, int milliseconds)
    {
        if (slot.TryAwait())
        {
            _ = Task.Delay(milliseconds).ContinueWith(
                _ =>
                {
                    slot.EndAwait();
                    Serve(slot);
                    slot.EndLaterCall();
                },
                CancellationToken.None, TaskContinuationOptions.PreferFairness, TaskScheduler.Default);
        }
    }

    /// <summary>Sets a queue up that the driver has made ready, and lets the device work on it. With the gate held.</summary>
    /// <returns>Why the queue stands still from now on, to be told without the gate; <see langword="null"/> where it does not.</returns>
    private QueueFailure? TakeTurn(MmioQueue slot)
    {
        VirtQueue? queue = slot.Queue;
        Exception? thrown = null;
        try
        {
            // The lease keeps the memory from being taken exclusively in the middle of a request. Where it is held exclusively already, the queue is served later.
            if (!TryEnter(out GuestAddressLease lease))
            {
                ServeLater(slot, slot.DelayOfRefusal());
                return null;
            }

            using (lease)
            {
                slot.Entered();
                if (slot.IsAskedFor && SetUp(slot) is { } refused)
                {
                    return refused;
                }

                queue = slot.Queue;
                if (queue is null || !IsRunning(slot))
                {
                    return null;
                }

                if (WorkOn(queue, slot))
                {
                    ServeLater(slot, slot.DelayOfRest());
                }
                else
                {
                    slot.Emptied();
                }
            }
        }
        catch (Exception e)
        {
            // The device's own fault ends its work and nothing else.
            QueueCounts.Throw();
            thrown = e;
        }

        return thrown is not null || queue is { Error: not VirtQueueError.None } ? Stop(slot, queue, new QueueFailure(queue?.Error ?? VirtQueueError.None, thrown)) : null;
    }

    /// <summary>Lets the device work on what is there, and on what comes meanwhile, but for one turn.</summary>
    /// <returns>Whether something is left, for which the driver may not notify again.</returns>
    private bool WorkOn(VirtQueue queue, MmioQueue slot)
    {
        queue.BeginTurn(Math.Max(LeastTurn, 2 * queue.Size));
        bool goesOn;
        do
        {
            slot.IsWoken = false;
            queue.DisableKicks();
            _ = Process(queue, slot.Index);

            // With kicks on once more, so that none is missed. Buffers for what has not come yet stay where they are, and are no work.
            goesOn = queue.EnableKicks() && (queue.IsTurnOver || Process(queue, slot.Index));
            goesOn |= slot.IsWoken;
        }
        while (goesOn && !queue.IsTurnOver && !queue.Paused);

        // Where the driver has made the queue ready anew meanwhile, its thread found the gate held: this one goes on for it.
        return slot.IsAskedFor || (goesOn && !queue.Paused);
    }

    private bool TryEnter(out GuestAddressLease lease)
    {
        try
        {
            lease = _memory.Enter();
            return true;
        }
        catch (SharedMemoryLockedException)
        {
            lease = default;
            return false;
        }
    }

    /// <summary>Sets up the queue that a driver has described, if it breaks no rule. With the gate and a lease held: no memory is held exclusively.</summary>
    /// <returns>The rule that it broke; <see langword="null"/> where it broke none, or that was told already.</returns>
    private QueueFailure? SetUp(MmioQueue slot)
    {
        lock (_registers)
        {
            if (!slot.IsAskedFor)
            {
                // A reset was faster.
                return null;
            }

            slot.IsAskedFor = false;
            if (TryCreate(slot, out VirtQueue? created, out VirtQueueError error))
            {
                created.CountFor(_deviceId);
                created.NotifyBy(() =>
                {
                    if (created.ShouldNotify())
                    {
                        Raise(BufferInterrupt);
                    }
                });
                slot.Open(created);
                return null;
            }

            if (slot.Failure is not null)
            {
                // Told and counted once, however often the driver writes it.
                return null;
            }

            QueueCounts.Break(error);
            Volatile.Write(ref _status, _status | NeedsReset);
            return slot.Failure = new QueueFailure(error, null);
        }
    }

    private bool TryCreate(MmioQueue slot, [NotNullWhen(true)] out VirtQueue? created, out VirtQueueError error)
    {
        if (slot.Size > _maxQueueSize)
        {
            (created, error) = (null, VirtQueueError.SizeInvalid);
            return false;
        }

        var layout = new VirtQueueLayout(slot.Size, slot.DescriptorArea, slot.DriverArea, slot.DeviceArea);
        return VirtQueue.TryCreate(_memory, layout, (VirtioFeatures)_driverFeatures, null, out created, out error);
    }

    private bool Process(VirtQueue queue, int index)
    {
        using DeviceCall call = DeviceCall.Begin();
        bool took = queue.ProcessBy(_device, index);
        queue.Notify();
        return took;
    }

    /// <summary>Has a queue stand still, unless the driver has taken it away. With the gate held.</summary>
    /// <returns>What is to be told; <see langword="null"/> where it stood still before.</returns>
    private QueueFailure? Stop(MmioQueue slot, VirtQueue? queue, QueueFailure failure)
    {
        lock (_registers)
        {
            if (slot.Queue == queue)
            {
                slot.IsAskedFor = false;
                if (slot.Failure is not null)
                {
                    return null;
                }

                slot.Failure = failure;
                Volatile.Write(ref _status, _status | NeedsReset);
            }
        }

        return failure;
    }

    private void Tell(MmioQueue slot, QueueFailure failure)
    {
        try
        {
            try
            {
                // 2.1.2: the driver is told of NEEDS_RESET by a configuration change. It is not set for a queue that the driver has taken away.
                if (ReferenceEquals(slot.Failure, failure))
                {
                    Raise(ConfigurationInterrupt);
                }
            }
            finally
            {
                QueueFailed?.Invoke(this, new MmioQueueFailedEventArgs(slot.Index, failure.Error, failure.Exception));
            }
        }
        catch (Exception e)
        {
            // Not for the thread that kicked this queue, which may be another device's.
            failure.ThrownByHandler = e;
        }
    }

    private void Wake(VirtioDevice device, int queueIndex)
    {
        if ((uint)queueIndex < (uint)_queues.Length)
        {
            Serve(_queues[queueIndex]);
        }
    }
}
