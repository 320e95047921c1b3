using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// What a chain is made of, used again for the next one: private copies of the descriptors' addresses and lengths, first the readable ones, then the writable ones.
/// <see cref="DescriptorChain"/> and its reader and writer name it together with its generation, so that what is left of an earlier chain is found out.
/// </summary>
internal sealed class ChainState(VirtQueue queue)
{
    private const int FewRanges = 8;

    /// <summary>What is not consumed yet of each buffer.</summary>
    public GuestRange[] Ranges = new GuestRange[FewRanges];
    public ChainCursor Reader;
    public ChainCursor Writer;

    private ulong _readable;
    private ulong _writable;
    private uint _generation;
    private bool _hasGap;
    private int _readableCount;

    public VirtQueue Queue { get; } = queue;

    public GuestAddressSpace Memory => Queue.Memory;

    /// <summary>Odd while the chain is in flight.</summary>
    public uint Generation => _generation;

    public bool IsInFlight => (_generation & 1) != 0;

    /// <summary>How many chains the queue had taken before, modulo 2^32.</summary>
    public uint Number { get; private set; }

    public int Count { get; private set; }

    /// <summary>Split: the first descriptor. Packed: the buffer id.</summary>
    public ushort Id { get; private set; }

    /// <summary>Packed: how many entries of the ring the chain takes.</summary>
    public uint Slots { get; private set; }

    /// <summary>Packed: the indirect table that the chain was read from; its length is 0 where it was not.</summary>
    public ulong Table { get; private set; }

    public uint TableLength { get; private set; }

    /// <summary>The in-flight log's own number of the chain.</summary>
    public int LogEntry { get; set; }

    /// <summary>How many bytes were written from the first writable one on without a gap.</summary>
    public uint Written { get; private set; }

    public uint WritableLength => (uint)_writable;

    /// <summary>With InOrder: whether the device is done, while chains before this one are not.</summary>
    public bool IsFinished { get; private set; }

    public uint FinishedLength { get; private set; }

    public void Begin()
    {
        Count = _readableCount = 0;
        _readable = _writable = 0;
        TableLength = 0;
    }

    public VirtQueueError Add(ulong address, uint length, bool isWritable)
    {
        if (isWritable)
        {
            _writable += length;
        }
        else if (_writable != 0)
        {
            return VirtQueueError.ReadableAfterWritable;
        }
        else
        {
            _readable += length;
            _readableCount++;
        }

        Ranges[Count++] = new GuestRange(address, length);
        return _readable + _writable <= uint.MaxValue ? VirtQueueError.None : VirtQueueError.ChainTooLarge;
    }

    public void SetTable(ulong address, uint length)
    {
        Table = address;
        TableLength = length;
    }

    /// <summary>Whether a buffer is one that the device may write.</summary>
    public bool IsWritable(int index) => index >= _readableCount;

    public void HandOut(ushort id, uint slots, uint number)
    {
        Number = number;
        Id = id;
        Slots = slots;
        Reader = new ChainCursor(0, _readable);
        Writer = new ChainCursor(_readableCount, _writable);
        Written = 0;
        _hasGap = false;
        _generation++;
    }

    /// <summary>Makes whatever names the chain dead; the next chain has another generation.</summary>
    public void End()
    {
        _generation += _generation & 1;
        IsFinished = false;
    }

    public void Finish(uint written)
    {
        _generation++;
        IsFinished = true;
        FinishedLength = written;
    }

    public void Grow(int capacity) => Array.Resize(ref Ranges, capacity);

    /// <summary>Lets go of a large array.</summary>
    /// <returns>How many ranges fewer there are.</returns>
    public int Shrink()
    {
        int fewer = Ranges.Length - FewRanges;
        if (fewer > 0)
        {
            Ranges = new GuestRange[FewRanges];
        }

        return fewer;
    }

    /// <summary>Notes that the device has written, or passed over, the next writable bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Passed(ulong length, bool isWritten)
    {
        Writer.Advance(Ranges, length);
        if (!isWritten)
        {
            _hasGap |= length != 0;
        }
        else if (!_hasGap)
        {
            Written += (uint)length;
        }
    }
}

/// <summary>Where a reader or a writer is among the ranges of its chain. What it consumes is taken away from the ranges.</summary>
/// <param name="Index">The first range that has bytes left.</param>
/// <param name="Remaining">How many bytes are left.</param>
[StructLayout(LayoutKind.Auto)]
internal record struct ChainCursor(int Index, ulong Remaining)
{
    /// <summary>Takes bytes away; not more than there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance(GuestRange[] ranges, ulong length)
    {
        Remaining -= length;
        ref GuestRange range = ref ranges[Index];
        if (length < range.Length)
        {
            range = new GuestRange(range.Address + length, range.Length - length);
        }
        else
        {
            AdvanceOn(ranges, length);
        }
    }

    /// <summary>The ranges that are left, up to the last that has some of the next <paramref name="length"/> bytes.</summary>
    public readonly ReadOnlySpan<GuestRange> Next(GuestRange[] ranges, ulong length)
    {
        int end = Index;
        for (ulong found = 0; found < length; end++)
        {
            found += ranges[end].Length;
        }

        return ranges.AsSpan(Index, end - Index);
    }

    private void AdvanceOn(GuestRange[] ranges, ulong length)
    {
        while (length != 0)
        {
            ref GuestRange range = ref ranges[Index];
            if (length < range.Length)
            {
                range = new GuestRange(range.Address + length, range.Length - length);
                return;
            }

            length -= range.Length;
            Index++;
        }
    }
}
