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

    // Of a copy-on-write view: another view of the same section, with what Restore brings back.
    private readonly WindowsView? _original;

    private WindowsMapping(WindowsView view, nint rawAddress, ulong size, MappingBacking backing, SectionHandle? section, WindowsView? original)
        : base(rawAddress, size + 2 * PageSize, PageSize, backing)
    {
        _view = view;
        _section = section;
        _original = original;
    }

    public override HostRegionBase? HostBase => _section is null
        ? null
        : new HostRegionBase(_section.DangerousGetHandle(), _view.Address, Size + 2 * SpareIn(Backing), SpareIn(Backing));

    public static new WindowsMapping CreateAnonymous(ulong size) => CreateSection(size, MappingBacking.Anonymous);

    public static new WindowsMapping CreateSnapshot(ulong size) => CreateSection(size, MappingBacking.Snapshot);

    public static new WindowsMapping OpenFile(string path, ulong size)
    {
        // The section keeps the file; its handle is not needed any longer than to make one.
        using SafeFileHandle file = File.OpenHandle(path);

        // Of this handle: the path may name another file by now.
        if ((ulong)RandomAccess.GetLength(file) < size)
        {
            throw new IOException($"{path} became shorter than {size} bytes while it was mapped.");
        }

        SectionHandle section =
            WindowsNative.CreateFileMapping(file, 0, WindowsNative.PageReadOnly, (uint)(size >> 32), (uint)size, 0);
        return MapFirst(section, size, WindowsNative.FileMapRead, MappingBacking.File, $"{size} bytes of {path}");
    }

    public override unsafe void Zero() =>
        // The pages of a section cannot be given back while it lives: VirtualFree decommits private pages only, and what
        // MEM_RESET and DiscardVirtualMemory leave is undefined. So they are filled.
        // Sound: Address and Size are this mapping's own, and the caller holds it exclusively, so it stays mapped.
        BulkFill.Fill((byte*)Address, (nuint)Size, 0);

    public override void Freeze() => WindowsView.Protect(Address, Size, WindowsNative.PageReadOnly, "a snapshot, to be read only");

    public override void MakeWritable() =>
        WindowsView.Protect(Address, Size, WindowsNative.PageReadWrite, "a snapshot, to be written through");

    public override HostMapping MapCopyOnWrite()
    {
        ulong spare = SpareIn(Backing);
        WindowsView view = MapGuarded(_section!, Size, WindowsNative.FileMapCopy, spare);
        try
        {
            WindowsView original = WindowsView.Map(_section!, Size + 2 * spare, WindowsNative.FileMapRead);
            return new WindowsMapping(view, RawAddressOf(view, spare), Size, MappingBacking.CopyOnWrite, section: null, original);
        }
        catch
        {
            view.Release();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The changed bytes are copied back, in place. To unmap the view and map it anew would also drop the private copies, but
    /// between the two another thread may get the address, and a hypervisor would lose its guest's pages.
    /// </remarks>
    public override void Restore() => CopiedPages.CopyBack(Address, _original!.Address + (Address - _view.Address), Size);

    public override void Release()
    {
        _view.Release();
        _original?.Release();
        _section?.Dispose();
    }

    /// <summary>How many bytes of a section lie before its usable ones, and as many behind: our own have a page for each guard.</summary>
    private static ulong SpareIn(MappingBacking backing) => backing == MappingBacking.File ? 0 : PageSize;

    private static nint RawAddressOf(WindowsView view, ulong spare) => view.Address - (nint)(PageSize - spare);

    private static WindowsMapping CreateSection(ulong size, MappingBacking backing)
    {
        ulong rawSize = size + 2 * PageSize;
        SectionHandle section = WindowsNative.CreateFileMapping(
            WindowsNative.PagingFile, 0, WindowsNative.PageReadWrite, (uint)(rawSize >> 32), (uint)rawSize, 0);
        return MapFirst(section, size, WindowsNative.FileMapRead | WindowsNative.FileMapWrite, backing, $"{rawSize} bytes, two guard pages included");
    }

    /// <summary>Maps a new section, which the mapping owns from now on.</summary>
    private static WindowsMapping MapFirst(SectionHandle section, ulong size, uint access, MappingBacking backing, string attempt)
    {
        if (section.IsInvalid)
        {
            SharedMemoryMapException failure = WindowsView.Failed("CreateFileMapping", attempt);
            section.Dispose();
            throw failure;
        }

        try
        {
            ulong spare = SpareIn(backing);
            WindowsView view = MapGuarded(section, size, access, spare);
            return new WindowsMapping(view, RawAddressOf(view, spare), size, backing, section, original: null);
        }
        catch
        {
            section.Dispose();
            throw;
        }
    }

    private static WindowsView MapGuarded(SectionHandle section, ulong size, uint access, ulong spare) => spare != 0
        ? WindowsView.MapGuardsInside(section, size + 2 * spare, access)
        : WindowsView.MapGuardsAround(section, size, access);
}
