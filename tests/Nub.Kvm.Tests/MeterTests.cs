using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

[Collection(Alone.Name)]
public sealed class MeterTests
{
    [Fact]
    public void Whoever_listens_keeps_nobody_from_making_a_machine() =>
        Assert.Equal((3, 3), FreshMeter.MakeUnderAListenerThatThrows(typeof(VirtualMachine).Assembly, "Nub.Kvm.NubKvmMeter", "Nub.Kvm"));

    [SkippableFact]
    public void Machines_processors_and_exits_are_counted()
    {
        Guest.SkipWithoutKvm();
        new Guest(static a => a.hlt()).Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Dictionary<string, long> before = MeterReadings.Of("Nub.Kvm");
        using (var guest = new Guest(
            static a =>
            {
                a.@out(0x10, al);
                a.@out(0x10, al);
                a.@in(al, 0x20);
                a.hlt();
            },
            privilegeLevel: 0))
        {
            using VirtualProcessor second = guest.Machine.CreateVirtualProcessor(1);
            Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
            Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
            Assert.Equal(VmExitReason.IoIn, guest.Processor.Run().Reason);
            Assert.Equal(VmExitReason.Halt, guest.Processor.Run().Reason);
            Assert.Equal(VmExitReason.Cancelled, second.Run(new CancellationToken(canceled: true)).Reason);
            Assert.Equal(
                new()
                {
                    ["nub.kvm.machines"] = 1,
                    ["nub.kvm.processors"] = 2,
                    ["nub.kvm.exits{IoOut}"] = 2,
                    ["nub.kvm.exits{IoIn}"] = 1,
                    ["nub.kvm.exits{Halt}"] = 1,
                    ["nub.kvm.exits{Cancelled}"] = 1,
                },
                MeterReadings.Since(before, "Nub.Kvm"));
        }

        Assert.Equal(["nub.kvm.exits{Cancelled}", "nub.kvm.exits{Halt}", "nub.kvm.exits{IoIn}", "nub.kvm.exits{IoOut}"], MeterReadings.Since(before, "Nub.Kvm").Keys.Order());
    }
}
