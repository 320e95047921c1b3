using System.Runtime.InteropServices;
using Nub.Memory;

namespace BootLinux;

/// <summary>
/// What a kernel image says about itself and a boot loader answers, 123 bytes from offset 0x1F1 of the image and of the zero page
/// (<c>struct setup_header</c>; Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
/// </summary>
[AllValid]
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal partial struct SetupHeader
{
    /// <summary>Where the header stands in the image and in the zero page, in bytes.</summary>
    public const int Offset = 0x1F1;

    /// <summary>"HdrS".</summary>
    public const uint Magic = 0x5372_6448;

    /// <summary>Protocol 2.12: the first that says whether the kernel has a 64-bit entry.</summary>
    public const ushort LeastVersion = 0x020C;

    /// <summary>XLF_KERNEL_64: there is a 64-bit entry, 0x200 bytes into the protected-mode code.</summary>
    public const ushort Has64BitEntry = 1;

    /// <summary>A loader without a number of its own.</summary>
    public const byte UnknownLoader = 0xFF;

    /// <summary>The size of the real-mode code in sectors of 512 bytes, without the first; 0 means 4.</summary>
    public byte SetupSectors;
    public ushort RootFlags;
    public uint SystemSize;
    public ushort RamSize;
    public ushort VideoMode;
    public ushort RootDevice;
    public ushort BootFlag;
    public ushort Jump;
    public uint Header;
    public ushort Version;
    public uint RealModeSwitch;
    public ushort StartSystemSegment;
    public ushort KernelVersion;
    public byte LoaderType;
    public byte LoadFlags;
    public ushort SetupMoveSize;
    public uint Code32Start;

    /// <summary>The guest physical address of the initial file system, and its size in bytes.</summary>
    public uint RamdiskImage;
    public uint RamdiskSize;
    public uint BootSectorKludge;
    public ushort HeapEnd;
    public byte ExtendedLoaderVersion;
    public byte ExtendedLoaderType;

    /// <summary>The guest physical address of the command line, which ends with a zero byte.</summary>
    public uint CommandLine;

    /// <summary>The highest address that the last byte of the initial file system may have.</summary>
    public uint RamdiskAddressMax;
    public uint KernelAlignment;
    public byte IsRelocatable;
    public byte LeastAlignment;
    public ushort ExtendedLoadFlags;

    /// <summary>The most bytes of a command line, without the zero.</summary>
    public uint CommandLineSize;
    public uint HardwareSubarchitecture;
    public ulong HardwareSubarchitectureData;
    public uint PayloadOffset;
    public uint PayloadLength;
    public ulong SetupData;

    /// <summary>Where the kernel would like its protected-mode code to stand.</summary>
    public ulong PreferredAddress;

    /// <summary>How many bytes from there on the kernel needs before it has looked at the memory map.</summary>
    public uint InitSize;
    public uint HandoverOffset;
    public uint KernelInfoOffset;
}

/// <summary>A range of the memory map, 20 bytes (<c>struct boot_e820_entry</c>).</summary>
[AllValid]
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal partial struct MemoryRange
{
    /// <summary>The kernel may use it.</summary>
    public const uint Usable = 1;

    public ulong Address;
    public ulong Size;
    public uint Type;
}
