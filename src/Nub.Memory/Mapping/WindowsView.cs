using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// A view of a section with inaccessible pages on both sides, and how to give it back: the addresses that
/// <see cref="WindowsMapping"/> lives at.
/// </summary>
/// <remarks>
/// <para>A section of our own has a page to spare at each end, and these are made inaccessible: the guards are part of the view.
/// They are so before the address is known outside of this class.</para>
/// <para>A file has no page to spare, and a view begins at a multiple of the allocation granularity, so that it cannot be mapped
/// into the middle of a reservation. There the guards are two reservations around the view. The hole for all three is found by
/// reserving it whole; between its release and its use another thread may take a part, and then the search begins anew.</para>
/// </remarks>
internal sealed class WindowsView
{
    // How often another thread may be quicker before it is an error.
    private const int Attempts = 100;

    // Our own threads at least are not to take the holes from one another.
    private static readonly Lock s_search = Once.Make(static () => new Lock());

    // The reservations around the view; 0 where the guards are part of it.
    private nint _before;
    private nint _after;

    private readonly ulong _size;

    // Made before the view is, so that no allocation that fails leaves a view that nothing releases.
    private WindowsView(ulong size) => _size = size;

    /// <summary>The first byte of the view: the first guard page, or the first usable byte when the guards are around it.</summary>
    public nint Address { get; private set; }

    /// <summary>Whether the guards are the view's own first and last page, and not reservations around it.</summary>
    public bool GuardsAreInside => _before == 0;

    /// <summary>Maps a whole section, whose first and last page become guards.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static WindowsView MapGuardsInside(SectionHandle section, ulong rawSize, uint access)
    {
        WindowsView view = Map(section, 0, rawSize, access);
        try
        {
            Protect(view.Address, HostMapping.PageSize, WindowsNative.PageNoAccess, "the first guard page");
            Protect(view.Address + (nint)(rawSize - HostMapping.PageSize), HostMapping.PageSize, WindowsNative.PageNoAccess, "the last guard page");
            return view;
        }
        catch
        {
            view.Release();
            throw;
        }
    }

    /// <summary>Maps a part of a section between two reservations.</summary>
    /// <param name="section">The section.</param>
    /// <param name="offset">Where the part begins: a multiple of the allocation granularity.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="access">What is to be done with it.</param>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static WindowsView MapGuardsAround(SectionHandle section, ulong offset, ulong size, uint access)
    {
        lock (s_search)
        {
            for (int attempt = 1; ; attempt++)
            {
                if (TryMapBetween(section, offset, size, access, out SharedMemoryMapException? refusal) is { } view)
                {
                    return view;
                }

                if (refusal!.NativeErrorCode != WindowsNative.ErrorInvalidAddress || attempt == Attempts)
                {
                    throw refusal;
                }
            }
        }
    }

    /// <summary>Maps a part of a section, without guards.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static WindowsView Map(SectionHandle section, ulong offset, ulong size, uint access)
    {
        var view = new WindowsView(size);
        view.Address = WindowsNative.MapViewOfFileEx(section, access, (uint)(offset >> 32), (uint)offset, (nuint)size, 0);
        return view.Address != 0 ? view : throw Failed("MapViewOfFileEx", $"a view of {size} bytes");
    }

    /// <summary>Changes the protection of pages of a view.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static void Protect(nint address, ulong size, uint protection, string what)
    {
        if (!WindowsNative.VirtualProtect(address, (nuint)size, protection, out _))
        {
            throw Failed("VirtualProtect", $"{what}, {size} bytes at 0x{address:X}, to protection 0x{protection:X}");
        }
    }

