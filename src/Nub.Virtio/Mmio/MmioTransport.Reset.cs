namespace Nub.Virtio;

// How a device begins and ends. It ends at once for the driver, which finds neither a queue that runs nor a register to write, and then when the device has come back from each queue. The device is told of both
// without the registers' lock: it may use them, and wait for a thread that does.
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

    /// <summary>Activates the device for a driver that is ready, unless another thread has, and lets it work on what is there.</summary>
    internal void Begin()
    {
        if (_lifetime.IsHeldByCurrentThread)
        {
            // The device writes its status while it is activated.
            return;
        }

        if (!DeviceCall.IsUnderWay)
        {
            _lifetime.Enter();
        }
        else if (!_lifetime.TryEnter())
        {
            // The thread that is at it may wait for the device that has called.
            _ = Task.Run(Begin);
            return;
        }

        try
        {
            if (!TryActivate())
            {
                return;
            }
        }
        finally
        {
            _lifetime.Exit();
        }

        ServeAll();
    }

    /// <summary>Activates the device. With its lifetime's lock held.</summary>
    /// <returns>Whether its queues run now.</returns>
    private bool TryActivate()
    {
        ulong features;
        lock (_registers)
        {
            // Another processor may have been faster, or have reset the device; the driver that comes next has to say itself that it is ready.
            if (!_isDriverReady || _isDisposed || _ending is not null || (_status & (FeaturesOk | DriverOk)) != FeaturesOk)
            {
                return false;
            }

            _isDriverReady = false;
            features = _driverFeatures;
        }

        using (DeviceCall.Begin())
        {
            _device.Activate(features);
        }

        lock (_registers)
        {
            if (_ending is { } ending)
            {
                // Disposed or reset meanwhile: DRIVER_OK does not come any more, and the device is reset.
                ending.HadDriver = true;
                return false;
            }

            Volatile.Write(ref _status, _status | DriverOk);
            return true;
        }
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
        _isDriverReady = false;
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

        // Not only for exclusivity: a second thread that ends the same driver returns when the device is reset.
        lock (_lifetime)
        {
            bool hadDriver;
            lock (_registers)
            {
                if (_ending != ending)
                {
                    return;
                }

                hadDriver = ending.HadDriver;
            }

            try
            {
                ResetDevice(hadDriver);
            }
            finally
            {
                // Whatever the line and the device throw, the next driver begins anew.
                lock (_registers)
                {
                    _ending = null;
                    Array.ForEach(_queues, static one => _ = one.Clear());
                    _driverFeatures = 0;
                    _deviceFeaturesWord = _driverFeaturesWord = _selected = 0;
                    Volatile.Write(ref _status, 0);
                }
            }
        }
    }

    private void ResetDevice(bool hadDriver)
    {
        try
        {
            Acknowledge(uint.MaxValue);
        }
        finally
        {
            if (hadDriver)
            {
                using DeviceCall call = DeviceCall.Begin();
                _device.Reset();
            }
        }
    }
}
