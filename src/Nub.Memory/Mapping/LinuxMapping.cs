using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>The Linux way to get and give back a <see cref="HostMapping"/>.</summary>
internal sealed class LinuxMapping : HostMapping
{
    private LinuxMapping(nint rawAddress, ulong rawSize, ulong guardSize, MappingBacking backing)
        : base(rawAddress, rawSize, guardSize, backing)
    {
    }

    public static new LinuxMapping CreateAnonymous(ulong size)
    {
        // The whole range is reserved inaccessible, and only the middle opened: the guards are never writable, not even briefly.
        nint raw = Reserve(size, out ulong rawSize);
        nint start = raw + (nint)PageSize;
        if (LinuxNative.MProtect(start, (nuint)size, LinuxNative.ProtRead | LinuxNative.ProtWrite) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            _ = LinuxNative.MUnmap(raw, (nuint)rawSize);
            throw new SharedMemoryMapException("mprotect", errno, $"{size} bytes at 0x{start:X}");
        }

        return new LinuxMapping(raw, rawSize, PageSize, MappingBacking.Anonymous);
    }

    /// <summary>
    /// Takes charge of pages that another call mapped, such as KVM's <c>kvm_run</c>: without guard pages, because their
    /// neighbours are not ours. <see cref="Release"/> unmaps them.
    /// </summary>
    public static LinuxMapping Adopt(nint address, ulong size) => new(address, size, guardSize: 0, MappingBacking.Foreign);

    public override unsafe void Zero()
    {
        if (Backing == MappingBacking.Anonymous &&
            LinuxNative.MAdvise(Address, (nuint)Size, LinuxNative.MAdvDontNeed) == 0)
        {
            return;
        }

        // Sound: Address and Size are this mapping's own, and the caller holds it exclusively, so it stays mapped.
        NativeMemory.Clear((void*)Address, (nuint)Size);
    }

    public override void Release()
    {
        if (LinuxNative.MUnmap(RawAddress, (nuint)RawSize) != 0)
        {
            NubMemoryEventSource.Log.ReleaseFailed("munmap", Marshal.GetLastPInvokeError(), RawAddress, RawSize);
        }
    }

    private static nint Reserve(ulong size, out ulong rawSize)
    {
        rawSize = size + 2 * PageSize;
        nint raw = LinuxNative.MMap(0, (nuint)rawSize, LinuxNative.ProtNone,
            LinuxNative.MapPrivate | LinuxNative.MapAnonymous | LinuxNative.MapNoReserve, -1, 0);
        return raw != LinuxNative.MapFailed ? raw
            : throw new SharedMemoryMapException("mmap", Marshal.GetLastPInvokeError(), $"{rawSize} bytes, two guard pages included");
    }
}
