using System.Text;
using static Nub.Memory.Testing.Tests.Content;

#pragma warning disable NUB0010, NUB0011 // What the parsers believe is what is to be found.

namespace Nub.Memory.Testing.Tests;

[Trait("Kind", "slow")]
public class FuzzTests
{
    private static readonly FuzzOptions s_options = new() { Seed = 1, Rounds = 3000 };

    [Fact]
    public void A_length_that_is_not_judged_is_found_and_shrunk_to_one_byte()
    {
        using HostileMemory memory = Create();
        FuzzException failure = Assert.Throws<FuzzException>(() => memory.Fuzz(() =>
        {
            Span<byte> text = stackalloc byte[16];
            int length = memory.Host.Read<byte>(Header);
            memory.Host.CopyTo(Text, text[..length]);
        }, s_options));
        ContentChange change = Assert.Single(failure.Changes);
        Assert.Equal(Header, change.Offset);
        Assert.InRange(change.Value, 17, 255);
        Assert.IsType<ArgumentOutOfRangeException>(failure.InnerException);
        Assert.Contains("Seed = 1 ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("ArgumentOutOfRangeException", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_finds_the_same()
    {
        using HostileMemory memory = Create();
        void Check() => Assert.True(memory.Host.Read<Message>(Header).Type < 3);
        FuzzException first = Assert.Throws<FuzzException>(() => memory.Fuzz(Check, s_options));
        FuzzException second = Assert.Throws<FuzzException>(() => memory.Fuzz(Check, s_options));
        Assert.Equal(first.Message, second.Message);
        Assert.Equal(first.Round, second.Round);
        Assert.Equal(first.Changes, second.Changes);
    }

    [Fact]
    public void A_list_that_never_ends_is_found()
    {
        using HostileMemory memory = Create();
        memory.MaxAccesses = 200;
        FuzzException failure = Assert.Throws<FuzzException>(() => memory.Fuzz(() =>
        {
            uint at = (uint)List;
            while (at != 0 && memory.Host.TryRead(at, out uint next))
            {
                at = next;
            }
        }, s_options));
        Assert.Contains("more than 200 accesses", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_allocation_of_the_guests_size_is_found()
    {
        using HostileMemory memory = Create();
        FuzzException failure = Assert.Throws<FuzzException>(() => memory.Fuzz(
            () => GC.KeepAlive(new byte[memory.Host.Read<ushort>(Header)]),
            new FuzzOptions { Seed = 3, MaxAllocatedBytes = 1000 }));
        Assert.Contains("more than 1000", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_right_parser_survives_and_what_is_expected_is_no_failure()
    {
        using HostileMemory memory = Create();
        int threw = 0;
        int read = memory.Fuzz(() =>
        {
            uint length = memory.Host.Read<uint>(Header);
            if (length > 32)
            {
                threw++;
                throw new InvalidDataException("too long");
            }

            byte[] text = new byte[length];
            memory.Host.CopyTo(Text, text);
            Assert.True(Encoding.Latin1.GetString(text).Length <= 32);
        }, new FuzzOptions { Seed = 7, Rounds = 500, Expected = [typeof(InvalidDataException)] });
        Assert.InRange(threw, 100, 500);

        // The length, and every byte of the longest text.
        Assert.InRange(read, 13, 36);
    }

    [Fact]
    public void A_stack_survives()
    {
        using HostileMemory memory = Create();
        byte[] element = new byte[64];
        memory.Fuzz(() =>
        {
            SharedStack stack = memory.Host.StackAt(Stack, StackSize);
            while (stack.TryPop(element, out int length))
            {
                Assert.InRange(length, 0, 64);
            }
        }, new FuzzOptions { Seed = 9, MaxAllocatedBytes = 4096 });
    }

    [Fact]
    public void A_parser_that_fails_with_honest_content_or_reads_nothing_is_not_fuzzed()
    {
        using HostileMemory memory = Create();
        Assert.Throws<InvalidOperationException>(() => memory.Fuzz(() => { }, s_options));
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => memory.Fuzz(() => throw new FormatException($"{memory.Host.Read<byte>(0)}"), s_options));
        Assert.IsType<FormatException>(failure.InnerException);
    }

    [Fact]
    public void A_script_plays_along()
    {
        using HostileMemory memory = Create();
        memory.Script.AfterRead(Header, 4).Set(Header, 100u);
        FuzzException failure = Assert.Throws<FuzzException>(() => memory.Fuzz(() =>
        {
            _ = memory.Host.Read<byte>(Text);
            if (memory.Host.Read<byte>(Text) == 0 && memory.Host.Read<uint>(Header) > 0)
            {
                Assert.NotEqual(100u, memory.Host.Read<uint>(Header));
            }
        }, s_options));
        Assert.Equal(Text, Assert.Single(failure.Changes).Offset);
    }
}
