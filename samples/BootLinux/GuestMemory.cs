using System.Buffers.Binary;
using System.Text;
using Nub.Kvm;
using Nub.Memory;

namespace BootLinux;

/// <summary>
/// The machine's memory before it starts: the kernel, its initial file system, and what the 64-bit boot protocol asks for (Linux,
/// Documentation/arch/x86/boot.rst, "64-bit Boot Protocol", and zero-page.rst).
/// </summary>
internal static class GuestMemory
{
    /// <summary>The selectors that the protocol fixes.</summary>
    public const ushort CodeSelector = 0x10;
    public const ushort DataSelector = 0x18;

    public const ulong DescriptorTable = 0x500;
    public const ushort DescriptorTableSize = 4 * 8;
    public const ulong ZeroPage = 0x7000;
    public const ulong Stack = 0x8000;
    private const ulong PageTables = 0x9000;
    private const ulong CommandLine = 0x2_0000;

    // Below 640 KiB, and from 1 MiB on: between them a PC has its devices.
    private const ulong LowMemoryEnd = 0x9_FC00;
    private const ulong HighMemory = 0x10_0000;
    private const ulong PageSize = 4096;

    // Fields of the zero page.
    private const ulong RangeCount = 0x1E8;
    private const ulong Ranges = 0x2D0;

    // All below 4 GiB is mapped to itself.
    private const ulong Mapped = 4UL << 30;

    /// <summary>Fills the memory.</summary>
    /// <returns>The address of the first instruction, and of the page tables.</returns>
    /// <exception cref="InvalidDataException">The kernel, its file system or its command line do not fit.</exception>
    public static (ulong Entry, ulong Tables) Fill(ExclusiveSharedMemory memory, KernelImage kernel, byte[] ramdisk, string commandLine)
    {
        SetupHeader header = kernel.Header;
        ulong kernelEnd = checked(header.PreferredAddress + Math.Max(header.InitSize, (ulong)kernel.Code.Length));
        ulong ramdiskLimit = Math.Min(memory.Size, header.RamdiskAddressMax + 1UL);
        ulong ramdiskAddress = (ulong)ramdisk.Length < ramdiskLimit ? (ramdiskLimit - (ulong)ramdisk.Length) / PageSize * PageSize : 0;
        if (header.PreferredAddress < HighMemory || kernelEnd > ramdiskAddress)
        {
            throw new InvalidDataException(
                $"The kernel wants 0x{header.PreferredAddress:X} to 0x{kernelEnd:X}, and its file system of {ramdisk.Length} bytes does not fit "
                + $"behind that into {memory.Size} bytes of memory.");
        }

        byte[] line = Encoding.ASCII.GetBytes(commandLine + '\0');
        if ((uint)line.Length > header.CommandLineSize)
        {
            throw new InvalidDataException($"The command line has {line.Length} bytes; the kernel takes {header.CommandLineSize}.");
        }

        memory.CopyFrom(header.PreferredAddress, kernel.Code);
        memory.CopyFrom(ramdiskAddress, ramdisk);
        memory.CopyFrom(CommandLine, line);

        header.LoaderType = SetupHeader.UnknownLoader;
        header.RamdiskImage = (uint)ramdiskAddress;
        header.RamdiskSize = (uint)ramdisk.Length;
        header.CommandLine = (uint)CommandLine;
        byte[] headerBytes = new byte[SetupHeader.Layout.Size];
        header.WriteTo(headerBytes);
        memory.CopyFrom(ZeroPage + SetupHeader.Offset, headerBytes);
        WriteMemoryMap(memory);
        WriteDescriptors(memory);

        // The entry of the protocol is 0x200 bytes into the code.
        return (header.PreferredAddress + 0x200, LongMode.WritePageTables(memory, PageTables, 0, Mapped));
    }

    private static void WriteMemoryMap(ExclusiveSharedMemory memory)
    {
        MemoryRange[] ranges =
        [
            new() { Address = 0, Size = LowMemoryEnd, Type = MemoryRange.Usable },
            new() { Address = HighMemory, Size = memory.Size - HighMemory, Type = MemoryRange.Usable },
        ];
        byte[] bytes = new byte[MemoryRange.Layout.Size];
        for (int i = 0; i < ranges.Length; i++)
        {
            ranges[i].WriteTo(bytes);
            memory.CopyFrom(ZeroPage + Ranges + (ulong)i * MemoryRange.Layout.Size, bytes);
        }

        memory.WriteByte(ZeroPage + RangeCount, (byte)ranges.Length);
    }

    // Two empty descriptors, 64-bit code that can be executed and read, and data that can be read and written, both of 4 GiB.
    private static void WriteDescriptors(ExclusiveSharedMemory memory)
    {
        Span<byte> table = stackalloc byte[DescriptorTableSize];
        table.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(table[CodeSelector..], 0x00AF_9B00_0000_FFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(table[DataSelector..], 0x00CF_9300_0000_FFFF);
        memory.CopyFrom(DescriptorTable, table);
    }
}
