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
/// <para>A page with a copy is copied back each time, written or not, 0.1 to 0.5 µs; given back it would cost a fault, 2 to 14 µs, and of a guest's some 40. So one
/// that was left alone is kept for about as long as the copies cost what the fault would, and then goes: every so often pages are compared, and those alike are given back. Some
/// of these are written each time with what they have: when those that went are back at the next comparison, the one after it comes later.</para>
/// </remarks>
internal sealed unsafe class LinuxRestoring(nint address, ulong size, HostMapping original)
{
    private const int RunsAtATime = 256;
    private const int CompareEveryAtLeast = 64;
    private const int CompareEveryAtMost = 4096;
    private const int MostRemembered = 4096;

    // A span's limit, in whole pages.
    private const ulong MostAtATime = 1 << 30;

    // Where bytes may go, how many pass through a buffer at a time: it stays in a processor's first cache.
    private const int LeastPart = 1 << 14;

    private static readonly PageQuery s_copies = new(
        PageTraits.OfFile | PageTraits.SharedZero, PageTraits.Present | PageTraits.Swapped, Without: PageTraits.OfFile | PageTraits.SharedZero,
        PageTraits.Present | PageTraits.Swapped);

    // A file's page, the kernel's of zeroes (where a snapshot on disk is zero no file is mapped), or none.
    private static readonly PageQuery s_others = new(
        PageTraits.None, PageTraits.OfFile | PageTraits.SharedZero | PageTraits.Present, Without: PageTraits.Present, PageTraits.None);

    private readonly nint _address = address;
    private readonly nint _end = address + (nint)size;

    // How bytes that may go are copied, and the two parts of a buffer that they pass through.
    private readonly IndirectAccess? _surviving = original.Indirect;
    private byte[] _parts = [];

    private bool _isWatched;

    // After how many restores pages are compared, and how many of them are left; and what went the last time.
    private int _compareEvery = CompareEveryAtLeast;
    private int _untilCompared = CompareEveryAtLeast;
    private List<PageRun> _gone = [];
    private List<PageRun> _alike = [];

    // Of the restore under way: what was copied and what was given back, in bytes, and between which addresses.
    private ulong _copied;
    private ulong _givenBack;
    private Way _lastWay;
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
    /// <param name="map">Tells which pages have which traits.</param>
    internal void Restore(ulong keepAtMost, Way way, PageMap? map)
    {
        (_copied, _givenBack, _firstGiven, _lastGiven) = (0, 0, _end, _address);

        // The kernel takes back whole pages only.
        keepAtMost -= keepAtMost % HostMapping.PageSize;

        // What may change is looked at anew: a copy would go on showing what it was. After that nothing is known of the pages.
        if (way == Way.GiveBack || map is null || !(original.IsSteady || original.IsTrusted) || !TryCopyBack(keepAtMost, map))
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

        _lastWay = way;
    }

