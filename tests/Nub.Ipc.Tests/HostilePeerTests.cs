namespace Nub.Ipc.Tests;

/// <summary>What a peer can write into a ring, and what it gets for it: a typed error, and never more.</summary>
[Collection(Alone.Name)]
public class HostilePeerTests
{
    /// <summary>What a hostile producer leaves at the place of the first header, and what is said of it.</summary>
    public static TheoryData<string, ulong, SharedRingError> Headers => new()
    {
        { "no mark", 16, SharedRingError.RecordOutOfPlace },
        { "the mark of another position", RingLayout.MarkOf(8) | 16, SharedRingError.RecordOutOfPlace },
        { "the mark of the next lap", RingLayout.MarkOf(512) | 16, SharedRingError.RecordOutOfPlace },
        { "all ones", ulong.MaxValue, SharedRingError.RecordOutOfPlace },
        { "a byte longer than the longest", RingLayout.MarkOf(0) | 249, SharedRingError.RecordTooLong },
        { "longer than the ring", RingLayout.MarkOf(0) | RingLayout.LengthMask, SharedRingError.RecordTooLong },
        { "padding that is too short", RingLayout.MarkOf(0) | RingLayout.Padding | 496, SharedRingError.PaddingInvalid },
        { "padding beyond the end", RingLayout.MarkOf(0) | RingLayout.Padding | 512, SharedRingError.PaddingInvalid },
        { "padding of an odd length", RingLayout.MarkOf(0) | RingLayout.Padding | 503, SharedRingError.PaddingInvalid },
        { "a group without room for its sizes", RingLayout.MarkOf(0) | RingLayout.Group | 7, SharedRingError.GroupInvalid },
        { "a group of nothing", RingLayout.MarkOf(0) | RingLayout.Group | 8, SharedRingError.GroupInvalid },
    };

    [Theory]
    [MemberData(nameof(Headers))]
    public void A_header_that_breaks_a_rule_is_a_typed_error_until_both_ends_are_reset(string what, ulong header, SharedRingError error)
    {
        using var memory = new RingMemory();
        memory.WriteData(0, header);
        for (int i = 0; i < 3; i++)
        {
            Assert.False(memory.Consumer.TryRead(new byte[512], out int length));
            Assert.False(memory.Consumer.TryRead(out long _));
            Assert.False(memory.Consumer.TryPeekLength(out _));
            Assert.False(memory.Consumer.TrySkip());
            Assert.Equal(0, memory.Consumer.ReadMany<long>(new long[4]));
            Assert.Equal((0, error, true), (length, memory.Consumer.Error, memory.Consumer.IsBroken));
        }

        Assert.Equal(error, memory.Consumer.GetException()!.Error);
        Assert.NotEmpty(what);

        // A producer that is to take over from that one does not follow it either.
        SharedRingProducer successor = memory.Reopen().Producer;
        Assert.Equal(error == SharedRingError.GroupInvalid ? SharedRingError.None : error, successor.Error);
        Assert.Equal(error == SharedRingError.GroupInvalid, successor.TryWrite(1L));

        memory.Consumer.Reset();
        Assert.False(memory.Consumer.TryRead(out long _));
        Assert.Equal(SharedRingError.None, memory.Consumer.Error);
        successor.Reset();
        for (long i = 0; i < 1000; i++)
        {
            Assert.True(successor.TryWrite(i));
            Assert.True(memory.Consumer.TryRead(out long value));
            Assert.Equal(i, value);
        }
    }

    [Theory]
    [InlineData(0UL, 8UL)]
    [InlineData(1UL | 2UL << 32, 24UL)]
    [InlineData(8UL | 3UL << 32, 24UL)]
    [InlineData(8UL | 0UL << 32, 24UL)]
    [InlineData(0UL | 5UL << 32, 8UL)]
    [InlineData(ulong.MaxValue, 24UL)]
    [InlineData(0x8000_0000UL | 2UL << 32, 8UL)]
    public void A_group_whose_sizes_contradict_one_another_is_an_error(ulong sizes, ulong length)
    {
        using var memory = new RingMemory();
        memory.WriteData(8, sizes);
        memory.WriteHeader(0, 0, RingLayout.Group, length);
        Assert.False(memory.Consumer.TryRead(out long _));
        Assert.Equal(SharedRingError.GroupInvalid, memory.Consumer.Error);
    }

