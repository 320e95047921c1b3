using Microsoft.Win32.SafeHandles;
using Nub.Memory.Tests.Locking;

namespace Nub.Memory.Tests.Views;

/// <summary>Views by guest address: in one region or not at all, marked where they write, and refused where a region is read only or its bytes are gone.</summary>
public sealed class GuestPlaceTests : IDisposable
{
    private static readonly ulong Page = Pair.Page;

    private readonly Pair _pair = new(4);
    private readonly HostSharedMemory _small = Places.Small();
    private readonly GuestAddressSpace _space = new();

    public GuestPlaceTests()
    {
        _space.Map(0x1000, _pair.Host, 0, 0x1000);
        _space.Map(0x2000, _pair.Host, 0x2000, 0x1000);
        _space.Map(0x5000, _small, 0, _small.Size);
    }

    public void Dispose()
    {
        _space.Dispose();
        _small.Dispose();
        _pair.Dispose();
    }

    [Theory]
    [InlineData(0x0FFFUL)]
    [InlineData(0x1FFDUL)]
    [InlineData(0x2FFDUL)]
    [InlineData(0x3000UL)]
    [InlineData(ulong.MaxValue)]
    public void A_place_that_is_not_wholly_in_one_region_is_refused(ulong address)
    {
        Refused(() => Part.At(_space, address));
        Refused(() => Leased(lease => Part.At(in lease, address)));
        Assert.False(Part.TryAt(_space, address, out Part.View view));
        Assert.Equal("Part (bound to no memory)", view.ToString());
        Leased(lease =>
        {
            Assert.False(Part.TryAt(in lease, address, out Part.View leased));
            Assert.Equal("Part (bound to no memory)", leased.ToString());
        });

        void Refused(Action bind)
        {
            SharedMemoryBoundsException refusal = Assert.Throws<SharedMemoryBoundsException>(bind);
            Assert.Equal((address, 4UL), (refusal.Offset, refusal.Length));
        }
    }

    [Fact]
    public void A_place_at_the_end_of_a_region_is_in_it()
    {
        Part.View view = Part.At(_space, 0x1FFC);
        view.Low = 1;
        Assert.True(Part.TryAt(_space, 0x2FFC, out view));
        view.Low = 2;
        Leased(lease =>
        {
            Part.View leased = Part.At(in lease, 0x2000);
            leased.Low = 3;
            Assert.True(Part.TryAt(in lease, 0x1FF8, out leased));
            leased.Low = 4;
        });
        HostSharedMemory host = _pair.Host;
        Assert.Equal((1, 2, 3, 4), (host.Read<ushort>(0xFFC), host.Read<ushort>(0x2FFC), host.Read<ushort>(0x2000), host.Read<ushort>(0xFF8)));
    }

