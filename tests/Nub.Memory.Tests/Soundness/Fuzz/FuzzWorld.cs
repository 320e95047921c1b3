using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory.Tests.Soundness.Fuzz;

/// <summary>What the threads of a fuzz share: memories, and the ledger of what must be true of them at any time.</summary>
internal sealed class FuzzWorld : IDisposable
{
    /// <summary>How many bytes each thread has to itself, to compare with a model.</summary>
    public const int Own = 16 << 10;

    /// <summary>What every byte of the memory that is passed around holds, always.</summary>
    public const byte Mark = 0x5A;

    private const ulong VictimSize = 8 << 10;
    private readonly Lock _lock = new();
    private readonly ulong _counterAt;
    private ulong _counter;
    private int _alone;
    private long _granted;
    private Victim _victim = new();

    public FuzzWorld(int threads, ulong seed)
    {
        _counterAt = (ulong)(threads * Own);
        (Host, Guest) = new ExclusiveSharedMemory(_counterAt + 4096).Build();
        Snapshot = ReadOnlySharedMemory.FromBytes(SnapshotBytes = Bytes(seed));
    }

    public HostSharedMemory Host { get; }

    public GuestSharedMemory Guest { get; }

    public ReadOnlySharedMemory Snapshot { get; }

    public byte[] SnapshotBytes { get; }

    /// <summary>How often exclusivity was granted.</summary>
    public long Granted => Interlocked.Read(ref _granted);

    /// <summary>A memory that may go at any time.</summary>
    public Victim Current => Volatile.Read(ref _victim);

    /// <summary>Runs in the callback of exclusivity: no other callback may run, and a counter in the memory goes up with one beside it.</summary>
    public void Alone(ExclusiveSharedMemory memory)
    {
        Assert.Equal(1, Interlocked.Increment(ref _alone));
        Interlocked.Increment(ref _granted);
        Assert.Equal(_counter, memory.ReadUInt64(_counterAt));
        _counter++;
        memory.WriteUInt64(_counterAt, _counter);
        Assert.Throws<SharedMemoryLockedException>(() => Host.Read<byte>(_counterAt));
        Assert.Throws<SharedMemoryLockedException>(() => Guest.EnterGuest());
        Assert.Throws<SharedMemoryLockedException>(() => Host.WithExclusivity(_ => { }));
        Assert.Equal(0, Interlocked.Decrement(ref _alone));
    }

    /// <summary>Ends the memory that may go, under the threads that are inside, and puts another in its place.</summary>
    public void Replace()
    {
        var next = new Victim();
        lock (_lock)
        {
            Victim old = _victim;
            Volatile.Write(ref _victim, next);
            old.Dispose();
        }
    }

    [SuppressMessage("Usage", "CA1816", Justification = "There is no finalizer.")]
    public void Dispose()
    {
        // The ledger: no lease and no access is left, and nothing stays mapped.
        Host.WithExclusivity(Alone);
        Victim victim = Current;
        victim.Host.WithExclusivity(memory => Assert.False(memory.AsSpan(0, (int)VictimSize).ContainsAnyExcept(Mark)));
        (nint Address, ulong Size)[] memories = [(Host.BaseAddress, Host.Size), (Snapshot.BaseAddress, Snapshot.Size), (victim.Host.BaseAddress, victim.Host.Size)];
        victim.Dispose();
        Host.Dispose();
        Guest.Dispose();
        Snapshot.Dispose();
        Assert.All(memories, memory => Assert.False(ProcessMaps.IsMemory(memory.Address, memory.Size), $"{memory.Size} bytes at 0x{memory.Address:X} are still mapped"));
    }

    private static byte[] Bytes(ulong seed)
    {
        byte[] bytes = new byte[20_000];
        new Random((int)seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A memory all of whose bytes are the mark: who reads another byte reads what is not its memory any more.</summary>
    internal sealed class Victim : IDisposable
    {
        public Victim()
        {
            var exclusive = new ExclusiveSharedMemory(VictimSize);
            exclusive.AsSpan(0, (int)VictimSize).Fill(Mark);
            (Host, Guest) = exclusive.Build();
        }

        public HostSharedMemory Host { get; }

        public GuestSharedMemory Guest { get; }

        public void Dispose()
        {
            Host.Dispose();
            Guest.Dispose();
        }
    }
}
