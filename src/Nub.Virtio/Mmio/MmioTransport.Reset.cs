namespace Nub.Virtio;

// How a device ends: at once for the driver, which finds neither a queue that runs nor a register to write, and then, without a lock, when the device has come back from each queue.
public sealed partial class MmioTransport
{
    /// <summary>A reset that is under way.</summary>
    private sealed class Ending(VirtQueue?[] queues, bool hadDriver)
    {
        /// <summary>What was set up, to be closed when the device has left it.</summary>
        public VirtQueue?[] Queues { get; } = queues;

        /// <summary>Whether the device was activated. To be used with the registers' lock held.</summary>
        public bool HadDriver { get; set; } = hadDriver;
    }

    private void Reset(bool disposes)
    {
        Ending? ending;
        lock (_registers)
        {
            if (!_isDisposed)
            {
                _isDisposed = disposes;
                _ending ??= BeginReset();
            }

            ending = _ending;
        }

        if (ending is null)
        {
            return;
        }

        if (DeviceCall.IsUnderWay)
        {
            // The device that this waits for may be the one that has called.
            _ = Task.Run(() => EndReset(ending));
        }
        else
        {
            EndReset(ending);
        }
    }

    private Ending BeginReset()
    {
        bool hadDriver = (_status & DriverOk) != 0;
        Volatile.Write(ref _status, _status & ~DriverOk);
        return new Ending([.. _queues.Select(static one => one.BeginEnd())], hadDriver);
    }

    /// <summary>Ends a reset, on whichever of the threads that wait for it is first.</summary>
    private void EndReset(Ending ending)
    {
        for (int i = 0; i < _queues.Length; i++)
        {
            lock (_queues[i].Gate)
            {
                ending.Queues[i]?.Close();
            }
        }

        lock (_registers)
        {
            if (_ending != ending)
            {
                return;
            }

            _ending = null;
            Array.ForEach(_queues, static one => _ = one.Clear());
            _driverFeatures = 0;
            _deviceFeaturesWord = _driverFeaturesWord = _selected = 0;
            Volatile.Write(ref _status, 0);
            try
            {
                Acknowledge(uint.MaxValue);
            }
            finally
            {
                // Whatever the line and the device throw, the next driver begins anew.
                if (ending.HadDriver)
                {
                    using DeviceCall call = DeviceCall.Begin();
                    _device.Reset();
                }
            }
        }
    }
}
