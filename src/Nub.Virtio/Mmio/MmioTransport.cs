using System.Buffers.Binary;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The registers by which a virtual machine's driver finds a <see cref="VirtioDevice"/> and its queues (virtio over MMIO, virtio 1.2, section 4.2): for a hypervisor of one's own, such
/// as Nub.Kvm, which hands over what the guest reads and writes there.
/// </summary>
/// <remarks>
/// <para>The device works on the thread that hands over the notification, before <see cref="Write"/> returns; for work that arrives by itself (<see cref="VirtioDevice.WorkArrived"/>) on the thread that
/// says so. For one queue at a time from one thread, for several from several. A turn takes at most twice as many requests as the queue has entries, or 64: what a driver adds beyond while it is served is served by a thread
/// of the pool, so that no driver keeps its processor in <see cref="Write"/>, or another one out.</para>
/// <para>While it works on a queue it has a lease of all of the guest's memory (<see cref="GuestAddressSpace.Enter"/>): exclusivity, as for a snapshot, is refused at once, also with patience, and is to be
/// tried again. While memory is held exclusively already, the queue waits; a thread of the pool serves it afterwards, and nothing is lost.</para>
/// <para>To dispose or reset it waits for the requests that the device is at, and while it is activated; not where it is called by the device's own code, such as a console's output. Then it is done by a thread of the pool when the device has come back.</para>
/// <para>Nothing that a guest reads or writes throws. What breaks a rule of a queue's sets DEVICE_NEEDS_RESET (2.1.2) and is told by <see cref="QueueFailed"/>; what a handler of it throws goes no further, and is
/// the <see cref="VirtioHealth.Exception"/> of <see cref="GetHealth"/>. What the device throws out of <see cref="VirtioDevice.Process"/> ends its queues in the same way; out of its other methods (a console's output
/// at an emergency write is called by one) it leaves <see cref="Write"/> or <see cref="Read"/> as it is; out of a reset or an activation on a thread of the pool it is a <see cref="TaskScheduler.UnobservedTaskException"/>.</para>
/// </remarks>
public sealed partial class MmioTransport : IDisposable
{
    /// <summary>The bytes of the window: registers up to 0x100, then the configuration space.</summary>
    public const ulong WindowSize = 0x200;

    private const uint FeaturesOk = 8;
    private const uint DriverOk = 4;
    private const uint NeedsReset = 0x40;
    private const uint BufferInterrupt = 1;
    private const uint ConfigurationInterrupt = 2;

    private readonly GuestAddressSpace _memory;
    private readonly VirtioDevice _device;
    private readonly Action<bool>? _interruptLine;
    private readonly MmioQueue[] _queues;
    private readonly uint _deviceId;
    private readonly uint _maxQueueSize;

    // Held while the device is activated or reset, which may use the registers meanwhile: a thread that holds the registers' lock must not wait for this one.
    private readonly Lock _lifetime = new();

    // The device's code never runs with this held.
    private readonly Lock _registers = new();
    private readonly Lock _interrupts = new();
    private uint _status;

    // The driver has written DRIVER_OK, and the device is to be activated for it.
    private bool _isDriverReady;
    private uint _deviceFeaturesWord;
    private uint _driverFeaturesWord;
    private ulong _driverFeatures;
    private uint _selected;
    private uint _interruptStatus;
    private Ending? _ending;
    private volatile bool _isDisposed;

    /// <summary>Gives a device its registers.</summary>
    /// <param name="device">The device, which is this transport's alone. It stays the caller's.</param>
    /// <param name="memory">The guest's memory. It stays the caller's.</param>
    /// <param name="interruptLine">Called with the level of the device's interrupt whenever it may have changed, from any thread; a call must neither wait for the guest nor use the transport or the device.</param>
    public MmioTransport(VirtioDevice device, GuestAddressSpace memory, Action<bool>? interruptLine = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(memory);
        _device = device;
        _memory = memory;
        _interruptLine = interruptLine;

        // Not by the first queue, which a driver sets up: a listener's code would run under the registers' lock.
        NubVirtioMeter.Prepare();
        _deviceId = device.DeviceId;
        _maxQueueSize = (uint)device.MaxQueueSize;
        _queues = [.. Enumerable.Range(0, device.QueueCount).Select(static index => new MmioQueue(index))];
        Features = (VirtioFeatures)device.DeviceFeatures | VirtioFeatures.Version1 | VirtioFeatures.RingPacked | VirtioFeatures.IndirectDescriptors
            | VirtioFeatures.EventIndex | VirtioFeatures.RingReset;
        device.WorkArrived += Wake;
        device.ConfigurationChanged += TellConfigurationChanged;
    }

    /// <summary>
    /// A queue stands still, because its driver broke a rule or the device threw. The status has DEVICE_NEEDS_RESET from then on, and a driver that is ready gets an interrupt. Where the
    /// driver has taken the queue away meanwhile, only this event reports it: the status stays, there is no interrupt, and the index may be that of a new queue, which runs.
    /// </summary>
    public event EventHandler<MmioQueueFailedEventArgs>? QueueFailed;

