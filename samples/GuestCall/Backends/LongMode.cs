using Nub.Memory;

namespace GuestCall.Backends;

/// <summary>What a processor wants to find in memory before it runs 64-bit code.</summary>
internal static class LongMode
{
    private const ulong Present = 1 << 0;
    private const ulong Writable = 1 << 1;

    // Without it, code that has no privileges could not touch the page.
    private const ulong User = 1 << 2;
    private const ulong LargePage = 1 << 7;

    /// <summary>The address of the topmost page table, for CR3.</summary>
    public static ulong TopTable => (ulong)GuestMap.PageTables.Offset;

    /// <summary>
    /// Three levels, one entry each: the first 2 MiB of virtual addresses are the first 2 MiB of physical ones. The guest may
    /// rewrite them, and reaches nothing new by it: its physical memory has only what was mapped into the virtual machine.
    /// </summary>
    public static void WritePageTables(ExclusiveSharedMemory memory)
    {
        ulong middleTable = TopTable + 4096;
        ulong lowTable = middleTable + 4096;
        memory.WriteUInt64(TopTable, middleTable | Present | Writable | User);
        memory.WriteUInt64(middleTable, lowTable | Present | Writable | User);
        memory.WriteUInt64(lowTable, 0 | Present | Writable | User | LargePage);
    }
}
