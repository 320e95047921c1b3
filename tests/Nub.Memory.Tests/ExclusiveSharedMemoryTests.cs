namespace Nub.Memory.Tests;

public class ExclusiveSharedMemoryTests
{
    private static readonly ulong Page = Pair.Page;

    [Fact]
    public void New_memory_is_zeroed_and_as_large_as_asked()
    {
        using var memory = new ExclusiveSharedMemory(3 * Page);
        Assert.Equal(3 * Page, memory.Size);
        Assert.Equal(-1, memory.AsSpan(0, (int)memory.Size).IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void It_has_an_inaccessible_guard_page_on_each_side()
    {
        using var memory = new ExclusiveSharedMemory(2 * Page);
        Assert.Equal(memory.Size + 2 * Page, memory.RawSize);
        Assert.Equal(memory.RawAddress + (nint)Page, memory.BaseAddress);
        Assert.Equal("---p", ProcessMaps.Protection(memory.RawAddress));
        Assert.Equal("---p", ProcessMaps.Protection(memory.RawAddress + (nint)Page - 1));
        Assert.Equal(ProcessMaps.Anonymous, ProcessMaps.Protection(memory.BaseAddress));
        Assert.Equal(ProcessMaps.Anonymous, ProcessMaps.Protection(memory.BaseAddress + (nint)memory.Size - 1));
        Assert.Equal("---p", ProcessMaps.Protection(memory.BaseAddress + (nint)memory.Size));
        Assert.Equal("---p", ProcessMaps.Protection(memory.RawAddress + (nint)memory.RawSize - 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4095)]
    [InlineData(4097)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 4095)]
    [InlineData((ulong)long.MaxValue + 1)]
    [InlineData((ulong)long.MaxValue - 4095)]
    public void A_size_that_is_zero_ragged_or_too_big_is_refused(ulong size)
    {
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => new ExclusiveSharedMemory(size));
        Assert.Equal("size", refusal.ParamName);
        Assert.Equal(size, refusal.ActualValue);
    }

    [Fact]
    public void What_the_system_refuses_is_a_map_error_that_names_the_call()
    {
        // 2^62 fits the check and no machine.
        SharedMemoryMapException refusal = Assert.Throws<SharedMemoryMapException>(() => new ExclusiveSharedMemory(1UL << 62));
        Assert.Equal(OperatingSystem.IsWindows() ? "CreateFileMapping" : "mmap", refusal.Call);

        // ENOMEM; ERROR_COMMITMENT_LIMIT, or ERROR_NOT_ENOUGH_MEMORY from Wine.
        Assert.Contains(refusal.NativeErrorCode, OperatingSystem.IsWindows() ? [1455, 8] : (int[])[12]);
        Assert.Contains("4611686018427396096 bytes", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_span_is_the_memory_itself()
    {
        using var memory = new ExclusiveSharedMemory(Page);
        memory.AsSpan(10, 4).Fill(7);
        byte[] seen = new byte[6];
        memory.CopyTo(9, seen);
        Assert.Equal([0, 7, 7, 7, 7, 0], seen);
    }

    [Fact]
    public void Copies_reach_every_byte_and_no_other()
    {
        using var memory = new ExclusiveSharedMemory(Page);
        memory.CopyFrom(Page - 3, [1, 2, 3]);
        memory.CopyFrom(0, [9]);
        byte[] seen = new byte[Page];
        memory.CopyTo(0, seen);
        byte[] expected = new byte[Page];
        expected[0] = 9;
        expected[^3] = 1;
        expected[^2] = 2;
        expected[^1] = 3;
        Assert.Equal(expected, seen);
    }

    [Fact]
    public void Length_zero_is_allowed_at_exactly_the_end_and_refused_past_it()
    {
        using var memory = new ExclusiveSharedMemory(Page);
        Assert.True(memory.AsSpan(Page, 0).IsEmpty);
        memory.CopyTo(Page, []);
        memory.CopyFrom(Page, []);
        AssertBounds(Page + 1, 0, () => memory.AsSpan(Page + 1, 0));
        AssertBounds(Page + 1, 0, () => memory.CopyTo(Page + 1, []));
        AssertBounds(Page + 1, 0, () => memory.CopyFrom(Page + 1, []));
    }

    [Theory]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue, int.MaxValue)]
    [InlineData(ulong.MaxValue - 2, 4)]
    [InlineData(4096, 1)]
    [InlineData(4095, 2)]
    [InlineData(0, 4097)]
    public void What_leaves_the_memory_is_refused_with_exactly_what_was_asked(ulong offset, int length)
    {
        using var memory = new ExclusiveSharedMemory(4096);
        AssertBounds(offset, (ulong)length, () => memory.AsSpan(offset, length));
        if (length <= 4097)
        {
            AssertBounds(offset, (ulong)length, () => memory.CopyTo(offset, new byte[length]));
            AssertBounds(offset, (ulong)length, () => memory.CopyFrom(offset, new byte[length]));
        }
    }

    [Fact]
    public void A_negative_length_is_a_wrong_argument()
    {
        using var memory = new ExclusiveSharedMemory(Page);
        Assert.Throws<ArgumentOutOfRangeException>("length", () => memory.AsSpan(0, -1));
    }

    [Fact]
    public void Zero_clears_small_and_large_memories()
    {
        foreach (ulong pages in (ulong[])[1, 3, 64])
        {
            using var memory = new ExclusiveSharedMemory(pages * Page);
            memory.AsSpan(0, (int)memory.Size).Fill(0xAB);
            memory.Zero();
            Assert.Equal(-1, memory.AsSpan(0, (int)memory.Size).IndexOfAnyExcept((byte)0));
        }
    }

    [Fact]
    public void Zero_clears_whatever_part_of_the_memory_was_touched()
    {
        const ulong Size = 40 << 20;
        var random = new Random(7);
        using var memory = new ExclusiveSharedMemory(Size);
        for (int round = 0; round < 12; round++)
        {
            // Everything, a few pages, or stretches of both kinds: more than is kept, and across what is looked at together.
            for (ulong page = 0; page < Size / Page; page++)
            {
                if (round == 0 || random.Next(1 << (round % 6)) == 0 || (page / 700) % 3 == (ulong)round % 3)
                {
                    memory.WriteUInt64(page * Page + (ulong)random.Next((int)Page / 8) * 8, ulong.MaxValue);
                }
            }

            memory.Zero();
            Assert.Equal(-1, memory.AsSpan(0, (int)Size).IndexOfAnyExcept((byte)0));
        }
    }

    [Fact]
    public void Restore_is_refused_where_there_is_no_snapshot()
    {
        using var memory = new ExclusiveSharedMemory(Page);
        Assert.Throws<InvalidOperationException>(memory.Restore);
    }

    internal static void AssertBounds(ulong offset, ulong length, Action access, ulong size = 4096)
    {
        SharedMemoryBoundsException refusal = Assert.Throws<SharedMemoryBoundsException>(access);
        Assert.Equal((offset, length, size), (refusal.Offset, refusal.Length, refusal.MemorySize));
    }
}
