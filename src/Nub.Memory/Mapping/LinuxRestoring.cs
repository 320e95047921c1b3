namespace Nub.Memory;

/// <summary>
/// Brings a private view of a snapshot back by copying: of the pages that the view has copies of, each gets the snapshot's bytes where it stands, so that
/// its next touch costs no page fault and a guest's own page tables stay right.
/// </summary>
/// <remarks>
/// <para>Which pages those are is asked of the kernel, in the cheapest way that there is (<see cref="Way"/>). Measured on a view of 16,384 pages that are all
/// there: with <see cref="WriteProtection"/> 40 to 110 µs, by PAGEMAP_SCAN alone, which looks at each page itself, 600 to 840, by reading /proc/self/pagemap
/// 650. Only pages without a copy are protected, whose first write is a fault in any case. The price is that pages that are only read come one for
/// each fault, and not sixteen.</para>
/// <para>A page with a copy is copied back each time, written or not, 0.1 to 0.5 µs; given back it would cost a fault, 2 to 14 µs. So one that was left alone is
/// kept for as long as the copies cost what the fault would, and then goes: every so often pages are compared, and those alike are given
/// back.</para>
/// </remarks>
internal sealed unsafe class LinuxRestoring(nint address, ulong size, HostMapping original)
{
    private const int RunsAtATime = 256;
    private const int CompareEvery = 32;

    // A span's limit, in whole pages.
    private const ulong MostAtATime = 1 << 30;

    private static readonly PageQuery s_copies = new(
        PageTraits.OfFile, PageTraits.Present | PageTraits.Swapped, Without: PageTraits.OfFile, PageTraits.Present | PageTraits.Swapped);

    // A file's page, or none.
    private static readonly PageQuery s_others = new(
        PageTraits.None, PageTraits.OfFile | PageTraits.Present, Without: PageTraits.Present, PageTraits.None);

    private readonly nint _address = address;
    private readonly nint _end = address + (nint)size;

    private bool _isWatched;
    private int _restores;

    // Of the restore under way: what was copied and what was given back, in bytes, and between which addresses.
    private ulong _copied;
    private ulong _givenBack;
    private nint _firstGiven;
    private nint _lastGiven;

    /// <summary>How pages with copies are found. The best that a trial found to work; tests choose others.</summary>
    internal enum Way
    {
        /// <summary>They are not: all of the view is given back.</summary>
        GiveBack,

        /// <summary>By /proc/self/pagemap, or PAGEMAP_SCAN where the kernel has it.</summary>
        PageMap,

        /// <summary>By the write protection of those without.</summary>
        WriteProtection,
    }

    /// <summary>The best way of this system.</summary>
    internal static Way Best => WriteProtection.Own is not null ? Way.WriteProtection : PageMap.Own is not null ? Way.PageMap : Way.GiveBack;

    /// <summary>Brings the snapshot back into the view, which the caller holds exclusively.</summary>
    /// <param name="keepAtMost">How many bytes of copies stay at most; others are given back.</param>
    /// <exception cref="SharedMemoryMapException">The kernel gave nothing back, and the original may go, so that nothing can be copied.</exception>
    public void Restore(ulong keepAtMost) => Restore(keepAtMost, Best, PageMap.Own);

