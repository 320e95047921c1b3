using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The device's side of a virtqueue, split or packed. Whatever the driver writes is read once and judged on the copy; what breaks a rule stops the queue with a
/// <see cref="VirtQueueError"/>.
/// </summary>
/// <remarks>
/// <para>A queue is for one thread at a time. A request costs no allocation once the queue has been through one of its length; what a queue
/// allocates is bounded by its size, and never more than 16 MiB.</para>
/// <para>A driver is served as in <see cref="VirtioDevice.Process"/>: take until nothing comes, return each chain, and ask <see cref="ShouldNotify"/> at the end. Between a kick and that,
/// <see cref="DisableKicks"/> and <see cref="EnableKicks"/> save the driver further kicks.</para>
/// <para>With <see cref="VirtioFeatures.InOrder"/> chains may be returned in any order: the driver sees each when those before it have been returned too.</para>
/// </remarks>
public abstract partial class VirtQueue
{
    /// <summary>The most entries of a queue (virtio 1.2, sections 2.7 and 2.8).</summary>
    public const uint MaxSize = 32768;

    private protected readonly GuestAddressSpace _memory;
    private protected readonly uint _size;
    private VirtQueueError _error;
    private bool _isClosed;
    private Action? _notifier;

    private protected VirtQueue(GuestAddressSpace memory, in VirtQueueLayout layout, VirtioFeatures features)
    {
        _memory = memory;
        _size = layout.Size;
        Layout = layout;
        Features = features;
        NubVirtioMeter.Prepare();
        _free = new ChainState[Math.Min(layout.Size, 16)];
        if (features.HasFlag(VirtioFeatures.InOrder))
        {
            _order = new ChainState[layout.Size];
        }
    }

    /// <summary>Sets up the device's side of a queue, from what the host itself knows to be right.</summary>
    /// <param name="memory">The driver's memory.</param>
    /// <param name="layout">Where the queue stands.</param>
    /// <param name="features">What was negotiated: <see cref="VirtioFeatures.RingPacked"/>, <see cref="VirtioFeatures.IndirectDescriptors"/>,
    /// <see cref="VirtioFeatures.EventIndex"/> and <see cref="VirtioFeatures.InOrder"/> count.</param>
    /// <param name="start">Where the device goes on; <see langword="null"/> for a queue that was just set up.</param>
    /// <returns>The queue.</returns>
    /// <exception cref="ArgumentException">The layout or the position breaks a rule, which the message names.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static VirtQueue Create(GuestAddressSpace memory, VirtQueueLayout layout, VirtioFeatures features, VirtQueuePosition? start = null) =>
        TryCreate(memory, layout, features, start, out VirtQueue? queue, out VirtQueueError error)
            ? queue
            : throw new ArgumentException($"The queue cannot be set up: {error}. {layout}, start {start ?? VirtQueuePosition.Start}.", nameof(layout));

