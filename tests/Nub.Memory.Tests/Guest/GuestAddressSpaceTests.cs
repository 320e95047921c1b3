namespace Nub.Memory.Tests.Guest;

public sealed class GuestAddressSpaceTests : IDisposable
{
    private const ulong Page = 4096;

    // Two regions that touch at 0x3000, a hole, and one that ends at the last address of all.
    private readonly Pair _low = new(4);
    private readonly Pair _high = new(4);
    private readonly GuestAddressSpace _space = new();

    public GuestAddressSpaceTests()
    {
        _space.Map(0x1000, _low.Host, 0x1000, 0x2000);
        _space.Map(0x3000, _high.Host, 0, 0x1000);
        _space.Map(ulong.MaxValue - 0xFFF, _high.Host, 0x2000, 0x1000);
    }

    public void Dispose()
    {
        _space.Dispose();
        _low.Dispose();
        _high.Dispose();
    }

    [Fact]
    public void A_value_is_read_and_written_where_its_region_stands()
    {
        _space.Write(0x1008, 0x1122334455667788UL);
        Assert.Equal(0x1122334455667788UL, _low.Host.Read<ulong>(0x1008));
        _high.Host.Write(0x10, (ushort)7);
        Assert.True(_space.TryRead(0x3010, out ushort seven));
        Assert.Equal((ushort)7, seven);
        Assert.True(_space.TryWrite(ulong.MaxValue, (byte)9));
        Assert.Equal((byte)9, _high.Host.Read<byte>(0x2FFF));
        Assert.Equal((byte)9, _space.Read<byte>(ulong.MaxValue));
    }

