using Iced.Intel;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>Machines that go back whole: memories, devices in the kernel, processors.</summary>
[Trait("Kind", "slow")]
public sealed class MachineSnapshotTests
{
    private const ulong SecondAddress = 0x40_0000;
    private const ulong SecondSize = 0x1_0000;

    [SkippableFact]
    public void A_machine_goes_back_as_often_as_wanted_and_to_an_earlier_moment()
    {
        using var world = new World();
        Assert.Equal(1, world.Run());
        using MachineSnapshot first = world.Guest.Machine.TakeSnapshot();
        byte[] before = world.Contents();
        Registers registers = world.Guest.Processor.GetRegisters();
        Assert.Equal(2, world.Run());
        using MachineSnapshot second = world.Guest.Machine.TakeSnapshot();
        byte[] later = world.Contents();
        for (int round = 0; round < 40; round++)
        {
            Assert.Equal(3, world.Run());
            Assert.Equal(4, world.Run());
            world.Second.Write(100, 77UL);
            world.Guest.Machine.Restore(second);
            Assert.Equal(later, world.Contents());
            if (round % 5 == 0)
            {
                world.Guest.Machine.Restore(first);
                Assert.Equal(before, world.Contents());
                Assert.Equal(registers, world.Guest.Processor.GetRegisters());
                Assert.Equal(2, world.Run());
                world.Guest.Machine.Restore(second);
            }
        }

        Assert.Equal([(0UL, Guest.Size), (SecondAddress, SecondSize)], first.Memories.Select(memory => (memory.GuestAddress, memory.Contents.Size)));
    }

    [SkippableFact]
    public void A_machine_made_alike_goes_on_where_the_snapshot_was_taken()
    {
        using var one = new World();
        Assert.Equal(1, one.Run());
        Assert.Equal(2, one.Run());
        using var two = new World();
        using (MachineSnapshot snapshot = one.Guest.Machine.TakeSnapshot())
        {
            two.Guest.Machine.Restore(snapshot);
        }

        Assert.Equal(3, two.Run());
        Assert.Equal(4, two.Run());
        Assert.Equal(3, one.Run());
    }

    [SkippableFact]
    public void The_devices_in_the_kernel_go_back_with_the_rest()
    {
        using var guest = new Guest(
            a =>
            {
                a.mov(al, 0x5A);
                a.@out(0x21, al);
                a.@out(0x10, al);
                a.mov(al, 0xA5);
                a.@out(0x21, al);
                a.@in(al, 0x21);
                a.@out(0x11, al);
            },
            prepare: machine =>
            {
                machine.CreateInterruptController();
                machine.CreatePit();
            });
        Assert.Equal(0x10, guest.Processor.Run().Port);
        using MachineSnapshot snapshot = guest.Machine.TakeSnapshot();
        for (int round = 0; round < 3; round++)
        {
            VmExit changed = guest.Processor.Run();
            Assert.Equal((0x11, 0xA5), (changed.Port, changed.Data[0]));
            guest.Machine.Restore(snapshot);
        }

        // Past what sets the mask anew: the one of the snapshot is read.
        Registers registers = guest.Processor.GetRegisters();
        registers.Rip += 4;
        guest.Processor.SetRegisters(registers);
        VmExit restored = guest.Processor.Run();
        Assert.Equal((0x11, 0x5A), (restored.Port, restored.Data[0]));
    }

    [SkippableFact]
    public void Whoever_is_inside_is_in_the_way_and_nothing_was_changed()
    {
        using var world = new World();
        Assert.Equal(1, world.Run());
        using MachineSnapshot snapshot = world.Guest.Machine.TakeSnapshot();
        Assert.Equal(2, world.Run());
        _ = world.Guest.Processor.CompleteExit();
        byte[] before = world.Contents();
        Registers registers = world.Guest.Processor.GetRegisters();
        using (world.Second.Enter())
        {
            Assert.Throws<SharedMemoryLockedException>(() => world.Guest.Machine.Restore(snapshot));
            Assert.Throws<SharedMemoryLockedException>(() => world.Guest.Machine.TakeSnapshot());
        }

        Assert.Equal(before, world.Contents());
        Assert.Equal(registers, world.Guest.Processor.GetRegisters());
        Assert.Equal(3, world.Run());
        world.Guest.Machine.Restore(snapshot);
        Assert.Equal(2, world.Run());
    }

    [SkippableFact]
    public void Whoever_is_inside_is_found_out_before_an_instruction_is_ended()
    {
        using var guest = new Guest(a =>
        {
            a.@in(al, 0x11);
            a.@out(0x10, al);
        });
        using MachineSnapshot snapshot = guest.Machine.TakeSnapshot();
        VmExit read = guest.Processor.Run();
        Assert.Equal((VmExitReason.IoIn, 0x11), (read.Reason, read.Port));
        using (guest.Host.Enter())
        {
            Assert.Throws<SharedMemoryLockedException>(() => guest.Machine.Restore(snapshot));
        }

        // The exit is still the last one, and is answered.
        read.Data[0] = 0x5A;
        VmExit told = guest.Processor.Run();
        Assert.Equal((0x10, 0x5A), (told.Port, told.Data[0]));
        guest.Machine.Restore(snapshot);
        VmExit again = guest.Processor.Run();
        Assert.Equal((VmExitReason.IoIn, 0x11), (again.Reason, again.Port));
    }

