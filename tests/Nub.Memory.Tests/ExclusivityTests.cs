namespace Nub.Memory.Tests;

public class ExclusivityTests
{
    private sealed class OwnException : Exception;

    [Fact]
    public void The_callback_has_the_memory_and_its_changes_stay()
    {
        using var pair = new Pair();
        int result = pair.Host.WithExclusivity(exclusive =>
        {
            exclusive.AsSpan(0, 4).Fill(1);
            exclusive.CopyFrom(4, [2, 3]);
            Assert.Equal(pair.Size, exclusive.Size);
            return 7;
        });
        Assert.Equal(7, result);
        Assert.Equal([1, 1, 1, 1, 2, 3], pair.Contents()[..6]);
        pair.Guest.WithExclusivity(exclusive => exclusive.Zero());
        Assert.All(pair.Contents(), b => Assert.Equal(0, b));
    }

    [Fact]
    public void Nesting_throws_from_every_owner_and_from_the_lent_memory()
    {
        using var pair = new Pair();
        using HostSharedMemory clone = pair.Host.Clone();
        pair.Host.WithExclusivity(exclusive =>
        {
            foreach (SharedMemory memory in (SharedMemory[])[pair.Host, clone, pair.Guest, exclusive])
            {
                Assert.Throws<SharedMemoryLockedException>(() => memory.WithExclusivity(_ => { }));
                Assert.Throws<SharedMemoryLockedException>(() => memory.WithContents(_ => 0));
            }

            Assert.Throws<SharedMemoryLockedException>(pair.Host.Zero);
        });
        pair.Host.WithExclusivity(_ => { });
    }

