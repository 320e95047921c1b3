using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

// Alone, because another test's memory may come to stand where one has just gone.
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public sealed class MemorySlotTests
{
    private const ulong Elsewhere = 0x20_0000;

    [SkippableTheory]
    [InlineData(1UL)]
    [InlineData(0xFFFUL)]
    [InlineData(0x1_0000_0800UL)]
    public void An_address_that_is_not_aligned_is_refused(ulong address)
    {
        using var machine = new Machine();
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => machine.Vm.MapMemory(machine.Memory, address));
        Assert.Contains("4096", refusal.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Ranges_that_cannot_be_are_refused_before_the_kernel_sees_them()
    {
        using var machine = new Machine();
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Vm.MapMemory(machine.Memory, 0xFFFF_FFFF_FFFF_F000));
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Vm.MapMemory(machine.Memory, Elsewhere, size: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Vm.MapMemory(machine.Memory, Elsewhere, offset: 1, size: 4096));
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Vm.MapMemory(machine.Memory, Elsewhere, size: 4097));
        Assert.Throws<SharedMemoryBoundsException>(() => machine.Vm.MapMemory(machine.Memory, Elsewhere, offset: Machine.Size, size: 4096));
        Assert.Throws<SharedMemoryBoundsException>(() => machine.Vm.MapMemory(machine.Memory, Elsewhere, size: 0x8000_0000_0000_0000));
        SharedMemoryBoundsException beyond = Assert.Throws<SharedMemoryBoundsException>(() => machine.Vm.MapMemory(machine.Memory, Elsewhere, offset: Machine.Size));
        Assert.Equal((Machine.Size, Machine.Size), (beyond.Offset, beyond.MemorySize));
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.Vm.MapMemory(machine.Memory, 0, (MemorySlotFlags)4));
        Assert.Throws<ArgumentException>(() => machine.Vm.MapMemory(machine.Memory, 0, MemorySlotFlags.WriteThrough));
        Assert.Throws<ArgumentNullException>(() => machine.Vm.MapMemory((GuestSharedMemory)null!, 0));
    }

    [SkippableTheory]
    [InlineData(0UL, true)]
    [InlineData(Machine.Size - 4096, true)]
    [InlineData(Machine.Size, false)]
    public void Overlaps_are_refused_to_the_page(ulong distance, bool overlaps)
    {
        using var machine = new Machine();
        using MemorySlot first = machine.Vm.MapMemory(machine.Memory, Elsewhere);
        foreach (ulong address in (ulong[])[Elsewhere + distance, Elsewhere - distance])
        {
            if (overlaps)
            {
                ArgumentException refusal = Assert.Throws<ArgumentException>(() => machine.Vm.MapMemory(machine.Memory, address));
                Assert.Contains("slot 0", refusal.Message, StringComparison.Ordinal);
            }
            else
            {
                machine.Vm.MapMemory(machine.Memory, address).Dispose();
            }
        }
    }

    [SkippableFact]
    public void The_pages_that_the_kernel_keeps_for_itself_are_refused()
    {
        using var machine = new Machine();
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => machine.Vm.MapMemory(machine.Memory, 0xFFFB_F000));
        Assert.Contains("real mode", refusal.Message, StringComparison.Ordinal);
        using MemorySlot below = machine.Vm.MapMemory(machine.Memory, 0xFFFB_C000 - Machine.Size);
        using MemorySlot above = machine.Vm.MapMemory(machine.Memory, 0xFFFC_0000);
    }

    [SkippableFact]
    public void A_number_is_used_again_when_its_slot_was_deleted()
    {
        using var machine = new Machine();
        MemorySlot first = machine.Vm.MapMemory(machine.Memory, 0);
        using MemorySlot second = machine.Vm.MapMemory(machine.Memory, Elsewhere);
        Assert.Equal((0, 1), (first.Number, second.Number));
        first.Dispose();
        first.Dispose();
        Assert.True(first.IsDeleted);
        using MemorySlot third = machine.Vm.MapMemory(machine.Memory, 2 * Elsewhere);
        Assert.Equal(0, third.Number);
        Assert.Same(third, machine.Vm.FindSlot(0));
        Assert.Null(machine.Vm.FindSlot(7));
    }

    [SkippableFact]
    public void A_mapping_stays_under_a_live_slot_and_goes_with_it()
    {
        using var guest = new Guest(a =>
        {
            a.mov(rax, __[Elsewhere]);
            a.inc(rax);
            a.mov(__[Elsewhere], rax);
            a.@out(0x10, eax);
            a.mov(__[Elsewhere], rax);
            a.@out(0x11, eax);
        });
        nint address;
        MemorySlot slot;
        using (var exclusive = new ExclusiveSharedMemory(4096))
        {
            exclusive.CopyFrom(0, BitConverter.GetBytes(41UL));
            (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();
            address = host.BaseAddress;
            slot = guest.Machine.MapMemory(memory, Elsewhere);
            host.Dispose();
            memory.Dispose();
        }

        // The slot is the only owner of the memory.
        Assert.True(ProcessMaps.IsMemory(address, 4096));
        Assert.Equal(42, BitConverter.ToInt32(guest.Processor.Run().Data));
        slot.Dispose();
        Assert.False(ProcessMaps.IsMemory(address, 4096));

        // Now there is no memory: the guest's write is the host's to see, and hits nothing.
        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioWrite, Elsewhere), (exit.Reason, exit.Address));
    }

    [SkippableFact]
    public void A_slot_that_is_deleted_under_a_running_guest_takes_the_memory_away_from_it()
    {
        using var guest = new Guest(a =>
        {
            Iced.Intel.Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.@lock.inc(__qword_ptr[Elsewhere]);
            a.jmp(loop);
        });
        using var exclusive = new ExclusiveSharedMemory(4096);
        (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();
        nint address = host.BaseAddress;
        MemorySlot slot = guest.Machine.MapMemory(memory, Elsewhere);
        Runner runner = Runner.Start(guest);
        Patience.WaitUntil(() => host.Read<ulong>(0) > 1000);
        slot.Dispose();

        // The guest has it no more, though it runs still: nothing is written once the slot is gone.
        runner.Join();
        Assert.Equal(VmExitReason.MmioRead, runner.Reason);
        ulong count = host.Read<ulong>(0);
        host.WithExclusivity(_ => { });
        Assert.Equal(count, host.Read<ulong>(0));
        host.Dispose();
        memory.Dispose();
        Assert.False(ProcessMaps.IsMemory(address, 4096));
    }

    [SkippableFact]
    public void A_memory_that_is_mapped_while_a_guest_runs_is_held_from_then_on()
    {
        using var guest = new Guest(CancellationTests.Count);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        using var exclusive = new ExclusiveSharedMemory(4096);
        (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();
        using (host)
        using (memory)
        {
            host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => guest.Machine.MapMemory(memory, Elsewhere)));
            MemorySlot slot = guest.Machine.MapMemory(memory, Elsewhere);
            Assert.Throws<SharedMemoryLockedException>(() => host.WithExclusivity(_ => { }));
            slot.Dispose();
            host.WithExclusivity(_ => { });
            using MemorySlot again = guest.Machine.MapMemory(memory, Elsewhere);
            stop.Cancel();
            runner.Join();
            host.WithExclusivity(_ => { });
        }
    }

    [SkippableFact]
    public void Each_mapped_memory_refuses_exclusivity_while_the_guest_runs_and_one_that_is_exclusive_refuses_the_guest()
    {
        using var guest = new Guest(CancellationTests.Count);
        var hosts = new List<HostSharedMemory> { guest.Host };
        for (ulong i = 0; i < 8; i++)
        {
            using var exclusive = new ExclusiveSharedMemory(8192);
            (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();
            hosts.Add(host);

            // Two slots of the same memory: it is held once all the same.
            guest.Machine.MapMemory(memory, Elsewhere + i * 8192, size: 4096);
            guest.Machine.MapMemory(memory, 2 * Elsewhere + i * 8192);
            memory.Dispose();
        }

        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        foreach (HostSharedMemory host in hosts)
        {
            Assert.Throws<SharedMemoryLockedException>(() => host.WithExclusivity(_ => { }));
        }

        stop.Cancel();
        runner.Join();
        foreach (HostSharedMemory host in hosts)
        {
            host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => { guest.Processor.Run(); }));

            // The refusal has let go of the others.
            hosts.ForEach(other => other.WithExclusivity(_ => { }));
        }

        hosts.ForEach(host => host.Dispose());
    }

    [SkippableFact]
    public void A_write_to_read_only_memory_is_an_exit_and_changes_nothing()
    {
        using var guest = new Guest(a =>
        {
            a.mov(rax, __[Elsewhere]);
            a.mov(__[Elsewhere], eax);
            a.mov(rbx, __[Elsewhere]);
            a.@out(0x10, al);
        });
        byte[] contents = new byte[4096];
        contents.AsSpan().Fill(0x77);
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(contents);
        using MemorySlot slot = guest.Machine.MapMemory(memory, Elsewhere);

        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioWrite, Elsewhere, 4), (exit.Reason, exit.Address, exit.Size));
        Assert.Equal(0x7777_7777, BitConverter.ToInt32(exit.Data));
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        Assert.Equal(0x7777_7777_7777_7777UL, guest.Processor.GetRegisters().Rbx);
        Assert.True(memory.AsSpan(0, 4096).SequenceEqual(contents));
    }

    [SkippableFact]
    public void Read_only_memory_that_is_mapped_to_be_written_is_written_through()
    {
        using var guest = new Guest(a =>
        {
            a.mov(__dword_ptr[Elsewhere], 0x1234_5678);
            a.@out(0x10, al);
        });
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(new byte[4096]);
        using MemorySlot slot = guest.Machine.MapMemory(memory, Elsewhere, MemorySlotFlags.WriteThrough);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        byte[] seen = new byte[4];
        memory.CopyTo(0, seen);
        Assert.Equal(0x1234_5678, BitConverter.ToInt32(seen));
        Assert.Throws<InvalidOperationException>(() => memory.AsSpan(0, 4096).Length);
        Assert.Throws<ArgumentException>(() => guest.Machine.MapMemory(memory, 0x40_0000, MemorySlotFlags.WriteThrough | MemorySlotFlags.ReadOnly));
    }

    [SkippableFact]
    public void Both_kinds_of_memory_are_mapped_by_the_same_parameters()
    {
        using var machine = new Machine();
        using ReadOnlySharedMemory readOnly = ReadOnlySharedMemory.FromBytes(new byte[0x3000]);
        using (MemorySlot guest = machine.Vm.MapMemory(machine.Memory, Elsewhere, 0))
        using (MemorySlot fixedSlot = machine.Vm.MapMemory(readOnly, 2 * Elsewhere, 0))
        {
            Assert.Equal((MemorySlotFlags.None, Machine.Size), (guest.Flags, guest.Size));
            Assert.Equal((MemorySlotFlags.ReadOnly, 0x3000UL), (fixedSlot.Flags, fixedSlot.Size));
        }

        using (MemorySlot guest = machine.Vm.MapMemory(machine.Memory, Elsewhere, 0, 0x1000))
        using (MemorySlot fixedSlot = machine.Vm.MapMemory(readOnly, 2 * Elsewhere, 0, 0x1000, 0x1000))
        {
            Assert.Equal((0x1000UL, Machine.Size - 0x1000), (guest.Offset, guest.Size));
            Assert.Equal((0x1000UL, 0x1000UL), (fixedSlot.Offset, fixedSlot.Size));
        }
    }

    [SkippableFact]
    public void A_part_of_read_only_memory_lies_within_what_the_guest_is_to_see()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[0x4000]);
            using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromFile(path, guestMappedSize: 0x2000);
            using var machine = new Machine();
            using MemorySlot slot = machine.Vm.MapMemory(memory, Elsewhere);
            Assert.Equal(0x2000UL, slot.Size);
            SharedMemoryBoundsException refusal = Assert.Throws<SharedMemoryBoundsException>(() => machine.Vm.MapMemory(memory, 0, offset: 0x1000, size: 0x2000));
            Assert.Equal(0x2000UL, refusal.MemorySize);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [SkippableFact]
    public void Read_only_memory_is_held_while_a_guest_runs_too()
    {
        using var guest = new Guest(CancellationTests.Count);
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(new byte[4096]);
        using MemorySlot slot = guest.Machine.MapMemory(memory, Elsewhere, MemorySlotFlags.TrackDirtyPages);
        Assert.Throws<NotSupportedException>(() => MemorySnapshot.Take(slot));
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        const MemoryRegionFlags writable = MemoryRegionFlags.Read | MemoryRegionFlags.Write;
        Assert.Throws<SharedMemoryLockedException>(() => memory.MappingAt(0, MemoryRegionType.Snapshot, writable));
        stop.Cancel();
        runner.Join();
        Assert.Equal(writable, memory.MappingAt(0, MemoryRegionType.Snapshot, writable).Flags);
    }

    [SkippableFact]
    public void The_guest_memory_itself_can_be_mapped_read_only()
    {
        using var guest = new Guest(a =>
        {
            a.mov(__byte_ptr[Elsewhere + Guest.DataAddress], 1);
            a.@out(0x10, al);
        });
        using MemorySlot alias = guest.Machine.MapMemory(guest.Memory, Elsewhere, MemorySlotFlags.ReadOnly);
        VmExit exit = guest.Processor.Run();
        Assert.Equal((VmExitReason.MmioWrite, Elsewhere + Guest.DataAddress), (exit.Reason, exit.Address));
        Assert.Equal(0, guest.Host.Read<byte>(Guest.DataAddress));
    }

    [SkippableFact]
    public void Huge_pages_can_be_asked_for()
    {
        const ulong large = 8UL << 20;
        const ulong huge = 2UL << 20;
        using var guest = new Guest(a =>
        {
            Iced.Intel.Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.mov(__[rbx], rcx);
            a.add(rbx, 4096);
            a.dec(rcx);
            a.jnz(loop);
            a.@out(0x10, al);
        });
        using var exclusive = new ExclusiveSharedMemory(large);
        (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();

        // The guest address that leaves the same rest as the host's.
        ulong start = (16UL << 20) + (ulong)host.BaseAddress % huge;
        using MemorySlot slot = guest.Machine.MapMemory(memory, start, MemorySlotFlags.HugePages);
        Registers registers = guest.Processor.GetRegisters();
        registers.Rbx = start;
        registers.Rcx = large / 4096;
        guest.Processor.SetRegisters(registers);
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);

        string enabled = File.ReadAllText("/sys/kernel/mm/transparent_hugepage/enabled");
        bool are = ProcessMaps.FieldOf(host.BaseAddress, "AnonHugePages") > 0;
        host.Dispose();
        memory.Dispose();
        Skip.If(enabled.Contains("[never]", StringComparison.Ordinal), "This kernel has huge pages switched off.");
        Assert.True(are, "The memory has no huge page.");
    }

    /// <summary>A machine without a processor, and a memory for it.</summary>
    private sealed class Machine : IDisposable
    {
        public const ulong Size = 0x4000;

        public Machine()
        {
            Guest.SkipWithoutKvm();
            using var system = new KvmSystem();
            Vm = system.CreateVirtualMachine();
            using var exclusive = new ExclusiveSharedMemory(Size);
            (HostSharedMemory host, Memory) = exclusive.Build();
            host.Dispose();
        }

        public VirtualMachine Vm { get; }

        public GuestSharedMemory Memory { get; }

        public void Dispose()
        {
            Vm.Dispose();
            Memory.Dispose();
        }
    }
}
