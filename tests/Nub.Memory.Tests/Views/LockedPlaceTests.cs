namespace Nub.Memory.Tests.Views;

/// <summary>A place takes part in the lock as what it was bound to: for each access, or not at all under a lease; on the fast path and beside it.</summary>
public class LockedPlaceTests
{
    private const ulong Offset = Places.Offset;

    private delegate void Use(Place place);

    private static readonly Use[] s_uses =
    [
        place => place.Load<uint>(8), place => place.Store(8, 1U), place => place.TryLoad(8, out uint _), place => place.Atomic(AtomicOperation.Add, 8, 1U, 0U),
        place => place.TryAtomic(AtomicOperation.Add, 8, 1U, 0U, out _), place => place.CopyTo(8, new byte[4]), place => place.TryCopyTo(8, new byte[4]), place => place.CopyFrom(8, [1, 2]),
        place => place.Load<UInt128>(8), place => place.Store<UInt128>(8, 1),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void While_somebody_is_exclusive_every_access_of_a_memory_or_space_is_refused(bool isSmall)
    {
        using var pair = new Pair();
        using HostSharedMemory memory = isSmall ? Places.Small() : pair.Host.Clone();
        using var space = new GuestAddressSpace();
        space.Map(0x1000, memory, 0, memory.Size);
        memory.WithExclusivity(_ =>
        {
            foreach (Use use in s_uses)
            {
                Assert.Throws<SharedMemoryLockedException>(() => use(Place.In(memory, Offset, 56)));
                Assert.Throws<SharedMemoryLockedException>(() => use(Place.In(space, 0x1000 + Offset, 56)));
            }
        });
        byte[] bytes = new byte[memory.Size];
        memory.CopyTo(0, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Under_a_lease_every_access_goes_on_when_the_last_owner_is_gone(bool isSmall)
    {
        var pair = new Pair();
        using HostSharedMemory memory = isSmall ? Places.Small() : pair.Host.Clone();
        using HostLease lease = memory.Enter();
        pair.Dispose();
        memory.Dispose();
        foreach (Use use in s_uses)
        {
            use(Place.In(in lease, Offset, 56));
        }

        Assert.Equal((UInt128)1, lease.Read<UInt128>(Offset + 8));
    }

    [Fact]
    public void An_access_is_of_the_bytes_so_far_behind_the_place() => Places.EachPlace(56, static (memory, place) =>
    {
        memory.Write(Offset + 16, 0x0807_0605_0403_0201UL);
        byte[] bytes = new byte[4];
        place.CopyTo(18, bytes);
        Assert.Equal([3, 4, 5, 6], bytes);
        Assert.True(place.TryCopyTo(17, bytes));
        Assert.Equal([2, 3, 4, 5], bytes);
        Assert.True(place.TryLoad(20, out uint value));
        Assert.Equal(0x0807_0605U, value);
        place.CopyFrom(22, [0xAA, 0xBB]);
        Assert.Equal(0xBBAA_0605_0403_0201UL, memory.Read<ulong>(Offset + 16));
        Assert.Equal(0xBBAA_0606U, place.Atomic(AtomicOperation.Add, 20, 1U, 0U));
        Assert.True(place.TryAtomic(AtomicOperation.Exchange, 16, 5U, 0U, out uint was));
        Assert.Equal((0x0403_0201U, 0xBBAA_0606_0000_0005UL), (was, memory.Read<ulong>(Offset + 16)));
        Assert.Equal(5, place.Add(16).Load<byte>(0));
    });

    [Fact]
    public void A_copy_marks_the_page_that_it_is_written_to()
    {
        using var pair = new Pair(4);
        using var space = new GuestAddressSpace();
        space.Map(0, pair.Host, 0, 0x3000);
        var bitmap = new DirtyBitmap(0, 0x3000);
        space.TrackWrites(bitmap);
        Place.In(space, 0x800, 0x1000).CopyFrom(0x900, [1]);
        Assert.Equal((false, true), (bitmap.IsDirty(0), bitmap.IsDirty(0x1000)));
        bitmap.Clear();
        using GuestAddressLease lease = space.Enter();
        Place.In(in lease, 0x800, 0x1000).CopyFrom(0x900, [1]);
        Assert.Equal((false, true), (bitmap.IsDirty(0), bitmap.IsDirty(0x1000)));
        bitmap.Clear();
        Place.In(in lease, 0x800, 0x1000).Atomic(AtomicOperation.Add, 0x900, 1U, 0U);
        Assert.Equal((false, true), (bitmap.IsDirty(0), bitmap.IsDirty(0x1000)));
    }

    [Fact]
    public void As_many_parts_are_behind_a_struct_as_its_field_says_and_the_memory_has()
    {
        using var pair = new Pair();
        using HostSharedMemory small = Places.Small();
        foreach (HostSharedMemory memory in (HostSharedMemory[])[pair.Host, small])
        {
            using var space = new GuestAddressSpace();
            space.Map(0x1000, memory, 0, memory.Size - 100);
            using HostLease lease = memory.Enter();
            using GuestAddressLease held = space.Enter();
            ulong last = memory.Size - 24;
            Check(memory, last, Listed.At(memory, last));
            Check(memory, last, Listed.At(in lease, last));
            Check(memory, last - 100, Listed.At(space, 0x1000 + last - 100));
            Check(memory, last - 100, Listed.At(in held, 0x1000 + last - 100));
            Assert.True(Listed.TryAt(memory, last, out Listed.View view));
            Check(memory, last, view);
            Assert.True(Listed.TryAt(in lease, last, out view));
            Check(memory, last, view);
            Assert.False(Listed.TryAt(memory, memory.Size - 3, out view));
            Assert.Equal("Listed (bound to no memory)", view.ToString());
        }

        // A header of 4 bytes, and room for 5 parts of 4 behind it.
        static void Check(HostSharedMemory memory, ulong at, Listed.View view)
        {
            view.Count = 5;
            Assert.True(view.TryTail(5, out SharedViews<Part, Part.View> tail));
            Assert.Equal(5UL, tail.Count);
            for (int i = 0; i < 5; i++)
            {
                Part.View part = tail[i];
                part.Low = (ushort)(100 + i);
                Assert.Equal((ushort)(100 + i), memory.Read<ushort>(at + 4 + 4 * (ulong)i));
            }

            Assert.False(view.TryTail(4, out tail));
            Assert.Equal(0UL, tail.Count);
            view.Count = 6;
            Assert.False(view.TryTail(100, out tail));
            Assert.Equal(0UL, tail.Count);
            view.Count = 0;
            Assert.True(view.TryTail(0, out tail));
            Assert.Equal(0UL, tail.Count);
        }
    }

    [Fact]
    public void A_struct_larger_than_what_is_turned_at_a_time_is_written_one_by_one()
    {
        using var pair = new Pair(4);
        var large = new Large[2];
        large[0].Number = 0x01020304;
        large[1].Number = 0x05060708;
        large[1].Rest[4098] = 9;
        pair.Host.WriteArray<Large>(8, large);
        Assert.Equal(0x04030201U, pair.Host.Read<uint>(8));
        Assert.Equal(0x08070605U, pair.Host.Read<uint>(8 + 4103));
        Assert.Equal((byte)9, pair.Host.Read<byte>(8 + (2 * 4103) - 1));
    }
}

[AllValid]
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Pack = 1)]
internal partial struct Large
{
    [BigEndian] public uint Number;
    public Bytes4099 Rest;
}