    [Fact]
    public void Records_that_overlap_are_found_at_the_second()
    {
        using var memory = new RingMemory();
        memory.WriteHeader(0, 0, RingLayout.Record, 8);
        memory.WriteHeader(16, 24, RingLayout.Record, 8);
        Assert.True(memory.Consumer.TryRead(out long _));
        Assert.False(memory.Consumer.TryRead(out long _));
        Assert.Equal(SharedRingError.RecordOutOfPlace, memory.Consumer.Error);
    }

    [Fact]
    public void Padding_with_nothing_behind_it_or_with_padding_behind_it_is_an_error()
    {
        foreach (bool again in new[] { false, true })
        {
            using var memory = new RingMemory();
            Assert.True(memory.Producer.TryWrite(new byte[240]));
            Assert.True(memory.Consumer.TrySkip());
            memory.WriteData(0, again ? RingLayout.MarkOf(512) | RingLayout.Padding | 504 : 0);
            memory.WriteHeader(248, 248, RingLayout.Padding, 512 - 248 - 8);
            Assert.False(memory.Consumer.TrySkip());
            Assert.Equal(SharedRingError.PaddingInvalid, memory.Consumer.Error);
        }
    }

    [Fact]
    public void A_length_that_changes_after_the_peek_is_not_looked_at_again()
    {
        using var memory = new RingMemory();
        Assert.True(memory.Producer.TryWrite(new byte[16]));
        Assert.True(memory.Consumer.TryPeekLength(out int length));
        memory.WriteHeader(0, 0, RingLayout.Record, 200);
        byte[] destination = new byte[256];
        destination.AsSpan().Fill(0xEE);
        Assert.True(memory.Consumer.TryRead(destination, out int read));
        Assert.Equal((16, 16), (length, read));
        Assert.All(destination[16..], one => Assert.Equal(0xEE, one));
    }

