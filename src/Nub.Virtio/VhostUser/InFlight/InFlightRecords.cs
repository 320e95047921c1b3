using Nub.Memory;

namespace Nub.Virtio;

// What stands in the memory for requests in flight (vhost-user, "Inflight I/O tracking"): for each queue a header and an entry for each descriptor.

/// <summary>The header of a split queue's records (16 bytes).</summary>
[AllValid]
internal partial struct SplitRecordsHeader
{
    public ulong Features;

    /// <summary>1; 0 in memory that was not used yet.</summary>
    public ushort Version;

    /// <summary>The number of entries: the queue's size.</summary>
    public ushort EntryCount;

    /// <summary>The head of the list of chains that were returned last together.</summary>
    public ushort LastBatchHead;

    /// <summary>The used ring's index as it was when the list was last cleared.</summary>
    public ushort UsedIndex;
}

/// <summary>The record of a chain of a split queue, at the index of its first descriptor (16 bytes).</summary>
[AllValid]
internal partial struct SplitRecord
{
    public byte InFlight;
    public byte Reserved0;
    public ushort Reserved1;
    public ushort Reserved2;

    /// <summary>The chain that was returned before, in the same batch.</summary>
    public ushort Next;

    /// <summary>The order in which chains were taken.</summary>
    public ulong Counter;
}

/// <summary>The header of a packed queue's records (32 bytes).</summary>
[AllValid]
internal partial struct PackedRecordsHeader
{
    public ulong Features;
    public ushort Version;
    public ushort EntryCount;

    /// <summary>The head of the list of free entries, now and as it was when the last return was complete.</summary>
    public ushort FreeHead;
    public ushort OldFreeHead;

    /// <summary>The ring's entry that is written next, now and then.</summary>
    public ushort UsedIndex;
    public ushort OldUsedIndex;
    public byte UsedWrap;
    public byte OldUsedWrap;
    public ushort Reserved0;
    public ulong Reserved1;
}

/// <summary>The record of one descriptor of a packed queue's ring (32 bytes).</summary>
[AllValid]
internal partial struct PackedRecord
{
    public byte InFlight;
    public byte Reserved;

    /// <summary>The next entry of the free list, or of the chain.</summary>
    public ushort Next;

    /// <summary>In the chain's first entry: its last.</summary>
    public ushort Last;

    /// <summary>In the chain's first entry: how many there are.</summary>
    public ushort Count;
    public ulong Counter;

    /// <summary>The descriptor as it was read.</summary>
    public ushort Id;
    public ushort Flags;
    public uint Length;
    public ulong Address;
}