    [Theory]
    [InlineData(0x0FFFUL)]
    [InlineData(0x0FFCUL)]
    [InlineData(0x2FFCUL)]
    [InlineData(0x3FFCUL)]
    [InlineData(0x4000UL)]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 3)]
    public void A_value_that_is_not_wholly_in_one_region_is_refused(ulong address)
    {
        using GuestAddressLease lease = _space.Enter();
        Assert.False(_space.TryRead(address, out ulong value));
        Assert.Equal(0UL, value);
        Assert.False(_space.TryWrite(address, 1UL));
        Assert.False(_space.TryAdd(address, 1UL, out _));
        Assert.False(lease.TryRead(address, out ulong _));
        Assert.False(lease.TryWrite(address, 1UL));
        SharedMemoryBoundsException refusal = Assert.Throws<SharedMemoryBoundsException>(() => _space.Read<ulong>(address));
        Assert.Equal((address, 8UL, 0x4000UL), (refusal.Offset, refusal.Length, refusal.MemorySize));
        Assert.Throws<SharedMemoryBoundsException>(() => _space.Write(address, 1UL));
    }

    [Fact, Reread(Justification = "Nothing else writes; the same bytes are to come by the space and by its lease.")]
    public void A_copy_runs_from_one_region_into_the_next()
    {
        byte[] bytes = [.. Enumerable.Range(0, 0x30).Select(i => (byte)(i + 1))];
        _space.CopyFrom(0x2FF0, bytes);
        Assert.Equal(bytes[..0x10], Bytes(_low, 0x2FF0, 0x10));
        Assert.Equal(bytes[0x10..], Bytes(_high, 0, 0x20));
        byte[] back = new byte[bytes.Length];
        Assert.True(_space.TryCopyTo(0x2FF0, back));
        Assert.Equal(bytes, back);
        _space.Fill(0x2FFF, 2, 0xEE);
        Assert.Equal((0xEE, 0xEE), (_low.Host.Read<byte>(0x2FFF), _high.Host.Read<byte>(0)));
        using GuestAddressLease lease = _space.Enter();
        lease.CopyTo(0x2FF0, back);
        Assert.Equal(0xEE, back[0xF]);
    }

    [Theory]
    [InlineData(0x0FFFUL, 2)]
    [InlineData(0x3FF0UL, 0x11)]
    [InlineData(0x4000UL, 1)]
    [InlineData(ulong.MaxValue, 2)]
    public void A_copy_into_a_hole_changes_nothing(ulong address, int length)
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)1, length)];
        byte[] low = _low.Contents();
        byte[] high = _high.Contents();
        Assert.False(_space.TryCopyFrom(address, bytes));
        Assert.False(_space.TryFill(address, (ulong)length, 1));
        Assert.False(_space.TryCopyTo(address, bytes));
        Assert.Throws<SharedMemoryBoundsException>(() => _space.CopyFrom(address, bytes));
        Assert.Equal(low, _low.Contents());
        Assert.Equal(high, _high.Contents());
        Assert.All(bytes, one => Assert.Equal(1, one));
    }

    [Fact]
    public void What_is_mapped_is_told()
    {
        Assert.True(_space.Contains(0x1000, 0x3000));
        Assert.False(_space.Contains(0x1000, 0x3001));
        Assert.False(_space.Contains(0xFFF, 1));
        Assert.True(_space.Contains(0x4000, 0));
        Assert.False(_space.Contains(0x4001, 0));
        Assert.True(_space.Contains(ulong.MaxValue - 0xFFF, 0x1000));
        Assert.False(_space.Contains(ulong.MaxValue - 0xFFF, 0x1001));
        Assert.False(_space.Contains(1, ulong.MaxValue));
    }

    [Fact]
    public void Regions_that_overlap_or_are_nowhere_are_refused_with_the_numbers()
    {
        ArgumentException overlap = Assert.Throws<ArgumentException>("guestAddress", () => _space.Map(0x2FFF, _low.Host, 0, 1));
        Assert.Contains("[0x2FFF, 0x2FFF] overlaps the region [0x1000, 0x2FFF]", overlap.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("guestAddress", () => _space.Map(0, _low.Host, 0, 0x1001));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => _space.Map(0x10000, _low.Host, 0, 0));
        Assert.Throws<ArgumentOutOfRangeException>("length", () => _space.Map(ulong.MaxValue, _low.Host, 0, 2));
        Assert.Throws<SharedMemoryBoundsException>(() => _space.Map(0x10000, _low.Host, 0x4000, 1));
        Assert.Throws<ArgumentException>("guestAddress", () => _space.Unmap(0x1001));
        _space.Map(0, _low.Host, 0, 0x1000);
        Assert.True(_space.Contains(0, 0x4000));
    }

    [Fact]
    public void A_region_keeps_its_memory_until_it_is_unmapped()
    {
        var pair = new Pair();
        nint address = pair.Host.BaseAddress;
        _space.Map(0x10000, pair.Host, 0, Page);
        pair.Dispose();
        _space.Write(0x10000, 5);
        Assert.True(ProcessMaps.Contains(address));
        using (GuestAddressLease lease = _space.Enter())
        {
            _space.Unmap(0x10000);
            Assert.False(_space.TryRead(0x10000, out int _));
            Assert.Equal(5, lease.Read<int>(0x10000));
            Assert.True(ProcessMaps.Contains(address));
        }

        Assert.False(ProcessMaps.IsMemory(address, Page));
    }

    [Fact]
    public void Exclusivity_of_a_memory_keeps_its_accesses_out_and_a_lease_keeps_exclusivity_out()
    {
        _low.Host.WithExclusivity(_ =>
        {
            Assert.Throws<SharedMemoryLockedException>(() => _space.TryRead(0x1000, out int _));
            Assert.Throws<SharedMemoryLockedException>(() => _space.Enter().Dispose());
            Assert.True(_space.TryRead(0x3000, out int _));
        });
        GuestAddressLease lease = _space.Enter();
        Assert.Throws<SharedMemoryLockedException>(() => _low.Host.WithExclusivity(_ => { }));
        Assert.Throws<SharedMemoryLockedException>(() => _high.Host.WithExclusivity(_ => { }));
        lease.Dispose();
        lease.Dispose();
        _low.Host.WithExclusivity(_ => { });
        _high.Host.WithExclusivity(_ => { });
        bool threw = false;
        try
        {
            lease.Read<int>(0x1000);
        }
        catch (ObjectDisposedException)
        {
            threw = true;
        }

        Assert.True(threw);
    }

    [Fact]
    public void Atomics_answer_as_those_of_the_memory()
    {
        Assert.Equal(5U, _space.Add(0x1000, 5U));
        Assert.Equal(5U, _space.Exchange(0x1000, 9U));
        Assert.Equal(9U, _space.CompareExchange(0x1000, 12U, 9U));
        Assert.Equal(12U, _space.Or(0x1000, 3U));
        Assert.Equal(15U, _space.And(0x1000, 6U));
        Assert.Equal(6U, _low.Host.Read<uint>(0x1000));
        Assert.False(_space.TryAdd(0x1002, 1U, out uint none));
        Assert.Equal(0U, none);
        Assert.Throws<ArgumentException>(() => _space.Add(0x1002, 1U));
        using GuestAddressLease lease = _space.Enter();
        Assert.True(lease.TryAdd(0x1000, 1U, out uint seven));
        Assert.Equal(7U, seven);
    }

    [Fact]
    public void A_file_goes_straight_into_the_pages_and_out()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] contents = [.. Enumerable.Range(0, 0x40).Select(i => (byte)(i * 3))];
            File.WriteAllBytes(path, contents);
            using (Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
            {
                // The last 0x30 bytes, across the seam, and then no more: the file ends.
                Assert.Equal(0x30UL, _space.ReadFrom(file, 0x10, 0x2FF0, 0x50));
                Assert.Equal(contents[0x10..0x20], Bytes(_low, 0x2FF0, 0x10));
                Assert.Equal(contents[0x20..], Bytes(_high, 0, 0x20));
                Assert.Equal(0x20UL, _space.WriteTo(file, 0x100, 0x2FF0, 0x20));
                Assert.False(_space.TryReadFrom(file, 0, 0x3FFF, 2, out ulong moved));
                Assert.Equal(0UL, moved);
            }

            Assert.Equal(contents[0x10..0x30], File.ReadAllBytes(path)[0x100..0x120]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Writes_of_every_kind_are_marked_and_nothing_else_is()
    {
        _high.Host.Fill(0, 0x4000, 0);
        var bitmap = new DirtyBitmap(0, 0x5000);
        _space.TrackWrites(bitmap);
        Check(() => _space.Write(0x1FFC, 1UL), 1, 2);
        Check(() => _space.TryWrite(0x3000, (byte)1), 3);
        Check(() => _space.CopyFrom(0x2FFF, [1, 2]), 2, 3);
        Check(() => _space.Fill(0x1000, 0x3000, 1), 1, 2, 3);
        Check(() => _space.Add(0x1000, 1), 1);
        Check(() => _space.Read<ulong>(0x1000));
        Check(() => _space.TryWrite(0x0FFF, 1UL));
        Check(() =>
        {
            using GuestAddressLease lease = _space.Enter();
            lease.Write(0x3008, 1);
            lease.Fill(0x1000, 1, 1);
        }, 1, 3);
        Check(() => new SharedView<uint>(Place.In(_space, 0x2000, 4)).Store(7), 2);
        Check(() =>
        {
            using GuestAddressLease lease = _space.Enter();
            new SharedView<uint>(Place.In(in lease, 0x3004, 4)).Store(7);
            Assert.Equal(7U, new SharedView<uint>(Place.In(in lease, 0x3004, 4)).Load());
        }, 3);
        _space.TrackWrites(null);
        Check(() => _space.Write(0x1000, 1UL));

        void Check(Action write, params int[] pages)
        {
            bitmap.Clear();
            write();
            ulong[] words = new ulong[bitmap.WordCount];
            Assert.Equal((ulong)pages.Length, bitmap.Take(words));
            Assert.Equal(pages, Enumerable.Range(0, 5).Where(page => (words[0] & 1UL << page) != 0));
        }
    }

    [Fact]
    public void A_memory_that_stands_at_two_addresses_is_marked_at_both_by_a_view_under_a_lease()
    {
        _space.Map(0x10000, _low.Host, 0x1000, 0x1000);
        var bitmap = new DirtyBitmap(0, 0x11000);
        _space.TrackWrites(bitmap);
        using GuestAddressLease lease = _space.Enter();
        new SharedView<uint>(Place.In(in lease, 0x10000, 4)).Store(7);
        Assert.True(bitmap.IsDirty(0x10000));
        Assert.True(bitmap.IsDirty(0x1000));
        Assert.False(bitmap.IsDirty(0x2000));
    }

    /// <summary>Every way to write by one of two addresses, the second of which begins and ends within the first.</summary>
    [Fact]
    public void Bytes_that_stand_at_two_addresses_are_marked_at_both_by_every_kind_of_write()
    {
        // Guest addresses 0x1000 to 0x2FFF are those bytes of the memory; 0x10000 to 0x117FF are 0x1800 to 0x2FFF once more.
        _space.Map(0x10000, _low.Host, 0x1800, 0x1800);
        var bitmap = new DirtyBitmap(0, 0x20000);
        _space.TrackWrites(bitmap);
        Check(() => _space.Write(0x10000, 1UL), 1, 16);
        Check(() => _space.TryWrite(0x1800, 1UL), 1, 16);
        Check(() => _space.Write(0x17F8, 1UL), 1);
        Check(() => _space.Write(0x17FC, 1UL), 1, 16);
        Check(() => _space.Fill(0x1000, 0x1800, 1), 1, 2, 16);
        Check(() => _space.CopyFrom(0x10FFF, [1, 2]), 2, 16, 17);
        Check(() => _space.CopyFrom(0x2FFF, [1, 2]), 2, 3, 17);
        Check(() => _space.Fill(0x1000, 0x2000, 1), 1, 2, 16, 17);
        Check(() => _space.Add(0x11000, 1), 2, 17);
        Check(() => _space.WriteArray<ushort>(0x10000, [1, 2]), 1, 16);
        Check(() => new SharedView<uint>(Place.In(_space, 0x11000, 4)).Store(7), 2, 17);
        Check(() => new SharedView<uint>(Place.In(_space, 0x17FE, 4)).Store(7), 1, 16);
        Check(() =>
        {
            using GuestAddressLease lease = _space.Enter();
            lease.Write(0x11000, 1);
            new SharedView<uint>(Place.In(in lease, 0x17FE, 4)).Store(7);
        }, 1, 2, 16, 17);
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[16]);
            using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path);
            Check(() => Assert.Equal(8UL, _space.ReadFrom(file, 0, 0x11000, 8)), 2, 17);
        }
        finally
        {
            File.Delete(path);
        }

        _space.Unmap(0x10000);
        Check(() => _space.Write(0x1800, 1UL), 1);

        void Check(Action write, params int[] pages)
        {
            bitmap.Clear();
            write();
            ulong[] words = new ulong[bitmap.WordCount];
            bitmap.Take(words);
            Assert.Equal(pages, Enumerable.Range(0, 32).Where(page => (words[0] & 1UL << page) != 0));
        }
    }

    [Fact]
    public void A_view_by_guest_address_dies_with_its_region()
    {
        SharedView<uint> view = new SharedView<uint>(Place.In(_space, 0x3010, 4));
        view.Store(77);
        Assert.Equal(77U, _high.Host.Read<uint>(0x10));
        _space.Unmap(0x3000);
        bool threw = false;
        try
        {
            view.Load();
        }
        catch (ObjectDisposedException)
        {
            threw = true;
        }

        Assert.True(threw);
        Assert.Throws<SharedMemoryBoundsException>(() => new SharedView<uint>(Place.In(_space, 0x3010, 4)).Load());
    }

    [Fact]
    public void After_its_end_every_member_throws_and_to_end_it_again_is_nothing()
    {
        _space.Dispose();
        _space.Dispose();
        foreach (Action call in (Action[])
        [
            () => _space.Read<int>(0x1000), () => _space.TryRead(0x1000, out int _), () => _space.TryWrite(0x1000, 1), () => _space.TryCopyTo(0x1000, []),
            () => _space.TryFill(0x1000, 0, 0), () => _space.Contains(0, 1), () => _space.Enter(), () => _space.Unmap(0x1000), () => _space.TrackWrites(null),
            () => _space.Map(0, _low.Host, 0, 1), () => _space.TryAdd(0x1000, 1, out _),
        ])
        {
            Assert.Throws<ObjectDisposedException>(call);
        }
    }

    [Fact]
    public void The_search_finds_each_of_many_regions_and_the_holes_between()
    {
        using var pair = new Pair();
        for (int count = 0; count <= 65; count++)
        {
            using var space = new GuestAddressSpace();
            for (int i = 0; i < count; i++)
            {
                space.Map((ulong)i * 0x20, pair.Host, (ulong)i * 16, 0x10);
                pair.Host.Write((ulong)i * 16, i);
            }

            for (int i = 0; i < count; i++)
            {
                Assert.Equal(i, space.Read<int>((ulong)i * 0x20));
                Assert.True(space.TryRead((ulong)i * 0x20 + 0xF, out byte _));
                Assert.False(space.TryRead((ulong)i * 0x20 + 0x10, out byte _));
                Assert.False(space.TryRead((ulong)i * 0x20 + 0x1F, out byte _));
            }

            Assert.False(space.TryRead((ulong)count * 0x20, out byte _));
            Assert.False(space.TryRead(ulong.MaxValue, out byte _));
        }
    }

    private static byte[] Bytes(Pair pair, ulong offset, int length)
    {
        byte[] bytes = new byte[length];
        pair.Host.CopyTo(offset, bytes);
        return bytes;
    }
}