    /// <summary>Tells of the last restore. Not during it: a listener's code would run while the memory is held exclusively.</summary>
    public void Trace()
    {
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.Restored(_address, (long)_copied, (long)_givenBack, _lastWay.ToString());
        }
    }

    /// <summary>Copies back what has copies, or gives it back.</summary>
    /// <returns>Whether the kernel reported the whole view, and all bytes were there.</returns>
    private bool TryCopyBack(ulong keepAtMost, PageMap map)
    {
        if (_surviving is not null && _parts.Length == 0)
        {
            _parts = new byte[2 * Math.Max(LeastPart, (int)HostMapping.PageSize)];
        }

        PageQuery query = _isWatched ? WriteProtection.Written : s_copies;
        bool compares = --_untilCompared <= 0;
        _alike.Clear();
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
                if (!(compares ? TryCopyDifferences(run.Start, to) : TryCopy(run.Start, to)) || !TryGiveBack(to, run.End))
                {
                    return false;
                }
            }
        }

        if (compares)
        {
            DecideWhenToCompare();
        }

        return true;
    }

    private void DecideWhenToCompare()
    {
        // Both are in order, so that they are gone through together.
        ulong gone = 0, back = 0;
        int next = 0;
        foreach (ref readonly PageRun run in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_gone))
        {
            gone += run.Length;
            for (; next < _alike.Count && _alike[next].Start < run.End; next++)
            {
                back += (ulong)Math.Max(0, Math.Min(_alike[next].End, run.End) - Math.Max(_alike[next].Start, run.Start));
                if (_alike[next].End > run.End)
                {
                    break;
                }
            }
        }

        _compareEvery = gone != 0 && back >= gone / 2 ? Math.Min(2 * _compareEvery, CompareEveryAtMost) : CompareEveryAtLeast;
        _untilCompared = _compareEvery;
        (_gone, _alike) = (_alike, _gone);
    }

    private bool TryCopyDifferences(nint from, nint to)
    {
        int page = (int)HostMapping.PageSize;
        nint alike = from;
        for (nint at = from; at < to; at += page)
        {
            if (!TryCompare(at, page, out bool areAlike))
            {
                return false;
            }

            if (!areAlike)
            {
                if (!TryGiveBackAlike(alike, at) || !TryCopy(at, at + page))
                {
                    return false;
                }

                alike = at + page;
            }
        }

        return TryGiveBackAlike(alike, to);
    }

    private bool TryGiveBackAlike(nint from, nint to)
    {
        if (from < to && _alike.Count < MostRemembered)
        {
            _alike.Add(new PageRun(from, to, PageTraits.None));
        }

        return TryGiveBack(from, to);
    }

    private bool TryCompare(nint at, int page, out bool areAlike)
    {
        areAlike = false;
        if (_surviving is null)
        {
            // Sound: as in TryCopy.
            areAlike = new ReadOnlySpan<byte>((void*)at, page).SequenceEqual(new ReadOnlySpan<byte>((void*)Original(at), page));
            return true;
        }

        int half = _parts.Length / 2;
        if (!_surviving.TryCopyOut(ref _parts[0], (byte*)at, (nuint)page) || !_surviving.TryCopyOut(ref _parts[half], (byte*)Original(at), (nuint)page))
        {
            return false;
        }

        areAlike = _parts.AsSpan(0, page).SequenceEqual(_parts.AsSpan(half, page));
        return true;
    }

    /// <returns>Whether all bytes were there.</returns>
    private bool TryCopy(nint from, nint to)
    {
        _copied += (ulong)(to - from);
        while (from < to)
        {
            int length;
            if (_surviving is null)
            {
                // Sound: whole pages of two mappings that stay, of which the caller holds the first exclusively and the view has a share of the second
                // (HostMapping.Share). They have nothing in common: the first is private.
                length = (int)Math.Min((ulong)(to - from), MostAtATime);
                new ReadOnlySpan<byte>((void*)Original(from), length).CopyTo(new Span<byte>((void*)from, length));
            }
            else
            {
                // By way of a buffer: a copy survives on one side only, and where a file is shortened the view's copies of what is gone go too.
                length = (int)Math.Min((ulong)(to - from), (ulong)_parts.Length / 2);
                if (!_surviving.TryCopyOut(ref _parts[0], (byte*)Original(from), (nuint)length) || !_surviving.TryCopyIn((byte*)from, ref _parts[0], (nuint)length))
                {
                    return false;
                }
            }

            from += length;
        }

        return true;
    }

    private bool TryGiveBack(nint from, nint to)
    {
        if (from >= to)
        {
            return true;
        }

        // Of a private mapping of a file, the copies are dropped and the file's pages are seen again (madvise(2)). The kernel refuses locked pages.
        if (LinuxNative.MAdvise(from, (nuint)(to - from), LinuxNative.MAdvDontNeed) != 0)
        {
            return TryCopy(from, to);
        }

        _givenBack += (ulong)(to - from);
        _firstGiven = Math.Min(_firstGiven, from);
        _lastGiven = Math.Max(_lastGiven, to);
        return true;
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
            _ = TryCopy(_address, _end);
        }
        else
        {
            throw new SharedMemoryMapException(
                "madvise", System.Runtime.InteropServices.Marshal.GetLastPInvokeError(), $"MADV_DONTNEED of {_end - _address} bytes, to restore a snapshot; some of it may have been brought back");
        }
    }

    private nint Original(nint at) => original.Address + (at - _address);
}