    [SkippableFact]
    public void A_failure_half_way_says_so_and_can_be_mended()
    {
        using var world = new World();
        Assert.Equal(1, world.Run());
        using MachineSnapshot snapshot = world.Guest.Machine.TakeSnapshot();
        byte[] before = world.Contents();

        // Paging without protection, which no processor can have.
        ProcessorState good = snapshot.State.Processors[0];
        var bad = new ProcessorState
        {
            Registers = good.Registers,
            SpecialRegisters = good.SpecialRegisters with { Cr0 = 0x8000_0000 },
            ExtendedState = good.ExtendedState,
        };
        var broken = new MachineSnapshot(new MachineState(new Dictionary<uint, ProcessorState> { [0] = bad }, [], null), [.. snapshot.Memories]);
        Assert.Equal(2, world.Run());
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => world.Guest.Machine.Restore(broken));
        Assert.Contains("2 of 2 memories, and its processors in part", failure.Message, StringComparison.Ordinal);
        Assert.IsType<KvmException>(failure.InnerException);
        Assert.Equal(before, world.Contents());
        world.Guest.Machine.Restore(snapshot);
        Assert.Equal(2, world.Run());
    }

    [SkippableFact]
    public void What_is_not_alike_is_refused_with_what_there_is()
    {
        using var world = new World();
        using MachineSnapshot snapshot = world.Guest.Machine.TakeSnapshot();
        using var other = new Guest(Count);
        ArgumentException refusal = Assert.Throws<ArgumentException>("snapshot", () => other.Machine.Restore(snapshot));
        Assert.Contains($"a memory of {SecondSize} bytes with a slot at 0x{SecondAddress:X}", refusal.Message, StringComparison.Ordinal);
        using VirtualProcessor another = world.Guest.Machine.CreateVirtualProcessor(1);
        Assert.Throws<ArgumentException>("state", () => world.Guest.Machine.Restore(snapshot));
        Assert.Throws<ArgumentNullException>(() => world.Guest.Machine.Restore(null!));

        using var shared = ReadOnlySharedMemory.FromBytes(new byte[4096]);
        using (other.Machine.MapMemory(shared, SecondAddress))
        {
            // What a guest cannot write needs no snapshot.
            using MachineSnapshot one = other.Machine.TakeSnapshot();
            Assert.Single(one.Memories);
            one.Dispose();
            Assert.Throws<ObjectDisposedException>(() => other.Machine.Restore(one));
        }

        using MemorySlot through = other.Machine.MapMemory(shared, SecondAddress, MemorySlotFlags.WriteThrough);
        Assert.Throws<NotSupportedException>(other.Machine.TakeSnapshot);
    }

    // Tells 1, 2, 3 and so on: from memory, and counted in a register and in the second memory as well.
    private static void Count(Assembler a)
    {
        Label next = a.CreateLabel();
        a.mov(r14, 0);
        a.mov(rsi, Guest.DataAddress);
        a.Label(ref next);
        a.inc(r14);
        a.inc(__qword_ptr[rsi]);
        a.mov(rax, __[rsi]);
        a.cmp(rax, r14);
        Label equal = a.CreateLabel();
        a.je(equal);
        a.mov(eax, 255);
        a.Label(ref equal);
        a.@out(0x10, al);
        a.jmp(next);
    }

    private static int Run(Guest guest)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        VmExit exit = guest.Processor.Run(patience.Token);
        Assert.Equal((VmExitReason.IoOut, 0x10), (exit.Reason, exit.Port));
        return exit.Data[0];
    }

    /// <summary>A machine with two memories, of which the host writes the second.</summary>
    private sealed class World : IDisposable
    {
        private readonly GuestSharedMemory _memory;

        public World()
        {
            Guest = new Guest(Count);
            (Second, _memory) = new ExclusiveSharedMemory(SecondSize).Build();
            Guest.Machine.MapMemory(_memory, SecondAddress);
        }

        public Guest Guest { get; }

        public HostSharedMemory Second { get; }

        public int Run()
        {
            Second.Add(64, 1L);
            int count = MachineSnapshotTests.Run(Guest);
            Assert.Equal(count, Second.Read<long>(64));
            return count;
        }

        public byte[] Contents()
        {
            byte[] contents = new byte[Guest.Size + SecondSize];
            Guest.Host.CopyTo(0, contents.AsSpan(0, (int)Guest.Size));
            Second.CopyTo(0, contents.AsSpan((int)Guest.Size));
            return contents;
        }

        public void Dispose()
        {
            Guest.Dispose();
            _memory.Dispose();
            Second.Dispose();
        }
    }
}
