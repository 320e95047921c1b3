namespace Nub.Memory.Tests.Soundness;

/// <summary>Tails by the members that generated views use, which are public: whatever is asked of it, no element lies beyond the memory or the region.</summary>
public class TailedPlaceTests
{
    [Fact]
    public void A_number_of_more_than_64_bits_is_more_than_any_limit()
    {
        using var pair = new Pair();
        pair.Host.Write(0, (UInt128)1 << 64 | 1);
        Assert.False(pair.Host.At<WideView>(0).Place.TryElements<byte, UInt128>(16, false, 0, false, 4, out _));
        Assert.False(pair.Host.At<WideView>(0).Place.TryElements<byte, UInt128>(16, false, 0, false, ulong.MaxValue, out _));
        pair.Host.Write(0, (UInt128)4);
        Assert.True(pair.Host.At<WideView>(0).Place.TryElements<byte, UInt128>(16, false, 0, false, 4, out SharedArrayView<byte> four));
        Assert.Equal(4ul, four.Count);
        pair.Host.Write(0, Int128.MinValue);
        Assert.False(pair.Host.At<WideView>(0).Place.TryElements<byte, Int128>(16, false, 0, false, ulong.MaxValue, out _));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(17, 0)]
    [InlineData(int.MinValue, 0)]
    [InlineData(int.MaxValue, 0)]
    [InlineData(16, -1)]
    [InlineData(16, 13)]
    [InlineData(16, int.MinValue)]
    [InlineData(16, int.MaxValue)]
    public void A_field_or_a_tail_beyond_the_struct_is_refused(int tail, int count)
    {
        using var pair = new Pair();
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Host.At<WideView>(0).Place.TryElements<byte, uint>(tail, false, count, false, 1, out _));
    }

    [Fact]
    public void All_that_fits_is_given_and_an_element_more_is_not_whatever_the_product_wraps_to()
    {
        using var pair = new Pair();
        ulong left = pair.Host.Size - 16 - 64;
        foreach (ulong count in (ulong[])[left / 8 + 1, 1ul << 61, (1ul << 61) + 1, 1ul << 60, ulong.MaxValue, ulong.MaxValue / 8, ulong.MaxValue / 8 + 1])
        {
            pair.Host.Write(64, (UInt128)count);
            Assert.False(pair.Host.At<WideView>(64).Place.TryElements<ulong, ulong>(16, false, 0, false, ulong.MaxValue, out _));
            Assert.False(pair.Host.At<WideView>(64).Place.TryElements<ulong>(16, false, count, out _));
        }

        Assert.True(pair.Host.At<WideView>(64).Place.TryElements<ulong>(16, false, left / 8, out SharedArrayView<ulong> all));
        all[all.Count - 1] = 7;
        Assert.Equal(7ul, pair.Host.Read<ulong>(pair.Host.Size - 8));
        Assert.True(pair.Host.At<WideView>(pair.Host.Size - 16).Place.TryElements<ulong>(16, false, 0, out SharedArrayView<ulong> none));
        Assert.Equal(0ul, none.Count);
    }

    [Fact]
    public void A_tail_ends_with_its_memory_its_lease_and_its_region()
    {
        using var pair = new Pair();
        using (HostSharedMemory owner = pair.Host.Clone())
        {
            SharedArrayView<byte> tail = Tail(owner.At<WideView>(0));
            owner.Dispose();
            Dies(tail);
        }

        HostLease lease = pair.Host.Enter();
        SharedArrayView<byte> leased = Tail(lease.At<WideView>(0));
        lease.Dispose();
        Dies(leased);

        using var space = new GuestAddressSpace();
        space.Map(0x1000, pair.Host, 0, Pair.Page);
        WideView view = space.At<WideView>(0x1000);
        SharedArrayView<byte> mapped = Tail(view);
        using (GuestAddressLease held = space.Enter())
        {
            WideView other = held.At<WideView>(0x1000);
            SharedArrayView<byte> kept = Tail(other);
            space.Unmap(0x1000);
            kept[0] = 1;
            _ = Tail(other);
        }

        Dies(mapped);
        bool refused = false;
        try
        {
            _ = Tail(view);
        }
        catch (ObjectDisposedException)
        {
            refused = true;
        }

        Assert.True(refused);
    }

    [Fact]
    public void A_default_place_throws_where_elements_are_asked_for() => Assert.Throws<InvalidOperationException>(() => default(WideView).Place.TryElements<byte>(16, false, 1, out _));

    private static SharedArrayView<byte> Tail(WideView view)
    {
        Assert.True(view.Place.TryElements<byte, uint>(16, false, 0, false, 0, out _));
        Assert.True(view.Place.TryElements<byte>(16, false, 64, out SharedArrayView<byte> tail));
        return tail;
    }

    private static void Dies(SharedArrayView<byte> tail)
    {
        bool refused = false;
        try
        {
            tail[0] = 1;
        }
        catch (ObjectDisposedException)
        {
            refused = true;
        }

        Assert.True(refused);
    }

    /// <summary>As a user may write one: it hands out what generated views keep.</summary>
    private readonly ref struct WideView(SharedTailedPlace<UInt128> place) : ISharedView<WideView, UInt128>
    {
        public SharedTailedPlace<UInt128> Place { get; } = place;

        static bool ISharedView<WideView, UInt128>.HasTail => true;

        public static WideView Bind(SharedPlace<UInt128> value) => new(new SharedTailedPlace<UInt128>(value));

        static WideView ISharedView<WideView, UInt128>.Bind(SharedTailedPlace<UInt128> value) => new(value);
    }
}
