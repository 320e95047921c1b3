using System.Buffers.Binary;
using System.Reflection;

namespace Nub.Memory.Tests;

public class AtomicsTests
{
    [Fact]
    public void Exchange_returns_what_was_there()
    {
        using var pair = new Pair();
        Assert.Equal(0, pair.Host.Exchange(4, -5));
        Assert.Equal(-5, pair.Host.Exchange(4, 7));
        Assert.Equal(0UL, pair.Host.Exchange(8, ulong.MaxValue));
        Assert.Equal(ulong.MaxValue, pair.Host.Exchange(8, 1UL));
        Assert.Equal(0U, pair.Host.Exchange(16, 1U));
        Assert.Equal(0L, pair.Host.Exchange(24, 1L));
        Assert.Equal(7, pair.Host.Read<int>(4));
    }

    [Fact]
    public void CompareExchange_writes_only_when_the_comparand_is_there_and_returns_what_was()
    {
        using var pair = new Pair();
        Assert.Equal(0, pair.Host.CompareExchange(0, 5, 1));
        Assert.Equal(0, pair.Host.Read<int>(0));
        Assert.Equal(0, pair.Host.CompareExchange(0, 5, 0));
        Assert.Equal(5, pair.Host.CompareExchange(0, 6, 5));
        Assert.Equal(6, pair.Host.Read<int>(0));
        Assert.Equal(0UL, pair.Host.CompareExchange(8, 5UL, 0UL));
        Assert.Equal(5UL, pair.Host.CompareExchange(8, 6UL, 0UL));
        Assert.Equal(0L, pair.Host.CompareExchange(16, -1L, 0L));
        Assert.Equal(0U, pair.Host.CompareExchange(24, 1U, 0U));
        Assert.Equal(-1L, pair.Host.Read<long>(16));
    }

    [Fact]
    public void Add_returns_the_new_value_and_wraps()
    {
        using var pair = new Pair();
        Assert.Equal(5, pair.Host.Add(0, 5));
        Assert.Equal(3, pair.Host.Add(0, -2));
        pair.Host.Write(4, int.MaxValue);
        Assert.Equal(int.MinValue, pair.Host.Add(4, 1));
        pair.Host.Write(8, ulong.MaxValue);
        Assert.Equal(1UL, pair.Host.Add(8, 2UL));
        Assert.Equal(uint.MaxValue, pair.Host.Add(16, uint.MaxValue));
        Assert.Equal(-1L, pair.Host.Add(24, -1L));
    }

    /// <summary>What a big-endian host does, whose processor cannot add a little-endian integer in place: the loop is the same in either order.</summary>
    [Fact]
    public void An_integer_of_the_other_byte_order_is_added_to_and_no_addition_is_lost()
    {
        uint narrow = BinaryPrimitives.ReverseEndianness(uint.MaxValue - 1);
        Assert.Equal(3U, SharedAtomic.AddReversed(ref narrow, 5));
        Assert.Equal(3U, BinaryPrimitives.ReverseEndianness(narrow));
        ulong wide = BinaryPrimitives.ReverseEndianness(0x1_0000_0001UL);
        Assert.Equal(0x1_0000_0000UL, SharedAtomic.AddReversed(ref wide, ulong.MaxValue));
        Assert.Equal(0x1_0000_0000UL, BinaryPrimitives.ReverseEndianness(wide));

        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                SharedAtomic.AddReversed(ref narrow, 1);
                SharedAtomic.AddReversed(ref wide, 3);
            }
        });
        Assert.Equal(40_003U, BinaryPrimitives.ReverseEndianness(narrow));
        Assert.Equal(0x1_0000_0000UL + 120_000, BinaryPrimitives.ReverseEndianness(wide));
    }

    [Fact]
    public void Adds_from_several_threads_are_not_lost()
    {
        using var pair = new Pair();
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                pair.Host.Add(8, 1L);
                pair.Host.Add(16, 3U);
            }
        });
        Assert.Equal(40_000L, pair.Host.Read<long>(8));
        Assert.Equal(120_000U, pair.Host.Read<uint>(16));
    }

    [Fact]
    public void A_misaligned_place_is_a_wrong_argument_that_says_where()
    {
        using var pair = new Pair();
        foreach (Action access in (Action[])
        [
            () => pair.Host.Add(2, 1), () => pair.Host.Exchange(1, 1U), () => pair.Host.CompareExchange(6, 1, 1),
            () => pair.Host.Add(4, 1L), () => pair.Host.Exchange(12, 1UL), () => pair.Host.CompareExchange(ulong.MaxValue, 1L, 1L),
        ])
        {
            ArgumentException refusal = Assert.Throws<ArgumentException>("offset", access);
            Assert.Matches(@"^An atomic of [48] bytes must stand at a multiple of [48]; offset \d+ \(0x[0-9A-F]+\) is not at one: it stands at address 0x[0-9A-F]+ of this process", refusal.Message);
        }
    }

    [Fact]
    public void What_leaves_the_memory_is_refused()
    {
        using var pair = new Pair();
        ExclusiveSharedMemoryTests.AssertBounds(4096, 4, () => pair.Host.Add(4096, 1));
        ExclusiveSharedMemoryTests.AssertBounds(4096, 8, () => pair.Host.Exchange(4096, 1L));
        ExclusiveSharedMemoryTests.AssertBounds(ulong.MaxValue - 7, 8, () => pair.Host.CompareExchange(ulong.MaxValue - 7, 1L, 1L));
        ExclusiveSharedMemoryTests.AssertBounds(ulong.MaxValue - 3, 4, () => pair.Host.CompareExchange(ulong.MaxValue - 3, 1, 1));
    }

    [Theory]
    [InlineData(typeof(short))]
    [InlineData(typeof(double))]
    [InlineData(typeof(Bytes3))]
    [InlineData(typeof(bool))]
    [InlineData(typeof(nint))]
    [InlineData(typeof(DayOfWeek))]
    public void Another_type_is_a_wrong_argument(Type type)
    {
        using var pair = new Pair();
        MethodInfo add = typeof(HostSharedMemory).GetMethod(nameof(HostSharedMemory.Add))!.MakeGenericMethod(type);
        Exception refusal = Assert.Throws<TargetInvocationException>(() => add.Invoke(pair.Host, [0UL, Activator.CreateInstance(type)]));
        Assert.IsType<ArgumentException>(refusal.InnerException);
    }
}