    [Fact]
    public void After_the_end_of_the_space_or_its_lease_nothing_is_bound()
    {
        GuestAddressLease ended = _space.Enter();
        ended.Dispose();
        bool isRefused = false;
        try
        {
            Part.TryAt(in ended, 0x1000, out _);
        }
        catch (ObjectDisposedException)
        {
            isRefused = true;
        }

        Assert.True(isRefused);
        _space.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Part.At(_space, 0x1000));
        Assert.Throws<ObjectDisposedException>(() => Part.TryAt(_space, 0x1000, out _));
    }

    /// <summary>A page for each kind of write, of a memory that is written on the fast path and of one that is not.</summary>
    [Theory]
    [InlineData(0x1000UL)]
    [InlineData(0x5000UL)]
    public void Each_way_to_write_marks_its_page_and_none_to_read_does(ulong address)
    {
        var bitmap = new DirtyBitmap(0, 0x6000);
        _space.TrackWrites(bitmap);
        var legal = new Checked { Last = true };
        Check(true, place => place.Write(0, 1U), place => place.Write(0, 1U));
        Check(true, place => place.Store(default), place => place.Store(default));
        Check(true, place => place.Atomic<uint>(0).Add(1), place => place.Atomic<uint>(0).Or(1));
        Check(true, place => place.Atomic<uint>(0).TryAdd(1, out _), place => place.Atomic<uint>(0).TryAdd(1, out _));
        Check(true, place => new SharedPlace<Checked>(place.Place).StoreValidated(in legal), place => new SharedPlace<Checked>(place.Place).StoreValidated(in legal));
        Check(false, place => place.Load(), place => place.Read<uint>(8));
        Check(false, place => place.ToString(), place => new SharedPlace<Checked>(place.Place).TryLoad(out _));

        void Check(bool isMarked, UsePlace first, UsePlace second)
        {
            bitmap.Clear();
            first(new SharedPlace<Entry>(Place.In(_space, address, 56)));
            Assert.Equal(isMarked, bitmap.IsDirty(address));
            bitmap.Clear();
            Leased(lease => second(new SharedPlace<Entry>(Place.In(in lease, address, 56))));
            Assert.Equal(isMarked, bitmap.IsDirty(address));
            Assert.Equal(isMarked ? 1UL : 0, bitmap.Take(new ulong[bitmap.WordCount]));
        }
    }

    /// <summary>The region that a view writes through goes after its store, and before the page is marked.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_view_wrote_beside_the_end_of_its_region_is_marked_at_every_address(bool isSpaceDisposed)
    {
        var mapping = new SteppedMapping();
        using HostSharedMemory memory = HostSharedMemory.Over(() => mapping);
        using var space = new GuestAddressSpace();
        space.Map(0x1000, memory, 0, 0x1000);
        space.Map(0x5000, memory, 0, 0x1000);
        var bitmap = new DirtyBitmap(0, 0x8000);
        space.TrackWrites(bitmap);
        mapping.Step = isSpaceDisposed ? space.Dispose : () => space.Unmap(0x1000);
        new SharedView<uint>(Place.In(space, 0x1000, 4)).Store(7);
        mapping.Step = null;
        Assert.Equal(7U, memory.Read<uint>(0));
        Assert.True(bitmap.IsDirty(0x1000));
        Assert.True(bitmap.IsDirty(0x5000));
        Assert.Equal(2UL, bitmap.Take(new ulong[bitmap.WordCount]));
    }

    [SkippableFact]
    public void A_region_that_was_opened_for_reading_is_read_and_not_written()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(Page);
        RandomAccess.Write(file, [42], 8);
        using HostSharedMemory memory = HostSharedMemory.Open(file, 0, Page, SharedMemoryAccess.Read, allowUnsealed: true);
        _space.Map(0x7000, memory, 0, Page);
        using HostLease lease = memory.Enter();
        using GuestAddressLease held = _space.Enter();
        Check(new SharedPlace<Entry>(Place.In(memory, 0, 56)), isOfSpace: false);
        Check(new SharedPlace<Entry>(Place.In(in lease, 0, 56)), isOfSpace: false);
        Check(new SharedPlace<Entry>(Place.In(_space, 0x7000, 56)), isOfSpace: true);
        Check(new SharedPlace<Entry>(Place.In(in held, 0x7000, 56)), isOfSpace: true);

        static void Check(SharedPlace<Entry> place, bool isOfSpace)
        {
            Assert.Equal(42U, place.Read<uint>(8));
            Assert.Equal(42U, place.Load().Number);
            AssertNotSupported(place, place => place.Write(8, 1U));
            AssertNotSupported(place, place => place.Store(default));
            AssertNotSupported(place, place => place.Atomic<uint>(8).Add(1));
            if (isOfSpace)
            {
                // The guest's choice, as a wrong alignment is.
                Assert.False(place.Atomic<uint>(8).TryAdd(1, out uint result));
                Assert.Equal(0U, result);
            }
            else
            {
                AssertNotSupported(place, place => place.Atomic<uint>(8).TryAdd(1, out _));
            }

            Assert.Equal(42U, place.Read<uint>(8));
        }
    }

    [SkippableFact]
    public void A_place_whose_bytes_are_gone_says_so()
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * Page);
        using HostSharedMemory memory = HostSharedMemory.Open(file, 0, 2 * Page);
        _space.Map(0x7000, memory, 0, 2 * Page);
        using HostLease lease = memory.Enter();
        using GuestAddressLease held = _space.Enter();
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)Page));
        Check(new SharedPlace<Entry>(Place.In(memory, Page, 56)), Place.In(memory, Page, 8));
        Check(new SharedPlace<Entry>(Place.In(in lease, Page, 56)), Place.In(in lease, Page, 8));
        Check(new SharedPlace<Entry>(Place.In(_space, 0x7000 + Page, 56)), Place.In(_space, 0x8000, 8));
        Check(new SharedPlace<Entry>(Place.In(in held, 0x7000 + Page, 56)), Place.In(in held, 0x8000, 8));

        static void Check(SharedPlace<Entry> place, Place checkedPlace)
        {
            AssertFault(4, place, place => place.Read<uint>(8));
            AssertFault(4, place, place => place.Write(8, 1U));
            AssertFault(56, place, place => place.Load());
            AssertFault(56, place, place => place.Store(default));
            AssertFault(4, place, place => place.Atomic<uint>(8).Add(1));
            Assert.False(place.Atomic<uint>(8).TryAdd(1, out uint result));
            Assert.Equal(0U, result);
            Assert.StartsWith("Entry (", place.ToString(), StringComparison.Ordinal);
            var validated = new SharedPlace<Checked>(checkedPlace);
            Assert.False(validated.TryLoad(out _));
            bool isFault = false;
            try
            {
                validated.StoreValidated(default);
            }
            catch (SharedMemoryFaultException)
            {
                isFault = true;
            }

            Assert.True(isFault);
            Assert.False(new SharedTailedPlace<uint>(place.Field<uint>(8)).TryElements<uint, uint>(4, false, 0, false, 8, out _));
        }
    }

    private delegate void UseLease(GuestAddressLease lease);

    private delegate void UsePlace(SharedPlace<Entry> place);

    private void Leased(UseLease use)
    {
        using GuestAddressLease lease = _space.Enter();
        use(lease);
    }

    private static void AssertFault(ulong length, SharedPlace<Entry> place, UsePlace use)
    {
        try
        {
            use(place);
        }
        catch (SharedMemoryFaultException fault)
        {
            Assert.Equal((length == 4 ? Page + 8 : Page, length), (fault.Offset, fault.Length));
            return;
        }

        Assert.Fail("Nothing was said.");
    }

    private static void AssertNotSupported(SharedPlace<Entry> place, UsePlace use)
    {
        try
        {
            use(place);
        }
        catch (NotSupportedException)
        {
            return;
        }

        Assert.Fail("It was written.");
    }
}
