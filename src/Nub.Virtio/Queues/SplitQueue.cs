using System.Numerics;
using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// A split virtqueue (virtio 1.2, section 2.7): the driver's descriptors in a table, their heads in the available ring, and what is done in the used ring.
/// </summary>
/// <remarks>
/// The driver's index is read with acquire semantics before the ring's entry and the descriptors, the device's is written with release semantics after the used element: what
/// <see cref="GuestAddressSpace.TryRead{T}"/> and <see cref="GuestAddressSpace.TryWrite{T}"/> do with an aligned value.
/// </remarks>
internal sealed class SplitQueue : VirtQueue
{
    private const uint NoNotify = 1;
    private const ulong IndexOffset = 2;
    private const ulong RingOffset = 4;

    private readonly ulong _descriptors;
    private readonly ulong _driver;
    private readonly ulong _device;
    private readonly uint _mask;
    private readonly bool _hasEventIndex;
    private readonly bool _hasIndirect;

    // A bit for each head that the device has.
    private readonly ulong[] _heads;

    private ushort _available;
    private ushort _used;

    // To where the driver's index was read and judged.
    private ushort _seen;
    private uint _unsignalled;
    private bool _signalled;
    private bool _kicksDisabled;

    public SplitQueue(GuestAddressSpace memory, in VirtQueueLayout layout, VirtioFeatures features, VirtQueuePosition start)
        : base(memory, layout, features)
    {
        _descriptors = layout.DescriptorArea;
        _driver = layout.DriverArea;
        _device = layout.DeviceArea;
        _mask = layout.Size - 1;
        _hasEventIndex = features.HasFlag(VirtioFeatures.EventIndex);
        _hasIndirect = features.HasFlag(VirtioFeatures.IndirectDescriptors);
        _heads = new ulong[(layout.Size + 63) / 64];
        _available = _seen = start.Available;
        _used = start.Used;
    }

    public override VirtQueueFormat Format => VirtQueueFormat.Split;

    public override VirtQueuePosition Position => new(_available, _used);

    private ulong UsedEvent => _driver + RingOffset + sizeof(ushort) * (ulong)_size;

    private ulong AvailableEvent => _device + RingOffset + sizeof(ulong) * (ulong)_size;

    /// <summary>Judges where a driver wants its queue to stand.</summary>
    public static VirtQueueError Judge(GuestAddressSpace memory, in VirtQueueLayout layout, VirtioFeatures features)
    {
        if (!BitOperations.IsPow2(layout.Size) || layout.Size > MaxSize)
        {
            return VirtQueueError.SizeInvalid;
        }

        if (layout.DescriptorArea % 16 != 0 || layout.DriverArea % 2 != 0 || layout.DeviceArea % 4 != 0)
        {
            return VirtQueueError.AreaMisaligned;
        }

        ulong events = features.HasFlag(VirtioFeatures.EventIndex) ? sizeof(ushort) : 0ul;
        ulong size = layout.Size;
        return JudgeAreas(memory, layout, DescriptorFlags.Size * size, RingOffset + sizeof(ushort) * size + events, RingOffset + sizeof(ulong) * size + events, sizeof(ushort));
    }

    [Reread]
    public override bool ShouldNotify()
    {
        uint returned = _unsignalled;
        if (returned == 0 || !IsUsable)
        {
            return false;
        }

        // The index that was published before what the driver asks for: the driver writes the one and then reads the other.
        Interlocked.MemoryBarrier();
        if (!_memory.TryRead(_hasEventIndex ? UsedEvent : _driver, out ushort wanted))
        {
            return Break(VirtQueueError.AreaGone) is not null;
        }

        // Noted last: while the memory is held exclusively the read throws, and this can be asked again.
        _unsignalled = 0;
        if (!_hasEventIndex)
        {
            return (wanted & NoNotify) == 0;
        }

        // 2.7.7.2: whether the entry that the driver waits for is among the last ones. The first time it is not known what was signalled before.
        bool notify = !_signalled || (ushort)(wanted - (ushort)(_used - returned)) < returned;
        _signalled = true;
        return notify;
    }

    public override void DisableKicks()
    {
        // With the event index, what was asked for lies behind, and the driver is silent anyway.
        if (!_hasEventIndex && !_kicksDisabled && IsUsable)
        {
            // Noted last, as in TryPublish.
            _ = Store(_device, (ushort)NoNotify);
            _kicksDisabled = true;
        }
    }

    public override bool EnableKicks()
    {
        if (!IsUsable)
        {
            return false;
        }

        if (_hasEventIndex)
        {
            _ = Store(AvailableEvent, _available);
        }
        else if (_kicksDisabled)
        {
            _ = Store(_device, (ushort)0);
            _kicksDisabled = false;
        }

        // What was asked for before the index: the driver writes the one and then reads the other.
        Interlocked.MemoryBarrier();
        return HasAvailable();
    }

