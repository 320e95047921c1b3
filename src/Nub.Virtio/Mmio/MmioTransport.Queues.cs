namespace Nub.Virtio;

// The device's work on the queues, on the thread of whoever asks for it: a processor of the guest, or the device's own.
public sealed partial class MmioTransport
{
    /// <summary>Lets the device work on a queue.</summary>
    private void Serve(uint index)
    {
        if (index >= (uint)_queues.Length)
        {
            return;
        }

        MmioQueue slot = _queues[index];
        if (slot.Gate.IsHeldByCurrentThread)
        {
            // The device finds work while it processes this very queue.
            slot.IsWoken = true;
            return;
        }

        QueueFailure? failure = null;
        lock (slot.Gate)
        {
            Exception? thrown = null;

            // A failure shows in the status only after the gate, for which another processor of the guest may have waited.
            if (slot.Queue is not { } queue || slot.Failure is not null || (Status & (DriverOk | NeedsReset)) != DriverOk)
            {
                return;
            }

            try
            {
                bool goesOn;
                do
                {
                    slot.IsWoken = false;
                    queue.DisableKicks();
                    _ = Process(queue, index);

                    // With kicks on once more, so that none is missed. Buffers for what has not come yet stay where they are, and are no work.
                    goesOn = queue.EnableKicks() && Process(queue, index);
                }
                while ((goesOn || slot.IsWoken) && !queue.Paused);
            }
            catch (Exception e)
            {
                // The device's own fault ends its work and nothing else.
                QueueCounts.Throw();
                thrown = e;
            }

            if (thrown is not null || queue.Error != VirtQueueError.None)
            {
                slot.Failure = failure = new QueueFailure(queue.Error, thrown);
            }
        }

        if (failure is not null)
        {
            Fail((int)index, failure);
        }
    }

    private bool Process(VirtQueue queue, uint index)
    {
        bool took = queue.ProcessBy(_device, (int)index);
        queue.Notify();
        return took;
    }

    private void Fail(int index, QueueFailure failure)
    {
        Interlocked.Or(ref _status, NeedsReset);
        try
        {
            try
            {
                if ((Status & DriverOk) != 0)
                {
                    // 2.1.2: the driver is told by a configuration change.
                    Raise(ConfigurationInterrupt);
                }
            }
            finally
            {
                QueueFailed?.Invoke(this, new MmioQueueFailedEventArgs(index, failure.Error, failure.Exception));
            }
        }
        catch (Exception e)
        {
            // Whoever kicked this queue, which may be another device's thread, has no part in it.
            failure.ThrownByHandler = e;
        }
    }

    private void Wake(VirtioDevice device, int queueIndex) => Serve((uint)queueIndex);
}