    /// <inheritdoc cref="Restore(ulong)"/>
    /// <summary>The same in a way that was chosen. For tests.</summary>
    /// <param name="keepAtMost">How many bytes of copies stay at most; others are given back.</param>
    /// <param name="way">How pages with copies are found.</param>
    /// <param name="map">What tells of pages.</param>
    internal void Restore(ulong keepAtMost, Way way, PageMap? map)
    {
        (_copied, _givenBack, _firstGiven, _lastGiven) = (0, 0, _end, _address);

        // What may change is looked at anew: a copy would go on showing what it was. After that nothing is known of the pages.
        if (way == Way.GiveBack || map is null || !original.IsSteady || !TryCopyBack(keepAtMost, map))
        {
            way = Way.GiveBack;
            _isWatched = false;
            GiveBackAll();
        }
        else if (!_isWatched)
        {
            _isWatched = way == Way.WriteProtection && WriteProtection.Own is { } protection
                && protection.TryWatch(_address, (ulong)(_end - _address)) && map.Protect(s_others, _address, _end);
        }
        else if (_firstGiven < _lastGiven)
        {
            _isWatched = map.Protect(s_others, _firstGiven, _lastGiven);
        }

        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.Restored(_address, (long)_copied, (long)_givenBack, way.ToString());
        }
    }

    /// <summary>Copies back what has copies, or gives it back.</summary>
    /// <returns>Whether the kernel told of all of the view.</returns>
    private bool TryCopyBack(ulong keepAtMost, PageMap map)
    {
        PageQuery query = _isWatched ? WriteProtection.Written : s_copies;
        bool compares = ++_restores % CompareEvery == 0;
        PageRun* buffer = stackalloc PageRun[RunsAtATime];
        var runs = new Span<PageRun>(buffer, RunsAtATime);
        for (nint at = _address; at < _end;)
        {
            int count = map.Find(query, ref at, _end, runs);
            if (count < 0)
            {
                return false;
            }

            foreach (ref readonly PageRun run in runs[..count])
            {
                // What is swapped out is not read from the disk to be overwritten.
                ulong kept = (run.Traits & PageTraits.Swapped) != 0 ? 0 : Math.Min(run.Length, keepAtMost - Math.Min(keepAtMost, _copied));
                nint to = run.Start + (nint)kept;
                if (compares)
                {
                    CopyDifferences(run.Start, to);
                }
                else
                {
                    Copy(run.Start, to);
                }

                GiveBack(to, run.End);
            }
        }

        return true;
    }

    private void CopyDifferences(nint from, nint to)
    {
        int page = (int)HostMapping.PageSize;
        nint alike = from;
        for (nint at = from; at < to; at += page)
        {
            // Sound: as in Copy.
            if (!new ReadOnlySpan<byte>((void*)at, page).SequenceEqual(new ReadOnlySpan<byte>((void*)Original(at), page)))
            {
                GiveBack(alike, at);
                Copy(at, at + page);
                alike = at + page;
            }
        }

        GiveBack(alike, to);
    }

    private void Copy(nint from, nint to)
    {
        _copied += (ulong)(to - from);
        while (from < to)
        {
            // Sound: whole pages of two mappings that stay, of which the caller holds the first exclusively and the view has a share of the second
            // (HostMapping.Share). They have nothing in common: the first is private.
            int length = (int)Math.Min((ulong)(to - from), MostAtATime);
            new ReadOnlySpan<byte>((void*)Original(from), length).CopyTo(new Span<byte>((void*)from, length));
            from += length;
        }
    }

    private void GiveBack(nint from, nint to)
    {
        if (from >= to)
        {
            return;
        }

        // Of a private mapping of a file, the copies are dropped and the file's pages are seen again (madvise(2)). The kernel refuses locked pages.
        if (LinuxNative.MAdvise(from, (nuint)(to - from), LinuxNative.MAdvDontNeed) != 0)
        {
            Copy(from, to);
            return;
        }

        _givenBack += (ulong)(to - from);
        _firstGiven = Math.Min(_firstGiven, from);
        _lastGiven = Math.Max(_lastGiven, to);
    }

    private void GiveBackAll()
    {
        if (LinuxNative.MAdvise(_address, (nuint)(_end - _address), LinuxNative.MAdvDontNeed) == 0)
        {
            _givenBack = (ulong)(_end - _address);
        }
        else if (original.Indirect is null)
        {
            // Locked pages are all there, so that to copy them brings nothing in.
            Copy(_address, _end);
        }
        else
        {
            throw new SharedMemoryMapException(
                "madvise", System.Runtime.InteropServices.Marshal.GetLastPInvokeError(), $"MADV_DONTNEED of {_end - _address} bytes, to restore a snapshot; the memory is as it was");
        }
    }

    private nint Original(nint at) => original.Address + (at - _address);
}
