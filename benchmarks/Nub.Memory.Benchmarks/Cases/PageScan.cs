using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Benchmarks;

/// <summary>One scan of a memory's pages by the kernel (ioctl PAGEMAP_SCAN, Linux 6.7), as the peer of what has to find written pages.</summary>
internal static unsafe partial class PageScan
{
    private const uint Number = 0xC0606610;
    private const ulong OfFile = 4;
    private const ulong IsPresent = 8;

    private static readonly SafeFileHandle? s_file = OperatingSystem.IsLinux() && File.Exists("/proc/self/pagemap") ? File.OpenHandle("/proc/self/pagemap") : null;
    private static readonly ulong* s_runs = (ulong*)NativeMemory.Alloc(3 * sizeof(ulong) * 512);

    /// <summary>Whether the kernel has it.</summary>
    public static bool IsSupported { get; } = Try();

    /// <summary>Finds the pages that are in memory.</summary>
    public static void Present(ExclusiveSharedMemory memory) => Find((ulong)memory.BaseAddress, memory.Size, IsPresent, 0);

    /// <summary>Finds the pages of a private view that are not the file's own.</summary>
    public static void Copies(ExclusiveSharedMemory view) => Find((ulong)view.BaseAddress, view.Size, IsPresent | OfFile, OfFile);

    /// <summary>The offsets of the pages of a small private view that are not the file's own.</summary>
    public static ulong[] CopiesOf(SharedMemory view)
    {
        ulong start = (ulong)view.BaseAddress;
        int runs = Find(start, view.Size, IsPresent | OfFile, OfFile);
        var pages = new List<ulong>();
        for (int i = 0; i < runs; i++)
        {
            for (ulong at = s_runs[3 * i]; at < s_runs[(3 * i) + 1]; at += 4096)
            {
                pages.Add(at - start);
            }
        }

        return [.. pages];
    }

    private static bool Try()
    {
        if (s_file is null)
        {
            return false;
        }

        using var memory = new ExclusiveSharedMemory(4096);
        try
        {
            Present(memory);
            return true;
        }
        catch (InvalidOperationException refusal)
        {
            Console.WriteLine($"No scans beside Restore and Zero: {refusal.Message}");
            return false;
        }
    }

    /// <returns>How many runs of pages the last call found.</returns>
    private static int Find(ulong address, ulong size, ulong all, ulong inverted)
    {
        ulong end = address + size;

        // size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask, category_anyof_mask, return_mask
        ulong* argument = stackalloc ulong[12] { 12 * sizeof(ulong), 0, address, end, 0, (ulong)s_runs, 512, 0, inverted, all, 0, IsPresent };
        int found = 0;
        while (address < end)
        {
            argument[2] = address;
            found = IoControl(s_file!, Number, argument);
            if (found < 0)
            {
                throw new InvalidOperationException($"PAGEMAP_SCAN failed with error {Marshal.GetLastPInvokeError()}.");
            }

            address = argument[4];
        }

        return found;
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, void* argument);
}
