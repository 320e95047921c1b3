using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>What the kernel reports of a page, by the bits of PAGEMAP_SCAN.</summary>
[Flags]
internal enum PageTraits : ulong
{
    None = 0,

    /// <summary>Its write protection was lifted by a write, or it never had one. Only where <see cref="WriteProtection"/> watches.</summary>
    Written = 1 << 1,

    /// <summary>It is the file's own, no private copy.</summary>
    OfFile = 1 << 2,

    /// <summary>It is in memory.</summary>
    Present = 1 << 3,

    /// <summary>It is swapped out.</summary>
    Swapped = 1 << 4,

    /// <summary>It is the one page of zeroes that the kernel shows for what was only read.</summary>
    SharedZero = 1 << 5,
}

/// <summary>Pages that stand together and have the same traits.</summary>
/// <remarks>The kernel's <c>struct page_region</c>.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct PageRun(nint start, nint end, PageTraits traits)
{
    public readonly nint Start = start;
    public readonly nint End = end;
    public readonly PageTraits Traits = traits;

    public ulong Length => (ulong)(End - Start);
}

/// <summary>Which pages are asked for.</summary>
/// <param name="All">Traits that each of them has...</param>
/// <param name="Any">...and of which it has at least one.</param>
/// <param name="Without">Of these, the traits that are meant the other way round: to be absent.</param>
/// <param name="Told">The traits that are reported of each.</param>
internal readonly record struct PageQuery(PageTraits All, PageTraits Any, PageTraits Without, PageTraits Told)
{
    /// <summary>Whether a page with these traits is asked for.</summary>
    public bool Asks(PageTraits traits)
    {
        traits ^= Without;
        return (traits & All) == All && (Any == PageTraits.None || (traits & Any) != 0);
    }
}

/// <summary>
/// The kernel's page table of this process, /proc/self/pagemap: finds pages by <c>ioctl(PAGEMAP_SCAN)</c> (Linux 6.7), or by reading an entry
/// of eight bytes for each page, which every kernel has. Documentation/admin-guide/mm/pagemap.rst describes both.
/// </summary>
internal sealed unsafe class PageMap
{
    private const int EntriesAtATime = 512;
    private const int RunsAtATime = 128;

    // Of an entry that is read.
    private const ulong FileBit = 1UL << 61;
    private const ulong SwappedBit = 1UL << 62;
    private const ulong PresentBit = 1UL << 63;

    private static readonly Lazy<PageMap?> s_own = Once.Make(static () => new Lazy<PageMap?>(Open, LazyThreadSafetyMode.PublicationOnly));

    private readonly SafeFileHandle _file;

    private PageMap(SafeFileHandle file, bool scans)
    {
        _file = file;
        Scans = scans;
    }

    /// <summary>This process's; <see langword="null"/> where the system shows none.</summary>
    public static PageMap? Own => s_own.Value;

    /// <summary>Whether the kernel finds the pages itself.</summary>
    public bool Scans { get; }

    /// <summary>The same without PAGEMAP_SCAN, as on a kernel that has none. For tests.</summary>
    internal PageMap Reading => new(_file, scans: false);

    /// <summary>Finds pages.</summary>
    /// <param name="query">Which.</param>
    /// <param name="at">Where to begin; afterwards, where to go on.</param>
    /// <param name="end">Where to end.</param>
    /// <param name="runs">Where to write what was found.</param>
    /// <returns>How many runs there are; -1 where the kernel refused.</returns>
    public int Find(in PageQuery query, ref nint at, nint end, Span<PageRun> runs)
    {
        if (!Scans)
        {
            return Read(query, ref at, end, runs);
        }

        // Sound: pinned for the call, in which the kernel writes as many runs as there is room for.
        fixed (PageRun* vector = runs)
        {
            return Scan(query, ref at, end, vector, runs.Length, 0);
        }
    }

    /// <summary>Write-protects the pages that are asked for. Only where <see cref="WriteProtection"/> watches the range.</summary>
    /// <returns>Whether the kernel did; otherwise it may have protected some.</returns>
    public bool Protect(in PageQuery query, nint at, nint end)
    {
        // With nowhere to tell what it protected, the kernel protects every page, whatever is asked for (pagemap_scan_pmd_entry, Linux 6.7 to 6.18).
        PageRun* runs = stackalloc PageRun[RunsAtATime];
        while (at < end)
        {
            if (Scan(query, ref at, end, runs, RunsAtATime, LinuxNative.PageMapProtect | LinuxNative.PageMapCheckProtected) < 0)
            {
                return false;
            }
        }

        return true;
    }