    [Theory]
    [InlineData(8UL)]
    [InlineData(1UL)]
    [InlineData(512UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    public void A_consumer_that_claims_to_have_read_what_was_not_written_is_an_error(ulong beyond)
    {
        using var memory = new RingMemory();
        _ = memory.Producer;
        ulong position = 0;
        while (memory.Producer.TryWrite(1L))
        {
            position += 16;
        }

        memory.ConsumerPosition = unchecked(position + beyond);
        Assert.False(memory.Producer.TryWrite(1L));
        Assert.Equal((SharedRingError.ConsumerPositionInvalid, true), (memory.Producer.Error, memory.Producer.IsBroken));
        Assert.False(memory.Producer.TryWriteMany([1L]));
        memory.Consumer.Reset();
        memory.Producer.Reset();
        Assert.True(memory.Producer.TryWrite(5L));
        Assert.True(memory.Consumer.TryRead(out long value) && value == 5);
    }

    [Fact]
    public void A_consumer_that_goes_back_is_an_error()
    {
        using var memory = new RingMemory();
        while (memory.Producer.TryWrite(1L))
        {
        }

        Assert.True(memory.Consumer.TrySkip() && memory.Consumer.TrySkip());
        Assert.True(memory.Producer.TryWrite(1L) && memory.Producer.TryWrite(1L));
        memory.ConsumerPosition = 16;
        Assert.False(memory.Producer.TryWrite(1L));
        Assert.Equal(SharedRingError.ConsumerPositionInvalid, memory.Producer.Error);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData((1UL << 62) + 8)]
    [InlineData(4UL)]
    public void An_end_that_takes_over_judges_the_position_first(ulong position)
    {
        using var memory = new RingMemory();
        memory.ConsumerPosition = position;
        Assert.Equal(SharedRingError.ConsumerPositionInvalid, memory.Consumer.Error);
        Assert.Equal(SharedRingError.ConsumerPositionInvalid, memory.Producer.Error);
        Assert.False(memory.Producer.TryWrite(1L) || memory.Consumer.TryRead(out long _));
        memory.Consumer.Reset();
        memory.Producer.Reset();
        Assert.True(memory.Producer.TryWrite(5L) && memory.Consumer.TryRead(out long value) && value == 5);
    }

    [Fact]
    public void What_is_not_the_ring_that_was_asked_for_is_not_opened()
    {
        using var memory = new RingMemory(1024);
        Assert.False(SharedRing.TryOpen(memory.Host, 0, 1024, out _));
        SharedRingException wrong = Assert.Throws<SharedRingException>(() => SharedRing.Open(memory.Host, 0, 1024));
        Assert.Equal((SharedRingError.LayoutMismatch, 1024UL, 512UL), (wrong.Error, wrong.Value, wrong.Limit));
        memory.Host.Write(7, (byte)'2');
        Assert.Equal(SharedRingError.LayoutMismatch, Assert.Throws<SharedRingException>(() => memory.Reopen()).Error);
        Assert.False(SharedRing.TryOpen(memory.Host, 0, memory.Size, out SharedRing? none));
        Assert.Null(none);
    }

    [Fact]
    public void Whatever_bytes_a_peer_leaves_no_call_throws_allocates_or_goes_on_for_ever()
    {
        using var memory = new RingMemory();
        var random = new Random(3);
        byte[] noise = new byte[16];
        byte[] buffer = new byte[512];
        long[] values = new long[64];
        int[] lengths = new int[64];
        ulong[] kinds = [RingLayout.Record, RingLayout.Group, RingLayout.Padding, RingLayout.End];
        int[] errors = new int[16];

        void Round()
        {
            ulong place = (ulong)random.Next(512 / 8) * 8;
            ulong position = memory.ConsumerPosition & ~7UL;
            switch (random.Next(8))
            {
                case 0:
                    random.NextBytes(noise);
                    memory.Host.CopyFrom(RingLayout.DataOffset + Math.Min(place, 496), noise);
                    break;
                case 1:
                    memory.ConsumerPosition = position + (ulong)random.Next(-64, 64);
                    break;
                case 2:
                    memory.WriteHeader(place, position - (position % 512) + place, kinds[random.Next(4)], (ulong)random.Next(260));
                    break;
                case 3:
                    memory.WriteHeader(position % 512, position, kinds[random.Next(4)], (ulong)random.Next(260));
                    break;
                case 4:
                    memory.WriteData((position + 8) % 512, (uint)random.Next(20) | (ulong)(uint)random.Next(20) << 32);
                    break;
                default:
                    break;
            }

            _ = memory.Producer.TryWrite(buffer.AsSpan(0, random.Next(200)));
            _ = memory.Producer.TryWriteMany<long>(values.AsSpan(0, random.Next(20)));
            _ = random.Next(2) == 0 && memory.Consumer.TryRead(buffer.AsSpan(0, random.Next(512)), out _);
            errors[(int)memory.Consumer.Error]++;
            _ = memory.Consumer.TryRead(out long _);
            errors[(int)memory.Consumer.Error]++;
            _ = memory.Consumer.ReadMany(values.AsSpan());
            _ = memory.Consumer.ReadMany(buffer, lengths);
            errors[(int)memory.Consumer.Error]++;
            errors[(int)memory.Producer.Error]++;
            if (memory.Consumer.IsBroken || memory.Producer.IsBroken)
            {
                memory.Consumer.Reset();
                memory.Producer.Reset();
            }
        }

        for (int i = 0; i < 2000; i++)
        {
            Round();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 60_000; i++)
        {
            Round();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        foreach (SharedRingError error in Enum.GetValues<SharedRingError>())
        {
            Assert.True(errors[(int)error] > 0 || error is SharedRingError.LayoutMismatch or SharedRingError.MemoryLost or SharedRingError.PeerGone, error.ToString());
        }
    }
}