    /// <summary>
    /// The feature bits that a driver may choose from. At first all: the device's own, version 1, packed queues, indirect descriptors, the event index, and the reset of single queues.
    /// </summary>
    public VirtioFeatures Features { get; init; }

    /// <summary>The device's status, as the driver reads it (2.1).</summary>
    public uint Status => Volatile.Read(ref _status);

    /// <summary>The driver reads. Of the registers four aligned bytes, of the configuration space any; everything else is zeroes, and so is all after <see cref="Dispose"/>.</summary>
    /// <param name="offset">The first byte, from the window's start.</param>
    /// <param name="data">Where to.</param>
    public void Read(ulong offset, Span<byte> data)
    {
        data.Clear();
        if (_isDisposed)
        {
            return;
        }

        if (offset is >= MmioRegister.Configuration and < WindowSize)
        {
            using DeviceCall call = DeviceCall.Begin();
            _device.ReadConfiguration((int)(offset - MmioRegister.Configuration), data);
        }
        else if (IsRegister(offset, data.Length))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(data, offset == MmioRegister.ConfigurationGeneration ? ReadGeneration() : ReadLocked(offset));
        }
    }

    /// <summary>The driver writes. Of the registers four aligned bytes, of the configuration space any; everything else is let go by, and so is all after <see cref="Dispose"/>.</summary>
    /// <param name="offset">The first byte, from the window's start.</param>
    /// <param name="data">What it writes.</param>
    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        if (offset is >= MmioRegister.Configuration and < WindowSize)
        {
            if (offset + (ulong)data.Length <= WindowSize && !_isDisposed)
            {
                using DeviceCall call = DeviceCall.Begin();
                _device.WriteConfiguration((int)(offset - MmioRegister.Configuration), data);
            }

            return;
        }

        if (!IsRegister(offset, data.Length))
        {
            return;
        }

        uint value = BinaryPrimitives.ReadUInt32LittleEndian(data);
        if (offset == MmioRegister.QueueNotify)
        {
            // Without the registers' lock, so that queues are served beside one another.
            if (value < (uint)_queues.Length)
            {
                Serve(_queues[value]);
            }

            return;
        }

        if (offset == MmioRegister.InterruptAcknowledge)
        {
            // Without the registers' lock, because the line is the host's code; with its own, so that it is not called once Dispose has returned.
            lock (_interrupts)
            {
                if (!_isDisposed)
                {
                    Acknowledge(value);
                }
            }

            return;
        }

        if (offset == MmioRegister.Status && value == 0)
        {
            Reset(disposes: false);
            return;
        }

        // What calls the device or waits for it is done without the lock.
        Action? rest;
        lock (_registers)
        {
            // 2.4.1: a driver waits until the status reads 0 before it goes on after a reset.
            rest = _isDisposed || _ending is not null ? null : WriteRegister(offset, value);
        }

        rest?.Invoke();
    }

    /// <summary>How the device fares now. From any thread.</summary>
    /// <returns>Whether its driver has set DRIVER_OK, and which queues run or have failed.</returns>
    public VirtioHealth GetHealth() => new((Status & DriverOk) != 0, _queues.Select(static queue => (queue.Queue is not null, queue.Failure)));

    /// <summary>Resets the device, and listens to it no more; the driver finds nothing from then on. To dispose again does nothing.</summary>
    public void Dispose()
    {
        _device.WorkArrived -= Wake;
        _device.ConfigurationChanged -= TellConfigurationChanged;
        Reset(disposes: true);
    }

    private static bool IsRegister(ulong offset, int length) => offset < MmioRegister.Configuration && offset % sizeof(uint) == 0 && length == sizeof(uint);

    private static uint Word(ulong whole, uint word) => word switch { 0 => (uint)whole, 1 => (uint)(whole >> 32), _ => 0 };

    private static ulong WithHalf(ulong whole, ulong register, uint half) => (register & 4) == 0 ? (whole & 0xFFFF_FFFF_0000_0000) | half : (whole & 0xFFFF_FFFF) | (ulong)half << 32;

    private MmioQueue? Selected => _selected < (uint)_queues.Length ? _queues[_selected] : null;

    private uint ReadGeneration()
    {
        using DeviceCall call = DeviceCall.Begin();
        return _device.ConfigurationGeneration;
    }

    private uint ReadLocked(ulong register)
    {
        lock (_registers)
        {
            return ReadRegister(register);
        }
    }

    private uint ReadRegister(ulong register) => register switch
    {
        MmioRegister.Magic => 0x7472_6976, // "virt"
        MmioRegister.Version => 2,
        MmioRegister.DeviceId => _deviceId,
        MmioRegister.VendorId => 0x0042_554E, // "NUB"
        MmioRegister.DeviceFeatures => Word((ulong)Features, _deviceFeaturesWord),
        MmioRegister.QueueSizeMax => Selected is null ? 0 : _maxQueueSize,
        MmioRegister.QueueReady => Selected is { IsReady: true } ? 1u : 0,
        MmioRegister.InterruptStatus => Volatile.Read(ref _interruptStatus),
        MmioRegister.Status => _status,
        MmioRegister.SharedMemoryLengthLow or MmioRegister.SharedMemoryLengthHigh => uint.MaxValue, // 4.2.2: there is no such region
        _ => 0,
    };

    /// <summary>Takes what a driver writes. With the registers' lock held.</summary>
    /// <returns>What is left to be done without it.</returns>
    private Action? WriteRegister(ulong register, uint value)
    {
        switch (register)
        {
            case MmioRegister.DeviceFeaturesSelect:
                _deviceFeaturesWord = value;
                break;
            case MmioRegister.DriverFeaturesSelect:
                _driverFeaturesWord = value;
                break;
            case MmioRegister.DriverFeatures when (_status & FeaturesOk) == 0 && _driverFeaturesWord <= 1:
                _driverFeatures = WithHalf(_driverFeatures, _driverFeaturesWord * 4, value);
                break;
            case MmioRegister.QueueSelect:
                _selected = value;
                break;
            case MmioRegister.Status:
                return SetStatus(value);
            default:
                return Selected is { } queue ? WriteQueueRegister(queue, register, value) : null;
        }

        return null;
    }

    private Action? WriteQueueRegister(MmioQueue queue, ulong register, uint value)
    {
        switch (register)
        {
            case MmioRegister.QueueReady:
                return SetReady(queue, value);
            case MmioRegister.QueueReset when value == 1 && (_driverFeatures & (ulong)VirtioFeatures.RingReset) != 0:
                return EndingOf(queue, queue.Clear());

            // 4.2.2.2: not changed while the queue is ready.
            case MmioRegister.QueueSize when !queue.IsReady:
                queue.Size = value;
                break;
            case MmioRegister.DescriptorAreaLow or MmioRegister.DescriptorAreaHigh when !queue.IsReady:
                queue.DescriptorArea = WithHalf(queue.DescriptorArea, register, value);
                break;
            case MmioRegister.DriverAreaLow or MmioRegister.DriverAreaHigh when !queue.IsReady:
                queue.DriverArea = WithHalf(queue.DriverArea, register, value);
                break;
            case MmioRegister.DeviceAreaLow or MmioRegister.DeviceAreaHigh when !queue.IsReady:
                queue.DeviceArea = WithHalf(queue.DeviceArea, register, value);
                break;
        }

        return null;
    }

    private Action? SetReady(MmioQueue queue, uint value)
    {
        if (value != 1)
        {
            return EndingOf(queue, queue.Remove());
        }

        // 3.1.1: queues are set up after the features are agreed on.
        if (queue.IsReady || (_status & FeaturesOk) == 0)
        {
            return null;
        }

        queue.IsAskedFor = true;
        return () => Serve(queue);
    }

    /// <summary>Closes a queue that was taken away, when the device has left it.</summary>
    private static Action? EndingOf(MmioQueue slot, VirtQueue? queue) => queue is null ? null : () =>
    {
        if (DeviceCall.IsUnderWay)
        {
            // The host's own code, called by a device: a request that is under way loses its answer.
            queue.Close();
            return;
        }

        lock (slot.Gate)
        {
            queue.Close();
        }
    };

    private Action? SetStatus(uint value)
    {
        // 2.2: the device does not let FEATURES_OK stand where it cannot work with what was chosen. Version 1 is a must (6.1).
        bool isAgreed = (_driverFeatures & ~(ulong)Features) == 0 && (_driverFeatures & (ulong)VirtioFeatures.Version1) != 0;

        // 2.1.1: what the driver has set is cleared by a reset alone, or the device would go on without one, with features that were not agreed on.
        uint next = (value & 0xFF & ~NeedsReset & (isAgreed ? uint.MaxValue : ~FeaturesOk)) | _status;
        if ((next & FeaturesOk) == 0)
        {
            next &= ~DriverOk;
        }

        // DRIVER_OK comes when the device was activated. With FEATURES_OK the features stand still, so that it is activated with those that were agreed on.
        bool begins = (next & ~_status & DriverOk) != 0;
        _isDriverReady |= begins;
        Volatile.Write(ref _status, begins ? next & ~DriverOk : next);
        return begins ? Begin : null;
    }

    // What was made available before has not been looked at.
    private void ServeAll() => Array.ForEach(_queues, Serve);

    private void TellConfigurationChanged(object? sender, EventArgs e) => Raise(ConfigurationInterrupt);

    private void Raise(uint reason)
    {
        lock (_interrupts)
        {
            // A driver that is reset or not ready gets none: the next would find it.
            if ((Status & DriverOk) != 0)
            {
                _interruptStatus |= reason;
                _interruptLine?.Invoke(true);
            }
        }
    }

    private void Acknowledge(uint reasons)
    {
        lock (_interrupts)
        {
            _interruptStatus &= ~reasons;
            _interruptLine?.Invoke(_interruptStatus != 0);
        }
    }
}
