namespace Nub.Memory.Testing.Tests;

public class HostileMemoryTests
{
    [Fact]
    public void A_parser_that_reads_nothing_does_not_pass()
    {
        using HostileMemory memory = Content.Create();
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => memory.AssertSingleFetch(() => 5));
        Assert.Contains("read nothing", failure.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => memory.AssertSingleFetch(() => memory.Host.Write(0, 1u)));
    }

    [Fact]
    public void A_parser_that_does_not_do_the_same_twice_is_no_double_fetch()
    {
        using HostileMemory memory = Content.Create();
        uint kept = 0;
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => memory.AssertSingleFetch(() => kept += memory.Host.Read<uint>(0)));
        Assert.Contains("the same twice", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_without_equality_asks_for_a_comparer_and_is_compared_by_it()
    {
        using HostileMemory memory = Content.Create();
        Assert.Throws<InvalidOperationException>(() => memory.AssertSingleFetch(() => new Box(memory.Host.Read<uint>(0))));
        SingleFetchReport report = memory.AssertSingleFetch(() => new Box(memory.Host.Read<uint>(0)), EqualityComparer<Box>.Create((left, right) => left!.Value == right!.Value));
        Assert.Equal(1, report.Reads);
        Assert.Equal(4, report.BytesRead);
        Assert.Equal(0, report.BytesReadAgain);
        Assert.Equal("1 read of 4 bytes, none of them read again; 3 runs.", report.ToString());
    }

    [Fact]
    public void A_parser_that_never_ends_is_stopped()
    {
        using HostileMemory memory = Content.Create();
        memory.MaxAccesses = 1000;
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => memory.AssertSingleFetch(() =>
        {
            while (memory.Host.Read<uint>(0) != 77)
            {
            }
        }));
        Assert.Contains("did not end within 1000 accesses", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void A_second_read_past_the_library_is_found_too()
    {
        using HostileMemory memory = Content.Create();
        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() =>
        {
            Message message = memory.Host.Read<Message>(Content.Header);
#pragma warning disable NUB0013 // It is what is to be found.
            return message.Length <= 32 ? *(ushort*)(memory.Host.BaseAddress + 4) : 0;
#pragma warning restore NUB0013
        }));
        Assert.Null(failure.SecondRead);
        Assert.InRange(failure.Offset, 4UL, 5UL);
        Assert.Contains("past the library", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void A_second_read_that_only_several_bytes_together_change_is_found_too()
    {
        using var memory = new HostileMemory(64);
        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() =>
        {
            uint next = memory.Host.Read<uint>(16) + memory.Host.Read<uint>(40);
#pragma warning disable NUB0013 // It is what is to be found.
            return *(uint*)(memory.Host.BaseAddress + 16) == uint.MaxValue ? uint.MaxValue : next;
#pragma warning restore NUB0013
        }));
        Assert.Null(failure.SecondRead);
        Assert.Equal((16UL, 4UL), (failure.Offset, failure.Length));
        Assert.Equal(16UL, failure.FirstRead.Offset);
        Assert.Contains("all bytes of [0x10, 0x14) were inverted", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Bytes_that_only_together_make_a_difference_need_not_be_neighbours()
    {
        using var memory = new HostileMemory(4096);
        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() =>
        {
            byte[] copy = new byte[4096];
            memory.Host.CopyTo(0, copy);
#pragma warning disable NUB0013 // It is what is to be found.
            byte* raw = (byte*)memory.Host.BaseAddress;
            return raw[7] == 0xFF && raw[3000] == 0xFF && raw[4095] == 0xFF;
#pragma warning restore NUB0013
        }));
        Assert.Equal((7UL, 1UL), (failure.Offset, failure.Length));
        Assert.Contains("all bytes of [0x7, 0x8), [0xBB8, 0xBB9), [0xFFF, 0x1000) were inverted", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void A_difference_that_takes_very_many_bytes_is_found_in_few_runs()
    {
        using var memory = new HostileMemory(4096);
        int runs = 0;
        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() =>
        {
            runs++;
            byte[] copy = new byte[1024];
            memory.Host.CopyTo(0, copy);
#pragma warning disable NUB0013 // It is what is to be found.
            return new ReadOnlySpan<byte>((void*)memory.Host.BaseAddress, 1024).IndexOfAnyExcept((byte)0xFF) < 0;
#pragma warning restore NUB0013
        }));
        Assert.Equal((0UL, 1024UL), (failure.Offset, failure.Length));
        Assert.InRange(runs, 0, 250);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(17, true)]
    [InlineData(25, false)]
    [InlineData(37, true)]
    [InlineData(40, true)]
    public void The_first_and_the_last_reads_of_a_loop_are_both_attacked(int trusted, bool isFound)
    {
        using var memory = new HostileMemory(64);
        DoubleFetchException? failure = Record.Exception(() => memory.AssertSingleFetch(() =>
        {
            for (int i = 1; i <= 40; i++)
            {
#pragma warning disable NUB0010 // It is what is to be found.
                byte now = memory.Host.Read<byte>(5);
#pragma warning restore NUB0010
                if (now != 0)
                {
                    return i == trusted ? now : 0;
                }
            }

            return 0;
        })) as DoubleFetchException;
        Assert.Equal(isFound, failure is not null);
    }

    [Fact]
    public void The_field_of_a_view_is_named()
    {
        using HostileMemory memory = Content.Create();
        DoubleFetchException failure = Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() => WrongParsers.Length_is_read_again_by_a_view(memory.Host)));
        Assert.Equal("Message.Length", failure.Field);
        Assert.Equal(0UL, failure.Offset);
        Assert.Equal(4UL, failure.Length);
        Assert.Contains("(Message.Length)", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.FirstRead.Stack);
        Assert.NotNull(failure.SecondRead?.Stack);
    }

    [Fact]
    public void Each_proof_begins_with_the_honest_content()
    {
        using HostileMemory memory = Content.Create();
        Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() => WrongParsers.Address_to_write_to_is_checked_and_read_again(memory.Host)));
        SingleFetchReport report = memory.AssertSingleFetch(() => memory.Host.Read<uint>(64));
        Assert.Equal("returned 4", report.Outcome);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(4096)]
    [InlineData(5000)]
    public void Its_bounds_are_exact(ulong size)
    {
        using var memory = new HostileMemory(size);
        Assert.Equal(size, memory.Host.Size);
        memory.Write(size - 1, [7]);
        Assert.Equal(7, memory.Host.Read<byte>(size - 1));
        Assert.False(memory.Host.TryRead(size, out byte _));
        Assert.False(memory.Host.TryRead(size - 1, out ushort _));
        Assert.Throws<SharedMemoryBoundsException>(() => memory.Write(size, [1]));
    }

    [Fact]
    public void No_size_is_refused_and_a_span_is()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new HostileMemory(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new HostileMemory(ulong.MaxValue));
        using var memory = new HostileMemory(4096);
        Assert.Throws<NotSupportedException>(() => memory.Host.WithContents(bytes => bytes.Length));
    }

    [Fact]
    public void Everything_is_refused_after_its_end()
    {
        var memory = new HostileMemory(4096);
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Write(0, [1]));
        Assert.Throws<ObjectDisposedException>(() => memory.AssertSingleFetch(() => 1));
        Assert.Throws<ObjectDisposedException>(() => memory.Host.Read<byte>(0));
    }

    private sealed class Box(uint value)
    {
        public uint Value { get; } = value;
    }
}
