namespace Nub.Memory.Tests;

[Collection(Alone.Name)]
public class HostLeaseTests
{
    [Fact]
    public void A_lease_keeps_exclusivity_out_until_it_is_disposed()
    {
        using var pair = new Pair();
        HostLease access = pair.Host.Enter();
        Assert.Equal(pair.Size, access.Size);
        Assert.Throws<SharedMemoryLockedException>(() => pair.Guest.WithExclusivity(_ => { }));
        Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
        access.Write(0, 5);
        Assert.Equal(5, pair.Host.Read<int>(0));
        access.Dispose();
        pair.Host.Zero();
        Assert.Equal(0, pair.Host.Read<int>(0));
    }

    [Fact]
    public void Leases_nest_and_end_in_any_order()
    {
        using var pair = new Pair();
        HostLease first = pair.Host.Enter();
        HostLease second = pair.Host.Enter();
        first.Dispose();
        second.Write(0, 1);
        Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
        second.Dispose();
        pair.Host.Zero();
    }

    [Fact]
    public void A_copy_is_the_same_lease_and_dies_with_it()
    {
        using var pair = new Pair();
        HostLease access = pair.Host.Enter();
        HostLease copy = access;
        copy.Write(8, 3);
        copy.Dispose();
        AssertDead<ObjectDisposedException>(access);
#pragma warning disable NUB0010 // Neither reads anything.
        AssertDead<ObjectDisposedException>(copy);
#pragma warning restore NUB0010
        access.Dispose();
        copy.Dispose();
        pair.Host.Zero(); // the count was not harmed
    }

    [Fact]
    public void A_dead_lease_does_not_come_alive_with_a_later_one_nor_end_it()
    {
        using var pair = new Pair();
        HostLease dead = pair.Host.Enter();
        dead.Dispose();
        for (int i = 0; i < 50; i++)
        {
            HostLease live = pair.Host.Enter();
            AssertDead<ObjectDisposedException>(dead);
            dead.Dispose();
            Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
            live.Dispose();
        }
    }

    [Fact]
    public void A_default_lease_throws_from_every_member()
    {
        AssertDead<InvalidOperationException>(default);
        default(HostLease).Dispose();
    }

    [Fact]
    public void A_lease_outlives_its_owner()
    {
        var pair = new Pair();
        HostLease access = pair.Host.Enter();
        nint address = pair.Host.BaseAddress;
        pair.Dispose();
        access.Write(0, 42);
        Assert.Equal(42, access.Read<int>(0));
        Assert.True(ProcessMaps.Contains(address));
        access.Dispose();
        AssertDead<ObjectDisposedException>(access);
    }

    [Fact]
    public void Views_are_used_under_their_lease_only()
    {
        using var pair = new Pair();
        HostLease access = pair.Host.Enter();
        SharedView<uint> view = SharedView.At<uint>(in access, 4);
        SharedArrayView<ushort> array = SharedArrayView.At<ushort>(in access, 8, 4);
        view.Store(0x01020304);
        array[3] = 9;
        Assert.Equal(0x01020304U, view.Load());
        Assert.Equal((ushort)9, array.At(3).Load());
        access.Dispose();
        Throws<ObjectDisposedException, uint>(view, v => v.Load());
        Throws<ObjectDisposedException, uint>(view, v => v.Store(1));
        bool threw = false;
        try
        {
            _ = array[0];
        }
        catch (ObjectDisposedException)
        {
            threw = true;
        }

        Assert.True(threw);
    }

    [Fact]
    public void Many_leases_do_not_allocate_once_the_thread_is_warm()
    {
        using var pair = new Pair();
        pair.Host.Enter().Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            HostLease outer = pair.Host.Enter();
            outer.Dispose();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private delegate void Use(HostLease access);

    private delegate void UseView<[AllValid] T>(SharedView<T> view) where T : unmanaged;

    private static void AssertDead<TException>(HostLease access) where TException : Exception
    {
        Throws<TException>(access, a => _ = a.Size);
        Throws<TException>(access, a => a.Read<byte>(0));
        Throws<TException>(access, a => a.TryRead<byte>(0, out _));
        Throws<TException>(access, a => a.TryRead<byte>(ulong.MaxValue, out _));
        Throws<TException>(access, a => a.Write<byte>(0, 1));
        Throws<TException>(access, a => a.TryWrite<byte>(0, 1));
        Throws<TException>(access, a => a.CopyTo(0, new byte[1]));
        Throws<TException>(access, a => a.TryCopyTo(0, new byte[1]));
        Throws<TException>(access, a => a.CopyFrom(0, new byte[1]));
        Throws<TException>(access, a => a.TryCopyFrom(0, new byte[1]));
        Throws<TException>(access, a => a.Fill(0, 1, 1));
        Throws<TException>(access, a => a.TryFill(0, 1, 1));
        Throws<TException>(access, a => SharedView.At<uint>(in a, 0));
        Throws<TException>(access, a => SharedArrayView.At<uint>(in a, 0, 1));
    }

    // Assert.Throws takes no ref struct.
    private static void Throws<TException>(HostLease access, Use use) where TException : Exception
    {
        try
        {
            use(access);
        }
        catch (TException)
        {
            return;
        }

        Assert.Fail($"No {typeof(TException).Name}.");
    }

    private static void Throws<TException, [AllValid] T>(SharedView<T> view, UseView<T> use)
        where TException : Exception where T : unmanaged
    {
        try
        {
            use(view);
        }
        catch (TException)
        {
            return;
        }

        Assert.Fail($"No {typeof(TException).Name}.");
    }
}
