namespace Nub.Memory.Tests.Locking;

/// <summary>Who gets in beside whom, and when a region is released: one step after the other, in orders that threads rarely show.</summary>
public class RegionLockTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void What_a_region_is_stays_through_every_kind_of_use(bool isIndirect, bool isReadOnly)
    {
        var region = new Region(isIndirect, isReadOnly);
        AssertTraits();
        Assert.True(region.IsOpen);
        region.EnterExclusive();
        AssertShut();
        region.LeaveExclusive();
        AssertTraits();
        region.EnterExclusive(TimeSpan.Zero);
        AssertShut();
        region.LeaveExclusive();
        AssertTraits();
        region.EnterLease();
        AssertTraits();
        region.LeaveLease();
        region.Leave(region.Enter());
        Assert.Equal(Region.Free, region.DescribeUsers());
        region.RemoveOwner();
        AssertShut();
        Assert.Equal(1, region.Releases);

        void AssertTraits()
        {
            Assert.Equal((isIndirect, isReadOnly), (region.IsIndirect, region.IsReadOnly));
            Assert.Equal((!isIndirect, !isIndirect && !isReadOnly), (region.MayRead, region.MayWrite));
        }

        void AssertShut()
        {
            Assert.Equal((isIndirect, isReadOnly), (region.IsIndirect, region.IsReadOnly));
            Assert.False(region.IsOpen || region.MayRead || region.MayWrite);
        }
    }

    [Fact]
    public void No_two_regions_have_one_id_and_none_is_what_an_idle_slot_holds()
    {
        long[] ids = [.. Enumerable.Range(0, 100).Select(_ => new Region().Id)];
        Assert.Equal(100, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(id < 0)); // neither 0 nor the number of a page
    }

    [Fact]
    public void Exclusivity_is_refused_while_an_access_is_inside_and_the_refusal_leaves_no_trace()
    {
        var region = new Region();
        AccessSlot slot = region.Enter();
        AssertLocked("an access was inside or came in", () => region.EnterExclusive());
        AssertLocked("an access was still inside after 0.5 ms", () => region.EnterExclusive(TimeSpan.FromMilliseconds(0.5)));
        AssertLocked("an access was still inside after 0 ms", () => region.EnterExclusive(TimeSpan.Zero));
        Assert.Equal("1 owners, 0 leases, an access inside", region.UsersFromOutside());
        Assert.True(region.MayRead && region.MayWrite);
        region.EnterLease();
        region.LeaveLease();
        region.Leave(slot);
        region.EnterExclusive();
    }

    [Fact]
    public void Exclusivity_is_refused_while_leases_are_held_and_the_refusal_says_how_many()
    {
        var region = new Region();
        region.EnterLease();
        AssertLocked("exclusively: 1 lease is held", () => region.EnterExclusive());
        AssertLocked("exclusively: 1 lease is held", () => region.EnterExclusive(Timeout.InfiniteTimeSpan));
        region.EnterLease();
        region.EnterLease();
        AssertLocked("exclusively: 3 leases are held", () => region.EnterExclusive());
        region.LeaveLease();
        region.LeaveLease();
        Assert.Equal("1 owners, 1 leases", region.DescribeUsers());
        region.LeaveLease();
        region.EnterExclusive();
    }

    [Fact]
    public void While_somebody_is_exclusive_nobody_else_gets_in()
    {
        var region = new Region();
        foreach (bool isPatient in (bool[])[false, true])
        {
            _ = isPatient ? region.EnterExclusive(TimeSpan.Zero) : region.EnterExclusive();
            foreach (Action entry in (Action[])
            [
                () => region.EnterExclusive(), () => region.EnterExclusive(Timeout.InfiniteTimeSpan), region.EnterLease,
                () => region.Enter(), () => region.Wait(region.Publish()), () => region.TryWait(region.Publish()),
            ])
            {
                AssertLocked("The memory is held exclusively", entry);
            }

            Assert.Equal("1 owners, 0 leases, held exclusively", region.DescribeUsers());
            region.LeaveExclusive();
            Assert.Equal(Region.Free, region.DescribeUsers());
        }
    }

    [Fact]
    public void A_ticket_is_good_for_the_exclusivity_it_was_given_for()
    {
        var region = new Region();
        long first = region.EnterExclusive();
        region.Leave(region.EnterHeld(first));
        region.LeaveExclusive();
        AssertEnded(first);
        long second = region.EnterExclusive(TimeSpan.Zero);
        Assert.NotEqual(first, second);
        AssertEnded(first);
        region.Leave(region.EnterHeld(second));
        region.LeaveExclusive();
        AssertEnded(second);
        region.EnterExclusive(); // who was refused was not left inside

        void AssertEnded(long ticket)
        {
            ObjectDisposedException refusal = Assert.Throws<ObjectDisposedException>(() => region.EnterHeld(ticket));
            Assert.Contains("callback, which has ended", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(nameof(ExclusiveSharedMemory), refusal.ObjectName);
        }
    }

    [Fact]
    public void A_change_of_what_was_lent_is_alone_and_for_the_ticket_it_was_lent_with()
    {
        var region = new Region();
        bool isElsewhere = true;
        long ticket = region.EnterExclusive();
        AccessSlot slot = region.EnterHeld(ticket);
        Assert.False(region.TryBeginChange(ticket, in isElsewhere, out bool hasEnded));
        Assert.False(hasEnded);
        Assert.Equal("1 owners, 0 leases, held exclusively", region.DescribeUsers());

        // Where no other thread has used the region, accesses are not looked for, and one of the thread's own is not in the way.
        bool isNotElsewhere = false;
        Assert.True(region.TryBeginChange(ticket, in isNotElsewhere, out _));
        region.EndChange();
        region.Leave(slot);
        Assert.True(region.TryBeginChange(ticket, in isElsewhere, out _));
        Assert.Equal("1 owners, 0 leases, held exclusively, and changed", region.DescribeUsers());
        Assert.False(region.TryBeginChange(ticket, in isElsewhere, out hasEnded));
        Assert.False(hasEnded);
        AssertLocked("Another thread that has the exclusive memory too", () => region.EnterHeld(ticket));
        foreach (Action entry in (Action[])
        [
            () => region.EnterExclusive(), () => region.EnterExclusive(TimeSpan.Zero), region.EnterLease, () => region.Enter(), () => region.TryWait(region.Publish()),
        ])
        {
            AssertLocked("The memory is held exclusively", entry);
        }

        // Closed meanwhile: the last one releases it.
        region.RemoveOwner();
        Assert.Equal(0, region.Releases);
        region.EndChange();
        Assert.True(region.TryBeginChange(ticket, in isElsewhere, out _));
        region.EndChange();
        Assert.Equal(0, region.Releases);
        region.LeaveExclusive();
        Assert.Equal(1, region.Releases);
        Assert.False(region.TryBeginChange(ticket, in isElsewhere, out hasEnded));
        Assert.True(hasEnded);
        Assert.Contains("has ended", Assert.Throws<ObjectDisposedException>(() => RegionLock.ThrowNotHeld(hasEnded)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Patience_without_end_waits_for_who_is_inside_and_for_nobody_new()
    {
        var region = new Region();
        AccessSlot slot = region.Enter();
        var claimant = new Thread(() => region.EnterExclusive(Timeout.InfiniteTimeSpan));
        claimant.Start();
        Patience.WaitUntil(() => region.DescribeUsers().EndsWith("held exclusively", StringComparison.Ordinal));
        AssertLocked("The memory is held exclusively", region.EnterLease);
        region.Leave(slot);
        claimant.Join();
        Assert.Equal("1 owners, 0 leases, held exclusively", region.DescribeUsers());
    }

    [Fact]
    public void A_claim_that_sleeps_keeps_out_other_claims_and_nobody_else()
    {
        var region = new Region();
        region.LeaveClaimed();
        Assert.Equal("1 owners, 0 leases, claimed exclusively", region.DescribeUsers());
        AssertLocked("an access was inside or came in", () => region.EnterExclusive());
        Assert.Equal("1 owners, 0 leases, claimed exclusively", region.DescribeUsers());
        AccessSlot slot = region.Enter();
        Assert.Equal("1 owners, 0 leases, an access inside", region.UsersFromOutside());
        region.Leave(slot);
        region.LeaveClaimed();
        slot = region.Publish();
        Assert.True(region.TryWait(slot));
        Assert.Equal("1 owners, 0 leases, an access inside", region.UsersFromOutside());
        region.Leave(slot);
        region.LeaveClaimed();
        region.EnterLease();
        Assert.Equal("1 owners, 1 leases", region.DescribeUsers());
        region.LeaveLease();
        region.LeaveClaimed();
        region.Leave(region.EnterHeld(region.EnterExclusive(TimeSpan.Zero)));
        region.LeaveExclusive();
        Assert.Equal(Region.Free, region.DescribeUsers());
    }

    [Fact]
    public void A_region_is_closed_by_its_last_owner_and_takes_no_new_users()
    {
        var region = new Region();
        region.AddOwner();
        region.AddOwner();
        Assert.Equal("3 owners, 0 leases", region.DescribeUsers());
        region.RemoveOwner();
        region.RemoveOwner();
        Assert.True(region.IsOpen);
        region.RemoveOwner();
        Assert.Equal("0 owners, 0 leases, released", region.DescribeUsers());
        foreach (Action entry in (Action[])
        [
            () => region.EnterExclusive(), () => region.EnterExclusive(TimeSpan.Zero), region.EnterLease, () => region.Enter(),
            () => region.Wait(region.Publish()),
        ])
        {
            ObjectDisposedException refusal = Assert.Throws<ObjectDisposedException>(entry);
            Assert.Equal(nameof(SharedMemory), refusal.ObjectName);
            Assert.StartsWith("The last owner of the memory was disposed.", refusal.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ObjectDisposedException>(region.AddOwner);
        Assert.False(region.TryWait(region.Publish()));
        Assert.Equal("0 owners, 0 leases, released", region.UsersFromOutside());
        Assert.Equal(1, region.Releases);
    }

    [Fact]
    public void Whoever_leaves_last_releases_a_closed_region_once()
    {
        var region = new Region();
        AccessSlot slot = region.Enter();
        Close(region);
        region.Leave(slot);
        AssertReleased(region);

        region = new Region();
        slot = region.Enter();
        Close(region);
        Assert.Equal(7, region.Leave(slot, 7));
        AssertReleased(region);

        // An access that has not looked yet when the region is closed.
        region = new Region();
        slot = region.Publish();
        Close(region);
        Assert.False(region.TryWait(slot));
        AssertReleased(region);

        region = new Region();
        region.EnterLease();
        Close(region);
        region.LeaveLease();
        AssertReleased(region);

        region = new Region();
        region.EnterExclusive();
        Close(region);
        region.LeaveExclusive();
        AssertReleased(region);

        static void Close(Region region)
        {
            region.RemoveOwner();
            Assert.Equal(0, region.Releases);
            Assert.EndsWith(", closed", region.UsersFromOutside(), StringComparison.Ordinal);
        }

        static void AssertReleased(Region region) => Assert.Equal((1, "0 owners, 0 leases, released"), (region.Releases, region.UsersFromOutside()));
    }

    [Fact]
    public void Of_several_users_of_a_closed_region_the_last_releases_it()
    {
        var region = new Region();
        AccessSlot outer = region.Enter();
        AccessSlot inner = region.Enter();
        region.EnterLease();
        region.RemoveOwner();
        region.Leave(inner);
        region.LeaveLease();
        Assert.Equal(0, region.Releases);
        region.Leave(outer);
        Assert.Equal(1, region.Releases);

        // Memory that was lent is entered while exclusivity is held.
        region = new Region();
        AccessSlot lent = region.EnterHeld(region.EnterExclusive());
        region.RemoveOwner();
        region.LeaveExclusive();
        Assert.Equal((0, "0 owners, 0 leases, an access inside, closed"), (region.Releases, region.UsersFromOutside()));
        region.Leave(lent);
        Assert.Equal(1, region.Releases);
    }

    [Fact]
    public void One_lease_more_than_can_be_counted_is_refused()
    {
        var region = new Region();
        region.LeaveFullyLeased();
        Assert.Contains("16777215 leases", Assert.Throws<SharedMemoryLockedException>(region.EnterLease).Message, StringComparison.Ordinal);
        Assert.Equal("1 owners, 16777215 leases", region.DescribeUsers());
        region.LeaveLease();
        region.EnterLease();
        Assert.Equal("1 owners, 16777215 leases", region.DescribeUsers());
    }

    private static void AssertLocked(string reason, Action entry) =>
        Assert.Contains(reason, Assert.Throws<SharedMemoryLockedException>(entry).Message, StringComparison.Ordinal);
}
