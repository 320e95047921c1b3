using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>Races that a careless host can run into, each of which once did harm.</summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class RaceTests(ITestOutputHelper output)
{
    [Fact]
    public void A_push_or_pop_that_exclusivity_refuses_has_changed_nothing()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, pair.Size);
        stack.Reset();
        using var stop = new CancellationTokenSource();
        int held = 0;
        int refused = 0;
        var exclusive = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    pair.Guest.WithExclusivity(_ => Hold(held++ % 2 == 0));
                }
                catch (SharedMemoryLockedException)
                {
                }
            }
        });
        exclusive.Start();
        var clock = Stopwatch.StartNew();
        try
        {
            byte[] message = new byte[100];
            byte[] room = new byte[200];
            BitConverter.TryWriteBytes(message, 96U);
            for (int i = 0; clock.ElapsedMilliseconds < 3000; i++)
            {
                BitConverter.TryWriteBytes(message.AsSpan(4), i);
                Insist(() => Push(stack, message));
                Assert.Equal(i, (i % 3) switch
                {
                    0 => Insist(() => BitConverter.ToInt32(stack.Pop(), 4)),
                    1 => Insist(() => stack.Pop(element => BitConverter.ToInt32(element[4..]))),
                    _ => Insist(() => stack.Pop(room)) == 100 ? BitConverter.ToInt32(room, 4) : -1,
                });
            }
        }
        finally
        {
            stop.Cancel();
            exclusive.Join();
        }

        Assert.Equal(8UL, pair.Host.Read<ulong>(0));
        Assert.All(pair.Contents()[8..], b => Assert.Equal(0, b));
        output.WriteLine($"{refused} calls refused, {held} times exclusive");
        Assert.True(refused > 0, $"Not one call was refused, and {held} times the memory was held exclusively.");

        T Insist<T>(Func<T> call)
        {
            while (true)
            {
                try
                {
                    return call();
                }
                catch (SharedMemoryLockedException)
                {
                    Volatile.Write(ref refused, refused + 1);
                }
            }
        }

        // Every other time until a call was refused: for a short time alone, a processor that is slow or emulated
        // would never come into it.
        void Hold(bool shortly)
        {
            int before = Volatile.Read(ref refused);
            Thread.SpinWait(20);
            while (!shortly && Volatile.Read(ref refused) == before && !stop.IsCancellationRequested)
            {
                Thread.Yield();
            }
        }

        static int Push(SharedStack stack, byte[] message)
        {
            stack.Push(message);
            return 0;
        }
    }

    [Fact]
    public void A_lease_copied_while_it_is_overwritten_ends_one_lease_or_none_and_never_anothers()
    {
        using var one = new Pair();
        using var two = new Pair();
        for (int round = 0; round < 300; round++)
        {
            GuestLease first = one.Guest.EnterGuest();
            GuestLease second = two.Guest.EnterGuest();
            GuestLease shared = first;
            using var go = new Barrier(2);
            var flipper = new Thread(() =>
            {
                go.SignalAndWait();
                for (int i = 0; i < 3000; i++)
                {
                    shared = second;
                    shared = first;
                }
            });
            flipper.Start();
            go.SignalAndWait();
            for (int i = 0; i < 300; i++)
            {
                // The copy may be of both: a struct of several words is not copied at once.
                GuestLease copy = shared;
                copy.Dispose();
            }

            flipper.Join();

            // Whatever the copies ended, each is ended once when both have been: not twice, and neither in the other's stead.
            using (GuestLease held = one.Guest.EnterGuest())
            {
                first.Dispose();
                second.Dispose();
                Assert.Throws<SharedMemoryLockedException>(() => one.Host.WithExclusivity(_ => { }));
                two.Host.WithExclusivity(_ => { });
            }

            one.Host.WithExclusivity(_ => { });
        }
    }

    [Fact]
    public void A_handle_is_not_finalized_while_its_last_call_runs()
    {
        using var stop = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (var clock = Stopwatch.StartNew(); clock.ElapsedMilliseconds < 3000;)
            {
                // Only the call has the handle.
                Assert.Equal(0, Make().Read<int>(0));
                Make().Write(0, 1);
                Make().CopyTo(0, new byte[2000]);
                Make().WithExclusivity(Nothing);
                Make().Zero();
                Make().Clone().Dispose();
                Make().Enter().Dispose();
                MakeGuest().EnterGuest().Dispose();
                Assert.Equal(0, Make().StackAt(0, 64).TryPush([]) ? 1 : 0);
                Assert.Equal(1, ReadOnlySharedMemory.FromBytes([1]).WithContents(First));
                ReadOnlySharedMemory.FromBytes([1]).MapCopyOnWrite().Dispose();
            }
        }
        finally
        {
            stop.Cancel();
            collector.Join();
        }

        static void Nothing(ExclusiveSharedMemory memory) => Thread.SpinWait(1);

        static int First(ReadOnlySpan<byte> contents) => contents[0];

        [MethodImpl(MethodImplOptions.NoInlining)]
        static HostSharedMemory Make() => new ExclusiveSharedMemory(Pair.Page).Build().Host;

        [MethodImpl(MethodImplOptions.NoInlining)]
        static GuestSharedMemory MakeGuest() => new ExclusiveSharedMemory(Pair.Page).Build().Guest;
    }
}
