using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Copies and fills, from a message to a disk image.</summary>
internal static unsafe class BulkCases
{
    private const string MemMove = "memmove";
    private const string SpanFill = "Span.Fill";

    // Where in a line of the cache the private side of a copy begins: like an array that begins with its header on one.
    private const int LikeAnArray = 16;

    private static readonly int[] s_sizes =
        [16, 64, 100, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];

    public static IEnumerable<Contest> All(Arena arena)
    {
        SeeEverySize(arena);
        yield return new Contest("lock", "CopyTo 0 B: the lock and the checks",
            AtPlaces(arena, "Nub", 0, (at, place) => times => CopyTo(arena.Host, at, arena.Buffer.AsSpan(place, 0), times)), [], []);
        foreach (int size in s_sizes)
        {
            yield return CopyTo(arena, size);
            yield return CopyFrom(arena, size);
            yield return Fill(arena, size);
        }

        // From where a line begins, which an array seldom does.
        yield return CopyFrom(arena, 1 << 10, intoLine: 0) with { Group = "from a line", Name = "CopyFrom 1 KiB from a line's start", Bytes = 0 };

        // What is left of a small one when the lock is held already.
        foreach (int size in (int[])[64, 100, 256, 1 << 10])
        {
            yield return CopyToHeld(arena, size);
            yield return FillHeld(arena, size);
        }
    }

    public static string Words(long size) => size switch
    {
        >= 1 << 20 => $"{size >> 20} MiB",
        >= 1 << 10 => $"{size >> 10} KiB",
        _ => $"{size} B",
    };

    // The JIT compiles for what it has seen: without this, for 16 bytes, with the way to any other length out of line.
    private static void SeeEverySize(Arena arena)
    {
        for (int burst = 0; burst < 4; burst++)
        {
            for (int i = 0; i < 40; i++)
            {
                foreach (int size in s_sizes.Where(static size => size <= 4 << 10))
                {
                    using HostLease access = arena.Host.Enter();
                    Span<byte> buffer = arena.Buffer.AsSpan(0, size);
                    CopyTo(arena.Host, 0, buffer, 10);
                    CopyFrom(arena.Host, 0, buffer, 10);
                    Fill(arena.Host, 0, (ulong)size, 10);
                    CopyTo(in access, 0, buffer, 10);
                    Fill(in access, 0, (ulong)size, 10);
                }
            }

            Thread.Sleep(150);
        }
    }

    private static Contest CopyTo(Arena arena, int size) => new("copy out", $"CopyTo {Words(size)}",
        AtPlaces(arena, "Nub", size, (at, place) => times => CopyTo(arena.Host, at, arena.Buffer.AsSpan(place, size), times)),
        arena.With(seed => AtPlaces(arena, SeedPeer.Name, size, (at, place) => seed.CopyTo((ulong)at, arena.BufferAddress + place, size).Run),
            MemMoveOut(arena, size)),
        CopyLimits(size), size);

    private static Contest CopyFrom(Arena arena, int size, int intoLine = LikeAnArray)
    {
        byte* raw = arena.Raw;
        return new Contest("copy in", $"CopyFrom {Words(size)}",
            AtPlaces(arena, "Nub", size, (at, place) => times => CopyFrom(arena.Host, at, arena.Buffer.AsSpan(place, size), times), intoLine),
            arena.With(seed => AtPlaces(arena, SeedPeer.Name, size, (at, place) => seed.CopyFrom((ulong)at, arena.BufferAddress + place, size).Run, intoLine),
                AtPlaces(arena, MemMove, size, (at, place) => times => Copy(arena.Buffer.AsSpan(place, size), new Span<byte>(raw + at, size), times), intoLine)),
            CopyLimits(size), size);
    }

