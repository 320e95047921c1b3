using System.Reflection;

namespace Nub.Memory.Attack;

/// <summary>Threads that are stopped by another one in the middle of something.</summary>
internal static class Stopped
{
    /// <summary>
    /// Threads are interrupted while they get their slots. All locks of the library are held meanwhile, so that a thread that waits for
    /// one is interrupted there.
    /// </summary>
    public static void Interrupt(string[] args)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        Judge.AccessFromManyPages(host);
        object[] locks = LocksOfTheLibrary();
        int interrupted = 0, read = 0, wrong = 0;
        string? first = null;
        for (int round = 0; round < 4; round++)
        {
            Thread[] threads = [.. Enumerable.Range(0, 40).Select(_ => new Thread(Read, 128 << 10))];
            foreach (object held in locks)
            {
                Enter(held);
            }

            foreach (Thread thread in threads)
            {
                thread.Start();
            }

            // Each either waits, or has read already; what is interrupted before it waits is interrupted when it does.
            foreach (Thread thread in threads)
            {
                var wait = new SpinWait();
                while ((thread.ThreadState & (ThreadState.Stopped | ThreadState.WaitSleepJoin)) == 0)
                {
                    wait.SpinOnce();
                }

                thread.Interrupt();
            }

            foreach (Thread thread in threads)
            {
                // A thread that waits long enough gets the lock in the end.
                if (!thread.Join(TimeSpan.FromSeconds(1)))
                {
                    break;
                }
            }

            foreach (object held in locks.Reverse())
            {
                Exit(held);
            }

            foreach (Thread thread in threads)
            {
                Judge.Require(thread.Join(Judge.Hang), "a thread hangs");
            }

            Judge.Collect();
            for (int i = 0; i < 50; i++)
            {
                Judge.OnThread(() => host.Read<byte>(0), 128 << 10);
            }
        }

        Console.WriteLine($"with {locks.Length} locks held {interrupted} threads were interrupted while they got a slot, and {read} read");
        Judge.Require(wrong == 0, $"{wrong} accesses threw, the first: {first}");
        host.WithExclusivity(_ => { });
        host.Dispose();
        guest.Dispose();

        void Read()
        {
            try
            {
                host.Read<byte>(0);
                host.Read<byte>(0);
                Interlocked.Increment(ref read);
            }
            catch (ThreadInterruptedException)
            {
                Interlocked.Increment(ref interrupted);
            }
#pragma warning disable CA1031 // Whatever it is, it is wrong.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.Increment(ref wrong);
                Interlocked.CompareExchange(ref first, exception.ToString(), null);
            }
        }
    }

    /// <summary>
    /// A thread is aborted in the middle of an access (<c>ControlledExecution.Run</c>). It never says that it left, so the
    /// memory may stay mapped for ever; it must not be unmapped under an access. On Linux the runtime itself dies of an abort
    /// that meets the return from a method ("PAL_SEHException"), which only the copies of "bulk" avoid, in optimized code: they are one loop.
    /// </summary>
    public static void Abort(string[] args)
    {
        int rounds = args is ["bulk"] ? 5 : 120;
        (HostSharedMemory other, GuestSharedMemory otherGuest) = new ExclusiveSharedMemory(4096).Build();
        byte[] buffer = new byte[1 << 20];
        int mapped = 0, locked = 0;

        // What is called for the first time is compiled before a thread is aborted.
        AbortOnce(other, buffer, Accesses.Length, abort: false, ref locked, ref mapped);
        (locked, mapped) = (0, 0);
        for (int round = 0; round < rounds; round++)
        {
            AbortOnce(other, buffer, args is ["bulk"] ? round * Accesses.Length : round, abort: true, ref locked, ref mapped);
        }

        Console.WriteLine($"of {rounds} aborted threads {locked} kept the memory from being taken exclusively, and {mapped} kept it mapped");
        other.Dispose();
        otherGuest.Dispose();
    }

    private static readonly Action<HostSharedMemory, SharedStack, byte[]>[] Accesses =
    [
        (host, _, buffer) => host.CopyTo(0, buffer),
        (host, _, buffer) => host.TryCopyFrom(1, buffer.AsSpan(0, 300)),
        (host, _, buffer) => host.CopyTo(3, buffer.AsSpan(0, 5_000)),
        (host, _, _) => host.Fill(7, 700, 1),
        (host, _, _) => host.Write(8, host.Read<ulong>(16)),
        (_, stack, buffer) =>
        {
            stack.TryPush(buffer.AsSpan(0, 100));
            stack.TryPop(buffer, out int _);
        },
        (host, _, buffer) =>
        {
            using HostLease lease = host.Enter();
            lease.CopyFrom(9, buffer.AsSpan(0, 100));
        },
    ];

    private static void AbortOnce(HostSharedMemory other, byte[] buffer, int turn, bool abort, ref int locked, ref int mapped)
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory((ulong)buffer.Length).Build();
        nint address = host.BaseAddress;
        SharedStack stack = host.StackAt(0, 4096);
        stack.Reset();
        int refused = 0;
        Judge.OnThread(() =>
        {
            using var cancel = new CancellationTokenSource();
            int begun = 0;
            var canceller = new Thread(() =>
            {
                while (Volatile.Read(ref begun) < (abort ? 20 + turn : 1))
                {
                    Thread.Yield();
                }

                cancel.Cancel();
            });
            try
            {
#pragma warning disable SYSLIB0046 // Obsolete, and public: so it must not break anything.
                System.Runtime.ControlledExecution.Run(
                    () =>
                    {
                        for (int i = 0; i < Accesses.Length; i++)
                        {
                            Accesses[i](host, stack, buffer);
                        }

                        canceller.Start();
                        while (true)
                        {
                            begun++;
                            for (int i = 0; i < 100; i++)
                            {
                                Accesses[turn % Accesses.Length](host, stack, buffer);
                            }
                        }
                    },
                    cancel.Token);
#pragma warning restore SYSLIB0046
            }
            catch (OperationCanceledException)
            {
            }

            canceller.Join();

            // The same thread goes on, and so do others.
            other.Write(0, 1);
            Judge.Require(other.Read<int>(0) == 1, "another memory does not work any more");
            other.WithExclusivity(_ => { });
            Judge.OnThread(() => host.CopyFrom(0, buffer));
            try
            {
                host.WithExclusivity(mine => mine.AsSpan(0, 16).Clear());
            }
            catch (SharedMemoryLockedException)
            {
                refused = 1;
            }
        });
        locked += refused;
        host.Dispose();
        guest.Dispose();
        mapped += Judge.IsMapped(address) ? 1 : 0;
    }

    /// <summary>What the library locks that no object of a user's holds: its static locks.</summary>
    private static object[] LocksOfTheLibrary() =>
    [
        .. from type in typeof(HostSharedMemory).Assembly.GetTypes()
           where !type.ContainsGenericParameters
           from field in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
           where field.FieldType == typeof(Lock) || (field.FieldType == typeof(object) && field.Name.Contains("lock", StringComparison.OrdinalIgnoreCase))
           select field.GetValue(null),
    ];

    private static void Enter(object held)
    {
        if (held is Lock @lock)
        {
            @lock.Enter();
        }
        else
        {
            Monitor.Enter(held);
        }
    }

    private static void Exit(object held)
    {
        if (held is Lock @lock)
        {
            @lock.Exit();
        }
        else
        {
            Monitor.Exit(held);
        }
    }
}
