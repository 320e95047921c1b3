using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The record of what a packed queue has in flight, descriptors included, since the ring's are overwritten by what is returned before. Entries that are not in use are a list; what is being
/// changed shows in the header as a difference between a value and its old one.
/// </summary>
/// <remarks>Only written while the queue runs, as <see cref="SplitInFlightLog"/>; the list is kept privately as well.</remarks>
internal sealed class PackedInFlightLog : InFlightLog
{
    private readonly HostSharedMemory _memory;
    private readonly ulong _offset;
    private readonly ushort[] _next;
    private readonly ushort[] _last;
    private readonly ushort[] _returning;
    private readonly uint _ringSize;
    private int _returningCount;
    private ushort _freeHead;
    private ushort _used;
    private bool _usedWrap;
    private ulong _counter;

    private PackedInFlightLog(HostSharedMemory memory, ulong offset, int size, uint ringSize)
    {
        _memory = memory;
        _offset = offset;
        _next = new ushort[size];
        _last = new ushort[size];
        _returning = new ushort[size];
        _ringSize = ringSize;
    }

    /// <summary>Where the queue returns to next, by the records.</summary>
    public (ushort Used, bool Wrap) UsedPosition => (_used, _usedWrap);

    /// <summary>Reads what is recorded, and goes on from there.</summary>
    /// <param name="memory">The records' memory.</param>
    /// <param name="offset">Where the queue's records begin there.</param>
    /// <param name="size">The number of entries, at least the ring's.</param>
    /// <param name="ringSize">The number of entries of the ring.</param>
    /// <param name="start">Where the queue is, for records that have not been used yet.</param>
    /// <param name="ringFlags">The flags of the descriptor at an index of the ring.</param>
    /// <param name="log">The log.</param>
    /// <param name="lost">What was in flight, in the order in which it was taken; <see langword="null"/> where the records have not been used.</param>
    /// <returns>Whether the records can be right.</returns>
    public static bool TryResume(
        HostSharedMemory memory, ulong offset, int size, uint ringSize, VirtQueuePosition start, Func<ushort, ushort> ringFlags, out PackedInFlightLog log, out LostChain[]? lost)
    {
        log = new PackedInFlightLog(memory, offset, size, ringSize);
        lost = null;
        if (!memory.TryRead(offset, out PackedRecordsHeader header))
        {
            return false;
        }

        var records = new PackedRecord[size];
        if (header.Version == 0)
        {
            (log._used, log._usedWrap) = (start.Used, start.UsedWrap);
            return log.TryRebuild(records, new bool[size]);
        }

        if (header.Version != 1 || header.EntryCount != size || !memory.TryReadArray(log.OffsetOf(0), records))
        {
            return false;
        }

        bool isBetween = header.UsedIndex != header.OldUsedIndex || header.UsedWrap != header.OldUsedWrap;
        if (isBetween && header.OldUsedIndex >= ringSize)
        {
            return false;
        }

        // Where the descriptor is not available any more, the driver has seen what was being returned.
        bool isDone = isBetween && !DescriptorFlags.IsAvailable(ringFlags(header.OldUsedIndex), header.OldUsedWrap != 0);
        (ushort free, log._used, byte wrap) = isDone
            ? (header.FreeHead, header.UsedIndex, header.UsedWrap)
            : (header.OldFreeHead, header.OldUsedIndex, header.OldUsedWrap);
        log._usedWrap = wrap != 0;
        if (log._used >= ringSize)
        {
            return false;
        }

        var taken = new bool[size];
        Array.Fill(taken, true);
        int index = free;
        for (int count = 0; count < size && index < size && taken[index]; count++)
        {
            taken[index] = false;
            records[index].InFlight = 0;
            index = records[index].Next;
        }

        var visited = new bool[size];
        var chains = new List<(ulong Counter, LostChain Chain)>();
        uint slots = 0;
        for (int head = 0; head < size; head++)
        {
            if (!taken[head] || records[head].InFlight == 0)
            {
                continue;
            }

            if (!TryRead(records, taken, visited, head, out LostChain chain) || (slots += (uint)chain.Descriptors.Length) > ringSize)
            {
                return false;
            }

            log._last[head] = records[head].Last;
            chains.Add((records[head].Counter, chain));
        }

        log._counter = chains.Count == 0 ? 0 : chains.Max(one => one.Counter) + 1;
        lost = [.. chains.OrderBy(one => one.Counter).Select(one => one.Chain)];
        return log.TryRebuild(records, visited);
    }

