using System.Runtime.InteropServices;

namespace Nub.Memory;

// Views of snapshots, and memory that becomes one.
internal sealed partial class LinuxMapping
{
    // Of a copy-on-write view: the way back to what it is a view of.
    private LinuxRestoring? _restoring;

    public override HostMapping MapCopyOnWrite()
    {
        const int Protection = LinuxNative.ProtRead | LinuxNative.ProtWrite;
        Extent extent = _pieces is { } pieces ? MapPieces(pieces, Size, Protection, LinuxNative.MapPrivate)
            : Map(_file!, _offset, Size, _granule, Protection, LinuxNative.MapPrivate);
        return Own(extent, MappingBacking.CopyOnWrite, indirect: _indirect, canGo: CanGo, othersCanWrite: OthersCanWrite, original: this);
    }

    public override void Restore()
    {
        if (_restoring is not null)
        {
            _restoring.Restore(ResidentLimit);
        }
        else
        {
            PageCopies.CopyBack(this, Snapshot!);
        }
    }

    public override void TraceRestored() => _restoring?.Trace();

    /// <remarks>
    /// A page that is neither there nor swapped out, or is the file's, is as it was made. Not where a guest writes through the snapshot: what the view has no
    /// copy of has changed with it, so that everything is to be looked at.
    /// </remarks>
    public override List<(ulong Offset, ulong Length)>? FindWritten(HostMapping? below)
    {
        bool tells = below is null ? Backing == MappingBacking.Anonymous : _restoring is not null && ReferenceEquals(below, Snapshot) && (below.IsSteady || below.IsTrusted);
        var written = new List<(ulong Offset, ulong Length)>();
        return tells && TryVisitOwnPages((offset, length) => written.Add((offset, length))) ? written : null;
    }

    /// <remarks>What is not there, and what is a hole of the file behind, is zero: it neither comes into being nor is it copied.</remarks>
    protected override void CopyInto(HostMapping snapshot)
    {
        bool tells = PageMap.Own is not null && (Backing == MappingBacking.Anonymous
            || (Backing == MappingBacking.CopyOnWrite && Snapshot is LinuxMapping { _isInMemory: true, IsSteady: true } original && original.TryCopyData(this, snapshot)));
        if (!tells || !TryVisitOwnPages((offset, length) => PageCopies.CopyOut(this, offset, length, snapshot)))
        {
            base.CopyInto(snapshot);
        }
    }

    /// <remarks>
    /// Private memory becomes a private view of the snapshot's file, at the same address: then the kernel knows what is written, and the memory and its
    /// snapshot share what is not. A guest's page tables follow (mmu_notifier). Memory that others have mapped as well stays what it is.
    /// </remarks>
    protected override void Show(HostMapping snapshot, bool alike)
    {
        bool isPrivate = Backing is MappingBacking.Anonymous or MappingBacking.CopyOnWrite;
        if (!isPrivate || snapshot is not LinuxMapping { _file: { } file, IsSteady: true } source)
        {
            base.Show(snapshot, alike);

            // What was a view goes on being one, of what Restore no longer brings back.
            _restoring = null;
            return;
        }

        var restoring = new LinuxRestoring(Address, Size, snapshot);
        const int Protection = LinuxNative.ProtRead | LinuxNative.ProtWrite;
        const int Flags = LinuxNative.MapPrivate | LinuxNative.MapNoReserve;

        // Elsewhere first, so that what the system has against it is said while the memory is as it was.
        nint trial = LinuxNative.MMapFile(0, (nuint)Size, Protection, Flags, file, (long)source._offset);
        if (trial == LinuxNative.MapFailed)
        {
            throw Failed("mmap", $"a view of a snapshot of {Size} bytes");
        }

        Unmap(trial, Size);
        if (LinuxNative.MMapFile(Address, (nuint)Size, Protection, Flags | LinuxNative.MapFixed, file, (long)source._offset) != Address)
        {
            SharedMemoryMapException failure = Failed("mmap", $"a view of a snapshot of {Size} bytes, in place");
            PutBack(snapshot, failure);
            throw failure;
        }

        // The caller holds a lease of the snapshot, or is the only one that has it yet: so no guest has begun to write it.
        BeViewOf(snapshot);
        Backing = MappingBacking.CopyOnWrite;
        _restoring = restoring;
    }

    /// <summary>Visits the mapping's own pages: those that are present or swapped out and are not a file's.</summary>
    /// <param name="visit">Is given each run of them, in bytes, ascending.</param>
    /// <returns>Whether the kernel reported all of them.</returns>
    private bool TryVisitOwnPages(Action<ulong, ulong> visit)
    {
        if (PageMap.Own is not { } map)
        {
            return false;
        }

        PageQuery query = new(PageTraits.OfFile, PageTraits.Present | PageTraits.Swapped, PageTraits.OfFile, PageTraits.None);
        Span<PageRun> runs = stackalloc PageRun[RunsAtATime];
        for (nint at = Address, end = Address + (nint)Size; at < end;)
        {
            int count = map.Find(query, ref at, end, runs);
            if (count < 0)
            {
                return false;
            }

            foreach (ref readonly PageRun run in runs[..count])
            {
                visit((ulong)(run.Start - Address), run.Length);
            }
        }

        return true;
    }

    /// <summary>Has memory at the address again, where a kernel (before Linux 6.12) took the old away before it failed to map the new.</summary>
    private unsafe void PutBack(HostMapping snapshot, SharedMemoryMapException failure)
    {
        byte there;

        // Sound: the kernel writes a byte for the one page that is asked for.
        if (LinuxNative.MInCore(Address, (nuint)PageSize, &there) == 0)
        {
            return;
        }

        const int Flags = LinuxNative.MapPrivate | LinuxNative.MapAnonymous | LinuxNative.MapFixed | LinuxNative.MapNoReserve;
        if (LinuxNative.MMap(Address, (nuint)Size, LinuxNative.ProtRead | LinuxNative.ProtWrite, Flags, -1, 0) != Address)
        {
            // The next mapping at this range would be written by a guest.
            Environment.FailFast($"{Size} bytes at 0x{Address:X} are not mapped any more, and owners of them live.", failure);
        }

        BeViewOf(null);
        Backing = MappingBacking.Anonymous;
        _restoring = null;
        PageCopies.CopyBack(this, snapshot);
    }

    /// <summary>Copies from a view what is no hole of this file, which the view may have written since.</summary>
    /// <returns>Whether the system tells where the holes are.</returns>
    private bool TryCopyData(HostMapping view, HostMapping snapshot)
    {
        long end = (long)(_offset + Size);
        for (long at = (long)_offset; at < end;)
        {
            long data = LinuxNative.LSeek(_file!, at, LinuxNative.SeekData);
            if (data < 0)
            {
                // There is none from here on.
                return Marshal.GetLastPInvokeError() == LinuxNative.ErrorNoDevice;
            }

            long hole = Math.Min(end, LinuxNative.LSeek(_file!, data, LinuxNative.SeekHole));
            if (hole <= data)
            {
                return data >= end;
            }

            PageCopies.CopyOut(view, (ulong)data - _offset, (ulong)(hole - data), snapshot);
            at = hole;
        }

        return true;
    }
}
