using System.Text;
using BootLinux;
using Nub.Memory;

namespace Nub.Kvm.Tests;

/// <summary>The parts of the sample that boots Linux; tests/kvm-in-qemu.sh --boot-linux boots one.</summary>
[Trait("Kind", "slow")]
public sealed class BootLinuxTests
{
    private const int InterruptEnable = 1;
    private const int InterruptIdentification = 2;
    private const int ModemControl = 4;
    private const int LineStatus = 5;
    private const int ModemStatus = 6;

    // The offsets are those of Linux's Documentation/arch/x86/boot.rst.
    [Fact]
    public void The_header_is_laid_out_as_the_kernel_has_it()
    {
        Assert.Equal(0x1FE, SetupHeader.Offset + SetupHeader.Layout.BootFlagOffset);
        Assert.Equal(0x202, SetupHeader.Offset + SetupHeader.Layout.HeaderOffset);
        Assert.Equal(0x210, SetupHeader.Offset + SetupHeader.Layout.LoaderTypeOffset);
        Assert.Equal(0x218, SetupHeader.Offset + SetupHeader.Layout.RamdiskImageOffset);
        Assert.Equal(0x228, SetupHeader.Offset + SetupHeader.Layout.CommandLineOffset);
        Assert.Equal(0x236, SetupHeader.Offset + SetupHeader.Layout.ExtendedLoadFlagsOffset);
        Assert.Equal(0x258, SetupHeader.Offset + SetupHeader.Layout.PreferredAddressOffset);
        Assert.Equal(0x260, SetupHeader.Offset + SetupHeader.Layout.InitSizeOffset);
        Assert.Equal(20, MemoryRange.Layout.Size);
    }

    [Fact]
    public void What_is_no_kernel_is_refused()
    {
        string path = Path.GetTempFileName();
        try
        {
            Assert.Contains("0 bytes", Refusal([]), StringComparison.Ordinal);
            Assert.Contains("no bzImage", Refusal(new byte[4096]), StringComparison.Ordinal);
            Assert.Contains("32-bit", Refusal(Image(new SetupHeader { Header = SetupHeader.Magic, Version = 0x20F })), StringComparison.Ordinal);
            Assert.Contains("before its code", Refusal(Image(Bootable with { SetupSectors = 255 })), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }

        string Refusal(byte[] image)
        {
            File.WriteAllBytes(path, image);
            return Assert.Throws<InvalidDataException>(() => KernelImage.Read(path)).Message;
        }
    }

    [Fact]
    public void Memory_is_filled_as_the_protocol_says_or_refused()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, Image(Bootable));
            KernelImage kernel = KernelImage.Read(path);
            using var memory = new ExclusiveSharedMemory(32 << 20);
            byte[] ramdisk = [1, 2, 3];
            (ulong entry, _) = GuestMemory.Fill(memory, kernel, ramdisk, "console=ttyS0");
            Assert.Equal(0x100_0200UL, entry);
            SetupHeader header = SetupHeader.ReadFrom(memory.AsSpan(GuestMemory.ZeroPage + SetupHeader.Offset, SetupHeader.Layout.Size));
            Assert.Equal((SetupHeader.UnknownLoader, 3u), (header.LoaderType, header.RamdiskSize));
            Assert.Equal(ramdisk, memory.AsSpan(header.RamdiskImage, 3).ToArray());
            Assert.Equal("console=ttyS0\0", Encoding.ASCII.GetString(memory.AsSpan(header.CommandLine, 14)));
            MemoryRange high = MemoryRange.ReadFrom(memory.AsSpan(GuestMemory.ZeroPage + 0x2D0 + 20, 20));
            Assert.Equal((0x10_0000UL, 31UL << 20, MemoryRange.Usable), (high.Address, high.Size, high.Type));

            using var small = new ExclusiveSharedMemory(17 << 20);
            Assert.Throws<InvalidDataException>(() => GuestMemory.Fill(small, kernel, new byte[1 << 20], ""));
            Assert.Throws<InvalidDataException>(() => GuestMemory.Fill(memory, kernel, ramdisk, new string('x', 3000)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_serial_port_sends_and_interrupts_when_it_could_take_more()
    {
        var sent = new List<byte>();
        var levels = new List<bool>();
        var port = new SerialPort(sent.Add, levels.Add);
        Assert.Equal(0x60, port.Read(LineStatus));
        Assert.Equal(1, port.Read(InterruptIdentification));
        port.Write(InterruptEnable, 2);
        Assert.Equal([true], levels);
        Assert.Equal(2, port.Read(InterruptIdentification));
        Assert.Equal([true, false], levels);
        Assert.Equal(1, port.Read(InterruptIdentification));
        port.Write(0, (byte)'x');
        Assert.Equal([true, false, true], levels);
        port.Write(InterruptEnable, 0);
        Assert.Equal([true, false, true, false], levels);
        Assert.Equal("x"u8.ToArray(), sent);

        // The kernel's trial of the modem lines: RTS and OUT2 come back as CTS and DCD.
        port.Write(ModemControl, 0x1A);
        Assert.Equal(0x90, port.Read(ModemStatus));
        port.Write(0, (byte)'y');
        Assert.Single(sent);
    }

    [Fact]
    public void A_guests_output_cannot_command_the_terminal_nor_grow_without_end()
    {
        using var output = new StringWriter { NewLine = "\n" };
        var log = new SerialLog(output);
        foreach (byte value in "\u001b[2Jok\r\n"u8)
        {
            log.Add(value);
        }

        Assert.Equal("[2Jok\n", output.ToString());
        for (int i = 0; i < 10_000; i++)
        {
            log.Add((byte)'z');
        }

        Assert.All(output.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, 4096));
        log.Flush();
        foreach (byte value in "BootLinux: status 7\n"u8)
        {
            log.Add(value);
        }

        Assert.Equal(7, log.Status);
    }

    private static SetupHeader Bootable => new()
    {
        Header = SetupHeader.Magic,
        Version = 0x20F,
        ExtendedLoadFlags = SetupHeader.Has64BitEntry,
        SetupSectors = 1,
        RamdiskAddressMax = int.MaxValue,
        CommandLineSize = 2047,
        PreferredAddress = 0x100_0000,
        InitSize = 0x8_0000,
    };

    private static byte[] Image(in SetupHeader header)
    {
        byte[] image = new byte[4096];
        header.WriteTo(image.AsSpan(SetupHeader.Offset));
        return image;
    }
}
