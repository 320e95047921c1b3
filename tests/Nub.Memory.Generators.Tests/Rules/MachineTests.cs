using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0011 on what a virtual machine tells of its guest: exits, registers, gathered writes.</summary>
public sealed class MachineTests
{
    [Theory]
    [InlineData("VmExit exit = processor.Run(); return new byte[{|NUB0011:exit.Address|}];")]
    [InlineData("VmExit exit = processor.Run(); return new byte[{|NUB0011:System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(exit.Data)|}];")]
    [InlineData("VmExit exit = processor.Run(); Use(table[{|NUB0011:exit.Data[0]|}]); return [];")]
    [InlineData("VmExit exit = processor.Run(); Use(table[{|NUB0011:exit.Port - 0x3F8|}]); return [];")]
    [InlineData("return new byte[{|NUB0011:processor.GetRegisters().Rcx|}];")]
    [InlineData("Registers registers = processor.GetRegisters(); return table.AsSpan({|NUB0011:(int)registers.Rsi|}, 4).ToArray();")]
    [InlineData("return machine.TryTakeCoalescedWrite(out CoalescedWrite write) ? new byte[{|NUB0011:write.Value|}] : [];")]
    [InlineData("while (machine.TryTakeCoalescedWrite(out CoalescedWrite write)) { Use(table[{|NUB0011:write.Address|}]); if (write.Address >= 64) { return []; } } return [];")]
    [InlineData("while (true) { VmExit exit = processor.Run(); if (exit.Reason != VmExitReason.MmioWrite) { return []; } Use(table[{|NUB0011:exit.Address|}]); if (exit.Address >= 64) { return []; } }")]
    [InlineData("{|NUB0011:Handle(processor.Run())|}; return []; static void Handle(VmExit exit) => Use(new byte[exit.Address]);")]
    [InlineData("if (!machine.TryTakeCoalescedWrite(out CoalescedWrite write)) { return []; } var (_, address, _, _) = write; return new byte[{|NUB0011:address|}];")]
    [InlineData("return machine.TryTakeCoalescedWrite(out CoalescedWrite write) && write is (_, _, _, var value) ? new byte[{|NUB0011:value|}] : [];")]
    public async Task What_a_guest_has_chosen_is_its_own(string body) => await CheckAsync(body);

    [Theory]
    [InlineData("VmExit exit = processor.Run(); if (exit.Address >= 64) { return []; } return new byte[exit.Address];")]
    [InlineData("VmExit exit = processor.Run(); return table.AsSpan(exit.Size * exit.Count).ToArray();")]
    [InlineData("VmExit exit = processor.Run(); return new byte[exit.Data.Length];")]
    [InlineData("VmExit exit = processor.Run(); if (exit is { Reason: VmExitReason.IoOut, Port: >= 0x3F8 and < 0x400 }) { Use(table[exit.Port - 0x3F8]); } return [];")]
    [InlineData("VmExit exit = processor.Run(); exit.Data[0] = 1; exit.Data.Clear(); return [];")]
    [InlineData("Registers registers = processor.GetRegisters(); if (registers.Rcx > 64) { return []; } return new byte[registers.Rcx];")]
    [InlineData("Registers registers = processor.GetRegisters(); registers.Rip += 2; registers.Rcx = 16; processor.SetRegisters(registers); return new byte[registers.Rcx];")]
    [InlineData("while (machine.TryTakeCoalescedWrite(out CoalescedWrite write)) { if (write.Address >= 64) { continue; } Use(table[write.Address]); Use(table.AsSpan(0, write.Size).ToArray()); } return [];")]
    [InlineData("ulong before = host.Read<ulong>(0); VmExit exit = processor.Run(); Use(exit.Reason); return host.Read<ulong>(0) == before ? [] : table;")]
    [InlineData("Use(processor.GetRegisters().Rip); Use(processor.GetRegisters().Rip); return [];")]
    [InlineData("if (!machine.TryTakeCoalescedWrite(out CoalescedWrite write)) { return []; } var (_, _, size, _) = write; return new byte[size];")]
    [InlineData("return machine.TryTakeCoalescedWrite(out CoalescedWrite write) && write is (_, _, var size, < 64) ? new byte[size + (int)write.Value] : [];")]
    public async Task What_was_checked_or_the_host_knows_is_not_reported(string body) => await CheckAsync(body);

    [Fact]
    public async Task An_exit_that_is_passed_is_the_guests_and_is_named()
    {
        const string Source = """
            using Nub.Kvm;

            public static class Test
            {
                public static byte[] Handle(VmExit exit, CoalescedWrite write) => new byte[{|NUB0011:exit.Address|}].Length > write.Size ? [] : [];

                public static byte[] Parse(SharedStack stack) => stack.Pop<byte[]>(element => new byte[{|NUB0011:element[0] << 24|}]);
            }
            """;
        Assert.Collection(
            await Markup.CheckAsync(Source),
            static message => Assert.Contains("('exit.Address')", message, StringComparison.Ordinal),
            static message => Assert.Contains("'element'", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_interface_that_is_implemented_explicitly_is_for_others() => await Markup.CheckAsync("""
        using Nub.Kvm;

        public interface IDevice
        {
            byte[] Handle(VmExit exit);
        }

        public sealed class Device : IDevice
        {
            byte[] IDevice.Handle(VmExit exit) => new byte[{|NUB0011:exit.Address|}];
        }
        """);

    private static async Task CheckAsync(string body) =>
        await Markup.CheckAsync($$"""
            using Nub.Kvm;

            public static class Test
            {
                public static byte[] Run(HostSharedMemory host, VirtualMachine machine, VirtualProcessor processor, byte[] table)
                {
                    Use(host); Use(machine); Use(processor); Use(table);
                    {{body}}
                }

                private static void Use<T>(T value) => Console.WriteLine(value);
            }
            """);
}