    /// <summary>Sets up the device's side of a queue as a driver has asked for, if that breaks no rule.</summary>
    /// <param name="memory">The driver's memory.</param>
    /// <param name="layout">Where the queue stands.</param>
    /// <param name="features">What was negotiated.</param>
    /// <param name="start">Where the device goes on; <see langword="null"/> for a queue that was just set up.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="error">The rule that is broken.</param>
    /// <returns>Whether none is.</returns>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static bool TryCreate(
        GuestAddressSpace memory, VirtQueueLayout layout, VirtioFeatures features, VirtQueuePosition? start,
        [NotNullWhen(true)] out VirtQueue? queue, out VirtQueueError error)
    {
        ArgumentNullException.ThrowIfNull(memory);
        VirtQueuePosition position = start ?? VirtQueuePosition.Start;
        bool isPacked = features.HasFlag(VirtioFeatures.RingPacked);
        error = isPacked ? PackedQueue.Judge(memory, layout, position) : SplitQueue.Judge(memory, layout, features);
        queue = error != VirtQueueError.None ? null
            : isPacked ? new PackedQueue(memory, layout, features, position)
            : new SplitQueue(memory, layout, features, position);
        return queue is not null;
    }

    /// <summary>How the queue stands in memory.</summary>
    public abstract VirtQueueFormat Format { get; }

    /// <summary>Where it stands.</summary>
    public VirtQueueLayout Layout { get; }

    /// <summary>What was negotiated.</summary>
    public VirtioFeatures Features { get; }

    /// <summary>The number of entries.</summary>
    public uint Size => _size;

    /// <summary>The driver's memory.</summary>
    public GuestAddressSpace Memory => _memory;

    /// <summary>Where the device's side is.</summary>
    public abstract VirtQueuePosition Position { get; }

    /// <summary>The rule that the driver broke. The queue then takes nothing any more; another can be created in its place after the driver has reset it.</summary>
    public VirtQueueError Error => _error;

    /// <summary>How many chains were taken and not returned; or returned and, for <see cref="VirtioFeatures.InOrder"/>, not shown to the driver yet.</summary>
    public int InFlight { get; private protected set; }

    /// <summary>Whether the queue was closed.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Takes the next chain that the driver has made available.</summary>
    /// <param name="chain">The chain, to be returned by <see cref="Return(DescriptorChain, uint)"/>.</param>
    /// <returns>Whether there was one. If not, <see cref="Error"/> says whether the queue is broken; a transport that has had enough for now has the device process the queue again.</returns>
    public bool TryTake(out DescriptorChain chain)
    {
        if (_error == VirtQueueError.None && !_isClosed && !Paused && _left > 0 && (_log is null ? TryTakeNext() : TryTakeRecorded()) is { } state)
        {
            chain = new DescriptorChain(state);
            _left--;
            if (++_untold == MostUntold)
            {
                TellRequests();
            }

            return true;
        }

        TellRequests();
        chain = default;
        return false;
    }

    /// <summary>Gives a chain back to the driver. It is dead afterwards, and so are its reader and writer.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="written">How many bytes the device has written, from the first writable one on without a gap.</param>
    /// <exception cref="InvalidOperationException">The chain is not in flight, or is another queue's that is not closed. One of a closed queue is returned to no effect, to whichever queue.</exception>
    /// <exception cref="ArgumentOutOfRangeException">More than the chain has writable bytes.</exception>
    /// <exception cref="SharedMemoryLockedException">The driver's memory is held exclusively. The chain is still in flight, and can be returned again; with <see cref="VirtioFeatures.InOrder"/> it is
    /// shown to the driver with the next one.</exception>
    public void Return(DescriptorChain chain, uint written)
    {
        ChainState state = chain.State;
        if (state.Queue != this && !state.Queue.IsClosed)
        {
            throw new InvalidOperationException("The chain is of another queue.");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(written, state.WritableLength);
        state.Queue.Return(state, written);
    }

    /// <summary>Gives a chain back to the driver, with as many bytes written as its writer has.</summary>
    /// <param name="chain">The chain.</param>
    /// <exception cref="InvalidOperationException">The chain is not in flight, or is another queue's that is not closed.</exception>
    public void Return(DescriptorChain chain) => Return(chain, chain.Writable.Written);

    /// <summary>
    /// Whether the driver wants to be notified of what was returned since this was last asked (virtio 1.2, sections 2.7.7 and 2.8.10). To be asked once after a batch of returns, and
    /// answered with an interrupt.
    /// </summary>
    /// <returns>Whether it does.</returns>
    public abstract bool ShouldNotify();

    /// <summary>
    /// Has the driver notified now of what was returned, if it wants to be. A transport does so after <see cref="VirtioDevice.Process"/>; a device whose requests take longer than an interrupt calls
    /// it in between, so that the driver goes on with what is done meanwhile. Of a queue without a transport it does nothing.
    /// </summary>
    public void Notify() => _notifier?.Invoke();

    /// <summary>Tells the driver that it need not kick. It may do so all the same.</summary>
    public abstract void DisableKicks();

    /// <summary>Tells the driver to kick for what it makes available from now on.</summary>
    /// <returns>Whether something was made available before it could see that: look again, for no kick will come.</returns>
    public abstract bool EnableKicks();

    /// <summary>What a transport does to notify the driver, which first asks <see cref="ShouldNotify"/>.</summary>
    internal void NotifyBy(Action notifier) => _notifier = notifier;

    /// <summary>Lets a device process what is there.</summary>
    /// <returns>Whether it took anything: what is available may be buffers for what has not come yet.</returns>
    internal bool ProcessBy(VirtioDevice device, int index)
    {
        VirtQueuePosition before = Position;
        device.Process(index, this);
        return Position is var after && (after.Available != before.Available || after.AvailableWrap != before.AvailableWrap);
    }

    /// <summary>Whether the driver has made something available, without taking it.</summary>
    internal abstract bool HasAvailable();

    /// <summary>
    /// Ends the queue, as when the driver resets it: nothing is taken from it and nothing written to it any more, and of chains in flight neither. They can still be returned, to no effect, also to the queue that is set up in its place.
    /// </summary>
    public void Close() => _isClosed = true;

    /// <summary>A line for a log.</summary>
    /// <returns>Format, size, position, what is in flight, and the error.</returns>
    public override string ToString() => $"{Format} queue of {_size}, {Position}, {InFlight} in flight{(_error == VirtQueueError.None ? "" : $", broken: {_error}")}";

    private protected abstract ChainState? TryTakeNext();

    /// <summary>Shows the driver that a chain is done.</summary>
    /// <returns>Whether it can see that; where it cannot, the queue is broken.</returns>
    private protected abstract bool TryPublish(ChainState state, uint written);

    /// <summary>Notes what the driver broke.</summary>
    /// <returns><see langword="null"/>, for what takes a chain to return.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected ChainState? Break(VirtQueueError error)
    {
        if (_error == VirtQueueError.None)
        {
            _error = error;
            QueueCounts.Break(error);
        }

        return null;
    }

    private void Show(ChainState state, uint written)
    {
        if (_log is null)
        {
            _ = TryPublish(state, written);
            return;
        }

        // A chain that the driver cannot see as done stays recorded: the next back end takes it again.
        _log.Returning(state);
        if (TryPublish(state, written))
        {
            _log.Published(Position);
        }
    }

    private protected bool IsUsable => _error == VirtQueueError.None && !_isClosed;

    private void Return(ChainState state, uint written)
    {
        if (_order is not null)
        {
            ReturnInOrder(state, written);
            return;
        }

        if (IsUsable)
        {
            Show(state, written);
        }

        Recycle(state);
    }
}
