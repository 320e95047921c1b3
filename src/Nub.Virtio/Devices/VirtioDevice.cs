namespace Nub.Virtio;

/// <summary>Where a device says that a queue has work for it, though the driver has not kicked.</summary>
/// <param name="device">The device.</param>
/// <param name="queueIndex">The queue.</param>
public delegate void VirtioWorkHandler(VirtioDevice device, int queueIndex);

/// <summary>
/// A virtio device, whatever carries it to its driver: a vhost-user socket, a machine's MMIO. The transport owns queues, threads and notifications, and calls the device.
/// </summary>
/// <remarks>
/// A device author derives from <see cref="VirtioDevice{TConfiguration}"/>. <see cref="Process"/> is called for one queue from one thread at a time, for several queues from several threads at once.
/// <see cref="Activate"/> comes before, <see cref="Reset"/> after all of these; in both the device may use the transport, but not wait for another thread that resets or disposes of it, or writes DRIVER_OK.
/// </remarks>
public abstract class VirtioDevice
{
    /// <summary>The device's number (virtio 1.2, section 5): 1 network, 2 block, 3 console, 4 entropy.</summary>
    public abstract uint DeviceId { get; }

    /// <summary>The features that the device offers of its own: bits 0 to 23 and 50 to 63. What concerns queues the transport adds.</summary>
    public virtual ulong DeviceFeatures => 0;

    /// <summary>The number of queues.</summary>
    public abstract int QueueCount { get; }

    /// <summary>The most entries that a driver may give a queue: a power of two, at most 32768.</summary>
    public virtual int MaxQueueSize => 256;

    /// <summary>The size of the configuration space in bytes; 0 for none.</summary>
    public abstract int ConfigurationSize { get; }

    /// <summary>Changes whenever the configuration does, so that a driver that reads it in parts can tell (2.5.1).</summary>
    public abstract uint ConfigurationGeneration { get; }

    /// <summary>The device has changed its configuration: the transport notifies the driver. From any thread.</summary>
    public event EventHandler? ConfigurationChanged;

    /// <summary>
    /// A queue has work for the device, though the driver has not kicked: a packet came in, a key was pressed. The transport calls <see cref="Process"/> on the queue's thread. From any thread.
    /// </summary>
    public event VirtioWorkHandler? WorkArrived;

    /// <summary>Reads from the configuration space. From any thread.</summary>
    /// <param name="offset">The first byte; the driver's choice, and any number.</param>
    /// <param name="destination">Where to; what lies outside of the space reads as 0.</param>
    public abstract void ReadConfiguration(int offset, Span<byte> destination);

    /// <summary>The driver writes to the configuration space. What the device does not let it write is left alone. From any thread.</summary>
    /// <param name="offset">The first byte; the driver's choice, and any number.</param>
    /// <param name="source">What it writes.</param>
    public virtual void WriteConfiguration(int offset, ReadOnlySpan<byte> source)
    {
    }

    /// <summary>The driver has agreed on features, a part of those that were offered; queues run from now on.</summary>
    /// <param name="negotiatedFeatures">All of them, those of queues and transport too.</param>
    public virtual void Activate(ulong negotiatedFeatures)
    {
    }

    /// <summary>The driver has gone or starts again. No queue runs any more.</summary>
    public virtual void Reset()
    {
    }

    /// <summary>
    /// Serves a queue: takes chains until there are none, or the transport has had enough for now and calls this again, and returns each, now or in a later call. A chain that it keeps outlives a stop of the queue, unless the driver starts
    /// the device or the queue again; a front end of vhost-user that stops the virtual machine waits at most 5 s for those of each queue. One that leaves chains untaken raises <see cref="WorkArrived"/> when it wants them: the driver
    /// need not kick again. An error of the driver's is the chain's answer, or the queue's
    /// <see cref="VirtQueue.Error"/>, never an exception.
    /// </summary>
    /// <param name="queueIndex">The queue's number.</param>
    /// <param name="queue">The queue.</param>
    public abstract void Process(int queueIndex, VirtQueue queue);

    /// <summary>Raises <see cref="ConfigurationChanged"/>.</summary>
    protected void OnConfigurationChanged() => ConfigurationChanged?.Invoke(this, EventArgs.Empty);

    /// <summary>Raises <see cref="WorkArrived"/>.</summary>
    /// <param name="queueIndex">The queue.</param>
    protected void OnWorkArrived(int queueIndex) => WorkArrived?.Invoke(this, queueIndex);
}
