using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>A machine's state that was tampered with is judged as a whole before a part of it is set.</summary>
public sealed class TamperedStateTests
{
    [Fact]
    public void A_state_that_is_whole_is_read()
    {
        Assert.Equal(MachineState.ChipCount, Read(State(chips: 3, hasPit: true)).Chips.Length);
        Assert.Empty(Read(State(chips: 0)).Chips);
        Assert.Equal(VirtualProcessor.MostMsrs, Read(State(chips: 0, msrs: VirtualProcessor.MostMsrs)).Processors[0].Msrs.Length);
    }

    [Theory]
    [InlineData(3, false, 257, true, true, false, "the kernel takes 256 registers")]
    [InlineData(3, false, 1, true, true, true, "has the state of chip 2")]
    [InlineData(2, false, 1, true, true, false, "There are 2 chips, where 3 or none can be")]
    [InlineData(4, false, 1, true, true, false, "There are 4 chips, where 3 or none can be")]
    [InlineData(0, true, 1, false, false, false, "and a timer")]
    [InlineData(3, false, 1, false, true, false, "processor 0 has no local controller")]
    [InlineData(3, false, 1, true, false, false, "is not said what it does")]
    [InlineData(0, false, 1, true, true, false, "There are 0 chips, and processor 0 has local controller")]
    public void A_state_that_no_machine_can_have_is_refused(int chips, bool hasPit, int msrs, bool hasApic, bool isDoing, bool isSwapped, string reason)
    {
        MachineState state = State(chips, hasPit, msrs, hasApic, isDoing);
        if (isSwapped)
        {
            state.Chips[1].ChipId = 2;
        }

        SharedMemorySnapshotException refusal = Assert.Throws<SharedMemorySnapshotException>(() => Read(state));
        Assert.Equal(SharedMemorySnapshotError.SectionInvalid, refusal.Error);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(false, 4092, 0, false)]
    [InlineData(false, 1 << 20, 0, false)]
    [InlineData(false, 0, 3, true)]
    [InlineData(false, 0, 3, false)]
    [InlineData(true, 0, 0, false)]
    [InlineData(true, 0, 3, false)]
    public void A_state_of_another_machine_is_refused_before_anything_is_set(bool hasDevices, int extendedState, int chips, bool hasPit)
    {
        using var guest = new Guest(a => a.@out(0x10, al), prepare: machine =>
        {
            if (hasDevices)
            {
                machine.CreateInterruptController();
                machine.CreatePit();
            }
        });
        ulong before = guest.Processor.GetRegisters().Rip;
        byte[] extended = extendedState == 0 ? guest.Processor.GetExtendedState() : new byte[extendedState];
        MachineState state = Read(State(chips, hasPit, extended: extended));
        Assert.Throws<ArgumentException>("state", () => guest.Machine.RestoreState(state));
        Assert.Equal(before, guest.Processor.GetRegisters().Rip);
        if (extendedState != 0 || hasDevices != (chips > 0))
        {
            Assert.Throws<ArgumentException>("state", () => guest.Processor.RestoreState(state.Processors[0]));
            Assert.Equal(before, guest.Processor.GetRegisters().Rip);
        }
    }

    private static MachineState Read(MachineState state) => MachineState.FromSection(state.ToSection());

    private static MachineState State(int chips, bool hasPit = false, int msrs = 1, bool? hasApic = null, bool? isDoing = null, byte[]? extended = null)
    {
        var processor = new ProcessorState
        {
            Registers = new Registers { Rip = 0x1234 },
            ExtendedState = extended ?? new byte[4096],
            Msrs = new MsrEntry[msrs],
            LocalApic = hasApic ?? chips > 0 ? new LocalApicState() : null,
            MultiprocessingState = isDoing ?? chips > 0 ? MultiprocessingState.Runnable : null,
        };
        return new MachineState(
            new() { [0] = processor }, [.. Enumerable.Range(0, chips).Select(static id => new IrqchipState { ChipId = (uint)id })], hasPit ? new PitState() : null);
    }
}
