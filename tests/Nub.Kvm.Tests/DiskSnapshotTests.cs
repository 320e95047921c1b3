using Iced.Intel;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>A machine that is saved to disk, memory and state in one file, and goes on elsewhere.</summary>
[Trait("Kind", "slow")]
public sealed class DiskSnapshotTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-machine-").FullName;

    private string FilePath => Path.Combine(_folder, "machine.nub");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_machine_goes_on_from_the_file(bool trusted)
    {
        using (Guest guest = Save())
        {
        }

        using SharedMemorySnapshot snapshot = trusted ? SharedMemorySnapshot.OpenTrusted(FilePath) : SharedMemorySnapshot.Open(FilePath);
        MachineState state = MachineState.FromSnapshot(snapshot);
        using var machine = new Copy(snapshot, state);
        for (int round = 0; round < 3; round++)
        {
            machine.RunToTheEnd();
            machine.Machine.RestoreState(state);
            machine.Host.Restore();
            Assert.Equal(0UL, machine.Host.Read<ulong>(Guest.DataAddress));
        }
    }

    [SkippableFact]
    public void Ten_machines_over_one_file_take_the_pages_that_they_write()
    {
        Save().Dispose();
        using SharedMemorySnapshot snapshot = SharedMemorySnapshot.OpenTrusted(FilePath);
        MachineState state = MachineState.FromSnapshot(snapshot);
        Copy[] machines = [.. Enumerable.Range(0, 10).Select(_ => new Copy(snapshot, state))];
        try
        {
            foreach (Copy machine in machines)
            {
                machine.RunToTheEnd();
            }

            // In kB: the page of the data, and those page tables of three whose accessed bits were not set in the file.
            Assert.All(machines, static machine => Assert.InRange(ProcessMaps.FieldOf(machine.Host.BaseAddress, "Anonymous"), 4, 16));
            Assert.Equal(0, ProcessMaps.FieldOf(snapshot.Memory.BaseAddress, "Anonymous"));
        }
        finally
        {
            foreach (Copy machine in machines)
            {
                machine.Dispose();
            }
        }
    }

    [SkippableFact]
    public void All_of_the_state_comes_back()
    {
        using var guest = new Guest(Program, prepare: static machine =>
        {
            machine.CreateInterruptController();
            machine.CreatePit();
        });
        Assert.Equal(0x10, guest.Processor.Run().Port);
        MachineState state = guest.Machine.SaveState();
        SharedMemorySnapshotSection section = state.ToSection();
        MachineState read = MachineState.FromSection(section);
        Assert.Equal(section.Content.ToArray(), read.ToSection().Content.ToArray());
        ProcessorState before = state.Processors[0];
        ProcessorState after = read.Processors[0];
        Assert.Equal(before.Registers, after.Registers);
        Assert.Equal(before.SpecialRegisters, after.SpecialRegisters);
        Assert.Equal(before.ExtendedState, after.ExtendedState);
        Assert.Equal(before.ExtendedControlRegister, after.ExtendedControlRegister);
        Assert.Equal(before.Msrs, after.Msrs);
        Assert.Equal(before.DebugRegisters, after.DebugRegisters);
        Assert.Equal(before.Events, after.Events);
        Assert.Equal(before.MultiprocessingState, after.MultiprocessingState);
        Assert.NotNull(after.LocalApic);
        Assert.NotNull(read.Pit);
        Assert.Equal(3, read.Chips.Length);
        guest.Machine.RestoreState(read);
        Assert.Equal(0x11, guest.Processor.Run().Port);
    }

    [SkippableFact]
    public void A_state_that_is_missing_newer_or_damaged_is_refused()
    {
        Save().Dispose();
        using SharedMemorySnapshot snapshot = SharedMemorySnapshot.Open(FilePath);
        Assert.True(snapshot.TryGetSection(MachineState.SectionName, out SharedMemorySnapshotSection? section));
        using SharedMemorySnapshot without = SharedMemorySnapshot.Take(snapshot.Memory);
        Assert.Equal(SharedMemorySnapshotError.SectionMissing, Refusal(() => MachineState.FromSnapshot(without)).Error);
        Assert.Equal(SharedMemorySnapshotError.SectionMissing, Refusal(() => MachineState.FromSection(new("another", 1, section.Content))).Error);
        Assert.Equal(SharedMemorySnapshotError.SectionVersion, Refusal(() => MachineState.FromSection(new(MachineState.SectionName, 2, section.Content))).Error);
        int refused = 0;
        for (int round = 0; round < 2000; round++)
        {
            // Where the records begin, mostly; what is in them are a guest's own registers, of any value.
            var random = new Random(round);
            byte[] content = section.Content.ToArray();
            int at = random.Next(4) != 0 ? random.Next(64) : random.Next(content.Length);
            content[at] = (byte)random.Next(256);
            content = random.Next(4) == 0 ? content[..random.Next(content.Length)] : content;
            try
            {
                _ = MachineState.FromSection(new(MachineState.SectionName, 1, content));
            }
            catch (SharedMemorySnapshotException refusal)
            {
                Assert.Equal(SharedMemorySnapshotError.SectionInvalid, refusal.Error);
                Assert.InRange(refusal.Offset, 0UL, (ulong)content.Length);
                Assert.Equal(MachineState.SectionName, refusal.Section);
                refused++;
            }
        }

        Assert.InRange(refused, 500, 1999);
    }

    private static SharedMemorySnapshotException Refusal(Action action) => Assert.Throws<SharedMemorySnapshotException>(action);

    /// <summary>A machine in the middle of its program, and the file that it was saved to.</summary>
    private Guest Save()
    {
        var guest = new Guest(Program);
        Assert.Equal(0x10, guest.Processor.Run().Port);
        MachineState state = guest.Machine.SaveState();
        _ = SharedMemorySnapshot.Save(FilePath, guest.Host, sections: [state.ToSection()]);
        return guest;
    }

    private static void Program(Assembler a)
    {
        a.mov(r14, 1000);
        a.push(7);
        a.@out(0x10, al);
        a.pop(rbx);
        a.add(r14, rbx);
        a.mov(__[Guest.DataAddress], r14);
        a.@out(0x11, al);
    }

    /// <summary>A machine over a view of a snapshot.</summary>
    private sealed class Copy : IDisposable
    {
        private readonly KvmSystem _system = new();
        private readonly GuestSharedMemory _memory;
        private readonly VirtualProcessor _processor;

        public Copy(SharedMemorySnapshot snapshot, MachineState state)
        {
            Machine = _system.CreateVirtualMachine();
            (Host, _memory) = snapshot.Memory.MapCopyOnWrite().Build();
            _ = Machine.MapMemory(_memory, 0, MemorySlotFlags.None);
            _processor = Machine.CreateVirtualProcessor(0);
            _processor.SetCpuid(_system.GetSupportedCpuid());
            Machine.RestoreState(state);
        }

        public VirtualMachine Machine { get; }

        public HostSharedMemory Host { get; }

        public void RunToTheEnd()
        {
            Assert.Equal(0x11, _processor.Run().Port);
            Assert.Equal(1007UL, Host.Read<ulong>(Guest.DataAddress));
        }

        public void Dispose()
        {
            _processor.Dispose();
            Machine.Dispose();
            _memory.Dispose();
            Host.Dispose();
            _system.Dispose();
        }
    }
}
