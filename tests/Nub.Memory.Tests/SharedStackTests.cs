using System.Buffers.Binary;

namespace Nub.Memory.Tests;

public class SharedStackTests
{
    private const ulong Offset = 24;
    private const ulong Size = 256;

    private sealed class OwnException : Exception;

    [Fact]
    public void An_element_stands_as_the_contract_says_byte_by_byte()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(Offset, Size);
        Assert.Equal((Offset, Size), (stack.Offset, stack.Size));
        stack.Reset();
        Assert.Equal(8UL, Word(pair, 0));
        stack.Push([1, 2, 3]);
        stack.Push([4]);
        byte[] expected = new byte[pair.Size];
        expected[Offset] = 28;                      // SP: 8 + 3 + 8 + 1 + 8
        new byte[] { 1, 2, 3, 8 }.CopyTo(expected, (int)Offset + 8);
        new byte[] { 4, 19 }.CopyTo(expected, (int)Offset + 19);
        Assert.Equal(expected, pair.Contents());
    }

    [Fact]
    public void Pops_come_in_reverse_and_leave_zeroes_behind()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        byte[] empty = pair.Contents();
        stack.Push([1, 2, 3]);
        stack.Push([]);
        stack.Push([4, 5]);
        Assert.Equal([4, 5], stack.Pop());
        Assert.Equal([], stack.Pop());
        Assert.Equal([1, 2, 3], stack.Pop());
        Assert.Equal(empty, pair.Contents());
        AssertRefused(SharedStackError.StackPointerOutOfBounds, 8, 16, Size, () => stack.Pop());
    }

    [Fact]
    public void The_forms_that_do_not_allocate_pop_the_same()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        byte[] empty = pair.Contents();
        byte[] target = [9, 9, 9, 9];
        stack.Push([1, 2, 3]);
        Assert.Equal(3, stack.Pop(target));
        Assert.Equal([1, 2, 3, 9], target);
        Assert.Equal(empty, pair.Contents());
        Assert.True(stack.TryPush([7]));
        Assert.True(stack.TryPop(target, out int length));
        Assert.Equal((1, (byte)7), (length, target[0]));
        Assert.True(stack.TryPush([7], out SharedStackError error));
        Assert.Equal(SharedStackError.None, error);
        Assert.False(stack.TryPop([], out length, out error));
        Assert.Equal((0, SharedStackError.DestinationTooSmall), (length, error));
        AssertRefused(SharedStackError.DestinationTooSmall, 1, 0, 0, () => stack.Pop(Span<byte>.Empty));
        Assert.True(stack.TryPop(target, out length, out error));
        Assert.Equal((1, SharedStackError.None), (length, error));
    }

    [Fact]
    public void A_parser_sees_the_prefix_and_its_bytes_and_nothing_after_them()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        byte[] message = [3, 0, 0, 0, 10, 11, 12, 99, 98]; // two bytes more than the prefix says
        stack.Push(message);
        Assert.Equal(message[..7], stack.Pop(element => element.ToArray()));
        Assert.Equal(8UL, Word(pair, 0));
        stack.Push(message);
        Assert.True(stack.TryPop((ReadOnlySpan<byte> element, out byte[] value) => (value = element.ToArray()) is not null, out byte[] seen));
        Assert.Equal(message[..7], seen);
    }

    [Fact]
    public void Large_elements_are_parsed_too()
    {
        using var pair = new Pair(2);
        SharedStack stack = pair.Host.StackAt(0, pair.Size);
        stack.Reset();
        foreach (int body in (int[])[508, 509, 512, 4000, 8192 - 8 - 8 - 4])
        {
            byte[] message = [.. Enumerable.Range(0, body + 4).Select(i => (byte)i)];
            BinaryPrimitives.WriteInt32LittleEndian(message, body);
            stack.Push(message);
            Assert.Equal(message, stack.Pop(element => element.ToArray()));
        }
    }

    [Fact]
    public void A_prefixed_push_is_what_a_parsed_pop_takes()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        Assert.True(stack.IsEmpty);
        stack.PushPrefixed([1, 2, 3]);
        Assert.False(stack.IsEmpty);
        Assert.Equal([3, 0, 0, 0, 1, 2, 3], stack.Pop(element => element.ToArray()));
        Assert.True(stack.IsEmpty);
        Assert.True(stack.TryPushPrefixed([]));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0], stack.Pop()); // the least that a parsed pop takes
    }

    [Fact]
    public void A_prefixed_push_fills_the_buffer_to_the_byte()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        byte[] before = pair.Contents();
        int most = (int)stack.Size - 8 - 8 - 4;
        Assert.False(stack.TryPushPrefixed(new byte[most + 1], out SharedStackError error));
        Assert.Equal(SharedStackError.BufferFull, error);
        Assert.Equal(before, pair.Contents());
        Assert.True(stack.TryPushPrefixed(new byte[most]));
        Assert.Equal(most + 4, stack.Pop().Length);
    }

    [Fact]
    public void A_parser_with_a_state_is_given_it_and_can_refuse()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.PushPrefixed([7]);
        Assert.False(stack.TryPop(static (element, limit, out length) => (length = element.Length) < limit, 5, out int value, out SharedStackError error));
        Assert.Equal((0, SharedStackError.ParseFailed), (value, error));
        Assert.True(stack.TryPop(static (element, limit, out length) => (length = element.Length) < limit, 6, out value, out error));
        Assert.Equal((5, SharedStackError.None), (value, error));
    }

    [Theory]
    [InlineData(0xFFFF_FFFC, SharedStackError.SizePrefixOverflow, 8)]
    [InlineData(0xFFFF_FFFD, SharedStackError.SizePrefixOverflow, 8)]
    [InlineData(0xFFFF_FFFF, SharedStackError.SizePrefixOverflow, 8)]
    [InlineData(0xFFFF_FFFB, SharedStackError.SizePrefixTooLarge, 8)]
    [InlineData(0x7FFF_FFFC, SharedStackError.SizePrefixTooLarge, 8)]
    [InlineData(9, SharedStackError.SizePrefixTooLarge, 8)] // one more than there is
    public void A_prefix_that_lies_is_refused_and_nothing_changes(uint prefix, SharedStackError expected, ulong maximum)
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        byte[] message = new byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(message, prefix);
        stack.Push(message);
        byte[] before = pair.Contents();
        AssertRefused(expected, prefix, 0, maximum, () => stack.Pop(element => element.Length));
        Assert.False(stack.TryPop(Take, out int value, out SharedStackError error));
        Assert.Equal((0, expected), (value, error));
        Assert.Equal(before, pair.Contents());
    }

    [Fact]
    public void A_prefix_that_just_fits_is_taken()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.Push([8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.Equal(12, stack.Pop(element => element.Length));
        stack.Push([0, 0, 0, 0, 1, 2, 3, 4]);
        Assert.Equal(4, stack.Pop(element => element.Length));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(7, 0)]
    [InlineData(257, 0)]
    [InlineData(ulong.MaxValue, 0)]
    [InlineData(1UL << 63, 0)]
    [InlineData(8, 1)]
    [InlineData(15, 1)]
    public void A_stack_pointer_out_of_bounds_is_refused(ulong top, int popOnly)
    {
        using var pair = new Pair();
        pair.FillWithPattern();
        SharedStack stack = pair.Host.StackAt(Offset, Size);
        pair.Host.Write(Offset, top);
        byte[] before = pair.Contents();
        AssertRefused(SharedStackError.StackPointerOutOfBounds, top, 16, Size, () => stack.Pop());
        AssertRefused(SharedStackError.StackPointerOutOfBounds, top, 16, Size, () => stack.Pop(new byte[8]));
        AssertRefused(SharedStackError.StackPointerOutOfBounds, top, 16, Size, () => stack.Pop(e => e.Length));
        Assert.False(stack.TryPop(new byte[8], out _, out SharedStackError error));
        Assert.Equal(SharedStackError.StackPointerOutOfBounds, error);
        if (popOnly == 0)
        {
            AssertRefused(SharedStackError.StackPointerOutOfBounds, top, 8, Size, () => stack.Push([1]));
            Assert.False(stack.TryPush([1], out error));
            Assert.Equal(SharedStackError.StackPointerOutOfBounds, error);
        }

        Assert.Equal(before, pair.Contents());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9999)]
    [InlineData(ulong.MaxValue)]
    [InlineData(25)]
    public void A_corrupt_back_pointer_is_refused(ulong back)
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.Push(new byte[16]); // SP is 32, so the back-pointer stands at 24
        pair.Host.Write(Offset + 24, back);
        byte[] before = pair.Contents();
        AssertRefused(SharedStackError.CorruptBackPointer, back, 8, 24, () => stack.Pop());
        AssertRefused(SharedStackError.CorruptBackPointer, back, 8, 16, () => stack.Pop(e => e.Length));
        Assert.Equal(before, pair.Contents());
    }

    [Fact]
    public void A_back_pointer_that_leaves_fewer_than_eight_bytes_is_for_a_raw_pop_only()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.Push(new byte[16]);
        pair.Host.Write<byte>(Offset + 23, 77);
        pair.Host.Write(Offset + 24, 23UL);
        AssertRefused(SharedStackError.CorruptBackPointer, 23, 8, 16, () => stack.Pop(e => e.Length));
        Assert.Equal([77], stack.Pop());
        Assert.Equal(23UL, Word(pair, 0));
    }

    [Fact]
    public void The_lowest_pop_is_refused_with_an_empty_range()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        pair.Host.Write(Offset, 16UL);
        pair.Host.Write(Offset + 8, 8UL);
        AssertRefused(SharedStackError.CorruptBackPointer, 8, 8, 0, () => stack.Pop(e => e.Length));
        Assert.Equal([], stack.Pop());
    }

    [Fact]
    public void A_full_buffer_refuses_and_stays()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.Push(new byte[Size - 8 - 8 - 9]); // 9 bytes are left: room for one byte
        byte[] before = pair.Contents();
        AssertRefused(SharedStackError.BufferFull, 10, 0, 9, () => stack.Push([1, 2]));
        Assert.False(stack.TryPush([1, 2], out SharedStackError error));
        Assert.Equal(SharedStackError.BufferFull, error);
        Assert.Equal(before, pair.Contents());
        stack.Push([1]);
        AssertRefused(SharedStackError.BufferFull, 8, 0, 0, () => stack.Push([]));
        Assert.Equal([1], stack.Pop());
    }

    [Fact]
    public void Reset_empties_the_buffer_whatever_stands_in_it()
    {
        using var pair = new Pair();
        pair.FillWithPattern();
        SharedStack stack = pair.Host.StackAt(Offset, Size);
        byte[] expected = pair.Contents();
        BinaryPrimitives.WriteUInt64LittleEndian(expected.AsSpan((int)Offset), 8);
        stack.Reset();
        Assert.Equal(expected, pair.Contents());
        stack.Push([1, 2]);
        pair.Host.Write(Offset + 10, 9999UL); // the top element is corrupt
        Assert.Throws<SharedStackException>(() => stack.Pop());
        stack.Reset();
        stack.Push([3]);
        Assert.Equal([3], stack.Pop());
    }

    [Fact]
    public void What_a_parser_refuses_stays()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.Push([4, 0, 0, 0, 1, 2, 3, 4]);
        byte[] before = pair.Contents();
        SharedStackException refusal = Assert.Throws<SharedStackException>(() => stack.Pop<int>(_ => throw new OwnException()));
        Assert.Equal(SharedStackError.ParseFailed, refusal.Error);
        Assert.IsType<OwnException>(refusal.InnerException);
        Assert.False(stack.TryPop((ReadOnlySpan<byte> _, out int value) => (value = 5) == 6, out int parsed, out SharedStackError error));
        Assert.Equal((0, SharedStackError.ParseFailed), (parsed, error));
        Assert.Throws<OwnException>(() => stack.TryPop((ReadOnlySpan<byte> _, out int _) => throw new OwnException(), out _));
        Assert.Throws<ArgumentNullException>(() => stack.Pop((SharedStackParser<int>)null!));
        Assert.Throws<ArgumentNullException>(() => stack.TryPop((SharedStackTryParser<int>)null!, out _));
        Assert.Equal(before, pair.Contents());
        Assert.Equal(4U, stack.Pop(BinaryPrimitives.ReadUInt32LittleEndian));
    }

    [Fact]
    public void A_pop_that_allocates_takes_no_element_beyond_its_limit()
    {
        using var pair = new Pair();
        SharedStack stack = New(pair);
        stack.PushPrefixed([1, 2, 3, 4, 5]);
        byte[] before = pair.Contents();
        AssertRefused(SharedStackError.ElementTooLarge, 9, 0, 8, () => stack.Pop(8));
        AssertRefused(SharedStackError.ElementTooLarge, 9, 0, 8, () => stack.Pop(element => element.Length, 8));
        Assert.False(stack.TryPop<int>(Take, out _, 8));
        Assert.False(stack.TryPop<int>(Take, out _, out SharedStackError error, 8));
        Assert.Equal(SharedStackError.ElementTooLarge, error);
        Assert.Throws<ArgumentOutOfRangeException>("maxLength", () => stack.Pop(-1));
        Assert.Throws<ArgumentOutOfRangeException>("maxLength", () => stack.TryPop<int>(Take, out _, -1));
        Assert.Equal(before, pair.Contents());
        Assert.True(stack.TryPop(Take, out int length, 9));
        Assert.Equal(9, length);
    }

    [Fact]
    public void A_guest_cannot_choose_how_much_a_pop_allocates()
    {
        const ulong Large = 64UL << 20;
        using var pair = new Pair(Large / Pair.Page);
        SharedStack stack = pair.Host.StackAt(0, Large);
        pair.Host.Write(0, Large);
        pair.Host.Write(Large - 8, 8UL);
        pair.Host.Write(8, (uint)(Large - 24));
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(stack.TryPop<int>(Take, out _, out SharedStackError error));
        Assert.Equal(SharedStackError.ElementTooLarge, error);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, 100_000);
    }

    [Fact]
    public void The_range_of_a_buffer_is_checked_when_it_is_made()
    {
        using var pair = new Pair();
        Assert.Throws<ArgumentOutOfRangeException>("size", () => pair.Host.StackAt(0, 15));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => pair.Host.StackAt(0, 0));
        ExclusiveSharedMemoryTests.AssertBounds(4081, 16, () => pair.Host.StackAt(4081, 16));
        ExclusiveSharedMemoryTests.AssertBounds(0, ulong.MaxValue, () => pair.Host.StackAt(0, ulong.MaxValue));
        ExclusiveSharedMemoryTests.AssertBounds(ulong.MaxValue, 16, () => pair.Host.StackAt(ulong.MaxValue, 16));
        SharedStack least = pair.Host.StackAt(4080, 16);
        least.Reset();
        least.Push([]);
        Assert.Equal([], least.Pop());
    }

    [Fact]
    public void A_default_buffer_throws_and_equality_is_of_range_and_owner()
    {
        SharedStack none = default;
        foreach (Action call in (Action[])
        [
            () => none.Push([1]), () => none.TryPush([1]), () => none.Pop(), () => none.TryPop([], out _), none.Reset, () => none.Pop(e => 0),
        ])
        {
            Assert.Throws<InvalidOperationException>(call);
        }

        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, 64);
        Assert.True(stack == pair.Host.StackAt(0, 64));
        Assert.True(stack.Equals((object)pair.Host.StackAt(0, 64)));
        Assert.True(stack != pair.Host.StackAt(8, 64));
        Assert.True(stack != pair.Host.StackAt(0, 72));
        Assert.True(stack != none);
        Assert.False(stack.Equals("stack"));
        Assert.Equal(stack.GetHashCode(), pair.Host.StackAt(0, 64).GetHashCode());
    }

    private static bool Take(ReadOnlySpan<byte> element, out int length)
    {
        length = element.Length;
        return true;
    }

    private static SharedStack New(Pair pair)
    {
        SharedStack stack = pair.Host.StackAt(Offset, Size);
        stack.Reset();
        return stack;
    }

    private static ulong Word(Pair pair, ulong offset) => pair.Host.Read<ulong>(Offset + offset);

    private static void AssertRefused(SharedStackError error, ulong value, ulong minimum, ulong maximum, Action pop)
    {
        SharedStackException refusal = Assert.Throws<SharedStackException>(pop);
        Assert.Equal((error, value, minimum, maximum, Size), (refusal.Error, refusal.Value, refusal.Minimum, refusal.Maximum, refusal.BufferSize));
    }
}
