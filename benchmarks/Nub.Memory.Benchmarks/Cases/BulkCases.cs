using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Copies and fills, from a message to a disk image.</summary>
internal static unsafe class BulkCases
{
    private const string MemMove = "memmove";
    private const string SpanFill = "Span.Fill";

    private static readonly int[] s_sizes =
        [16, 64, 100, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];

    public static IEnumerable<Contest> All(Arena arena)
    {
        SeeEverySize(arena);
        foreach (int size in s_sizes)
        {
            yield return CopyTo(arena, size);
            yield return CopyFrom(arena, size);
            yield return Fill(arena, size);
        }

        // What is left of a small one when the lock is held already.
        foreach (int size in (int[])[64, 100, 256])
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
                    using HostAccess access = arena.Host.Enter();
                    Span<byte> buffer = arena.Buffer.AsSpan(0, size);
                    CopyTo(arena.Host, buffer, 10);
                    CopyFrom(arena.Host, buffer, 10);
                    Fill(arena.Host, (ulong)size, 10);
                    CopyTo(in access, buffer, 10);
                    Fill(in access, (ulong)size, 10);
                }
            }

            Thread.Sleep(150);
        }
    }

    private static Contest CopyTo(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return new Contest("copy out", $"CopyTo {Words(size)}",
            new Side("Nub", times => CopyTo(arena.Host, arena.Buffer.AsSpan(0, size), times)),
            arena.With(seed => seed.CopyTo(0, arena.BufferAddress, size),
                new Side(MemMove, times => Copy(new ReadOnlySpan<byte>(raw, size), arena.Buffer, times))),
            CopyLimits(size), size);
    }

    private static Contest CopyFrom(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return new Contest("copy in", $"CopyFrom {Words(size)}",
            new Side("Nub", times => CopyFrom(arena.Host, arena.Buffer.AsSpan(0, size), times)),
            arena.With(seed => seed.CopyFrom(0, arena.BufferAddress, size),
                new Side(MemMove, times => Copy(arena.Buffer.AsSpan(0, size), new Span<byte>(raw, size), times))),
            CopyLimits(size), size);
    }

    private static Contest Fill(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return new Contest("fill", $"Fill {Words(size)}",
            new Side("Nub", times => Fill(arena.Host, (ulong)size, times)),
            arena.With(seed => seed.Fill(0, size),
                new Side(SpanFill, times => Fill(new Span<byte>(raw, size), times))),
            [
                .. size >= 64 ? new[] { new Limit(SpanFill, 1 / 0.95) } : [],
                .. size >= 256 ? new[] { new Limit(SeedPeer.Name, 1 / 1.5) } : [],
            ],
            size);
    }

    private static Contest CopyToHeld(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return new Contest("held", $"CopyTo {Words(size)} under HostAccess",
            new Side("Nub", times =>
            {
                using HostAccess access = arena.Host.Enter();
                CopyTo(in access, arena.Buffer.AsSpan(0, size), times);
            }),
            [new Side(MemMove, times => Copy(new ReadOnlySpan<byte>(raw, size), arena.Buffer, times))],
            [new Limit(MemMove, 1 / 0.95, 1)]);
    }

    private static Contest FillHeld(Arena arena, int size)
    {
        byte* raw = arena.Raw;
        return new Contest("held", $"Fill {Words(size)} under HostAccess",
            new Side("Nub", times =>
            {
                using HostAccess access = arena.Host.Enter();
                Fill(in access, (ulong)size, times);
            }),
            [new Side(SpanFill, times => Fill(new Span<byte>(raw, size), times))],
            [new Limit(SpanFill, 1 / 0.95)]);
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
    private static void CopyTo(HostSharedMemory host, Span<byte> destination, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.CopyTo(0, destination);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyFrom(HostSharedMemory host, ReadOnlySpan<byte> source, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.CopyFrom(0, source);
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
    private static void CopyTo(in HostAccess access, Span<byte> destination, int times)
    {
        for (int i = 0; i < times; i++)
        {
            access.CopyTo(0, destination);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(in HostAccess access, ulong length, int times)
    {
        for (int i = 0; i < times; i++)
        {
            access.Fill(0, length, 7);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fill(HostSharedMemory host, ulong length, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.Fill(0, length, 7);
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
