using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>The Windows way to get, change and give back a <see cref="HostMapping"/>: views of sections, because a section's
/// handle is what a hypervisor maps into its own process. The facts are of the pages CreateFileMapping, MapViewOfFile,
/// VirtualProtect and Memory Protection Constants of the Windows documentation.</summary>
internal sealed class WindowsMapping : HostMapping
{
    // Null for a copy-on-write view, which is no section's contents.
    private readonly SectionHandle? _section;
    private readonly WindowsView _view;

    // Where in the section the view begins.
    private readonly ulong _viewOffset;

    // Of a copy-on-write view: another view of the same section, with what Restore brings back.
    private readonly WindowsView? _original;

    private readonly bool _isReadOnlyForPeers;
    private readonly bool _isReadOnly;

    /// <summary>A mapping whose usable bytes begin at <paramref name="before"/> within a view, after a guard page of the view or what another part of the section is.</summary>
    private WindowsMapping(
        WindowsView view, ulong viewOffset, ulong before, ulong size, MappingBacking backing, SectionHandle? section,
        WindowsView? original = null, bool isReadOnlyForPeers = false, bool isReadOnly = false)
        : base(
            view.GuardsAreInside ? view.Address : view.Address - (nint)PageSize,
            view.GuardsAreInside ? size + 2 * PageSize : (before + size + PageSize - 1) / PageSize * PageSize + 2 * PageSize,
            view.Address + (nint)before,
            size,
            backing)
    {
        _view = view;
        _viewOffset = viewOffset;
        _section = section;
        _original = original;
        _isReadOnlyForPeers = isReadOnlyForPeers;
        _isReadOnly = isReadOnly;
    }

    public override bool IsWritable => !_isReadOnly;

    public override bool HasSnapshot => _original is not null || base.HasSnapshot;

    public override HostRegionBase? HostBase
    {
        get
        {
            if (_section is null)
            {
                return null;
            }

            ulong before = (ulong)(Address - _view.Address);
            ulong end = _viewOffset + before + Size + (_view.GuardsAreInside ? PageSize : 0);
            return new HostRegionBase(_section.DangerousGetHandle(), _view.Address - (nint)_viewOffset, end, _viewOffset + before);
        }
    }

    public static new WindowsMapping CreateAnonymous(ulong size) => CreateGuarded(size, MappingBacking.Anonymous);

    public static new WindowsMapping CreateSnapshot(ulong size) => CreateGuarded(size, MappingBacking.Snapshot);

    /// <remarks>
    /// The section has no page for guards, which are around the view: another process maps it from its first byte on. Against shortening it
    /// needs no seal: a section has the size that it was made with.
    /// </remarks>
    public static new WindowsMapping CreateShareable(ulong size, bool readOnlyForPeers)
    {
        SectionHandle section = CreateSection(size, $"{size} bytes");
        WindowsView? view = null;
        try
        {
            view = WindowsView.MapGuardsAround(section, 0, size, WindowsNative.FileMapRead | WindowsNative.FileMapWrite);
            return new WindowsMapping(view, 0, 0, size, MappingBacking.Shareable, section, isReadOnlyForPeers: readOnlyForPeers);
        }
        catch
        {
            view?.Release();
            section.Dispose();
            throw;
        }
    }

    /// <remarks>The system refuses to shorten a file while a section of it lives, so that no bytes go.</remarks>
    public static WindowsMapping Open(SafeHandle handle, ulong offset, ulong size, SharedMemoryAccess access)
    {
        bool isReadOnly = access == SharedMemoryAccess.Read;
        SectionHandle section = handle switch
        {
            SafeMemoryMappedFileHandle => Duplicate(handle),
            SafeFileHandle file => OfFile(file, offset, size, isReadOnly),
            _ => throw new ArgumentException($"A {handle.GetType().Name} is neither a file's handle nor a section's.", nameof(handle)),
        };
        WindowsView? view = null;
        try
        {
            ulong before = offset % WindowsNative.AllocationGranularity;
            uint how = isReadOnly ? WindowsNative.FileMapRead : WindowsNative.FileMapRead | WindowsNative.FileMapWrite;
            view = WindowsView.MapGuardsAround(section, offset - before, before + size, how);
            view.CheckAccessible(isReadOnly ? WindowsNative.PageReadOnly : WindowsNative.PageReadWrite);
            return new WindowsMapping(view, offset - before, before, size, MappingBacking.File, section, isReadOnly: isReadOnly)
            {
                OthersCanWrite = true,
            };
        }
        catch
        {
            view?.Release();
            section.Dispose();
            throw;
        }
    }

    public override unsafe void Zero() =>
        // The pages of a section cannot be given back while it lives: VirtualFree decommits private pages only, and what
        // MEM_RESET and DiscardVirtualMemory leave is undefined. So they are filled.
        // Sound: Address and Size are this mapping's own, and the caller holds it exclusively, so it stays mapped.
        BulkFill.Fill((byte*)Address, (nuint)Size, 0);

    public override void Freeze() => WindowsView.Protect(Address, Size, WindowsNative.PageReadOnly, "a snapshot, to be read only");

