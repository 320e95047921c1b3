using System.Runtime.Intrinsics.X86;

namespace Nub.Memory.Tests;

[Trait("Kind", "slow")]
public class BulkTests
{
    private static readonly ulong Page = Pair.Page;

    // Every remainder of a block of 64 bytes, without and with blocks before it; those around what is copied in another way; a page.
    public static TheoryData<int> Lengths => [.. Enumerable.Range(0, 130), 255, 256, 257, 383, 447, 511, 512, 513, 543, 575, 577, 639, 4096];

    private enum Way
    {
        Memory,
        Try,
        Held,
        TryHeld,
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_copy_out_is_exact_at_every_alignment(int length)
    {
        using var pair = new Pair(2);
        byte[] model = pair.FillWithPattern();
        byte[] target = new byte[length + 2];
        foreach (ulong start in Starts(length, pair.Size))
        {
            foreach (Way way in Enum.GetValues<Way>())
            {
                target.AsSpan().Fill(0xCC);
                CopyOut(pair.Host, start, target.AsSpan(1, length), way);
                Assert.True(target.AsSpan(1, length).SequenceEqual(model.AsSpan((int)start, length)), $"{way} at {start}");
                Assert.Equal((0xCC, 0xCC), (target[0], target[^1]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void A_copy_in_and_a_fill_change_their_own_bytes_and_no_neighbour(int length)
    {
        using var pair = new Pair(2);
        byte[] model = pair.FillWithPattern();
        byte[] source = new byte[length];
        var random = new Random(length);
        foreach (ulong start in Starts(length, pair.Size))
        {
            foreach (Way way in Enum.GetValues<Way>())
            {
                random.NextBytes(source);
                source.CopyTo(model, (int)start);
                CopyIn(pair.Host, start, source, way);
                Assert.True(pair.Contents().AsSpan().SequenceEqual(model), $"copy {way} at {start}");

                byte value = (byte)random.Next();
                model.AsSpan((int)start, length).Fill(value);
                Fill(pair.Host, start, (ulong)length, value, way);
                Assert.True(pair.Contents().AsSpan().SequenceEqual(model), $"fill {way} at {start}");
            }
        }
    }

    [Fact]
    public void Quarters_are_filled_apart_and_a_fill_of_all_reaches_all()
    {
        using var pair = new Pair();
        ulong quarter = Page / 4;
        for (ulong i = 0; i < 4; i++)
        {
            pair.Host.Fill(i * quarter, quarter, (byte)(i + 1));
        }

        Assert.Equal(Enumerable.Range(0, (int)Page).Select(i => (byte)(i / (int)quarter + 1)), pair.Contents());
        pair.Host.Fill(0, Page, 5);
        Assert.All(pair.Contents(), b => Assert.Equal(5, b));
        ExclusiveSharedMemoryTests.AssertBounds(0, Page + 1, () => pair.Host.Fill(0, Page + 1, 0));
        ExclusiveSharedMemoryTests.AssertBounds(Page, 1, () => pair.Host.Fill(Page, 1, 0));
        Assert.All(pair.Contents(), b => Assert.Equal(5, b));
    }

    [Theory]
    [InlineData(4096, 1)]
    [InlineData(4097, 0)]
    [InlineData(0, 8192)]
    [InlineData(8192, 10)]
    [InlineData(4087, 10)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue, 0)]
    [InlineData(ulong.MaxValue - 2, 10)]
    [InlineData(ulong.MaxValue - 9, 10)]
    public void What_leaves_the_memory_is_refused_by_every_form_and_changes_nothing(ulong offset, int length)
    {
        using var pair = new Pair();
        byte[] model = pair.FillWithPattern();
        byte[] bytes = [.. Enumerable.Repeat((byte)0xEE, length)];
        foreach (Way way in (Way[])[Way.Memory, Way.Held])
        {
            ExclusiveSharedMemoryTests.AssertBounds(offset, (ulong)length, () => CopyOut(pair.Host, offset, bytes, way));
            ExclusiveSharedMemoryTests.AssertBounds(offset, (ulong)length, () => CopyIn(pair.Host, offset, bytes, way));
            ExclusiveSharedMemoryTests.AssertBounds(offset, (ulong)length, () => Fill(pair.Host, offset, (ulong)length, 1, way));
        }

        Assert.False(pair.Host.TryCopyTo(offset, bytes));
        Assert.False(pair.Host.TryCopyFrom(offset, bytes));
        Assert.False(pair.Host.TryFill(offset, (ulong)length, 1));
        using (HostLease access = pair.Host.Enter())
        {
            Assert.False(access.TryCopyTo(offset, bytes));
            Assert.False(access.TryCopyFrom(offset, bytes));
            Assert.False(access.TryFill(offset, (ulong)length, 1));
        }

        Assert.All(bytes, b => Assert.Equal(0xEE, b));
        Assert.Equal(model, pair.Contents());
    }

    [Theory]
    [InlineData(0, ulong.MaxValue)]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(4096, ulong.MaxValue)]
    [InlineData(ulong.MaxValue, ulong.MaxValue)]
    [InlineData(1UL << 63, 1UL << 63)]
    [InlineData(8, ulong.MaxValue - 7)]
    [InlineData(0, 1UL << 32)]
    public void A_fill_whose_end_overflows_is_refused(ulong offset, ulong length)
    {
        using var pair = new Pair();
        ExclusiveSharedMemoryTests.AssertBounds(offset, length, () => pair.Host.Fill(offset, length, 1));
        Assert.False(pair.Host.TryFill(offset, length, 1));
        Assert.All(pair.Contents(), b => Assert.Equal(0, b));
    }

    [Fact]
    public void Length_zero_is_allowed_at_exactly_the_end()
    {
        using var pair = new Pair();
        foreach (Way way in Enum.GetValues<Way>())
        {
            CopyOut(pair.Host, Page, [], way);
            CopyIn(pair.Host, Page, [], way);
            Fill(pair.Host, Page, 0, 1, way);
        }
    }

    [SkippableTheory]
    [InlineData("", "")]
    [InlineData("EnableAVX512", "byte masks False, 512 bits False, 256 bits True, AVX True")]
    [InlineData("EnableAVX2", "byte masks False, 512 bits False, 256 bits False, AVX True")]
    [InlineData("EnableAVX", "byte masks False, 512 bits False, 256 bits False, AVX False")]
    [InlineData("EnableHWIntrinsic", "byte masks False, 512 bits False, 256 bits False, AVX False")]
    public async Task Every_length_is_exact_with_whatever_instructions_there_are(string switchedOff, string instructions)
    {
        Skip.If(switchedOff.Length != 0 && !Avx512BW.IsSupported, "This processor has no AVX-512BW, so what is switched off may not be there to begin with.");
        ChildProcess child = await ChildProcess.RunAsync("Nub.Memory.Child", ["check-bulk"], ("DOTNET_" + switchedOff, switchedOff.Length == 0 ? "" : "0"));
        Assert.True(child.ExitCode == 0, child.Errors);
        Assert.Contains(instructions, child.Output);
    }

    private static IEnumerable<ulong> Starts(int length, ulong size) =>
        [.. Enumerable.Range(0, 16).Select(i => (ulong)i * 65), 1, 7, 33, size - (ulong)length, (size - (ulong)length) / 2];

    private static void CopyOut(HostSharedMemory memory, ulong offset, Span<byte> target, Way way)
    {
        using HostLease access = memory.Enter();
        switch (way)
        {
            case Way.Memory:
                memory.CopyTo(offset, target);
                break;
            case Way.Try:
                Assert.True(memory.TryCopyTo(offset, target));
                break;
            case Way.Held:
                access.CopyTo(offset, target);
                break;
            default:
                Assert.True(access.TryCopyTo(offset, target));
                break;
        }
    }

    private static void CopyIn(HostSharedMemory memory, ulong offset, ReadOnlySpan<byte> source, Way way)
    {
        using HostLease access = memory.Enter();
        switch (way)
        {
            case Way.Memory:
                memory.CopyFrom(offset, source);
                break;
            case Way.Try:
                Assert.True(memory.TryCopyFrom(offset, source));
                break;
            case Way.Held:
                access.CopyFrom(offset, source);
                break;
            default:
                Assert.True(access.TryCopyFrom(offset, source));
                break;
        }
    }

    private static void Fill(HostSharedMemory memory, ulong offset, ulong length, byte value, Way way)
    {
        using HostLease access = memory.Enter();
        switch (way)
        {
            case Way.Memory:
                memory.Fill(offset, length, value);
                break;
            case Way.Try:
                Assert.True(memory.TryFill(offset, length, value));
                break;
            case Way.Held:
                access.Fill(offset, length, value);
                break;
            default:
                Assert.True(access.TryFill(offset, length, value));
                break;
        }
    }
}
