using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Ipc;

/// <summary>What Windows knows of the other end of a named pipe, and how a handle of another process is had.</summary>
internal static partial class PipeNative
{
    public const uint ProcessDupHandle = 0x40;
    public const int FileNotFound = 2;
    public const int PipeLocal = 229;

    // SECTION_QUERY, SECTION_MAP_WRITE and SECTION_MAP_READ of winnt.h.
    public const uint SectionReadWrite = 1 | 2 | 4;

    // SEC_FILE, SEC_IMAGE and SEC_RESERVE.
    public const uint SectionOfFile = 0x0080_0000;
    public const uint SectionOfImage = 0x0100_0000;
    public const uint SectionReserved = 0x0400_0000;

    /// <summary>The process that is calling, for functions that take a handle of one. It need not be closed.</summary>
    public const nint CurrentProcess = -1;

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool GetNamedPipeClientProcessId(SafePipeHandle pipe, out uint processId);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool GetNamedPipeServerProcessId(SafePipeHandle pipe, out uint processId);

    /// <summary>The computer of a client that is on another: it fails with <see cref="PipeLocal"/> for one that is not. The length is in bytes.</summary>
    [LibraryImport("kernel32", EntryPoint = "GetNamedPipeClientComputerNameW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool GetNamedPipeClientComputerName(SafePipeHandle pipe, [Out] char[] name, uint length);

    /// <summary>SECTION_BASIC_INFORMATION of a section. Its result is 0, or what is wrong.</summary>
    [LibraryImport("ntdll")]
    public static partial int NtQuerySection(SafeMemoryMappedFileHandle section, int kind, out SectionInformation information, nuint length, nint resultLength);

    [LibraryImport("kernel32", EntryPoint = "WaitNamedPipeW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool WaitNamedPipe(string name, uint milliseconds);

    [LibraryImport("kernel32", SetLastError = true)]
    public static partial SafeProcessHandle OpenProcess(uint access, [MarshalAs(UnmanagedType.Bool)] bool inherits, uint processId);

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool DuplicateHandle(
        SafeProcessHandle source, nint handle, nint target, out nint duplicate, uint access, [MarshalAs(UnmanagedType.Bool)] bool inherits, uint options);

    /// <summary>SECTION_BASIC_INFORMATION of a 64-bit process.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SectionInformation
    {
        public const int Size = 24;

        public nint BaseAddress;
        public uint Attributes;
        public long MaximumSize;
    }
}
