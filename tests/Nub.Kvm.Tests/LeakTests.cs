using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>Counts what the process has, so no other test may run beside it.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public sealed class LeakTests
{
    [SkippableFact]
    public void A_thousand_machines_leave_nothing_behind()
    {
        const int machines = 1000;
        Guest.SkipWithoutKvm();
        Live(20);
        int descriptors = ProcessMaps.CountDescriptorsOf("kvm", "[eventfd]");
        int kvmMappings = ProcessMaps.CountNamed("kvm");
        int mappings = ProcessMaps.Count;
        int threads = ProcessMaps.CountThreads();
        Live(machines);
        Assert.Equal(descriptors, ProcessMaps.CountDescriptorsOf("kvm", "[eventfd]"));
        Assert.Equal(kvmMappings, ProcessMaps.CountNamed("kvm"));

        // The runtime's own heap and thread pool move a little.
        Assert.InRange(ProcessMaps.Count, 0, mappings + 100);
        Assert.InRange(ProcessMaps.CountThreads(), 0, threads + 10);

        static void Live(int machines)
        {
            for (int i = 0; i < machines; i++)
            {
                using var guest = new Guest(a => a.@out(0x10, al));
                using IoEvent written = guest.Machine.CreateIoEvent(IoSpace.Port, 0x30);
                Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
            }
        }
    }

    [SkippableFact]
    public void A_machine_that_nobody_disposed_is_taken_down_by_the_garbage_collector()
    {
        Guest.SkipWithoutKvm();
        nint address = Abandon();
        for (int i = 0; i < 50 && ProcessMaps.IsMemory(address); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(ProcessMaps.IsMemory(address));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static nint Abandon()
        {
#pragma warning disable CA2000 // To be abandoned is what this is about.
            var guest = new Guest(a => a.@out(0x10, al));
#pragma warning restore CA2000
            Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
            return guest.Host.BaseAddress;
        }
    }
}