    /// <summary>
    /// Refuses a view with pages an access to which would end the process: those that are reserved only (SEC_RESERVE), and those of an image (SEC_IMAGE), which have the protection that
    /// the image says. A section's pages that are committed stay so: VirtualFree does not decommit them (CreateFileMapping).
    /// </summary>
    /// <param name="protection">What the pages were mapped for.</param>
    /// <exception cref="SharedMemoryMapException">There is such a page.</exception>
    public void CheckAccessible(uint protection)
    {
        for (ulong checkedTo = 0; checkedTo < _size;)
        {
            nint address = Address + (nint)checkedTo;
            WindowsNative.MemoryBasicInformation run = Query(address);
            if (run.State != WindowsNative.MemCommit)
            {
                throw new SharedMemoryMapException("VirtualQuery", WindowsNative.ErrorInvalidAddress, $"a section of whose pages those from byte {checkedTo} of the view on are reserved and not committed");
            }

            // Beside the protection there may be that the pages are not cached (PAGE_NOCACHE, PAGE_WRITECOMBINE).
            if (run.Type != WindowsNative.MemMapped || (run.Protect & WindowsNative.ProtectionMask) != protection)
            {
                throw new SharedMemoryMapException(
                    "VirtualQuery", WindowsNative.ErrorInvalidAddress, $"a section whose pages from byte {checkedTo} of the view on are of type 0x{run.Type:X} with protection 0x{run.Protect:X}: it is an image's, or not ordinary memory");
            }

            checkedTo = (ulong)(run.BaseAddress - Address) + run.RegionSize;
        }
    }

    /// <summary>Unmaps the view and releases what is around it. A failure is traced, never thrown.</summary>
    public void Release()
    {
        if (Address != 0 && !WindowsNative.UnmapViewOfFile(Address))
        {
            NubMemoryEventSource.Log.ReleaseFailed("UnmapViewOfFile", Marshal.GetLastPInvokeError(), Address, _size);
        }

        foreach (nint guard in (ReadOnlySpan<nint>)[_before, _after])
        {
            if (guard != 0 && !WindowsNative.VirtualFree(guard, 0, WindowsNative.MemRelease))
            {
                NubMemoryEventSource.Log.ReleaseFailed("VirtualFree", Marshal.GetLastPInvokeError(), guard, WindowsNative.AllocationGranularity);
            }
        }
    }

    /// <summary>The run of pages that are like the one at an address, from there on.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static unsafe WindowsNative.MemoryBasicInformation Query(nint address) =>
        WindowsNative.VirtualQuery(address, out WindowsNative.MemoryBasicInformation run, (nuint)sizeof(WindowsNative.MemoryBasicInformation)) != 0
            ? run
            : throw Failed("VirtualQuery", $"a view at 0x{address:X}");

    public static SharedMemoryMapException Failed(string call, string attempt) => new(call, Marshal.GetLastPInvokeError(), attempt);

    private static WindowsView? TryMapBetween(SectionHandle section, ulong offset, ulong size, uint access, out SharedMemoryMapException? refusal)
    {
        // The view takes whole granules. Of the last, what is not the view's stays unused: every allocation begins at a granule.
        ulong guard = WindowsNative.AllocationGranularity;
        ulong granules = (size + guard - 1) / guard * guard;
        var view = new WindowsView(size);
        nint hole = Reserve(0, guard + granules + guard);
        if (hole == 0 || !WindowsNative.VirtualFree(hole, 0, WindowsNative.MemRelease))
        {
            throw Failed("VirtualAlloc", $"an address range for {size} bytes of a file and their guards");
        }

        refusal = null;
        view._before = Reserve(hole, guard);
        if (view._before == 0)
        {
            refusal = Failed("VirtualAlloc", $"the guard before {size} bytes of a file");
            return null;
        }

        view.Address = WindowsNative.MapViewOfFileEx(
            section, access, (uint)(offset >> 32), (uint)offset, (nuint)size, hole + (nint)guard);
        if (view.Address == 0)
        {
            int error = Marshal.GetLastPInvokeError();
            view.Release();
            refusal = new SharedMemoryMapException("MapViewOfFileEx", error, $"a view of {size} bytes of a file");
            return null;
        }

        view._after = Reserve(view.Address + (nint)granules, guard);
        if (view._after == 0)
        {
            int error = Marshal.GetLastPInvokeError();
            view.Release();
            refusal = new SharedMemoryMapException("VirtualAlloc", error, $"the guard after {size} bytes of a file");
            return null;
        }

        return view;
    }

    private static nint Reserve(nint address, ulong size) =>
        WindowsNative.VirtualAlloc(address, (nuint)size, WindowsNative.MemReserve, WindowsNative.PageNoAccess);
}