    private static Contest Fill(Arena arena, int size) => new("fill", $"Fill {Words(size)}",
        AtPlaces(arena, "Nub", size, (at, _) => times => Fill(arena.Host, at, (ulong)size, times)),
        arena.With(seed => AtPlaces(arena, SeedPeer.Name, size, (at, _) => seed.Fill((ulong)at, size).Run),
            SpanFillOf(arena, size)),
        [
            .. size >= 64 ? new[] { new Limit(SpanFill, 1 / 0.95) } : [],
            .. size >= 256 ? new[] { new Limit(SeedPeer.Name, 1 / 1.5) } : [],
        ],
        size);

    private static Contest CopyToHeld(Arena arena, int size) => new("held", $"CopyTo {Words(size)} under HostLease",
        AtPlaces(arena, "Nub", size, (at, place) => times =>
        {
            using HostLease access = arena.Host.Enter();
            CopyTo(in access, at, arena.Buffer.AsSpan(place, size), times);
        }),
        [MemMoveOut(arena, size)],
        [new Limit(MemMove, 1 / 0.95, 1)]);

    private static Contest FillHeld(Arena arena, int size) => new("held", $"Fill {Words(size)} under HostLease",
        AtPlaces(arena, "Nub", size, (at, _) => times =>
        {
            using HostLease access = arena.Host.Enter();
            Fill(in access, at, (ulong)size, times);
        }),
        [SpanFillOf(arena, size)],
        [new Limit(SpanFill, 1 / 0.95)]);

    private static Side MemMoveOut(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return AtPlaces(arena, MemMove, size, (at, place) => times => Copy(new ReadOnlySpan<byte>(raw + at, size), arena.Buffer.AsSpan(place), times));
    }

    private static Side SpanFillOf(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return AtPlaces(arena, SpanFill, size, (at, _) => times => Fill(new Span<byte>(raw + at, size), times));
    }

    // Where a side works in turn: in the memory, and in the private buffer. A load waits for a store just before whose address has the
    // same low twelve bits, and a loop that repeats one copy does that to itself when its source, a lock, or a variable on the stack
    // happens to stand so: 5 ns for 100 bytes, in some runs and not in others. A copy of 1 KiB writes a quarter of all such places, and
    // at half of 32 starts it met one. Eighths of a page, with the buffer half a page away, meet none of that somewhere; a copy of a
    // page meets it everywhere.
    private static Side AtPlaces(Arena arena, string name, int size, Func<int, int, Action<int>> at, int intoLine = LikeAnArray)
    {
        const int Eighth = 512;
        int line = (int)(-arena.BufferAddress & 63) + intoLine;
        return size <= 4 << 10
            ? new Side(name, at(0, line), [.. Enumerable.Range(0, 8).Select(i => at(i * Eighth, line + ((i + 4) % 8 * Eighth)))])
            : new Side(name, at(0, line));
    }

    private static Limit[] CopyLimits(int size)
    {
        double faster = size switch { 256 => 1.5, 4 << 10 => 2.3, 64 << 10 => 1.6, _ => 0 };
        return
        [
            .. size is >= 64 and <= 16 << 20 ? new[] { new Limit(MemMove, 1 / 0.95, 1) } : [],
            .. faster > 0 ? new[] { new Limit(SeedPeer.Name, 1 / faster) } : [],
        ];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyTo(HostSharedMemory host, int at, Span<byte> destination, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.CopyTo((ulong)at, destination);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyFrom(HostSharedMemory host, int at, ReadOnlySpan<byte> source, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.CopyFrom((ulong)at, source);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Copy(ReadOnlySpan<byte> source, Span<byte> destination, int times)
    {
        for (int i = 0; i < times; i++)
        {
            source.CopyTo(destination);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyTo(in HostLease access, int at, Span<byte> destination, int times)
    {
        for (int i = 0; i < times; i++)
        {
            access.CopyTo((ulong)at, destination);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(in HostLease access, int at, ulong length, int times)
    {
        for (int i = 0; i < times; i++)
        {
            access.Fill((ulong)at, length, 7);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(HostSharedMemory host, int at, ulong length, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.Fill((ulong)at, length, 7);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(Span<byte> span, int times)
    {
        for (int i = 0; i < times; i++)
        {
            span.Fill(7);
        }
    }
}