    protected override void Unprotect() => WindowsView.Protect(Address, Size, WindowsNative.PageReadWrite, "a snapshot, to be written through");

    public override HostMapping MapCopyOnWrite()
    {
        ulong before = (ulong)(Address - _view.Address);
        ulong viewSize = before + Size + (_view.GuardsAreInside ? PageSize : 0);
        WindowsView view = _view.GuardsAreInside
            ? WindowsView.MapGuardsInside(_section!, viewSize, WindowsNative.FileMapCopy)
            : WindowsView.MapGuardsAround(_section!, _viewOffset, viewSize, WindowsNative.FileMapCopy);
        WindowsView? original = null;
        try
        {
            original = WindowsView.Map(_section!, _viewOffset, viewSize, WindowsNative.FileMapRead);
            var mapping = new WindowsMapping(view, _viewOffset, before, Size, MappingBacking.CopyOnWrite, section: null, original)
            {
                OthersCanWrite = OthersCanWrite,
            };
            mapping.BeViewOf(this);
            return mapping;
        }
        catch
        {
            original?.Release();
            view.Release();
            throw;
        }
    }

    public override SafeHandle DuplicateHandle()
    {
        if (_section is null || _view.GuardsAreInside)
        {
            throw new NotSupportedException(
                "Another process cannot map private memory. Make it with ExclusiveSharedMemory.CreateShareable, or open a file.");
        }

        // A section has no name by which it could be opened once more, so that a handle for reading is enough.
        var duplicate = new SafeMemoryMappedFileHandle();
        bool done = _isReadOnlyForPeers
            ? WindowsNative.DuplicateHandle(WindowsNative.CurrentProcess, _section, WindowsNative.CurrentProcess, out nint handle, WindowsNative.FileMapRead, false, 0)
            : WindowsNative.DuplicateHandle(WindowsNative.CurrentProcess, _section, WindowsNative.CurrentProcess, out handle, 0, false, WindowsNative.SameAccess);
        if (!done)
        {
            throw WindowsView.Failed("DuplicateHandle", "a section of shared memory");
        }

        Marshal.InitHandle(duplicate, handle);
        return duplicate;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The changed bytes are copied back, in place. To unmap the view and map it anew would also drop the private copies, but
    /// between the two another thread may get the address, and a hypervisor would lose its guest's pages.
    /// </remarks>
    public override void Restore()
    {
        // One that was taken of the memory itself comes before what the memory is a view of.
        if (Snapshot is { } snapshot)
        {
            PageCopies.CopyBack(this, snapshot);
        }
        else
        {
            CopiedPages.CopyBack(Address, _original!.Address + (Address - _view.Address), Size);
        }
    }

    protected override void Unmap()
    {
        _view.Release();
        _original?.Release();
        _section?.Dispose();
    }

    /// <summary>Makes a section of our own, with a page to spare at each end.</summary>
    private static WindowsMapping CreateGuarded(ulong size, MappingBacking backing)
    {
        ulong rawSize = size + 2 * PageSize;
        SectionHandle section = CreateSection(rawSize, $"{rawSize} bytes, two guard pages included");
        WindowsView? view = null;
        try
        {
            view = WindowsView.MapGuardsInside(section, rawSize, WindowsNative.FileMapRead | WindowsNative.FileMapWrite);
            return new WindowsMapping(view, 0, PageSize, size, backing, section);
        }
        catch
        {
            view?.Release();
            section.Dispose();
            throw;
        }
    }

    private static SectionHandle CreateSection(ulong size, string attempt) => Checked(WindowsNative.CreateFileMapping(
        WindowsNative.PagingFile, 0, WindowsNative.PageReadWrite, (uint)(size >> 32), (uint)size, 0), attempt);

    private static SectionHandle OfFile(SafeFileHandle file, ulong offset, ulong size, bool isReadOnly)
    {
        ulong length = (ulong)RandomAccess.GetLength(file);
        if (offset > length || size > length - offset)
        {
            throw new SharedMemoryBoundsException(offset, size, length);
        }

        // As long as the file: one that is longer would lengthen it.
        uint protection = isReadOnly ? WindowsNative.PageReadOnly : WindowsNative.PageReadWrite;
        return Checked(WindowsNative.CreateFileMapping(file, 0, protection, 0, 0, 0), $"a file of {length} bytes");
    }

    private static SectionHandle Checked(SectionHandle section, string attempt)
    {
        if (!section.IsInvalid)
        {
            return section;
        }

        SharedMemoryMapException failure = WindowsView.Failed("CreateFileMapping", attempt);
        section.Dispose();
        throw failure;
    }

    private static SectionHandle Duplicate(SafeHandle handle) =>
        WindowsNative.DuplicateHandle(WindowsNative.CurrentProcess, handle, WindowsNative.CurrentProcess, out nint duplicate, 0, false, WindowsNative.SameAccess)
            ? new SectionHandle(duplicate)
            : throw WindowsView.Failed("DuplicateHandle", "a section to be opened");
}