    private int Scan(in PageQuery query, ref nint at, nint end, PageRun* runs, int capacity, ulong flags)
    {
        var argument = new LinuxNative.PageMapScanArgument
        {
            Size = (ulong)sizeof(LinuxNative.PageMapScanArgument),
            Flags = flags,
            Start = (ulong)at,
            End = (ulong)end,
            Runs = (ulong)runs,
            Capacity = (ulong)capacity,
            Inverted = (ulong)query.Without,
            All = (ulong)query.All,
            Any = (ulong)query.Any,
            Told = (ulong)query.Told,
        };
        int found = LinuxNative.IoControl(_file, LinuxNative.PageMapScan, &argument);
        at = found < 0 ? at : (nint)argument.WalkedTo;
        return found;
    }

    private int Read(in PageQuery query, ref nint at, nint end, Span<PageRun> runs)
    {
        ulong* entries = stackalloc ulong[EntriesAtATime];
        nint page = (nint)HostMapping.PageSize;
        int found = 0;
        nint start = at;
        while (at < end)
        {
            int count = (int)Math.Min((end - at) / page, EntriesAtATime);

            // Sound: the kernel writes at most this many entries.
            nint read = LinuxNative.PRead(_file, entries, (nuint)count * sizeof(ulong), at / page * sizeof(ulong));
            if (read != count * sizeof(ulong))
            {
                at = start;
                return -1;
            }

            for (int i = 0; i < count; i++, at += page)
            {
                PageTraits traits = Traits(entries[i]);
                if (!query.Asks(traits))
                {
                    continue;
                }

                traits &= query.Told;
                if (found > 0 && runs[found - 1].End == at && runs[found - 1].Traits == traits)
                {
                    runs[found - 1] = new PageRun(runs[found - 1].Start, at + page, traits);
                }
                else if (found < runs.Length)
                {
                    runs[found++] = new PageRun(at, at + page, traits);
                }
                else
                {
                    return found;
                }
            }
        }

        return found;
    }

    private static PageTraits Traits(ulong entry) =>
        ((entry & PresentBit) != 0 ? PageTraits.Present : PageTraits.None)
        | ((entry & SwappedBit) != 0 ? PageTraits.Swapped : PageTraits.None)
        | ((entry & FileBit) != 0 ? PageTraits.OfFile : PageTraits.None);

    private static PageMap? Open()
    {
        SafeFileHandle file;
        try
        {
            file = LinuxFile.Open("/proc/self/pagemap", SharedMemoryAccess.Read);
        }
        catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        foreach (bool scans in (ReadOnlySpan<bool>)[true, false])
        {
            var map = new PageMap(file, scans);
            if (map.Works())
            {
                return map;
            }
        }

        file.Dispose();
        return null;
    }

    /// <summary>Looks at three pages of which the middle one was written.</summary>
    private bool Works()
    {
        nuint page = (nuint)HostMapping.PageSize;
        nint pages = LinuxNative.MMap(0, 3 * page, LinuxNative.ProtRead | LinuxNative.ProtWrite,
            LinuxNative.MapPrivate | LinuxNative.MapAnonymous | LinuxNative.MapNoReserve, -1, 0);
        if (pages == LinuxNative.MapFailed)
        {
            return false;
        }

        try
        {
            // Not one huge page, where the system makes such unasked.
            _ = LinuxNative.MAdvise(pages, 3 * page, LinuxNative.MAdvNoHugePage);
            nint middle = pages + (nint)page;

            // Sound: a page of our own.
            *(byte*)middle = 1;
            PageRun* runs = stackalloc PageRun[4];
            nint at = pages;
            PageQuery query = new(PageTraits.None, PageTraits.Present | PageTraits.Swapped, PageTraits.None, PageTraits.Present);
            return Find(query, ref at, pages + (nint)(3 * page), new Span<PageRun>(runs, 4)) == 1
                && at == pages + (nint)(3 * page) && runs[0].Start == middle && runs[0].End == middle + (nint)page;
        }
        finally
        {
            _ = LinuxNative.MUnmap(pages, 3 * page);
        }
    }
}
