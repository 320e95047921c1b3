namespace Nub.Memory.Tests.Views;

/// <summary>Arrays of values and of structs where they stand, and how they are bound.</summary>
public class ArrayViewTests
{
    private const ulong Offset = Places.Offset;

    // No index of an array of four.
    private static readonly ulong[] s_beyond = [4, 5, uint.MaxValue, 1UL << 62, ulong.MaxValue];

    [Fact]
    public void Each_element_stands_at_its_place() => Places.EachArray<uint>(4, bigEndian: false, static (memory, array) =>
    {
        array[0] = 10;
        array[3UL] = 13;
        Assert.True(array.TryWrite(1, 11));
        Assert.True(array.TryWrite(2UL, 12));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal((uint)(10 + i), memory.Read<uint>(Offset + 4 * (ulong)i));
            Assert.True(array.TryRead(i, out uint value) & array.TryRead((ulong)i, out uint other));
            Assert.Equal((value, other), ((uint)(10 + i), (uint)(10 + i)));
            Assert.Equal((value, other), (array[i], array[(ulong)i]));
            Assert.Equal((value, other), (array.At(i).Load(), array.At((ulong)i).Load()));
        }

        Assert.Equal((0U, 0U), (memory.Read<uint>(Offset - 4), memory.Read<uint>(Offset + 16)));
        uint sum = 0;
        int steps = 0;
        foreach (uint value in array)
        {
            sum = sum * 20 + value;
            steps++;
        }

        Assert.Equal((4, (((10U * 20) + 11) * 20 + 12) * 20 + 13), (steps, sum));
        Assert.Equal((4UL, "UInt32[4]"), (array.Count, array.ToString()));
    });

    [Fact]
    public void An_index_beyond_the_elements_is_refused_and_nothing_is_written() => Places.EachArray<uint>(4, bigEndian: false, static (memory, array) =>
    {
        memory.Fill(0, memory.Size, 0xEE);
        foreach (ulong index in s_beyond)
        {
            Assert.False(array.TryWrite(index, 1) | array.TryWrite((int)index | int.MinValue, 1));
            Assert.False(array.TryRead(index, out uint value) | array.TryRead(-1, out uint other));
            Assert.Equal((0U, 0U), (value, other));
            AssertIndex(array, index, static (array, index) => _ = array[index]);
            AssertIndex(array, index, static (array, index) => array[index] = 1);
            AssertIndex(array, index, static (array, index) => array.At(index));
        }

        AssertIndex(array, ulong.MaxValue, static (array, _) => array[-1].ToString());
        AssertIndex(array, ulong.MaxValue, static (array, _) => array[-1] = 1);
        AssertIndex(array, ulong.MaxValue, static (array, _) => array.At(-1));
        byte[] bytes = new byte[memory.Size];
        memory.CopyTo(0, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0xEE));
    });

    [Fact]
    public void Elements_that_are_stored_most_significant_byte_first_are_turned() => Places.EachArray<ushort>(2, bigEndian: true, static (memory, array) =>
    {
        array[1] = 0x0102;
        Assert.Equal((ushort)0x0201, memory.Read<ushort>(Offset + 2));
        Assert.Equal((ushort)0x0102, array[1]);
        Assert.True(array.TryRead(1, out ushort value));
        Assert.Equal((ushort)0x0102, value);
    });

    [Fact]
    public void Each_struct_stands_at_its_place() => Places.EachViews(4, static (memory, views) =>
    {
        for (int i = 0; i < 4; i++)
        {
            Part.View at = views[i];
            at.Low = (ushort)(10 + i);
            at = views[(ulong)i];
            at.High = (ushort)(20 + i);
            Assert.Equal((ushort)(10 + i), memory.Read<ushort>(Offset + 4 * (ulong)i));
            Assert.Equal((byte)(20 + i), memory.Read<byte>(Offset + 4 * (ulong)i + 3));
            Assert.Equal((ushort)(20 + i), views.At(i).High);
            Assert.Equal((ushort)(20 + i), views.At((ulong)i).High);
            Assert.True(views.TryAt(i, out Part.View one) & views.TryAt((ulong)i, out Part.View other));
            Assert.Equal((one.Low, other.Low), ((ushort)(10 + i), (ushort)(10 + i)));
        }

        Assert.Equal((0U, 0U), (memory.Read<uint>(Offset - 4), memory.Read<uint>(Offset + 16)));
        int next = 10;
        foreach (Part.View view in views)
        {
            Assert.Equal((ushort)next++, view.Low);
        }

        Assert.Equal((14, 4UL, "Part[4]"), (next, views.Count, views.ToString()));
        foreach (ulong index in s_beyond)
        {
            Assert.False(views.TryAt(index, out Part.View none) | views.TryAt(-1, out _));
            Assert.Equal("Part (bound to no memory)", none.ToString());
            AssertIndex(views, index, static (views, index) => views[index].ToString());
            AssertIndex(views, index, static (views, index) => views.At(index));
        }

        AssertIndex(views, ulong.MaxValue, static (views, _) => views[-1].ToString());
        AssertIndex(views, ulong.MaxValue, static (views, _) => views.At(-1));
    });

    [Fact]
    public void What_ends_with_the_memory_is_bound_and_a_byte_more_is_not()
    {
        using var pair = new Pair();
        HostSharedMemory host = pair.Host;
        using HostLease lease = host.Enter();
        ulong end = host.Size;
        SharedView.At<uint>(host, end - 4).Store(1);
        SharedView.At<uint>(in lease, end - 8).Store(2);
        SharedArrayView.At<uint>(host, end - 12, 3)[0] = 3;
        SharedArrayView.At<uint>(in lease, end - 16, 4UL)[0] = 4;
        Assert.Equal((1U, 2U, 3U, 4U), (host.Read<uint>(end - 4), host.Read<uint>(end - 8), host.Read<uint>(end - 12), host.Read<uint>(end - 16)));
        Assert.True(SharedView.TryAt(host, end - 4, out SharedView<uint> view));
        Assert.Equal(1U, view.Load());
        Assert.True(SharedView.TryAt(in lease, end - 8, out view));
        Assert.Equal(2U, view.Load());
        Assert.True(SharedArrayView.TryAt(host, end - 12, 3, out SharedArrayView<uint> array));
        Assert.Equal((3UL, 3U), (array.Count, array[0]));
        Assert.True(SharedArrayView.TryAt(in lease, end - 16, 4, out array));
        Assert.Equal((4UL, 4U), (array.Count, array[0]));
        foreach (ulong offset in (ulong[])[end - 3, end, end + 1, ulong.MaxValue - 3, ulong.MaxValue])
        {
            ExclusiveSharedMemoryTests.AssertBounds(offset, 4, () => SharedView.At<uint>(pair.Host, offset), end);
            ExclusiveSharedMemoryTests.AssertBounds(offset, 4, () => Leased(pair.Host, lease => SharedView.At<uint>(in lease, offset)), end);
            ExclusiveSharedMemoryTests.AssertBounds(offset, 8, () => SharedArrayView.At<uint>(pair.Host, offset, 2), end);
            ExclusiveSharedMemoryTests.AssertBounds(offset, 8, () => Leased(pair.Host, lease => SharedArrayView.At<uint>(in lease, offset, 2)), end);
            ExclusiveSharedMemoryTests.AssertBounds(offset, 8, () => Part.ArrayAt(pair.Host, offset, 2), end);
            Assert.False(SharedView.TryAt(host, offset, out view) | SharedView.TryAt(in lease, offset, out SharedView<uint> other));
            Assert.Equal("UInt32 (bound to no memory) UInt32 (bound to no memory)", $"{view.ToString()} {other.ToString()}");
            Assert.False(SharedArrayView.TryAt(host, offset, 1, out array) | SharedArrayView.TryAt(in lease, offset, 1, out SharedArrayView<uint> others));
            Assert.Equal((0UL, 0UL), (array.Count, others.Count));
        }
    }

    [Theory]
    [InlineData(1UL << 62)]
    [InlineData((1UL << 62) + 1)]
    [InlineData(1UL << 63)]
    [InlineData(ulong.MaxValue / 4)]
    [InlineData(ulong.MaxValue)]
    public void As_many_elements_as_no_memory_has_are_refused_whatever_their_size_wraps_to(ulong count)
    {
        using var pair = new Pair();
        Assert.Throws<SharedMemoryBoundsException>(() => SharedArrayView.At<uint>(pair.Host, 0, count));
        Assert.Throws<SharedMemoryBoundsException>(() => Leased(pair.Host, lease => SharedArrayView.At<uint>(in lease, 0, count)));
        Assert.Throws<SharedMemoryBoundsException>(() => Part.ArrayAt(pair.Host, 0, count));
        Assert.False(SharedArrayView.TryAt(pair.Host, 0, count, out SharedArrayView<uint> _) | Part.TryArrayAt(pair.Host, 0, count, out _));
    }

    [Fact]
    public void A_negative_number_of_elements_is_a_wrong_argument_or_false()
    {
        using var pair = new Pair();
        Assert.Throws<ArgumentOutOfRangeException>("count", () => SharedArrayView.At<uint>(pair.Host, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => Leased(pair.Host, lease => SharedArrayView.At<uint>(in lease, 0, -1)));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => Part.ArrayAt(pair.Host, 0, -1));
        Assert.False(Part.TryArrayAt(pair.Host, 0, -1, out _) | Part.TryArrayAt(pair.Host, 0, int.MinValue, out _));
        Assert.True(Part.TryArrayAt(pair.Host, 0, 0, out SharedViews<Part, Part.View> none));
        Assert.Equal(0UL, none.Count);
        Assert.True(Part.TryArrayAt(pair.Host, 0, (int)(pair.Size / 4), out SharedViews<Part, Part.View> all));
        Assert.Equal(pair.Size / 4, all.Count);
    }

    [Fact]
    public void A_memory_that_is_not_there_or_disposed_is_refused_by_every_way_to_bind()
    {
        using var pair = new Pair();
        HostSharedMemory clone = pair.Host.Clone();
        clone.Dispose();
        foreach (Action<HostSharedMemory> bind in (Action<HostSharedMemory>[])
        [
            memory => SharedView.At<uint>(memory, 0), memory => SharedView.TryAt<uint>(memory, 0, out _), memory => SharedArrayView.At<uint>(memory, 0, 1),
            memory => SharedArrayView.TryAt<uint>(memory, 0, 1, out _), memory => Place.In(memory, 0, 1), memory => Place.TryIn(memory, 0, 1, out _),
        ])
        {
            Assert.Throws<ArgumentNullException>("memory", () => bind(null!));
            Assert.Throws<ObjectDisposedException>(() => bind(clone));
        }

        Assert.Throws<ArgumentNullException>("space", () => Place.In((GuestAddressSpace)null!, 0, 1));
    }

    [Fact]
    public void A_type_with_illegal_values_is_refused_where_no_analyzer_has_looked()
    {
        using var pair = new Pair();
#pragma warning disable NUB0001 // What is tested is what the analyzer would keep a user from.
        foreach (Action bind in (Action[])
        [
            () => SharedView.At<bool>(pair.Host, 0), () => SharedView.TryAt<bool>(pair.Host, 0, out _), () => Leased(pair.Host, lease => SharedView.At<bool>(in lease, 0)),
            () => Leased(pair.Host, lease => SharedView.TryAt<bool>(in lease, 0, out _)), () => SharedArrayView.At<bool>(pair.Host, 0, 1), () => SharedArrayView.TryAt<bool>(pair.Host, 0, 1, out _),
            () => Leased(pair.Host, lease => SharedArrayView.At<bool>(in lease, 0, 1)), () => Leased(pair.Host, lease => SharedArrayView.TryAt<bool>(in lease, 0, 1, out _)),
            () => new SharedPlace<bool>(Place.In(pair.Host, 0, 1)).Load(), () => new SharedPlace<bool>(Place.In(pair.Host, 0, 1)).Store(true),
            () => new SharedPlace<uint>(Place.In(pair.Host, 0, 4)).Read<bool>(0), () => new SharedPlace<uint>(Place.In(pair.Host, 0, 4)).Write(0, true),
            () => new SharedPlace<uint>(Place.In(pair.Host, 0, 4)).Elements<bool>(0, 1), () => pair.Host.ReadArray(0, new bool[1]), () => pair.Host.WriteArray<bool>(0, [true]),
            () => new SharedTailedPlace<uint>(new SharedPlace<uint>(Place.In(pair.Host, 0, 4))).TryElements<bool>(0, false, 1, out _),
            () => new SharedTailedPlace<uint>(new SharedPlace<uint>(Place.In(pair.Host, 0, 4))).TryElements<bool, byte>(0, false, 0, false, 1, out _),
        ])
        {
            Assert.Throws<NotAllValidException>(bind);
        }
#pragma warning restore NUB0001
    }

    private delegate void UseArray(SharedArrayView<uint> array, ulong index);

    private delegate void UseViews(SharedViews<Part, Part.View> views, ulong index);

    private delegate void UseLease(HostLease lease);

    private static void Leased(HostSharedMemory memory, UseLease use)
    {
        using HostLease lease = memory.Enter();
        use(lease);
    }

    private static void AssertIndex(SharedArrayView<uint> array, ulong index, UseArray use)
    {
        try
        {
            use(array, index);
        }
        catch (ArgumentOutOfRangeException refusal)
        {
            Assert.Contains($"Index {(long)index} is not within the 4 elements.", refusal.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Fail($"{index} was taken.");
    }

    private static void AssertIndex(SharedViews<Part, Part.View> views, ulong index, UseViews use)
    {
        try
        {
            use(views, index);
        }
        catch (ArgumentOutOfRangeException refusal)
        {
            Assert.Contains($"Index {(long)index} is not within the 4 elements.", refusal.Message, StringComparison.Ordinal);
            return;
        }

        Assert.Fail($"{index} was taken.");
    }
}