    public override void Taken(ChainState chain)
    {
        int head = _freeHead;
        int index = head;
        int last = head;
        bool isTable = chain.TableLength != 0;
        int count = isTable ? 1 : chain.Count;
        for (int i = 0; i < count; i++)
        {
            bool isLast = i == count - 1;
            ulong offset = OffsetOf(index);
            uint flags = isTable ? DescriptorFlags.Indirect : (isLast ? 0 : DescriptorFlags.Next) | (chain.IsWritable(i) ? DescriptorFlags.Write : 0);
            _ = _memory.TryWrite(offset + PackedRecord.Layout.IdOffset, chain.Id);
            _ = _memory.TryWrite(offset + PackedRecord.Layout.FlagsOffset, (ushort)flags);
            _ = _memory.TryWrite(offset + PackedRecord.Layout.LengthOffset, isTable ? chain.TableLength : (uint)chain.Ranges[i].Length);
            _ = _memory.TryWrite(offset + PackedRecord.Layout.AddressOffset, isTable ? chain.Table : chain.Ranges[i].Address);
            last = index;
            index = _next[index];
        }

        _last[head] = (ushort)last;
        ulong first = OffsetOf(head);
        _ = _memory.TryWrite(first + PackedRecord.Layout.LastOffset, (ushort)last);
        _ = _memory.TryWrite(first + PackedRecord.Layout.CountOffset, (ushort)count);
        _ = _memory.TryWrite(first + PackedRecord.Layout.CounterOffset, _counter++);
        _ = _memory.TryWrite(first + PackedRecord.Layout.InFlightOffset, (byte)1);

        // With the old head gone on, the entries are not free any more, and the chain counts.
        _freeHead = (ushort)index;
        WriteHeader(PackedRecordsHeader.Layout.FreeHeadOffset, _freeHead);
        WriteHeader(PackedRecordsHeader.Layout.OldFreeHeadOffset, _freeHead);
        chain.LogEntry = head;
    }

    public override void Returning(ChainState chain)
    {
        ushort head = (ushort)chain.LogEntry;
        ushort last = _last[head];
        _next[last] = _freeHead;
        _ = _memory.TryWrite(OffsetOf(last) + PackedRecord.Layout.NextOffset, _freeHead);
        _freeHead = head;
        _returning[_returningCount++] = head;
        uint used = _used + chain.Slots;
        if (used >= _ringSize)
        {
            used -= _ringSize;
            _usedWrap = !_usedWrap;
        }

        _used = (ushort)used;
        WriteHeader(PackedRecordsHeader.Layout.FreeHeadOffset, _freeHead);
        WriteUsed(isOld: false);
    }

    public override void Published(VirtQueuePosition position)
    {
        for (int i = 0; i < _returningCount; i++)
        {
            _ = _memory.TryWrite(OffsetOf(_returning[i]) + PackedRecord.Layout.InFlightOffset, (byte)0);
        }

        _returningCount = 0;
        WriteHeader(PackedRecordsHeader.Layout.OldFreeHeadOffset, _freeHead);
        WriteUsed(isOld: true);
    }

    /// <summary>Reads a chain whose entries are neither free nor another chain's.</summary>
    private static bool TryRead(PackedRecord[] records, bool[] taken, bool[] visited, int head, out LostChain chain)
    {
        chain = default;
        int count = records[head].Count;
        if (count == 0 || count > records.Length)
        {
            return false;
        }

        var descriptors = new RingDescriptor[count];
        int index = head;
        for (int i = 0; i < count; i++)
        {
            if (index >= records.Length || !taken[index] || visited[index])
            {
                return false;
            }

            visited[index] = true;
            PackedRecord record = records[index];
            descriptors[i] = new RingDescriptor(record.Address, record.Length, record.Flags);
            if (i == count - 1)
            {
                chain = new LostChain(record.Id, head, descriptors);
                return index == records[head].Last;
            }

            index = record.Next;
        }

        return false;
    }

    /// <summary>Writes records in which all entries are free but those of chains, and the rest is as it is now.</summary>
    private bool TryRebuild(PackedRecord[] records, bool[] isUsed)
    {
        ushort end = (ushort)records.Length;
        ushort next = end;
        for (int i = records.Length - 1; i >= 0; i--)
        {
            if (!isUsed[i])
            {
                records[i] = new PackedRecord { Next = next };
                next = (ushort)i;
            }

            _next[i] = records[i].Next;
        }

        _freeHead = next;
        byte wrap = _usedWrap ? (byte)1 : (byte)0;
        return _memory.TryWriteArray<PackedRecord>(OffsetOf(0), records) && _memory.TryWrite(_offset, new PackedRecordsHeader
        {
            Version = 1,
            EntryCount = (ushort)records.Length,
            FreeHead = next,
            OldFreeHead = next,
            UsedIndex = _used,
            OldUsedIndex = _used,
            UsedWrap = wrap,
            OldUsedWrap = wrap,
        });
    }

    private ulong OffsetOf(int index) => _offset + (ulong)PackedRecordsHeader.Layout.Size + ((ulong)index * (ulong)PackedRecord.Layout.Size);

    private void WriteUsed(bool isOld)
    {
        WriteHeader(isOld ? PackedRecordsHeader.Layout.OldUsedIndexOffset : PackedRecordsHeader.Layout.UsedIndexOffset, _used);
        _ = _memory.TryWrite(
            _offset + (ulong)(isOld ? PackedRecordsHeader.Layout.OldUsedWrapOffset : PackedRecordsHeader.Layout.UsedWrapOffset), _usedWrap ? (byte)1 : (byte)0);
    }

    private void WriteHeader(int field, ushort value) => _ = _memory.TryWrite(_offset + (ulong)field, value);
}
