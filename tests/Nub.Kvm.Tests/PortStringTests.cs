using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

public sealed class PortStringTests
{
    private const int Items = 3000;

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void String_output_comes_in_order_whatever_the_number_of_exits(int size)
    {
        using var guest = new Guest(
            a =>
            {
                a.mov(rsi, Guest.DataAddress);
                a.mov(ecx, Items);
                a.mov(dx, 0x10);
                switch (size)
                {
                    case 1: a.rep.outsb(); break;
                    case 2: a.rep.outsw(); break;
                    default: a.rep.outsd(); break;
                }

                a.@out(0x11, al);
            });
        byte[] bytes = new byte[Items * size];
        new Random(size).NextBytes(bytes);
        guest.Host.CopyFrom(Guest.DataAddress, bytes);

        var seen = new List<byte>();
        while (true)
        {
            VmExit exit = guest.Processor.Run();
            Assert.Equal(VmExitReason.IoOut, exit.Reason);
            if (exit.Port == 0x11)
            {
                break;
            }

            Assert.Equal(size, exit.Size);
            Assert.Equal(size * exit.Count, exit.Data.Length);
            seen.AddRange(exit.Data);
        }

        Assert.Equal(bytes, seen);
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void String_input_is_filled_in_exits_of_many_items(int size)
    {
        using var guest = new Guest(
            a =>
            {
                a.mov(rdi, Guest.DataAddress);
                a.mov(ecx, Items);
                a.mov(dx, 0x10);
                switch (size)
                {
                    case 1: a.rep.insb(); break;
                    case 2: a.rep.insw(); break;
                    default: a.rep.insd(); break;
                }

                a.@out(0x11, al);
            });
        byte[] bytes = new byte[Items * size];
        new Random(size).NextBytes(bytes);
        int given = 0;
        int most = 0;
        while (true)
        {
            VmExit exit = guest.Processor.Run();
            if (exit.Port == 0x11)
            {
                Assert.Equal(VmExitReason.IoOut, exit.Reason);
                break;
            }

            Assert.Equal(VmExitReason.IoIn, exit.Reason);
            bytes.AsSpan(given, exit.Data.Length).CopyTo(exit.Data);
            given += exit.Data.Length;
            most = Math.Max(most, exit.Count);
        }

        Assert.Equal(bytes.Length, given);
        Assert.True(most > 1, "No exit had more than one item.");
        byte[] seen = new byte[bytes.Length];
        guest.Host.CopyTo(Guest.DataAddress, seen);
        Assert.Equal(bytes, seen);
    }

    [SkippableFact]
    public void An_instruction_can_be_finished_without_executing_another()
    {
        using var guest = new Guest(a =>
        {
            a.@in(eax, 0x20);
            a.inc(eax);
            a.@out(0x21, al);
        });
        VmExit exit = guest.Processor.Run();
        Assert.Equal(VmExitReason.IoIn, exit.Reason);
        BitConverter.TryWriteBytes(exit.Data, 0x1234_5678);
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.CompleteExit().Reason);

        Registers registers = guest.Processor.GetRegisters();
        Assert.Equal((0x1234_5678UL, Guest.CodeAddress + 2), (registers.Rax, registers.Rip));
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        Assert.Equal(0x1234_5679UL, guest.Processor.GetRegisters().Rax);
    }
}
