using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The record of what a split queue has in flight, in the steps that the protocol describes, so that a process killed between any two of them leaves a record that can be told right.
/// </summary>
/// <remarks>Only written while the queue runs: the front end writes there as well, and is read once, in <see cref="TryResume"/>.</remarks>
internal sealed class SplitInFlightLog : InFlightLog
{
    private readonly HostSharedMemory _memory;
    private readonly ulong _offset;
    private readonly ushort[] _returning;
    private int _returningCount;
    private ushort _lastBatchHead;
    private ulong _counter;

    private SplitInFlightLog(HostSharedMemory memory, ulong offset, int size)
    {
        _memory = memory;
        _offset = offset;
        _returning = new ushort[size];
    }

    /// <summary>Reads what is recorded, and goes on from there.</summary>
    /// <param name="memory">The records' memory.</param>
    /// <param name="offset">Where the queue's records begin there.</param>
    /// <param name="size">The number of entries.</param>
    /// <param name="used">The used ring's index.</param>
    /// <param name="log">The log.</param>
    /// <param name="lost">What was in flight, in the order in which it was taken; <see langword="null"/> where the records have not been used.</param>
    /// <returns>Whether the records can be right.</returns>
    public static bool TryResume(HostSharedMemory memory, ulong offset, int size, ushort used, out SplitInFlightLog log, out LostChain[]? lost)
    {
        log = new SplitInFlightLog(memory, offset, size);
        lost = null;
        if (!memory.TryRead(offset, out SplitRecordsHeader header))
        {
            return false;
        }

        if (header.Version == 0)
        {
            return memory.TryFill(offset, (ulong)SplitRecordsHeader.Layout.Size + ((ulong)size * (ulong)SplitRecord.Layout.Size), 0)
                && memory.TryWrite(offset, new SplitRecordsHeader { Version = 1, EntryCount = (ushort)size, UsedIndex = used });
        }

        var records = new SplitRecord[size];
        if (header.Version != 1 || header.EntryCount != size || !memory.TryReadArray(log.OffsetOf(0), records))
        {
            return false;
        }

        // Published, and not yet cleared: the last batch.
        int batch = (ushort)(used - header.UsedIndex);
        if (batch > size)
        {
            return false;
        }

        ushort index = header.LastBatchHead;
        for (int i = 0; i < batch; i++)
        {
            if (index >= size)
            {
                return false;
            }

            records[index].InFlight = 0;
            log.Write(index, SplitRecord.Layout.InFlightOffset, (byte)0);
            index = records[index].Next;
        }

        log.WriteHeader(SplitRecordsHeader.Layout.UsedIndexOffset, used);
        log._lastBatchHead = header.LastBatchHead;
        log._counter = records.Max(record => record.Counter) + 1;
        lost = [.. records.Select((record, head) => (record, head)).Where(one => one.record.InFlight != 0).OrderBy(one => one.record.Counter).Select(one => new LostChain((ushort)one.head, 0, []))];
        return true;
    }

    public override void Taken(ChainState chain)
    {
        Write(chain.Id, SplitRecord.Layout.CounterOffset, _counter++);
        Write(chain.Id, SplitRecord.Layout.InFlightOffset, (byte)1);
    }

    public override void Returning(ChainState chain)
    {
        Write(chain.Id, SplitRecord.Layout.NextOffset, _lastBatchHead);
        _lastBatchHead = chain.Id;
        WriteHeader(SplitRecordsHeader.Layout.LastBatchHeadOffset, chain.Id);
        _returning[_returningCount++] = chain.Id;
    }

    public override void Published(VirtQueuePosition position)
    {
        for (int i = 0; i < _returningCount; i++)
        {
            Write(_returning[i], SplitRecord.Layout.InFlightOffset, (byte)0);
        }

        _returningCount = 0;
        WriteHeader(SplitRecordsHeader.Layout.UsedIndexOffset, position.Used);
    }

    private ulong OffsetOf(int index) => _offset + (ulong)SplitRecordsHeader.Layout.Size + ((ulong)index * (ulong)SplitRecord.Layout.Size);

    // Where the front end has taken the memory away nothing is recorded, and it alone loses by that.
    private void Write<[AllValid] T>(int index, int field, T value) where T : unmanaged => _ = _memory.TryWrite(OffsetOf(index) + (ulong)field, value);

    private void WriteHeader(int field, ushort value) => _ = _memory.TryWrite(_offset + (ulong)field, value);
}
