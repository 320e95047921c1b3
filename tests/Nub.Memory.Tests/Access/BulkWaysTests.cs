using System.Runtime.InteropServices;

namespace Nub.Memory.Tests.Access;

/// <summary>Copies and fills by themselves, with the instructions that this processor has: of lengths that differ in each bit that decides, and at ends of every kind.</summary>
public sealed unsafe class BulkWaysTests : IDisposable
{
    private const int Beside = 64;
    private const byte Untouched = 0xCC;

    // Each remainder of a block after nothing and after blocks, the changes from one way to another, and the longest ends of the loops.
    private static readonly int[] s_lengths =
    [
        .. Enumerable.Range(0, 66), .. Enumerable.Range(0, 10).Select(i => 64 * i + (7 << (i % 4))), 127, 128, 191, 192, 255, 256, 320, 383, 384, 448, 510, 511, 512, 513, 767, 768, 895, 1023, 1024,
        1087, 4095, 4096, 4097, 4159, 4160, 4223, 4288, 4415, 4511,
    ];

    // The place where a range begins decides how much comes before its first whole line.
    private static readonly int[] s_starts = [0, 1, 15, 32, 47, 63];

    private readonly byte* _shared = (byte*)NativeMemory.AlignedAlloc(8192, 64);

    public void Dispose() => NativeMemory.AlignedFree(_shared);

    [Fact]
    public void A_copy_out_writes_its_destination_and_nothing_beside_it()
    {
        byte[] target = new byte[8192];
        Span<byte> shared = new(_shared, 8192);
        Pattern(shared);
        foreach ((int start, int length) in Ranges())
        {
            Array.Fill(target, Untouched);
            BulkCopy.CopyOut(ref target[Beside + 9], _shared + start, (nuint)length);
            AssertOnly(target, Beside + 9, shared.Slice(start, length));
        }
    }

    [Fact]
    public void A_copy_in_writes_its_destination_and_nothing_beside_it()
    {
        byte[] source = new byte[8192];
        Pattern(source);
        foreach ((int start, int length) in Ranges())
        {
            new Span<byte>(_shared, 8192).Fill(Untouched);
            BulkCopy.CopyIn(_shared + Beside + start, ref source[5], (nuint)length);
            AssertOnly(new Span<byte>(_shared, 8192), Beside + start, source.AsSpan(5, length));
        }
    }

    [Fact]
    public void A_fill_writes_its_range_and_nothing_beside_it()
    {
        byte[] filled = new byte[8192];
        Array.Fill(filled, (byte)0x5A);
        foreach ((int start, int length) in Ranges())
        {
            new Span<byte>(_shared, 8192).Fill(Untouched);
            BulkFill.Fill(_shared + Beside + start, (nuint)length, 0x5A);
            AssertOnly(new Span<byte>(_shared, 8192), Beside + start, filled.AsSpan(0, length));
        }
    }

    /// <summary>A vector that begins before the source, or ends behind it, would be loaded from a guard page, which ends the process.</summary>
    [Fact]
    public void A_copy_in_reads_nothing_before_its_source_and_nothing_behind_it()
    {
        using var guarded = new Pair();
        byte[] model = guarded.FillWithPattern();
        using HostLease lease = guarded.Host.Enter();
        byte* source = (byte*)guarded.Host.BaseAddress;
        foreach (int length in s_lengths.Where(static length => length <= 4096))
        {
            BulkCopy.CopyIn(_shared, ref *source, (nuint)length);
            Assert.True(model.AsSpan(0, length).SequenceEqual(new Span<byte>(_shared, length)), $"the first {length} bytes");
            BulkCopy.CopyIn(_shared, ref *(source + guarded.Size - (ulong)length), (nuint)length);
            Assert.True(model.AsSpan((int)guarded.Size - length).SequenceEqual(new Span<byte>(_shared, length)), $"the last {length} bytes");
        }
    }

    /// <summary>What is larger than the caches goes past them, in whole lines, between a head and an end of the usual kind.</summary>
    [Theory]
    [Trait("Kind", "slow")]
    [InlineData(0, 0)]
    [InlineData(1, 447)]
    [InlineData(63, 255)]
    public void What_is_larger_than_the_caches_is_exact_too(int start, int more)
    {
        int length = (int)BulkCopy.Huge + more;
        int room = (int)BulkFill.Huge + more + (4 * Beside);
        byte* shared = (byte*)NativeMemory.AlignedAlloc((nuint)room, 64);
        try
        {
            byte[] source = new byte[length];
            Pattern(source);
            Span<byte> copied = new(shared, length + (3 * Beside));
            copied.Fill(Untouched);
            BulkCopy.CopyIn(shared + Beside + start, ref source[0], (nuint)length);
            AssertOnly(copied, Beside + start, source);
            byte[] target = new byte[length + (3 * Beside)];
            Array.Fill(target, Untouched);
            BulkCopy.CopyOut(ref target[Beside + start], shared + Beside + start, (nuint)length);
            AssertOnly(target, Beside + start, source);

            Span<byte> all = new(shared, room);
            all.Fill(Untouched);
            BulkFill.Fill(shared + Beside + start, BulkFill.Huge + (nuint)more, 0x5A);
            Assert.Equal(Beside + start, all.IndexOf((byte)0x5A));
            Assert.Equal((int)BulkFill.Huge + more, all[(Beside + start)..].IndexOfAnyExcept((byte)0x5A));
            Assert.Equal(-1, all[(Beside + start + (int)BulkFill.Huge + more)..].IndexOfAnyExcept(Untouched));
        }
        finally
        {
            NativeMemory.AlignedFree(shared);
        }
    }

    private static IEnumerable<(int Start, int Length)> Ranges() => s_lengths.SelectMany(length => s_starts.Select(start => (start, length)));

    // No byte is as its neighbours are, nor as one 64 or 256 further on.
    private static void Pattern(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(i * 7 + i / 64 * 13 + i / 251);
        }
    }

    private static void AssertOnly(ReadOnlySpan<byte> all, int start, ReadOnlySpan<byte> wanted)
    {
        ReadOnlySpan<byte> found = all.Slice(start, wanted.Length);
        Assert.True(wanted.SequenceEqual(found), $"{wanted.Length} bytes at {start}: wrong from byte {wanted.CommonPrefixLength(found)} on.");
        Assert.True(
            all[..start].IndexOfAnyExcept(Untouched) < 0 && all[(start + wanted.Length)..].IndexOfAnyExcept(Untouched) < 0, $"{wanted.Length} bytes at {start}: something beside them was written.");
    }
}
