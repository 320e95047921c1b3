using System.Runtime.InteropServices;

namespace Nub.Testing;

/// <summary>What Windows says this process has mapped: the answers of VirtualQuery, and of NtQuerySystemInformation for handles.</summary>
internal static unsafe partial class WindowsMaps
{
    private const uint MemFree = 0x10000;
    private const uint MemReserve = 0x2000;
    private const uint PageNoAccess = 0x01;
    private const uint PageReadOnly = 0x02;
    private const uint PageReadWrite = 0x04;
    private const uint PageWriteCopy = 0x08;
    private const int SystemExtendedHandleInformation = 64;
    private const int StatusInfoLengthMismatch = unchecked((int)0xC000_0004);

    /// <summary>How many runs of alike pages are not free.</summary>
    public static int Count
    {
        get
        {
            int count = 0;
            for (nint at = 0; TryQuery(at, out MemoryBasicInformation run); at = run.BaseAddress + (nint)run.RegionSize)
            {
                count += run.State != MemFree ? 1 : 0;
            }

            return count;
        }
    }

    /// <summary>How many handles this process has open. Wine's GetProcessHandleCount is always 0, so all are listed.</summary>
    public static int HandleCount
    {
        get
        {
            for (int size = 1 << 20; ; size *= 2)
            {
                // Two counters, then an entry for every handle of every process.
                nint[] words = new nint[size / sizeof(nint)];
                fixed (nint* list = words)
                {
                    int status = NtQuerySystemInformation(SystemExtendedHandleInformation, list, size, out _);
                    if (status == StatusInfoLengthMismatch)
                    {
                        continue;
                    }

                    Assert.Equal(0, status);
                    int own = 0;
                    var entries = new ReadOnlySpan<HandleEntry>(list + 2, (int)list[0]);
                    foreach (HandleEntry entry in entries)
                    {
                        own += entry.ProcessId == Environment.ProcessId ? 1 : 0;
                    }

                    return own;
                }
            }
        }
    }

    /// <summary>The protection at the address as Linux would write it; null when nothing is mapped there.</summary>
    public static string? Protection(nint address)
    {
        Assert.True(TryQuery(address, out MemoryBasicInformation run));
        return run.State switch
        {
            MemFree => null,
            MemReserve => "---p",
            _ => run.Protect switch
            {
                PageNoAccess => "---p",
                PageReadOnly => "r--s",
                PageReadWrite => "rw-s",
                PageWriteCopy => "rw-p",
                _ => $"protection 0x{run.Protect:X}",
            },
        };
    }

    private static bool TryQuery(nint address, out MemoryBasicInformation run) =>
        VirtualQuery(address, out run, (nuint)sizeof(MemoryBasicInformation)) != 0;

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial nuint VirtualQuery(nint address, out MemoryBasicInformation information, nuint length);

    [LibraryImport("ntdll")]
    private static partial int NtQuerySystemInformation(int what, void* into, int length, out int needed);

    /// <summary>SYSTEM_HANDLE_TABLE_ENTRY_INFO_EX.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct HandleEntry
    {
        public nint Object;
        public nint ProcessId;
        public nint Handle;
        public uint GrantedAccess;
        public ushort CreatorBackTraceIndex;
        public ushort ObjectTypeIndex;
        public uint HandleAttributes;
        public uint Reserved;
    }

    /// <summary>MEMORY_BASIC_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryBasicInformation
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
}
