using System.Runtime.InteropServices;
using Iced.Intel;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

// Alone, because another test's memory may come to stand where one has just gone.
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public sealed class HazardTests
{
    private const string ForkSource = """
        #include <errno.h>
        #include <linux/kvm.h>
        #include <sys/ioctl.h>
        #include <sys/wait.h>
        #include <unistd.h>

        int run_in_child(int processor) {
            int status = 0;
            pid_t child = fork();
            if (child == 0)
                _exit(ioctl(processor, KVM_RUN, 0) < 0 ? errno : 0);
            while (waitpid(child, &status, 0) < 0 && errno == EINTR) { }
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        """;

    [SkippableFact]
    public void A_processor_that_is_disposed_while_it_runs_stops_and_gives_everything_back()
    {
        for (int i = 0; i < 50; i++)
        {
            using var guest = new Guest(CancellationTests.Count);
            Runner runner = Start(guest);
            guest.Processor.Dispose();
            guest.Processor.Dispose();
            runner.Join();
            Assert.IsType<ObjectDisposedException>(runner.Thrown);
            Assert.Throws<ObjectDisposedException>(() => guest.Processor.GetRegisters());
            Assert.Throws<ObjectDisposedException>(() => { guest.Processor.Run(); });
            guest.Host.WithExclusivity(_ => { });
        }
    }

    [SkippableFact]
    public void A_machine_that_is_disposed_while_it_runs_stops_and_gives_its_memory_back()
    {
        for (int i = 0; i < 50; i++)
        {
            using var guest = new Guest(CancellationTests.Count);
            Runner runner = Start(guest);
            guest.Machine.Dispose();
            runner.Join();
            Assert.IsType<ObjectDisposedException>(runner.Thrown);
            Assert.True(guest.Slot.IsDeleted);
            Assert.Throws<ObjectDisposedException>(() => guest.Machine.MapMemory(guest.Memory, 0));
            Assert.Throws<ObjectDisposedException>(() => guest.Machine.CreateVirtualProcessor(1));
            Assert.Throws<ObjectDisposedException>(() => guest.Machine.CheckExtension(KvmCapability.UserMemory));
            ulong count = guest.Host.Read<ulong>(Guest.DataAddress);
            guest.Host.WithExclusivity(_ => { });
            Assert.Equal(count, guest.Host.Read<ulong>(Guest.DataAddress));
        }
    }

    [SkippableFact]
    public void Every_owner_of_the_memory_may_be_disposed_while_the_guest_runs_and_the_mapping_goes_with_the_machine()
    {
        using var guest = new Guest(CancellationTests.Count);
        nint address = guest.Host.BaseAddress;
        ulong size = guest.Host.Size;
        using var stop = new CancellationTokenSource();
        Runner runner = Start(guest, stop.Token);
        guest.Host.Dispose();
        guest.Memory.Dispose();
        Assert.True(ProcessMaps.IsMemory(address, size));
        stop.Cancel();
        runner.Join();

        // The guest can be run on: the slot keeps its memory.
        using var again = new CancellationTokenSource(20);
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(again.Token).Reason);
        guest.Machine.Dispose();
        Assert.False(ProcessMaps.IsMemory(address, size));
    }

    [SkippableFact]
    public void Garbage_ends_in_typed_exits_and_leaves_the_host_as_it_was()
    {
        var seen = new SortedDictionary<VmExitReason, int>();
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            int level = seed % 3 == 0 ? 0 : 3;
            byte[] garbage = new byte[0x4000];
            random.NextBytes(garbage);
            using var guest = new Guest(a => a.nop(), level);
            byte[] canary = new byte[4096];
            random.NextBytes(canary);
            using ReadOnlySharedMemory readOnly = ReadOnlySharedMemory.FromBytes(canary);
            guest.Machine.MapMemory(readOnly, 0x20_0000);
            guest.Host.CopyFrom(Guest.CodeAddress, garbage);
            Registers registers = guest.Processor.GetRegisters();
            registers.Rdi = registers.Rsi = registers.Rbx = 0x20_0000;
            registers.Rcx = ulong.MaxValue;
            guest.Processor.SetRegisters(registers);

            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(30));
            for (int exits = 0; exits < 200; exits++)
            {
                VmExit exit = guest.Processor.Run(stop.Token);
                seen[exit.Reason] = seen.GetValueOrDefault(exit.Reason) + 1;
                Assert.NotEmpty(exit.ToString());
                random.NextBytes(exit.Data);
                if (exit.Reason is VmExitReason.Cancelled or VmExitReason.Shutdown or VmExitReason.InternalError or VmExitReason.FailedEntry)
                {
                    break;
                }
            }

            byte[] after = new byte[4096];
            readOnly.CopyTo(0, after);
            Assert.Equal(canary, after);
            guest.Host.WithExclusivity(_ => { });
        }

        Assert.True(seen.Count >= 2, string.Join(", ", seen));
    }

    [SkippableFact]
    public void A_storm_of_exits_allocates_nothing()
    {
        const int exits = 20_000;
        using var guest = new Guest(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.@out(0x10, eax);
            a.@in(eax, 0x11);
            a.mov(__[0x1000_0000], eax);
            a.jmp(loop);
        });
        using var stop = new CancellationTokenSource();
        Storm(guest, 3000, stop.Token);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Storm(guest, exits, stop.Token);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void Storm(Guest guest, int exits, CancellationToken stop)
        {
            for (int i = 0; i < exits; i++)
            {
                VmExit exit = guest.Processor.Run((i & 1) == 0 ? stop : default);
                if (exit.Reason is not (VmExitReason.IoOut or VmExitReason.IoIn or VmExitReason.MmioWrite))
                {
                    Assert.Fail(exit.ToString());
                }

                exit.Data.Fill((byte)i);
            }
        }
    }

    [SkippableFact]
    public void No_descriptor_of_a_machine_goes_to_a_child_process_and_a_guest_goes_on_beside_one()
    {
        using var guest = new Guest(CancellationTests.Count);
        using IoEvent written = guest.Machine.CreateIoEvent(IoSpace.Port, 0x30);
        using var stop = new CancellationTokenSource();
        Runner runner = Start(guest, stop.Token);
        string descriptors = ChildProcess.RunWell("/bin/ls", ["-l", "/proc/self/fd"]);
        Assert.DoesNotContain("kvm", descriptors, StringComparison.Ordinal);
        Assert.DoesNotContain("eventfd", descriptors, StringComparison.Ordinal);
        Assert.Contains("/proc", descriptors, StringComparison.Ordinal);

        // After a fork pages are copied on write: the host and the guest are to see the same ones all the same.
        ulong before = guest.Host.Read<ulong>(Guest.DataAddress);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > before);
        stop.Cancel();
        runner.Join();
    }

    [SkippableFact]
    public unsafe void A_forked_child_cannot_run_the_guest_and_the_parent_still_can()
    {
        using var guest = new Guest(CancellationTests.Count);
        using (var warm = new CancellationTokenSource(20))
        {
            Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(warm.Token).Reason);
        }

        // In C, because the runtime's code is not mapped in a forked child (MADV_DONTFORK).
        string path = CCompiler.Compile(CCompiler.FindOrSkip(), ForkSource, "-O2", "-shared", "-fPIC");
        nint library = NativeLibrary.Load(path);
        File.Delete(path);
        var run = (delegate* unmanaged<int, int>)NativeLibrary.GetExport(library, "run_in_child");
        int errno = run((int)guest.Processor.Descriptor.DangerousGetHandle());
        Assert.Equal(5, errno); // EIO

        using var stop = new CancellationTokenSource(20);
        ulong before = guest.Host.Read<ulong>(Guest.DataAddress);
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
        Assert.True(guest.Host.Read<ulong>(Guest.DataAddress) > before);
    }

    [SkippableFact]
    public void Several_processors_share_the_memory_and_their_atomic_operations_add_up()
    {
        const int processors = 4;
        const int rounds = 20_000;
        using var guest = new Guest(Adder);
        var all = new List<VirtualProcessor> { guest.Processor };
        for (uint id = 1; id < processors; id++)
        {
            VirtualProcessor processor = guest.Machine.CreateVirtualProcessor(id);
            processor.SetCpuid(guest.System.GetSupportedCpuid());
            LongMode.SetUp(processor, guest.Tables, Guest.CodeAddress, Guest.StackAddress - id * 256);
            all.Add(processor);
        }

        Runner[] runners = [.. all.Select(processor => Runner.Start(processor))];
        Array.ForEach(runners, runner => runner.Join());
        Assert.All(runners, runner => Assert.Equal(VmExitReason.IoOut, runner.Reason));
        Assert.Equal((ulong)(processors * rounds), guest.Host.Read<ulong>(Guest.DataAddress));
        guest.Host.WithExclusivity(_ => { });
        KvmException twice = Assert.Throws<KvmException>(() => guest.Machine.CreateVirtualProcessor(1));
        Assert.Equal(("KVM_CREATE_VCPU", 17), (twice.Call, twice.NativeErrorCode));

        static void Adder(Assembler a)
        {
            Label loop = a.CreateLabel();
            a.mov(ecx, rounds);
            a.Label(ref loop);
            a.@lock.inc(__qword_ptr[Guest.DataAddress]);
            a.dec(ecx);
            a.jnz(loop);
            a.@out(0x10, al);
        }
    }

    [SkippableFact]
    public async Task Exclusivity_and_a_storm_of_runs_exclude_each_other()
    {
        // The guest leaves at once, and a second thread tries to be alone: whenever it is, the guest's counter stands still.
        using var guest = new Guest(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.inc(__qword_ptr[Guest.DataAddress]);
            a.@out(0x10, al);
            a.jmp(loop);
        });
        int alone = 0;
        int refused = 0;
        bool done = false;
        Task other = Task.Run(() =>
        {
            while (!Volatile.Read(ref done))
            {
                try
                {
                    guest.Host.WithExclusivity(exclusive =>
                    {
                        Span<byte> counter = exclusive.AsSpan(Guest.DataAddress, 8);
                        ulong before = BitConverter.ToUInt64(counter);
                        Thread.SpinWait(500);
                        Assert.Equal(before, BitConverter.ToUInt64(counter));
                        alone++;
                    });
                }
                catch (SharedMemoryLockedException)
                {
                    refused++;
                }
            }
        });
        int ran = 0;
        for (int i = 0; i < 200_000 && (ran < 2000 || Volatile.Read(ref alone) == 0 || Volatile.Read(ref refused) == 0); i++)
        {
            try
            {
                Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
                ran++;
            }
            catch (SharedMemoryLockedException)
            {
            }
        }

        Volatile.Write(ref done, true);
        await other;
        Assert.True(alone > 0 && refused > 0, $"{alone} times alone, {refused} times refused");
        Assert.Equal((ulong)ran, guest.Host.Read<ulong>(Guest.DataAddress));
    }

    private static Runner Start(Guest guest, CancellationToken stop = default)
    {
        ulong before = guest.Host.Read<ulong>(Guest.DataAddress);
        Runner runner = Runner.Start(guest, stop);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > before);
        return runner;
    }
}
