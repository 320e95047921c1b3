namespace Nub.Memory.Tests;

/// <summary>What all forms of pushing and popping have in common, each of which mutations of the code once survived.</summary>
public class SharedStackFormTests
{
    private const ulong Offset = 24;
    private const ulong Size = 256;

    private sealed class OwnException : Exception;

    [Fact]
    public void A_short_prefixed_element_is_filled_up_with_zeroes_over_what_was_there()
    {
        foreach (int length in new[] { 0, 1, 3, 4, 5 })
        {
            using var pair = new Pair();
            pair.FillWithPattern();
            SharedStack stack = pair.Host.StackAt(Offset, Size);
            stack.Reset();
            byte[] expected = pair.Contents();
            byte[] data = [.. Enumerable.Repeat((byte)0xEE, length)];
            stack.PushPrefixed(data);
            byte[] element = [(byte)length, 0, 0, 0, .. data, .. new byte[Math.Max(0, 4 - length)]];
            expected[Offset] = (byte)(8 + element.Length + 8);
            element.CopyTo(expected, (int)Offset + 8);
            new byte[] { 8, 0, 0, 0, 0, 0, 0, 0 }.CopyTo(expected, (int)Offset + 8 + element.Length);
            Assert.Equal(expected, pair.Contents());
        }
    }

    /// <summary>Whatever the outcome of a call, it has left the memory: another thread can take it exclusively at once.</summary>
    [Fact]
    public void No_form_stays_inside()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(Offset, Size);
        stack.Reset();
        Action[] calls =
        [
            () => stack.TryPush(new byte[2 * (int)Size]),
            () => stack.Push([1]),
            () => stack.Pop(),
            () => Assert.Throws<SharedStackException>(() => stack.Pop()),
            () => Assert.False(stack.TryPop(new byte[8], out _)),
            () => stack.PushPrefixed([1, 2, 3]),
            () => Assert.Throws<SharedStackException>(() => stack.Pop(static int (element) => throw new OwnException())),
            () => Assert.Throws<SharedStackException>(() => stack.Pop(maxLength: 1)),
            () => Assert.Throws<SharedStackException>(() => stack.Pop(static element => element.Length, maxLength: 4)),
            () => Assert.Equal(7, stack.Pop(static element => element.Length)),
            () => stack.Push([1, 2]),
            () => stack.Pop(new byte[2]),
        ];
        foreach (Action call in calls)
        {
            call();
            pair.Guest.WithExclusivity(static _ => { });
        }
    }

    [Fact]
    public void A_stack_or_a_parser_that_is_missing_is_named()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(Offset, Size);
        stack.Reset();
        Assert.Contains("default SharedStack", Assert.Throws<InvalidOperationException>(() => default(SharedStack).Pop()).Message, StringComparison.Ordinal);
        Assert.Equal("parser", Assert.Throws<ArgumentNullException>(() => stack.Pop((SharedStackParser<int>)null!)).ParamName);
        Assert.Equal("parser", Assert.Throws<ArgumentNullException>(() => stack.TryPop((SharedStackTryParser<int>)null!, out _)).ParamName);
        Assert.Equal("parser", Assert.Throws<ArgumentNullException>(() => stack.TryPop((SharedStackTryParser<int, int>)null!, 0, out _, out _)).ParamName);
    }
}
