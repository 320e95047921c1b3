using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>The calls of kernel32 that mappings need, with the constants of the Windows SDK's <c>winnt.h</c>, <c>memoryapi.h</c>
/// and <c>winerror.h</c>.</summary>
internal static unsafe partial class WindowsNative
{
    public const uint PageNoAccess = 0x01;
    public const uint PageReadOnly = 0x02;
    public const uint PageReadWrite = 0x04;
    public const uint PageWriteCopy = 0x08;
    public const uint ProtectionMask = 0xFF;

    public const uint FileMapCopy = 0x01;
    public const uint FileMapWrite = 0x02;
    public const uint FileMapRead = 0x04;

    public const uint MemCommit = 0x1000;
    public const uint MemReserve = 0x2000;
    public const uint MemRelease = 0x8000;
    public const uint MemMapped = 0x4_0000;

    public const int ErrorInvalidAddress = 487;

    /// <summary>DUPLICATE_SAME_ACCESS.</summary>
    public const uint SameAccess = 2;

    /// <summary>What GetCurrentProcess returns.</summary>
    public const nint CurrentProcess = -1;

    /// <summary>INVALID_HANDLE_VALUE in place of a file: the section's pages are the paging file's.</summary>
    public const nint PagingFile = -1;

    /// <summary>
    /// The system's allocation granularity: reservations and views begin at its multiples. It is 64 KiB on every Windows that .NET
    /// runs on, and <c>SYSTEM_INFO.dwAllocationGranularity</c> is there to be asked.
    /// </summary>
    public static ulong AllocationGranularity { get; } = QueryAllocationGranularity();

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true)]
    public static partial SectionHandle CreateFileMapping(nint file, nint attributes, uint protection, uint sizeHigh, uint sizeLow, nint name);

    [LibraryImport("kernel32", EntryPoint = "CreateFileMappingW", SetLastError = true)]
    public static partial SectionHandle CreateFileMapping(SafeFileHandle file, nint attributes, uint protection, uint sizeHigh, uint sizeLow, nint name);

    [LibraryImport("kernel32", EntryPoint = "MapViewOfFileEx", SetLastError = true)]
    public static partial nint MapViewOfFileEx(SectionHandle section, uint access, uint offsetHigh, uint offsetLow, nuint length, nint address);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool UnmapViewOfFile(nint view);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool VirtualProtect(nint address, nuint length, uint protection, out uint oldProtection);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial nuint VirtualQuery(nint address, out MemoryBasicInformation information, nuint length);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial nint VirtualAlloc(nint address, nuint length, uint type, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool VirtualFree(nint address, nuint length, uint type);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool CloseHandle(nint handle);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool DuplicateHandle(
        nint sourceProcess, SafeHandle handle, nint targetProcess, out nint duplicate, uint access,
        [MarshalAs(UnmanagedType.Bool)] bool inherit, uint options);

    [LibraryImport("kernel32")]
    private static partial void GetSystemInfo(out SystemInformation information);

    private static ulong QueryAllocationGranularity()
    {
        GetSystemInfo(out SystemInformation information);
        return information.AllocationGranularity;
    }

    /// <summary>MEMORY_BASIC_INFORMATION of a 64-bit process: a run of pages that are alike.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MemoryBasicInformation
    {
        public nint BaseAddress;
        public nint AllocationBase;
        public uint AllocationProtect;
        public ushort PartitionId;
        public nuint RegionSize;
        public uint State;
        public uint Protect;
        public uint Type;
    }

    /// <summary>SYSTEM_INFO.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SystemInformation
    {
        public ushort ProcessorArchitecture;
        public ushort Reserved;
        public uint PageSize;
        public nint MinimumApplicationAddress;
        public nint MaximumApplicationAddress;
        public nuint ActiveProcessorMask;
        public uint NumberOfProcessors;
        public uint ProcessorType;
        public uint AllocationGranularity;
        public ushort ProcessorLevel;
        public ushort ProcessorRevision;
    }
}
