using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// A packed virtqueue (virtio 1.2, section 2.8): one ring of descriptors that the driver makes available and the device overwrites when they are used; two wrap counters tell the laps apart.
/// </summary>
/// <remarks>
/// The last eight bytes of a descriptor are length, id and flags: read at once with acquire semantics, so that they belong together and the address is read after the flags; and written at once with
/// release semantics, so that a driver that sees the flags sees the rest.
/// </remarks>
internal sealed class PackedQueue : VirtQueue
{
    private const int FlagsShift = 48;
    private const uint EventDisable = 1;
    private const uint EventAt = 2;
    private const uint WrapBit = 0x8000;

    private readonly ulong _ring;
    private readonly ulong _driver;
    private readonly ulong _device;
    private readonly bool _hasEventIndex;
    private readonly bool _hasIndirect;

    // A bit for each buffer id that the device has: any of 16 bits.
    private readonly ulong[] _ids = new ulong[65536 / 64];

    private uint _available;
    private bool _availableWrap;
    private uint _used;
    private bool _usedWrap;

    // How many entries the chains in flight take, and those returned since the driver was last thought of.
    private uint _slots;
    private ulong _unsignalled;
    private bool _signalled;
    private uint _kicks;

    public PackedQueue(GuestAddressSpace memory, in VirtQueueLayout layout, VirtioFeatures features, VirtQueuePosition start)
        : base(memory, layout, features)
    {
        _ring = layout.DescriptorArea;
        _driver = layout.DriverArea;
        _device = layout.DeviceArea;
        _hasEventIndex = features.HasFlag(VirtioFeatures.EventIndex);
        _hasIndirect = features.HasFlag(VirtioFeatures.IndirectDescriptors);
        (_available, _availableWrap, _used, _usedWrap) = (start.Available, start.AvailableWrap, start.Used, start.UsedWrap);
    }

    public override VirtQueueFormat Format => VirtQueueFormat.Packed;

    public override VirtQueuePosition Position => new((ushort)_available, (ushort)_used, _availableWrap, _usedWrap);

    /// <summary>Judges where a driver wants its queue to stand, and where the device is to go on.</summary>
    public static VirtQueueError Judge(GuestAddressSpace memory, in VirtQueueLayout layout, VirtQueuePosition start)
    {
        if (layout.Size is 0 or > MaxSize)
        {
            return VirtQueueError.SizeInvalid;
        }

        if (layout.DescriptorArea % 16 != 0 || layout.DriverArea % 4 != 0 || layout.DeviceArea % 4 != 0)
        {
            return VirtQueueError.AreaMisaligned;
        }

        // What was taken is at most a lap ahead of what was returned.
        bool isPosition = start.Available < layout.Size && start.Used < layout.Size
            && (start.AvailableWrap == start.UsedWrap ? start.Used <= start.Available : start.Available <= start.Used);
        return isPosition ? JudgeAreas(memory, layout, DescriptorFlags.Size * (ulong)layout.Size, sizeof(uint), sizeof(uint), sizeof(uint)) : VirtQueueError.PositionInvalid;
    }

    [Reread]
    public override bool ShouldNotify()
    {
        ulong returned = _unsignalled;
        if (returned == 0 || !IsUsable)
        {
            return false;
        }

        // The descriptors that were written before what the driver asks for: the driver writes the one and then reads the other.
        Interlocked.MemoryBarrier();
        if (!_memory.TryRead(_driver, out uint wanted))
        {
            return Break(VirtQueueError.AreaGone) is not null;
        }

        // Noted last: while the memory is held exclusively the read throws, and this can be asked again.
        _unsignalled = 0;
        bool first = !_signalled;
        _signalled = true;
        switch (wanted >> 16 & 3)
        {
            case EventDisable:
                return false;
            case EventAt when _hasEventIndex:
                // 2.8.10: whether the entry is among the last ones, counted over the two laps that the wrap bit tells apart.
                uint laps = 2 * _size;
                uint at = (wanted & (WrapBit - 1)) + ((wanted & WrapBit) != 0 ? 0 : _size);
                uint now = _used + (_usedWrap ? 0 : _size);
                return first || returned >= laps || (at + laps - (now + laps - (uint)returned) % laps) % laps < returned;
            default:
                return true;
        }
    }

