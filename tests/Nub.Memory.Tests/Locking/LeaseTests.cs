using System.Runtime.CompilerServices;

namespace Nub.Memory.Tests.Locking;

/// <summary>Leases as values: what each may do, which region it is of, and that none is ended twice or in another's name.</summary>
[Collection(Alone.Name)]
public class LeaseTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void A_lease_may_do_on_the_fast_path_what_its_region_allows(bool isIndirect, bool isReadOnly)
    {
        var region = new Region(isIndirect, isReadOnly);
        for (int i = 0; i < 3; i++)
        {
            var lease = Lease.Begin(region);
            Assert.Equal("1 owners, 1 leases", region.DescribeUsers());
            Assert.Equal((true, false), (lease.IsLive, lease.IsDefault));
            Assert.Equal((!isIndirect, !isIndirect && !isReadOnly), (lease.MayRead, lease.MayWrite));
            if (isIndirect || isReadOnly)
            {
                Assert.Same(region, lease.SlowRegion);
            }

            lease.ThrowIfDead();
            Assert.True(lease.End(region));
            AssertDead(lease);
            Assert.False(lease.End(region));
            Assert.Equal(Region.Free, region.DescribeUsers());
        }
    }

    [Fact]
    public void A_default_lease_may_nothing_and_ends_nothing()
    {
        Lease lease = default;
        Assert.Equal((true, false, false, false), (lease.IsDefault, lease.IsLive, lease.MayRead, lease.MayWrite));
        Assert.False(lease.End(new Region()));
        Assert.Contains("default lease", Assert.Throws<InvalidOperationException>(lease.ThrowIfDead).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_region_that_it_was_begun_on_ends_a_lease()
    {
        var region = new Region();
        var other = new Region();
        var lease = Lease.Begin(region);
        var ofOther = Lease.Begin(other);
        Assert.False(lease.End(null));
        Assert.False(lease.End(other));
        Assert.True(lease.IsLive);
        Assert.Equal("1 owners, 1 leases", other.DescribeUsers());
        Assert.True(ofOther.End(other));
        Assert.True(lease.End(region));
    }

    /// <summary>As a copy may be that was made while another lease was written over it.</summary>
    [Fact]
    public void A_lease_with_the_cell_of_one_and_the_count_of_another_is_none()
    {
        var region = new Region();
        Lease[] leases = [.. Enumerable.Range(0, 20).Select(_ => Lease.Begin(region))];
        foreach (Lease one in leases)
        {
            foreach (Lease other in leases.Where(other => other != one))
            {
                Parts mixed = Unsafe.BitCast<Lease, Parts>(one) with { Count = Unsafe.BitCast<Lease, Parts>(other).Count };
                Lease torn = Unsafe.BitCast<Parts, Lease>(mixed);
                AssertDead(torn);
                Assert.False(torn.End(region));
            }
        }

        Assert.Equal("1 owners, 20 leases", region.DescribeUsers());
        Assert.All(leases, lease => Assert.True(lease.End(region)));
    }

    [Fact]
    public void Each_of_many_leases_that_go_the_slow_way_finds_its_own_region()
    {
        Region[] regions = [.. Enumerable.Range(0, 100).Select(i => new Region(isIndirect: i % 2 == 0, isReadOnly: true))];
        Lease[] leases = [.. regions.Select(Lease.Begin)];
        for (int i = 0; i < regions.Length; i++)
        {
            Assert.Same(regions[i], leases[i].SlowRegion);
        }

        // Others take the cells that are given back.
        for (int i = 0; i < regions.Length; i += 3)
        {
            Assert.True(leases[i].End(regions[i]));
        }

        Region[] later = [.. Enumerable.Range(0, 50).Select(_ => new Region(isReadOnly: true))];
        Lease[] laterLeases = [.. later.Select(Lease.Begin)];
        for (int i = 0; i < later.Length; i++)
        {
            Assert.Same(later[i], laterLeases[i].SlowRegion);
            Assert.True(laterLeases[i].End(later[i]));
        }

        for (int i = 0; i < regions.Length; i++)
        {
            if (i % 3 == 0)
            {
                AssertDead(leases[i]);
            }
            else
            {
                Assert.Same(regions[i], leases[i].SlowRegion);
                Assert.True(leases[i].End(regions[i]));
            }
        }
    }

    [Fact]
    public void A_lease_that_has_ended_keeps_no_region()
    {
        WeakReference[] regions = [.. Enumerable.Range(0, 10).Select(i => LeaseAndForget(isIndirect: i % 2 == 0))];
        GC.Collect();
        Assert.All(regions, region => Assert.False(region.IsAlive));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference LeaseAndForget(bool isIndirect)
        {
            var region = new Region(isIndirect, isReadOnly: true);
            Assert.True(Lease.Begin(region).End(region));
            return new WeakReference(region);
        }
    }

    [Fact]
    public void All_leases_that_a_process_can_count_are_held_at_once_and_the_next_is_refused()
    {
        var region = new Region();
        var leases = new List<Lease>(LeaseCells.Capacity);
        SharedMemoryLockedException? refusal = null;
        while (refusal is null)
        {
            try
            {
                leases.Add(Lease.Begin(region));
            }
            catch (SharedMemoryLockedException exception)
            {
                refusal = exception;
            }
        }

        // Of tests before, a few may never have been ended.
        Assert.Contains($"{LeaseCells.Capacity} leases", refusal.Message, StringComparison.Ordinal);
        Assert.InRange(leases.Count, LeaseCells.Capacity - 1000, LeaseCells.Capacity);
        Assert.Equal($"1 owners, {leases.Count} leases", region.DescribeUsers());

        // So no copy that was made while another lease was written over it, with the cell of one and the count of the other, is a lease.
        Assert.Equal(leases.Count, leases.Select(static lease => Unsafe.BitCast<Lease, Parts>(lease).Count).Distinct().Count());

        // One that its region refuses has given back what it would have been counted in.
        var shut = new Region();
        shut.EnterExclusive();
        Assert.True(leases[7].End(region));
        Assert.Contains("exclusively", Assert.Throws<SharedMemoryLockedException>(() => Lease.Begin(shut)).Message, StringComparison.Ordinal);
        leases[7] = Lease.Begin(region);
        Assert.Throws<SharedMemoryLockedException>(() => Lease.Begin(region));
        Assert.Equal(leases.Count, leases.Count(lease => lease.IsLive && lease.End(region)));
        Assert.Equal(Region.Free, region.DescribeUsers());
    }

    private static void AssertDead(Lease lease)
    {
        Assert.Equal((false, false, false), (lease.IsLive, lease.MayRead, lease.MayWrite));
        Assert.Contains("was disposed", Assert.Throws<ObjectDisposedException>(lease.ThrowIfDead).Message, StringComparison.Ordinal);
    }

    private readonly record struct Parts(nuint Cell, long Count);
}
