namespace Nub.Memory.Tests;

public class GuestLeaseTests
{
    [Fact]
    public void A_running_guest_keeps_exclusivity_out_and_lets_accesses_in()
    {
        using var pair = new Pair();
        GuestLease lease = pair.Guest.EnterGuest();
        Assert.Throws<SharedMemoryLockedException>(() => pair.Host.WithExclusivity(_ => { }));
        Assert.Throws<SharedMemoryLockedException>(() => pair.Guest.WithContents(_ => 0));
        pair.Host.Write(0, 1);
        using (HostLease access = pair.Host.Enter())
        {
            Assert.Equal(1, access.Read<int>(0));
        }

        lease.Dispose();
        pair.Host.WithExclusivity(_ => { });
    }

    [Fact]
    public void It_is_refused_while_somebody_is_exclusive()
    {
        using var pair = new Pair();
        pair.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => pair.Guest.EnterGuest()));
        pair.Guest.EnterGuest().Dispose();
    }

    [Fact]
    public void It_ends_once_through_whatever_copy_and_from_any_thread()
    {
        using var pair = new Pair();
        GuestLease lease = pair.Guest.EnterGuest();
        GuestLease copy = lease;
        object boxed = lease;
        var other = new Thread(() => copy.Dispose());
        other.Start();
        other.Join();
        pair.Host.Zero();

        // To end it again is nothing, and ends no other lease.
        using GuestLease later = pair.Guest.EnterGuest();
        lease.Dispose();
        copy.Dispose();
        ((IDisposable)boxed).Dispose();
        Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
    }

    [Fact]
    public void Of_many_threads_that_end_one_lease_one_does()
    {
        using var pair = new Pair();
        for (int round = 0; round < 200; round++)
        {
            GuestLease other = pair.Guest.EnterGuest();
            GuestLease lease = pair.Guest.EnterGuest();
            Parallel.For(0, 4, _ => lease.Dispose());

            // Ended twice, the count would be that of no lease at all.
            Assert.Throws<SharedMemoryLockedException>(() => pair.Host.WithExclusivity(_ => { }));
            other.Dispose();
            pair.Host.WithExclusivity(_ => { });
        }
    }

    [Fact]
    public void To_end_a_default_lease_is_nothing()
    {
        GuestLease lease = default;
        lease.Dispose();
    }

    [Fact]
    public void Leases_are_equal_when_they_are_the_same_one()
    {
        using var pair = new Pair();
        GuestLease first = pair.Guest.EnterGuest();
        GuestLease second = pair.Guest.EnterGuest();
        GuestLease copy = first;
        Assert.True(first == copy);
        Assert.True(first.Equals((object)copy));
        Assert.Equal(first.GetHashCode(), copy.GetHashCode());
        Assert.True(first != second);
        Assert.False(first.Equals(default(GuestLease)));
        Assert.False(first.Equals("lease"));
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public void Release_waits_for_the_last_lease_and_dispose_does_not()
    {
        var pair = new Pair();
        nint address = pair.Host.BaseAddress;
        GuestLease first = pair.Guest.EnterGuest();
        GuestLease second = pair.Guest.EnterGuest();
        pair.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pair.Guest.EnterGuest());
        Assert.True(ProcessMaps.Contains(address));
        second.Dispose();
        Assert.True(ProcessMaps.Contains(address));
        first.Dispose();
    }
}
