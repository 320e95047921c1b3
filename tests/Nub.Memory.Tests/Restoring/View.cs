namespace Nub.Memory.Tests;

/// <summary>A snapshot and a private view of it below every lock, so that a test chooses how the view is restored.</summary>
internal sealed unsafe class View : IDisposable
{
    private readonly HostMapping _snapshot;
    private readonly HostMapping _view;
    private readonly LinuxRestoring _restoring;

    public View(byte[] contents)
    {
        Contents = contents;
        _snapshot = HostMapping.CreateSnapshot((ulong)contents.Length);
        contents.CopyTo(new Span<byte>((void*)_snapshot.Address, contents.Length));
        _snapshot.Freeze();
        _view = _snapshot.MapCopyOnWrite();
        _restoring = new LinuxRestoring(_view.Address, _view.Size, _snapshot);
    }

    public static int Page => (int)HostMapping.PageSize;

    /// <summary>
    /// Whether the kernel shows one page of zeroes wherever private memory was only read, as Linux does; some kernels that are built for virtual machines give such memory pages of its
    /// own. True where the kernel cannot be asked.
    /// </summary>
    public static bool SharesZeroes { get; } = FindSharesZeroes();

    public byte[] Contents { get; }

    public nint Address => _view.Address;

    public Span<byte> Bytes => new((void*)_view.Address, (int)_view.Size);

    public ReadOnlySpan<byte> Snapshot => new((void*)_snapshot.Address, (int)_snapshot.Size);

    /// <summary>How many bytes of the view are copies of its own.</summary>
    public ulong Private => Count(new(PageTraits.OfFile | PageTraits.Present, PageTraits.None, PageTraits.OfFile, PageTraits.None), _view);

    /// <summary>How many bytes of the view would be written without the kernel's noticing.</summary>
    public ulong Unprotected => PageMap.Own!.Scans ? Count(WriteProtection.Written, _view, PageMap.Own) : _view.Size;

    /// <summary>How many bytes of a mapping are in memory, pages of zeroes that the kernel shows for what was only read among them.</summary>
    public static ulong Resident(HostMapping mapping) => Count(new(PageTraits.Present, PageTraits.None, PageTraits.None, PageTraits.None), mapping);

    public void Restore(string way, ulong keepAtMost = ulong.MaxValue)
    {
        (LinuxRestoring.Way how, PageMap? map) = Choose(way);
        _restoring.Restore(keepAtMost, how, map);
    }

    /// <summary>Skips a way that this system has not, and says so.</summary>
    public static void SkipWithout(string way)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Windows finds the pages that were written in another way (CopiedPages).");
        Skip.If(PageMap.Own is null, "This system shows no /proc/self/pagemap.");
        Skip.If(way is "scanning" or "protecting" && !PageMap.Own.Scans, "This kernel has no PAGEMAP_SCAN (Linux 6.7).");
        Skip.If(way == "protecting" && WriteProtection.Own is null, "This system has no asynchronous write protection by userfaultfd (Linux 6.7), or forbids it.");
    }

    public void WriteThrough() => _snapshot.MakeWritable();

    public void WriteSnapshot(int offset, byte value) => *(byte*)(_snapshot.Address + offset) = value;

    public void Dispose()
    {
        _view.Release();
        _snapshot.Release();
    }

    private static bool FindSharesZeroes()
    {
        if (PageMap.Own is not { Scans: true } map)
        {
            return true;
        }

        HostMapping memory = HostMapping.CreateAnonymous(HostMapping.PageSize);
        try
        {
            _ = Volatile.Read(ref *(byte*)memory.Address);
            nint at = memory.Address;
            return map.Find(new(PageTraits.SharedZero, PageTraits.None, PageTraits.None, PageTraits.None), ref at, at + (nint)memory.Size, new PageRun[1]) == 1;
        }
        finally
        {
            memory.Release();
        }
    }

    private static (LinuxRestoring.Way Way, PageMap? Map) Choose(string way) => way switch
    {
        "giving back" => (LinuxRestoring.Way.GiveBack, null),
        "reading" => (LinuxRestoring.Way.PageMap, PageMap.Own!.Reading),
        "scanning" => (LinuxRestoring.Way.PageMap, PageMap.Own),
        "protecting" => (LinuxRestoring.Way.WriteProtection, PageMap.Own),
        _ => throw new ArgumentException(way),
    };

    private static ulong Count(in PageQuery query, HostMapping mapping, PageMap? with = null)
    {
        // Reading needs no new kernel.
        PageMap map = with ?? PageMap.Own!.Reading;
        ulong sum = 0;
        var runs = new PageRun[16];
        nint end = mapping.Address + (nint)mapping.Size;
        for (nint at = mapping.Address; at < end;)
        {
            int count = map.Find(query, ref at, end, runs);
            Assert.InRange(count, 0, runs.Length);
            foreach (PageRun run in runs[..count])
            {
                sum += run.Length;
            }
        }

        return sum;
    }
}
