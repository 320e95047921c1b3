using System.Runtime.InteropServices;

namespace Nub.Memory.Tests;

/// <summary>What the surviving path does with bytes that are there, with each width of registers that this processor has.</summary>
public sealed unsafe class RecoveringAccessTests
{
    private const int Room = 1 << 15;

    private static readonly int[] s_widths = [16, 32, 64];

    /// <summary>The widths that this processor has; where there is no such path, one that makes each test say why it is skipped.</summary>
    public static TheoryData<int> Widths() =>
        [.. s_widths.Where(width => RecoveringAccess.IsSupported(out _) && width <= BulkStub.WidestHere).DefaultIfEmpty(0)];

    [SkippableTheory]
    [MemberData(nameof(Widths))]
    public void Copies_and_fills_move_every_byte_and_no_other(int width)
    {
        RecoveringAccess access = Install(width);
        byte* shared = (byte*)NativeMemory.AlignedAlloc(Room, 4096);
        try
        {
            byte[] priv = new byte[Room];
            var random = new Random(width);
            for (int round = 0; round < 20_000; round++)
            {
                int length = round % 3 == 0 ? random.Next(9000) : random.Next(600);
                int at = 64 + random.Next(130);
                int from = random.Next(130);
                var around = new Span<byte>(shared, at + length + 64);
                around.Fill(0xEE);
                random.NextBytes(priv.AsSpan(from, length));
                Assert.True(access.TryCopyIn(shared + at, ref priv[from], (nuint)length));
                Check(around, at, priv.AsSpan(from, length));

                byte[] copy = new byte[length + 128];
                copy.AsSpan().Fill(0xEE);
                Assert.True(access.TryCopyOut(ref copy[64], shared + at, (nuint)length));
                Check(copy, 64, priv.AsSpan(from, length));

                Assert.True(access.TryFill(shared + at, (nuint)length, 0x5A));
                byte[] filled = new byte[length];
                filled.AsSpan().Fill(0x5A);
                Check(around, at, filled);
            }
        }
        finally
        {
            NativeMemory.AlignedFree(shared);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Widths))]
    public void What_goes_past_the_caches_arrives(int width)
    {
        RecoveringAccess access = Install(width);
        nuint length = BulkFill.Huge + 333;
        byte* shared = (byte*)NativeMemory.AlignedAlloc(length + 4096, 4096);
        byte* priv = (byte*)NativeMemory.AlignedAlloc(length + 4096, 4096);
        try
        {
            var source = new Span<byte>(priv + 5, (int)length);
            new Random(1).NextBytes(source);
            shared[length + 7] = 0xEE;
            Assert.True(access.TryCopyIn(shared + 7, ref source[0], length));
            Assert.True(new Span<byte>(shared + 7, (int)length).SequenceEqual(source));
            Assert.True(access.TryFill(shared + 7, length, 0x77));
            Assert.False(new Span<byte>(shared + 7, (int)length).ContainsAnyExcept((byte)0x77));
            Assert.Equal(0xEE, shared[length + 7]);
        }
        finally
        {
            NativeMemory.AlignedFree(shared);
            NativeMemory.AlignedFree(priv);
        }
    }

    [SkippableFact]
    public void A_value_of_any_size_and_alignment_is_loaded_and_stored()
    {
        RecoveringAccess access = Get();
        byte* shared = stackalloc byte[128];
        byte* value = stackalloc byte[32];
        byte* loaded = stackalloc byte[32];
        for (int size = 0; size <= 32; size++)
        {
            for (int at = 1; at < 20; at++)
            {
                new Span<byte>(shared, 128).Fill(0xEE);
                new Span<byte>(loaded, 32).Fill(0xDD);
                new Random((size * 100) + at).NextBytes(new Span<byte>(value, 32));
                Assert.True(access.TryStore(shared + at, value, (nuint)size));
                Check(new Span<byte>(shared, 128), at, new Span<byte>(value, size));
                Assert.True(access.TryLoad(shared + at, loaded, (nuint)size));
                Check(new Span<byte>(loaded, 32), 0, new Span<byte>(value, size), 0xDD);
            }
        }
    }

    [SkippableFact]
    public void Atomics_give_what_interlocked_gives()
    {
        RecoveringAccess access = Get();
        ulong* place = stackalloc ulong[1];
        var random = new Random(7);
        for (int round = 0; round < 5000; round++)
        {
            ulong was = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            ulong operand = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            foreach (AtomicOperation operation in Enum.GetValues<AtomicOperation>())
            {
                foreach (int size in (ReadOnlySpan<int>)[4, 8])
                {
                    bool matches = random.Next(2) == 0;
                    ulong comparand = matches ? was : operand;
                    *place = was;
                    Assert.True(access.TryAtomic(operation, (byte*)place, size, operand, comparand, out ulong result));
                    ulong mask = size == 8 ? ulong.MaxValue : uint.MaxValue;
                    ulong next = operation switch
                    {
                        AtomicOperation.CompareExchange => (comparand & mask) == (was & mask) ? operand : was,
                        AtomicOperation.Exchange => operand,
                        AtomicOperation.Add => was + operand,
                        AtomicOperation.And => was & operand,
                        _ => was | operand,
                    };
                    Assert.Equal((next & mask) | (was & ~mask), *place);
                    Assert.Equal((operation == AtomicOperation.Add ? next : was) & mask, result & mask);
                }
            }
        }
    }

    [SkippableFact]
    public void Atomics_of_several_threads_lose_nothing()
    {
        RecoveringAccess access = Get();
        byte* place = (byte*)NativeMemory.AlignedAlloc(64, 64);
        try
        {
            new Span<byte>(place, 64).Clear();
            Parallel.For(0, 4, thread =>
            {
                for (int i = 0; i < 20_000; i++)
                {
                    Assert.True(access.TryAtomic(AtomicOperation.Add, place, 8, 1, 0, out _));
                    Assert.True(access.TryAtomic(AtomicOperation.Or, place + 8, 8, 1UL << thread, 0, out _));
                    Assert.True(access.TryAtomic(AtomicOperation.And, place + 8, 8, ~(1UL << thread), 0, out _));
                }
            });
            Assert.Equal(80_000UL, *(ulong*)place);
            Assert.Equal(0UL, *(ulong*)(place + 8));
        }
        finally
        {
            NativeMemory.AlignedFree(place);
        }
    }

    internal static RecoveringAccess Get()
    {
        Skip.IfNot(RecoveringAccess.IsSupported(out string? whyNot), whyNot);
        return RecoveringAccess.Get();
    }

    private static RecoveringAccess Install(int width)
    {
        Skip.IfNot(RecoveringAccess.IsSupported(out string? whyNot), whyNot);
        return new RecoveringAccess(RecoveryPage.Install(new RecoverySystem(), width));
    }

    private static void Check(Span<byte> around, int at, ReadOnlySpan<byte> expected, byte elsewhere = 0xEE)
    {
        Assert.True(around.Slice(at, expected.Length).SequenceEqual(expected), $"{expected.Length} bytes at {at}");
        Assert.False(around[..at].ContainsAnyExcept(elsewhere), $"before {expected.Length} bytes at {at}");
        Assert.False(around[(at + expected.Length)..].ContainsAnyExcept(elsewhere), $"behind {expected.Length} bytes at {at}");
    }
}
