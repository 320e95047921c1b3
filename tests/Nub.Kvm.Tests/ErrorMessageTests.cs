using Nub.Memory;

namespace Nub.Kvm.Tests;

/// <summary>What is said when something is refused: with the numbers, and what would be right.</summary>
public sealed class ErrorMessageTests
{
    [Fact]
    public void Page_tables()
    {
        using var memory = new ExclusiveSharedMemory(1 << 20);
        ArgumentOutOfRangeException beyond = Assert.Throws<ArgumentOutOfRangeException>(() => _ = LongMode.WritePageTables(memory, 0x1000, ulong.MaxValue - 0xFFF, 1 << 30));
        Assert.Equal("guestAddress", beyond.ParamName);
        Assert.Contains("beyond 2^64", beyond.Message, StringComparison.Ordinal);
        ArgumentOutOfRangeException offPage = Assert.Throws<ArgumentOutOfRangeException>(() => _ = LongMode.WritePageTables(memory, 0x10, 0, 1 << 30));
        Assert.Equal("offset", offPage.ParamName);
        Assert.Contains("0x10", offPage.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Processors()
    {
        Guest.SkipWithoutKvm();
        using var system = new KvmSystem();
        using VirtualMachine machine = system.CreateVirtualMachine();
        using VirtualProcessor processor = machine.CreateVirtualProcessor(7);
        Assert.Equal("processor 7", processor.ToString());
        Assert.Contains("processor 7, an id that the machine has used", Assert.Throws<KvmException>(() => machine.CreateVirtualProcessor(7)).Message, StringComparison.Ordinal);
        int most = machine.CheckExtension(KvmCapability.MaximumProcessorId);
        Assert.Contains($"less than {most}", Assert.Throws<KvmException>(() => machine.CreateVirtualProcessor((uint)most + 1)).Message, StringComparison.Ordinal);
        Assert.Equal("pageTables", Assert.Throws<ArgumentOutOfRangeException>(() => LongMode.SetUp(processor, 0x123, 0, 0)).ParamName);
        processor.SetRegisters(new Registers { Rip = 0xFFF0, Rflags = 2 });
        Assert.StartsWith("rip 0xfff0, rflags 0x2,", processor.GetRegisters().ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Interrupt_lines()
    {
        Guest.SkipWithoutKvm();
        using var system = new KvmSystem();
        VirtualMachine machine = system.CreateVirtualMachine();
        KvmException refused = Assert.Throws<KvmException>(() => machine.SetInterruptLine(4, isHigh: true));
        Assert.Equal(6, refused.NativeErrorCode);
        Assert.Contains("line 4", refused.Message, StringComparison.Ordinal);
        Assert.Contains("CreateInterruptController", refused.Message, StringComparison.Ordinal);
        machine.Dispose();
        Assert.Contains("VirtualMachine", Assert.Throws<ObjectDisposedException>(() => machine.SetInterruptLine(4, isHigh: true)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void What_has_ended_is_named()
    {
        Guest.SkipWithoutKvm();
        var system = new KvmSystem();
        system.Dispose();
        Assert.Contains("Nub.Kvm.KvmSystem", Assert.Throws<ObjectDisposedException>(system.CreateVirtualMachine).Message, StringComparison.Ordinal);
    }
}