    internal override bool HasAvailable() => IsUsable && (_seen != _available || (TryReadIndex(out ushort index) && index != _available));

    private protected override ChainState? TryTakeNext()
    {
        if (_seen == _available && !TryLook())
        {
            return null;
        }

        if (!_memory.TryRead(_driver + RingOffset + sizeof(ushort) * (ulong)(_available & _mask), out ushort head))
        {
            return Break(VirtQueueError.AreaGone);
        }

        ChainState? state = TryTakeAt(head);
        if (state is not null)
        {
            _available++;
        }

        return state;
    }

    private protected override ChainState? TryTakeLost(in LostChain lost) => TryTakeAt(lost.Head);

    private protected override bool TryPublish(ChainState state, uint written)
    {
        ushort head = state.Id;
        if (!_memory.TryWrite(_device + RingOffset + sizeof(ulong) * (ulong)(_used & _mask), head | (ulong)written << 32))
        {
            return Break(VirtQueueError.AreaGone) is not null;
        }

        ushort used = (ushort)(_used + 1);
        if (!Store(_device + IndexOffset, used))
        {
            return false;
        }

        // Noted last: while the memory is held exclusively the writes throw, and the chain can be returned again.
        _used = used;
        _heads[head >> 6] &= ~(1UL << head);
        _unsignalled++;
        return true;
    }

    private ChainState? TryTakeAt(ushort head)
    {
        if (head >= _size)
        {
            return Break(VirtQueueError.HeadOutOfRange);
        }

        if ((_heads[head >> 6] & 1UL << head) != 0)
        {
            return Break(VirtQueueError.HeadInFlight);
        }

        ChainState state = Rent();
        VirtQueueError error = Follow(state, head);
        if (error != VirtQueueError.None)
        {
            return Break(error);
        }

        _heads[head >> 6] |= 1UL << head;
        return HandOut(state, head, 0);
    }

    // Read again and again on purpose: it says how far the driver is. In no call of its own it would be in no call stack either, by which a test tells.
    [Reread]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReadIndex(out ushort index)
    {
        if (_memory.TryRead(_driver + IndexOffset, out index))
        {
            return true;
        }

        _ = Break(VirtQueueError.AreaGone);
        return false;
    }

    /// <summary>Reads the driver's index, and judges it.</summary>
    /// <returns>Whether there is something new.</returns>
    private bool TryLook()
    {
        if (!TryReadIndex(out ushort index))
        {
            return false;
        }

        uint waiting = (ushort)(index - _available);
        if (waiting > _size - (uint)InFlight)
        {
            _ = Break(waiting > _size ? VirtQueueError.AvailableIndexJumped : VirtQueueError.TooManyInFlight);
            return false;
        }

        _seen = index;
        return waiting != 0;
    }

    /// <summary>Reads a chain's descriptors, each once, into private copies.</summary>
    private VirtQueueError Follow(ChainState state, uint index)
    {
        ulong table = _descriptors;
        uint entries = _size;
        uint left = _size;
        VirtQueueError unread = VirtQueueError.AreaGone;
        while (true)
        {
            if (!TryReadDescriptor(table + (ulong)index * DescriptorFlags.Size, out ulong address, out ulong rest))
            {
                return unread;
            }

            uint flags = (uint)(rest >> 32);
            if ((flags & DescriptorFlags.Indirect) != 0)
            {
                // 2.7.5.3: direct descriptors may precede it, and its WRITE is ignored.
                VirtQueueError refused = unread != VirtQueueError.AreaGone ? VirtQueueError.IndirectNested
                    : (flags & DescriptorFlags.Next) != 0 ? VirtQueueError.IndirectWithNext
                    : JudgeTable(_hasIndirect, address, (uint)rest);
                if (refused != VirtQueueError.None)
                {
                    return refused;
                }

                table = address;
                index = 0;
                entries = (uint)rest / DescriptorFlags.Size;
                left = Math.Min(entries, Math.Max(_size, DescriptorFlags.MostInTable));
                unread = VirtQueueError.IndirectTableNotMapped;
                continue;
            }

            VirtQueueError error = Add(state, address, (uint)rest, (flags & DescriptorFlags.Write) != 0);
            if (error != VirtQueueError.None || (flags & DescriptorFlags.Next) == 0)
            {
                return error;
            }

            index = (uint)(rest >> 48);
            if (index >= entries)
            {
                return VirtQueueError.NextOutOfRange;
            }

            if (--left == 0)
            {
                return VirtQueueError.ChainTooLong;
            }
        }
    }
}