    public override void DisableKicks() => SetKicks(EventDisable << 16);

    public override bool EnableKicks()
    {
        SetKicks(_hasEventIndex ? _available | (_availableWrap ? WrapBit : 0) | EventAt << 16 : 0);

        // What was asked for before the descriptor: the driver writes the one and then reads the other.
        Interlocked.MemoryBarrier();
        return HasAvailable();
    }

    internal override bool HasAvailable() => IsUsable && TryReadRest(_ring + (ulong)_available * DescriptorFlags.Size, out ulong rest) && IsAvailable(rest, _availableWrap);

    private protected override ChainState? TryTakeNext()
    {
        ulong at = _ring + (ulong)_available * DescriptorFlags.Size;
        if (!TryReadRest(at, out ulong rest) || !IsAvailable(rest, _availableWrap))
        {
            return null;
        }

        if (_slots == _size)
        {
            return Break(VirtQueueError.TooManyInFlight);
        }

        if (!_memory.TryRead(at, out ulong address))
        {
            return Break(VirtQueueError.AreaGone);
        }

        ChainState state = Rent();
        uint slots = 1;
        uint flags = (uint)(rest >> FlagsShift);
        VirtQueueError error = (flags & DescriptorFlags.Indirect) != 0
            ? (flags & DescriptorFlags.Next) != 0 ? VirtQueueError.IndirectWithNext : ReadTable(state, address, (uint)rest)
            : (flags & DescriptorFlags.Next) != 0 ? Follow(state, address, ref rest, out slots)
            : Add(state, address, (uint)rest, (flags & DescriptorFlags.Write) != 0);
        ushort id = (ushort)(rest >> 32);
        if (error == VirtQueueError.None && (_ids[id >> 6] & 1UL << id) != 0)
        {
            error = VirtQueueError.HeadInFlight;
        }

        if (error != VirtQueueError.None)
        {
            return Break(error);
        }

        _ids[id >> 6] |= 1UL << id;
        _slots += slots;
        Advance(ref _available, ref _availableWrap, slots);
        return HandOut(state, id, slots);
    }

    private protected override ChainState? TryTakeLost(in LostChain lost)
    {
        ushort id = lost.Head;
        ChainState state = Rent();
        VirtQueueError error = (_ids[id >> 6] & 1UL << id) != 0 ? VirtQueueError.HeadInFlight : VirtQueueError.None;
        foreach (RingDescriptor descriptor in lost.Descriptors)
        {
            if (error != VirtQueueError.None)
            {
                break;
            }

            bool isTable = (descriptor.Flags & DescriptorFlags.Indirect) != 0;
            error = !isTable ? Add(state, descriptor.Address, descriptor.Length, (descriptor.Flags & DescriptorFlags.Write) != 0)
                : lost.Descriptors.Length == 1 ? ReadTable(state, descriptor.Address, descriptor.Length)
                : VirtQueueError.IndirectWithNext;
        }

        if (error != VirtQueueError.None)
        {
            return Break(error);
        }

        _ids[id >> 6] |= 1UL << id;
        _slots += (uint)lost.Descriptors.Length;
        state.LogEntry = lost.LogEntry;
        return HandOut(state, id, (uint)lost.Descriptors.Length);
    }