    [Fact]
    public void Every_host_access_within_is_refused_the_Try_forms_too()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, 64);
        pair.Guest.WithExclusivity(_ =>
        {
            foreach (Action access in (Action[])
            [
                () => pair.Host.Read<int>(0), () => pair.Host.TryRead<int>(0, out int _), () => pair.Host.Write(0, 1),
                () => pair.Host.TryWrite(0, 1), () => pair.Host.CopyTo(0, new byte[1]), () => pair.Host.TryCopyTo(0, new byte[1]),
                () => pair.Host.CopyFrom(0, new byte[1]), () => pair.Host.TryCopyFrom(0, new byte[1]), () => pair.Host.Fill(0, 1, 1),
                () => pair.Host.TryFill(0, 1, 1), () => pair.Host.Add(0, 1), () => pair.Host.Exchange(0, 1),
                () => pair.Host.CompareExchange(0, 1, 1), () => pair.Host.Enter(), () => pair.Guest.EnterGuest(),
                () => stack.Push([1]), () => stack.TryPush([1]), () => stack.Pop(), () => stack.TryPop(new byte[1], out int _),
                stack.Reset, () => SharedView.At<int>(pair.Host, 0).Load(), () => SharedView.At<int>(pair.Host, 0).Store(1),
            ])
            {
                Assert.Throws<SharedMemoryLockedException>(access);
            }

            // What does not touch the bytes works.
            pair.Host.Clone().Dispose();
            Assert.Equal(pair.Size, pair.Host.Size);
        });
        Assert.Equal(0, pair.Host.Read<int>(0));
    }

    [Fact]
    public void What_the_callback_throws_is_passed_on_and_the_memory_is_free_again()
    {
        using var pair = new Pair();
        Assert.Throws<OwnException>(() => pair.Host.WithExclusivity(_ => throw new OwnException()));
        Assert.Throws<OwnException>(() => pair.Host.WithContents<int>(_ => throw new OwnException()));
        pair.Host.Write(0, 1);
        pair.Host.WithExclusivity(_ => { });
        Assert.Throws<ArgumentNullException>(() => pair.Host.WithExclusivity((Action<ExclusiveSharedMemory>)null!));
        Assert.Throws<ArgumentNullException>(() => pair.Host.WithExclusivity((Func<ExclusiveSharedMemory, int>)null!));
        Assert.Throws<ArgumentNullException>(() => pair.Host.WithContents<int>(null!));
    }

    [Fact]
    public void The_lent_memory_cannot_be_built_and_to_dispose_it_is_nothing()
    {
        using var pair = new Pair();
        pair.Host.WithExclusivity(exclusive =>
        {
            Assert.Throws<InvalidOperationException>(() => exclusive.Build());
            exclusive.Dispose();
            exclusive.Dispose();
            exclusive.CopyFrom(0, [1]); // and goes on
        });
        Assert.Equal(1, pair.Host.Read<byte>(0));
    }

    [Fact]
    public void The_lent_memory_is_dead_after_its_callback_and_cannot_reach_a_later_one()
    {
        using var pair = new Pair();
        ExclusiveSharedMemory? kept = null;
        pair.Host.WithExclusivity(exclusive => kept = exclusive);
        AssertDead(kept!);
        pair.Host.WithExclusivity(_ => AssertDead(kept!));
        Assert.Throws<OwnException>(() => pair.Host.WithExclusivity(exclusive =>
        {
            kept = exclusive;
            throw new OwnException();
        }));
        AssertDead(kept!);
        kept = null;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        pair.Host.Write(0, 1); // its finalizer took nothing with it
    }

    [Fact]
    public void An_owner_disposed_within_is_released_afterwards()
    {
        var pair = new Pair();
        nint address = pair.Host.BaseAddress;
        pair.Host.WithExclusivity(exclusive =>
        {
            pair.Dispose();
            exclusive.AsSpan(0, (int)Pair.Page).Fill(3);
            exclusive.Zero();
            Assert.Equal(Pair.Page, exclusive.Size);
            Assert.True(ProcessMaps.Contains(address));
            Assert.Throws<ObjectDisposedException>(() => pair.Host.Read<int>(0));
        });
        Assert.Throws<ObjectDisposedException>(() => pair.Host.Size);
    }

    [Fact]
    public void An_exclusive_memory_lends_itself_and_its_owner_is_locked_meanwhile()
    {
        using var memory = new ExclusiveSharedMemory(Pair.Page);
        memory.WithExclusivity(lent =>
        {
            lent.CopyFrom(0, [5]);
            Assert.Throws<SharedMemoryLockedException>(() => memory.AsSpan(0, 1));
            Assert.Throws<SharedMemoryLockedException>(() => memory.CopyTo(0, new byte[1]));
            Assert.Throws<SharedMemoryLockedException>(() => memory.CopyFrom(0, new byte[1]));
        });
        Assert.Equal(5, memory.AsSpan(0, 1)[0]);
    }

    [Fact]
    public void An_exclusive_memory_built_by_its_own_callback_stays_locked_until_that_ends()
    {
        var memory = new ExclusiveSharedMemory(Pair.Page);
        (HostSharedMemory host, GuestSharedMemory guest) = memory.WithExclusivity(lent =>
        {
            (HostSharedMemory Host, GuestSharedMemory Guest) built = memory.Build();
            Assert.Throws<SharedMemoryLockedException>(() => built.Host.Read<int>(0));
            lent.CopyFrom(0, [1]);
            return built;
        });
        Assert.Equal(1, host.Read<int>(0));
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void WithContents_gives_all_or_a_window()
    {
        using var pair = new Pair(2);
        byte[] model = pair.FillWithPattern();
        Assert.Equal(model, pair.Host.WithContents(contents => contents.ToArray()));
        Assert.Equal(model[100..130], pair.Guest.WithContents(100, 30, contents => contents.ToArray()));
        Assert.Equal(0, pair.Host.WithContents(pair.Size, 0, contents => contents.Length));
        ExclusiveSharedMemoryTests.AssertBounds(pair.Size, 1, () => pair.Host.WithContents(pair.Size, 1, _ => 0), pair.Size);
        ExclusiveSharedMemoryTests.AssertBounds(ulong.MaxValue, 1, () => pair.Host.WithContents(ulong.MaxValue, 1, _ => 0), pair.Size);
        Assert.Throws<ArgumentOutOfRangeException>("length", () => pair.Host.WithContents(0, -1, _ => 0));
    }

    private static void AssertDead(ExclusiveSharedMemory kept)
    {
        Assert.Throws<ObjectDisposedException>(() => kept.AsSpan(0, 1));
        Assert.Throws<ObjectDisposedException>(() => kept.CopyTo(0, new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => kept.CopyFrom(0, new byte[1]));
        Assert.Throws<ObjectDisposedException>(kept.Zero);
        Assert.Throws<ObjectDisposedException>(() => kept.Size);
        Assert.Throws<ObjectDisposedException>(() => kept.WithExclusivity(_ => { }));
    }
}
