using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>A new memory with a ring in it, and ways to write into it what an honest end would not.</summary>
internal sealed class RingMemory : IDisposable
{
    private readonly GuestSharedMemory _guest;

    public RingMemory(ulong capacity = 512, ulong offset = 0)
    {
        Size = RingLayout.DataOffset + capacity;
        Offset = offset;
        (Host, _guest) = new ExclusiveSharedMemory((offset + Size + 4095) & ~4095UL).Build();
        Ring = SharedRing.Create(Host, offset, Size);
    }

    public HostSharedMemory Host { get; }

    public SharedRing Ring { get; }

    public ulong Size { get; }

    public ulong Offset { get; }

    public SharedRingProducer Producer => Ring.Producer;

    public SharedRingConsumer Consumer => Ring.Consumer;

    /// <summary>The ring as another process would open it, with ends of its own.</summary>
    public SharedRing Reopen() => SharedRing.Open(Host, Offset, Size);

    /// <summary>Writes a header as a producer would, or would not.</summary>
    public void WriteHeader(ulong dataOffset, ulong position, ulong kind, ulong length) =>
        WriteData(dataOffset, RingLayout.MarkOf(position) | kind | length);

    public void WriteData(ulong dataOffset, ulong value) => Host.Write(Offset + RingLayout.DataOffset + dataOffset, value);

    public ulong ConsumerPosition
    {
        get => Host.Read<ulong>(Offset + RingLayout.ConsumerPositionOffset);
        set => Host.Write(Offset + RingLayout.ConsumerPositionOffset, value);
    }

    /// <summary>Whether the consumer has said that it is about to sleep: the lowest bit of its request.</summary>
    public bool ConsumerSleeps => (Host.Read<ulong>(Offset + RingLayout.ConsumerRequestOffset) & 1) != 0;

    public void Dispose()
    {
        Host.Dispose();
        _guest.Dispose();
    }
}
