using System.Diagnostics;
using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>
/// Host threads, leases, guests, exclusive users and disposers at once, on several memories, with a ledger beside each memory
/// that says who is inside and would show two who must not be.
/// </summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class StressTests(ITestOutputHelper output)
{
    private const int Memories = 4;
    private const int Words = 64;
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(4);

    /// <summary>One memory and the ledger of who believes to be inside it. Replaced by a new one when it has been disposed.</summary>
    private sealed class Room
    {
        public Room()
        {
            (Host, Guest) = new ExclusiveSharedMemory(Pair.Page).Build();
            Address = Host.BaseAddress;
        }

        public HostSharedMemory Host { get; }

        public GuestSharedMemory Guest { get; }

        public nint Address { get; }

        /// <summary>How many hold a lease: counted after it was given and before it is given up.</summary>
        public int Leases;

        /// <summary>How many are exclusive: the same.</summary>
        public int Exclusives;

    }

    private readonly Room[] _rooms = [.. Enumerable.Range(0, Memories).Select(_ => new Room())];
    private readonly List<string> _wrong = [];
    private long _reads;
    private long _writes;
    private long _leases;
    private long _guests;
    private long _exclusives;
    private long _locked;
    private long _disposed;
    private long _lent;

    [Fact]
    public void Nobody_is_ever_inside_with_somebody_exclusive_and_nothing_unmapped_is_touched()
    {
        using var stop = new CancellationTokenSource();
        Action<Random>[] kinds = [Read, Read, Write, Copy, Lease, GuestRuns, Exclusive, Exclusive, Contents, LentBeyondItsEnd, Dispose];
        Thread[] threads = [.. kinds.Select((kind, i) => new Thread(() => Run(kind, new Random(i), stop.Token)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        // Threads that come and go, so that slots change hands while everything else goes on.
        var clock = Stopwatch.StartNew();
        int visitors = 0;
        while (clock.Elapsed < s_length)
        {
            var visitor = new Thread(() => Run(Read, new Random(visitors), new CancellationToken(canceled: true)));
            visitor.Start();
            visitor.Join();
            visitors++;
        }

        stop.Cancel();
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        foreach (Room room in _rooms)
        {
            room.Host.WithExclusivity(_ => { }); // no access was left inside
            room.Host.Dispose();
            room.Guest.Dispose();
            Assert.False(ProcessMaps.Protection(room.Address) == ProcessMaps.Anonymous && IsOurs(room), "A memory was not released.");
        }

        output.WriteLine($"{_reads} reads, {_writes} writes, {_leases} leases, {_guests} guest runs, {_exclusives} times exclusive, " +
            $"{_lent} uses of lent memory, {_locked} times locked out, {_disposed} memories disposed, {visitors} short-lived threads, {AccessSlots.Count} slots");
        Assert.Empty(_wrong);
        Assert.All([_reads, _writes, _leases, _guests, _exclusives, _locked, _disposed, _lent], count => Assert.True(count > 0));
    }

    private static bool IsOurs(Room room)
    {
        try
        {
            _ = room.Host.Size;
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private void Run(Action<Random> kind, Random random, CancellationToken stop)
    {
        do
        {
            for (int i = 0; i < 20; i++)
            {
                try
                {
                    kind(random);
                }
                catch (SharedMemoryLockedException)
                {
                    Interlocked.Increment(ref _locked);
                }
                catch (ObjectDisposedException)
                {
                }
                catch (Exception exception)
                {
                    Wrong(exception.ToString());
                }
            }
        }
        while (!stop.IsCancellationRequested);
    }

    private Room Any(Random random) => Volatile.Read(ref _rooms[random.Next(Memories)]);

    private void Wrong(string what)
    {
        lock (_wrong)
        {
            if (_wrong.Count < 10)
            {
                _wrong.Add(what);
            }
        }
    }

    /// <summary>
    /// All words are equal while no thread is exclusive, except word 0, which others write. A thread that is exclusive makes them
    /// differ for a while: a reader that sees it was inside at the same time.
    /// </summary>
    private void Read(Random random)
    {
        Span<byte> copy = stackalloc byte[(Words - 1) * 8];
        Any(random).Host.CopyTo(8, copy);
        CheckEqual(copy, "a copy");
        Interlocked.Increment(ref _reads);
    }

    private void CheckEqual(ReadOnlySpan<byte> words, string who)
    {
        for (int i = 8; i < words.Length; i += 8)
        {
            if (!words.Slice(i, 8).SequenceEqual(words[..8]))
            {
                Wrong($"{who} saw a half-written pattern at word {i / 8}");
                return;
            }
        }
    }

    private void Write(Random random)
    {
        Room room = Any(random);
        room.Host.Write(0, random.NextInt64());
        _ = room.Host.Read<long>(0);
        room.Host.Add(Pair.Page - 8, 1L);
        Interlocked.Increment(ref _writes);
    }

    private void Copy(Random random)
    {
        Span<byte> bytes = stackalloc byte[1000];
        Any(random).Host.CopyFrom(2048, bytes);
        Interlocked.Increment(ref _writes);
    }

    private void Lease(Random random)
    {
        Room room = Any(random);
        Span<byte> copy = stackalloc byte[(Words - 1) * 8];
        using HostLease access = room.Host.Enter();
        Interlocked.Increment(ref room.Leases);
        for (int i = 0; i < 5; i++)
        {
            if (Volatile.Read(ref room.Exclusives) != 0)
            {
                Wrong("a lease is held while a thread is exclusive");
            }

            access.CopyTo(8, copy);
            CheckEqual(copy, "a lease");
            access.Write(0, random.NextInt64());
        }

        Interlocked.Decrement(ref room.Leases);
        Interlocked.Increment(ref _leases);
    }

    private void GuestRuns(Random random)
    {
        Room room = Any(random);
        GuestLease lease = room.Guest.EnterGuest();
        Interlocked.Increment(ref room.Leases);

        // As a guest does: through the address, past every check. The lease alone keeps the bytes there.
        unsafe
        {
            for (int i = 0; i < 50; i++)
            {
                Volatile.Write(ref *(long*)room.Address, i);
                if (Volatile.Read(ref room.Exclusives) != 0)
                {
                    Wrong("a guest runs while a thread is exclusive");
                }
            }
        }

        Interlocked.Decrement(ref room.Leases);
        lease.Dispose();
        Interlocked.Increment(ref _guests);
    }

    private void Exclusive(Random random)
    {
        Room room = Any(random);
        room.Host.WithExclusivity(exclusive =>
        {
            if (Interlocked.Increment(ref room.Exclusives) != 1)
            {
                Wrong("two are exclusive");
            }

            if (Volatile.Read(ref room.Leases) != 0)
            {
                Wrong("a thread is exclusive while a lease is held");
            }

            Scramble(exclusive.AsSpan(0, (int)Pair.Page), random);
            Interlocked.Decrement(ref room.Exclusives);
        });
        Interlocked.Increment(ref _exclusives);
    }

    /// <summary>Writes a pattern slowly, checks that no other thread changes it, and makes the words equal again.</summary>
    private void Scramble(Span<byte> bytes, Random random)
    {
        byte seed = (byte)random.Next();
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(seed + i);
        }

        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] != (byte)(seed + i))
                {
                    Wrong($"byte {i} changed under a thread that is exclusive");
                    return;
                }
            }
        }

        bytes.Fill(seed);
    }

    private void Contents(Random random) =>
        Any(random).Guest.WithContents(8, (Words - 1) * 8, contents =>
        {
            CheckEqual(contents, "a callback over the contents");
            return 0;
        });

    /// <summary>A careless host: a thread uses the exclusive memory while its callback ends, and the owners go at the same time.</summary>
    private void LentBeyondItsEnd(Random random)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Pair.Page).Build();
        byte[] bytes = new byte[512];
        Task? thief = null;
        host.WithExclusivity(exclusive =>
        {
            using var started = new ManualResetEventSlim();
            thief = Task.Run(() =>
            {
                started.Set();
                while (true)
                {
                    exclusive.CopyFrom(0, bytes);
                    exclusive.CopyTo(512, bytes);
                    Interlocked.Increment(ref _lent);
                }
            });
            started.Wait();
            Parallel.Invoke(host.Dispose, guest.Dispose);
        });
        Assert.Throws<ObjectDisposedException>(thief!.GetAwaiter().GetResult);
    }

    private void Dispose(Random random)
    {
        int index = random.Next(Memories);
        Room old = _rooms[index];
        using HostSharedMemory clone = old.Host.Clone();
        Volatile.Write(ref _rooms[index], new Room());
        old.Host.Dispose();
        old.Guest.Dispose();
        Thread.Yield();
        Interlocked.Increment(ref _disposed);
    }
}
