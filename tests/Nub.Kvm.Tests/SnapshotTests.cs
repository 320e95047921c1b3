using Iced.Intel;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

[Trait("Kind", "slow")]
public sealed class SnapshotTests
{
    private const ulong Elsewhere = 0x20_0000;

    [SkippableFact]
    public void A_guest_goes_back_to_where_it_was_and_does_the_same_again()
    {
        using var guest = new Guest(Program, flags: MemorySlotFlags.TrackDirtyPages);
        Assert.Equal(0x10, Port(guest));
        MachineState state = guest.Machine.SaveState();
        using MemorySnapshot memory = MemorySnapshot.Take(guest.Slot);
        byte[] before = Contents(guest.Host);

        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(0x11, Port(guest));
            Assert.Equal(1007UL, guest.Host.Read<ulong>(Guest.DataAddress));
            Assert.Equal(2.5, guest.Host.Read<double>(Guest.DataAddress + 8));
            Assert.NotEqual(before, Contents(guest.Host));

            guest.Machine.RestoreState(state);
            ulong restored = memory.Restore();
            Assert.InRange(restored, 1UL, 8UL);
            Assert.Equal(before, Contents(guest.Host));
            Assert.Equal(state.Processors[0].Registers, guest.Processor.GetRegisters());
            Assert.Equal(state.Processors[0].SpecialRegisters, guest.Processor.GetSpecialRegisters());
        }
    }

    [SkippableFact]
    public void A_copy_on_write_view_is_restored_for_the_host_and_the_guest()
    {
        using var guest = new Guest(Program);
        Assert.Equal(0x10, Port(guest));
        _ = guest.Processor.CompleteExit();
        using ReadOnlySharedMemory snapshot = ReadOnlySharedMemory.FromBytes(Contents(guest.Host));

        // A second machine on a view of the first one's memory, and a third on another: none sees the others' writes.
        using VirtualMachine second = guest.System.CreateVirtualMachine();
        (HostSharedMemory host, GuestSharedMemory memory) = snapshot.MapCopyOnWrite().Build();
        using MemorySlot slot = second.MapMemory(memory, 0);
        using VirtualProcessor processor = second.CreateVirtualProcessor(0);
        processor.SetCpuid(guest.System.GetSupportedCpuid());
        ProcessorState state = guest.Processor.SaveState();

        for (int round = 0; round < 3; round++)
        {
            processor.RestoreState(state);
            Assert.Equal(0x11, processor.Run().Port);
            Assert.Equal(1007UL, host.Read<ulong>(Guest.DataAddress));
            Assert.Equal(0UL, guest.Host.Read<ulong>(Guest.DataAddress + 16));
            processor.RestoreState(state);
            host.Restore();
            Assert.Equal(Contents(guest.Host), Contents(host));
        }

        host.Dispose();
        memory.Dispose();
    }

    [SkippableFact]
    public void A_pending_read_does_not_come_through_to_the_restored_state()
    {
        using var guest = new Guest(a =>
        {
            a.@out(0x10, al);
            a.mov(eax, 1);
            a.@in(eax, 0x20);
            a.@out(0x11, al);
        });
        Assert.Equal(0x10, Port(guest));
        ProcessorState state = guest.Processor.SaveState();
        VmExit read = guest.Processor.Run();
        Assert.Equal(VmExitReason.IoIn, read.Reason);
        read.Data.Fill(0xEE);
        guest.Processor.RestoreState(state);
        Assert.Equal(state.Registers, guest.Processor.GetRegisters());
        Assert.Equal(VmExitReason.IoIn, guest.Processor.Run().Reason);
        Assert.Equal(1UL, guest.Processor.GetRegisters().Rax);
    }

    [SkippableFact]
    public void A_pending_string_read_is_ended_before_the_state_is_restored()
    {
        using var guest = new Guest(a =>
        {
            a.@out(0x10, al);
            a.mov(rdi, Guest.DataAddress);
            a.mov(ecx, 8192);
            a.mov(dx, 0x20);
            a.rep.insb();
            a.@out(0x11, al);
        });
        Assert.Equal(0x10, Port(guest));
        ProcessorState state = guest.Processor.SaveState();
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(VmExitReason.IoIn, guest.Processor.Run().Reason);
            guest.Processor.RestoreState(state);
            Assert.Equal(state.Registers, guest.Processor.GetRegisters());
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_could_not_be_restored_is_restored_the_next_time(bool all)
    {
        using var guest = new Guest(a =>
        {
            a.mov(__[Guest.DataAddress], r14);
            a.mov(__[Guest.DataAddress + 4096], r14);
            a.@out(0x10, al);
        });
        guest.Host.Write<ulong>(Guest.DataAddress, 5);
        guest.Host.Write<ulong>(Guest.DataAddress + 4096, 6);
        byte[] before = Contents(guest.Host);
        string path = Path.Combine(Path.GetTempPath(), "nub-" + Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, before);
        try
        {
            using ReadOnlySharedMemory file = ReadOnlySharedMemory.MapFile(path, Guest.Size);
            using VirtualMachine machine = guest.System.CreateVirtualMachine();
            (HostSharedMemory host, GuestSharedMemory memory) = file.MapCopyOnWrite().Build();
            using MemorySlot slot = machine.MapMemory(memory, 0, MemorySlotFlags.TrackDirtyPages);
            using VirtualProcessor processor = machine.CreateVirtualProcessor(0);
            processor.SetCpuid(guest.System.GetSupportedCpuid());
            processor.RestoreState(guest.Processor.SaveState());
            using MemorySnapshot snapshot = MemorySnapshot.Take(slot);
            Assert.Equal(0x10, processor.Run().Port);

            // Another program cuts the file, and makes it as long as it was: what was cut off is zero.
            using (FileStream owner = File.OpenWrite(path))
            {
                owner.SetLength((long)Guest.DataAddress);
                Assert.Throws<SharedMemoryFaultException>(() =>
                {
                    if (all)
                    {
                        snapshot.RestoreAll();
                    }
                    else
                    {
                        snapshot.Restore();
                    }
                });
                owner.SetLength((long)Guest.Size);
            }

            Assert.InRange(snapshot.Restore(), 2UL, 8UL);
            Assert.Equal((5UL, 6UL), (host.Read<ulong>(Guest.DataAddress), host.Read<ulong>(Guest.DataAddress + 4096)));
            host.Dispose();
            memory.Dispose();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [SkippableFact]
    public void What_the_host_writes_is_restored_when_it_is_told()
    {
        using var guest = new Guest(a => a.nop(), flags: MemorySlotFlags.TrackDirtyPages);
        using MemorySnapshot memory = MemorySnapshot.Take(guest.Slot);
        guest.Host.Write<ulong>(0x9FFC, ulong.MaxValue);
        Assert.Equal(0UL, memory.Restore());
        memory.MarkDirty(0x9FFC, 8);
        Assert.Equal(2UL, memory.Restore());
        Assert.Equal(0UL, guest.Host.Read<ulong>(0x9FFC));
        Assert.Throws<SharedMemoryBoundsException>(() => memory.MarkDirty(Guest.Size, 1));

        guest.Host.Write<ulong>(0x9000, 5);
        memory.RestoreAll();
        Assert.Equal(0UL, guest.Host.Read<ulong>(0x9000));
        using (guest.Host.Enter())
        {
            Assert.Throws<SharedMemoryLockedException>(() => memory.Restore());
        }
    }

    [SkippableFact]
    public void What_the_host_writes_through_a_space_is_restored_without_being_told()
    {
        using var guest = new Guest(Program, flags: MemorySlotFlags.TrackDirtyPages);
        using var space = new GuestAddressSpace();
        space.Map(0, guest.Host, 0, Guest.Size);
        var bitmap = new DirtyBitmap(0, 2 * Guest.Size);
        space.TrackWrites(bitmap);
        MachineState state = guest.Machine.SaveState();
        space.Write<ulong>(0xA000, 7);
        using MemorySnapshot memory = MemorySnapshot.Take(guest.Slot, bitmap);
        Assert.Equal(0UL, memory.Restore());
        byte[] before = Contents(guest.Host);
        for (int round = 0; round < 3; round++)
        {
            // The guest writes the page of its data, and the host this and two more.
            Assert.Equal(0x10, Port(guest));
            space.Write<ulong>(0x9FFC, ulong.MaxValue);
            space.Write<byte>(Guest.DataAddress, 1);
            bitmap.Mark(Guest.Size, 4096);
            guest.Machine.RestoreState(state);
            Assert.InRange(memory.Restore(), 3UL, 9UL);
            Assert.Equal(before, Contents(guest.Host));
            Assert.True(bitmap.IsDirty(Guest.Size));
            Assert.False(bitmap.IsDirty(0x9000));
        }

        space.Write<ulong>(0x9000, 5);
        memory.RestoreAll();
        Assert.Equal(before, Contents(guest.Host));
        Assert.False(bitmap.IsDirty(0x9000));
        Assert.Throws<ArgumentException>("hostWrites", () => MemorySnapshot.Take(guest.Slot, new DirtyBitmap(0, Guest.Size / 2)));
        Assert.Throws<ArgumentException>("hostWrites", () => MemorySnapshot.Take(guest.Slot, new DirtyBitmap(4096, Guest.Size)));
    }

    /// <summary>The second slot has two pages of the first one's memory.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_guest_writes_by_another_slot_of_the_memory_is_restored(bool ofSecond)
    {
        using var guest = new Guest(WriteByBoth, flags: MemorySlotFlags.TrackDirtyPages);
        using MemorySlot second = guest.Machine.MapMemory(guest.Memory, Elsewhere, MemorySlotFlags.TrackDirtyPages, offset: 0x9000, size: 0x2000);
        using MemorySnapshot memory = MemorySnapshot.Take(ofSecond ? second : guest.Slot);
        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(0x10, Port(guest));
            Assert.Equal((7UL, 8UL, 9UL), Written());
            _ = guest.Processor.CompleteExit();

            // By the other slot, by this one, and beside the second.
            Assert.InRange(memory.Restore(), 2UL, ofSecond ? 2UL : 8UL);
            Assert.Equal((0UL, 0UL, ofSecond ? 9UL : 0), Written());
        }

        (ulong, ulong, ulong) Written() => (guest.Host.Read<ulong>(0xA000), guest.Host.Read<ulong>(0x9008), guest.Host.Read<ulong>(0xB000));
    }

    [SkippableFact]
    public void What_a_slot_without_a_log_was_written_by_is_restored_with_all_pages_only()
    {
        using var guest = new Guest(WriteByBoth, flags: MemorySlotFlags.TrackDirtyPages);
        using MemorySlot beside = guest.Machine.MapMemory(guest.Memory, 2 * Elsewhere, MemorySlotFlags.ReadOnly);
        using (MemorySlot silent = guest.Machine.MapMemory(guest.Memory, Elsewhere, offset: 0x9000, size: 0x2000))
        using (MemorySnapshot memory = MemorySnapshot.Take(guest.Slot))
        {
            byte[] before = Contents(guest.Host);
            Assert.Equal(0x10, Port(guest));
            _ = guest.Processor.CompleteExit();
            InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => memory.Restore());
            Assert.Contains($"{silent}", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(7UL, guest.Host.Read<ulong>(0xA000));
            memory.RestoreAll();
            Assert.Equal(before, Contents(guest.Host));
            silent.Dispose();
            Assert.Equal(0UL, memory.Restore());
        }

        // Of pages that no other slot has.
        using MemorySlot far = guest.Machine.MapMemory(guest.Memory, Elsewhere, MemorySlotFlags.TrackDirtyPages, offset: 0x9000, size: 0x1000);
        using MemorySlot near = guest.Machine.MapMemory(guest.Memory, Elsewhere + 0x1000, offset: 0xA000, size: 0x1000);
        guest.Slot.Dispose();
        using MemorySnapshot alone = MemorySnapshot.Take(far);
        Assert.Equal(0UL, alone.Restore());
    }

    [SkippableFact]
    public void The_devices_in_the_kernel_go_back_too()
    {
        using var guest = new Guest(
            a =>
            {
                // The mask of the first i8259, and the count of the timer.
                a.mov(al, 0x5A);
                a.@out(0x21, al);
                a.@out(0x10, al);
                a.mov(al, 0xA5);
                a.@out(0x21, al);
                a.@out(0x11, al);
                a.@in(al, 0x21);
                a.@out(0x12, al);
            },
            prepare: machine =>
            {
                machine.CreateInterruptController();
                machine.CreatePit();
            });
        Assert.Equal(0x10, Port(guest));
        MachineState state = guest.Machine.SaveState();
        Assert.Equal(0x11, Port(guest));
        VmExit changed = guest.Processor.Run();
        Assert.Equal((0x12, 0xA5), (changed.Port, changed.Data[0]));

        guest.Machine.RestoreState(state);
        Registers registers = guest.Processor.GetRegisters();
        registers.Rip += 6; // Past the second mask.
        guest.Processor.SetRegisters(registers);
        VmExit restored = guest.Processor.Run();
        Assert.Equal((0x12, 0x5A), (restored.Port, restored.Data[0]));
        using VirtualProcessor another = guest.Machine.CreateVirtualProcessor(1);
        Assert.Throws<ArgumentException>(() => guest.Machine.RestoreState(state));
    }

    // Twice, so that it can go on after a snapshot was brought back.
    private static void WriteByBoth(Assembler a)
    {
        for (int i = 0; i < 2; i++)
        {
            a.mov(__qword_ptr[Elsewhere + 0x1000], 7);
            a.mov(__qword_ptr[0x9008], 8);
            a.mov(__qword_ptr[0xB000], 9);
            a.@out(0x10, al);
        }
    }

    private static void Program(Assembler a)
    {
        a.mov(r14, 1000);
        a.mov(rax, 0x4004_0000_0000_0000); // 2.5
        a.movq(xmm7, rax);
        a.push(7);
        a.@out(0x10, al);
        a.pop(rbx);
        a.add(r14, rbx);
        a.mov(__[Guest.DataAddress], r14);
        a.movq(__qword_ptr[Guest.DataAddress + 8], xmm7);
        a.mov(__qword_ptr[Guest.DataAddress + 16], 1);
        a.xorps(xmm7, xmm7);
        a.xor(r14, r14);
        a.push(r14);
        a.@out(0x11, al);
    }

    private static ushort Port(Guest guest)
    {
        VmExit exit = guest.Processor.Run();
        Assert.Equal(VmExitReason.IoOut, exit.Reason);
        return exit.Port;
    }

    private static byte[] Contents(HostSharedMemory host)
    {
        byte[] contents = new byte[Guest.Size];
        host.CopyTo(0, contents);
        return contents;
    }
}