    private protected override bool TryPublish(ChainState state, uint written)
    {
        ushort id = state.Id;
        uint flags = (_usedWrap ? DescriptorFlags.Available | DescriptorFlags.Used : 0) | (written != 0 ? DescriptorFlags.Write : 0);
        if (!Store(_ring + (ulong)_used * DescriptorFlags.Size + sizeof(ulong), written | (ulong)id << 32 | (ulong)flags << FlagsShift))
        {
            return false;
        }

        // Noted last: while the memory is held exclusively the write throws, and the chain can be returned again.
        _ids[id >> 6] &= ~(1UL << id);
        _slots -= state.Slots;
        _unsignalled += state.Slots;
        Advance(ref _used, ref _usedWrap, state.Slots);
        return true;
    }

    private static bool IsAvailable(ulong rest, bool wrap) => DescriptorFlags.IsAvailable((uint)(rest >> FlagsShift), wrap);

    private void Advance(ref uint entry, ref bool wrap, uint slots)
    {
        entry += slots;
        if (entry >= _size)
        {
            entry -= _size;
            wrap = !wrap;
        }
    }

    // Read again and again on purpose, until its flags say that the driver has made it available. Inlined it would be in no call stack, by which a test tells.
    [Reread]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryReadRest(ulong at, out ulong rest)
    {
        if (_memory.TryRead(at + sizeof(ulong), out rest))
        {
            return true;
        }

        _ = Break(VirtQueueError.AreaGone);
        return false;
    }

    private void SetKicks(uint kicks)
    {
        if (kicks != _kicks && IsUsable)
        {
            // Noted last, as in TryPublish.
            _ = Store(_device, kicks);
            _kicks = kicks;
        }
    }

    /// <summary>Reads the rest of a chain in the ring. The id is its last descriptor's (2.8.6).</summary>
    private VirtQueueError Follow(ChainState state, ulong address, ref ulong rest, out uint slots)
    {
        uint entry = _available;
        bool wrap = _availableWrap;
        slots = 1;
        while (true)
        {
            uint flags = (uint)(rest >> FlagsShift);
            if ((flags & DescriptorFlags.Indirect) != 0)
            {
                return VirtQueueError.IndirectWithNext;
            }

            VirtQueueError error = Add(state, address, (uint)rest, (flags & DescriptorFlags.Write) != 0);
            if (error != VirtQueueError.None || (flags & DescriptorFlags.Next) == 0)
            {
                return error;
            }

            if (slots == _size - _slots)
            {
                return slots == _size ? VirtQueueError.ChainTooLong : VirtQueueError.TooManyInFlight;
            }

            slots++;
            Advance(ref entry, ref wrap, 1);

            // Made available before the first one's flags were: no order is left to keep.
            if (!TryReadDescriptor(_ring + (ulong)entry * DescriptorFlags.Size, out address, out rest))
            {
                return VirtQueueError.AreaGone;
            }

            if (!IsAvailable(rest, wrap))
            {
                return VirtQueueError.ChainNotComplete;
            }
        }
    }

    /// <summary>Reads an indirect table: all of its entries, one after the other. Of their flags WRITE alone means something, NEXT in particular nothing (2.8.7).</summary>
    private VirtQueueError ReadTable(ChainState state, ulong table, uint length)
    {
        state.SetTable(table, length);
        VirtQueueError error = JudgeTable(_hasIndirect, table, length);
        uint entries = length / DescriptorFlags.Size;
        if (error == VirtQueueError.None && entries > Math.Max(_size, DescriptorFlags.MostInTable))
        {
            return VirtQueueError.ChainTooLong;
        }

        for (uint i = 0; error == VirtQueueError.None && i < entries; i++)
        {
            if (!TryReadDescriptor(table + i * DescriptorFlags.Size, out ulong address, out ulong rest))
            {
                return VirtQueueError.IndirectTableNotMapped;
            }

            uint flags = (uint)(rest >> FlagsShift);
            error = (flags & DescriptorFlags.Indirect) != 0 ? VirtQueueError.IndirectNested
                : Add(state, address, (uint)rest, (flags & DescriptorFlags.Write) != 0);
        }

        return error;
    }
}
