using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>The Linux way to get, change and give back a <see cref="HostMapping"/>. The facts are of the pages mmap(2),
/// madvise(2), memfd_create(2) and fcntl(2) of the Linux manual.</summary>
internal sealed class LinuxMapping : HostMapping
{
    // The file behind a snapshot or a mapped file: copy-on-write views are made of it.
    private readonly SafeFileHandle? _file;

    private LinuxMapping(nint rawAddress, ulong rawSize, ulong guardSize, MappingBacking backing, SafeFileHandle? file = null)
        : base(rawAddress, rawSize, guardSize, backing) => _file = file;

    public static new LinuxMapping CreateAnonymous(ulong size)
    {
        nint raw = Reserve(size, out ulong rawSize);
        nint address = raw + (nint)PageSize;
        if (LinuxNative.MProtect(address, (nuint)size, LinuxNative.ProtRead | LinuxNative.ProtWrite) != 0)
        {
            throw Unreserve(raw, rawSize, "mprotect", $"{size} bytes at 0x{address:X}");
        }

        return new LinuxMapping(raw, rawSize, PageSize, MappingBacking.Anonymous);
    }

    public static new LinuxMapping CreateSnapshot(ulong size)
    {
        int fd = LinuxNative.MemFdCreate("nub-snapshot", LinuxNative.MfdCloExec | LinuxNative.MfdAllowSealing);
        if (fd < 0)
        {
            throw Failed("memfd_create", "a snapshot");
        }

        var file = new SafeFileHandle(fd, ownsHandle: true);
        try
        {
            return LinuxNative.FTruncate(file, (long)size) != 0
                ? throw Failed("ftruncate", $"a snapshot of {size} bytes")
                : Map(file, size, LinuxNative.ProtRead | LinuxNative.ProtWrite, LinuxNative.MapShared, MappingBacking.Snapshot);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static new LinuxMapping OpenFile(string path, ulong size)
    {
        SafeFileHandle file = File.OpenHandle(path);
        try
        {
            // Of this handle: the path may name another file by now, and what lies beyond a file's end faults.
            if ((ulong)RandomAccess.GetLength(file) < size)
            {
                throw new IOException($"{path} became shorter than {size} bytes while it was mapped.");
            }

            return Map(file, size, LinuxNative.ProtRead, LinuxNative.MapShared, MappingBacking.File);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes charge of pages that another call mapped, such as KVM's <c>kvm_run</c>: without guard pages, because their
    /// neighbours are not ours. <see cref="Release"/> unmaps them.
    /// </summary>
    public static LinuxMapping Adopt(nint address, ulong size) => new(address, size, guardSize: 0, MappingBacking.Foreign);

    public override unsafe void Zero()
    {
        // Only private anonymous pages read as zeroes when they were given back; of a private file mapping the file's bytes
        // come back.
        if (Backing == MappingBacking.Anonymous)
        {
            LinuxZeroing.Zero(Address, Size, PageSize);
            return;
        }

        // Sound: Address and Size are this mapping's own, and the caller holds it exclusively, so it stays mapped.
        BulkFill.Fill((byte*)Address, (nuint)Size, 0);
    }

    public override void Freeze()
    {
        if (LinuxNative.MProtect(Address, (nuint)Size, LinuxNative.ProtRead) != 0)
        {
            throw Failed("mprotect", $"a snapshot of {Size} bytes, to be read only");
        }

        // Whoever might get at the file cannot shorten it, which would end this process at the next access (SIGBUS).
        if (LinuxNative.FCntl(_file!, LinuxNative.FAddSeals, LinuxNative.SealSeal | LinuxNative.SealShrink | LinuxNative.SealGrow) != 0)
        {
            throw Failed("fcntl", "F_ADD_SEALS of a snapshot");
        }
    }

    public override void MakeWritable()
    {
        if (LinuxNative.MProtect(Address, (nuint)Size, LinuxNative.ProtRead | LinuxNative.ProtWrite) != 0)
        {
            throw Failed("mprotect", $"a snapshot of {Size} bytes, to be written through");
        }
    }

    public override HostMapping MapCopyOnWrite() =>
        Map(_file!, Size, LinuxNative.ProtRead | LinuxNative.ProtWrite, LinuxNative.MapPrivate, MappingBacking.CopyOnWrite, owns: false);

    public override void Restore()
    {
        // Of a private mapping of a file, the private copies are dropped and the file's pages are seen again. The kernel
        // visits the pages that are present, so the time is proportional to what was touched.
        if (LinuxNative.MAdvise(Address, (nuint)Size, LinuxNative.MAdvDontNeed) != 0)
        {
            throw Failed("madvise", $"MADV_DONTNEED of {Size} bytes, to restore a snapshot");
        }
    }

    public override void Release()
    {
        if (LinuxNative.MUnmap(RawAddress, (nuint)RawSize) != 0)
        {
            NubMemoryEventSource.Log.ReleaseFailed("munmap", Marshal.GetLastPInvokeError(), RawAddress, RawSize);
        }

        _file?.Dispose();
    }

    /// <summary>Maps a file in the middle of a reservation, whose ends stay inaccessible.</summary>
    private static LinuxMapping Map(SafeFileHandle file, ulong size, int protection, int sharing, MappingBacking backing, bool owns = true)
    {
        nint raw = Reserve(size, out ulong rawSize);
        nint address = raw + (nint)PageSize;

        // MAP_FIXED replaces pages of our own reservation only.
        if (LinuxNative.MMapFile(address, (nuint)size, protection, sharing | LinuxNative.MapFixed | LinuxNative.MapNoReserve, file, 0) != address)
        {
            throw Unreserve(raw, rawSize, "mmap", $"{size} bytes of a file");
        }

        return new LinuxMapping(raw, rawSize, PageSize, backing, owns ? file : null);
    }

    /// <summary>
    /// Reserves the whole range inaccessible; only the middle is opened afterwards, so that the guards are never accessible,
    /// not even briefly.
    /// </summary>
    private static nint Reserve(ulong size, out ulong rawSize)
    {
        rawSize = size + 2 * PageSize;
        nint raw = LinuxNative.MMap(0, (nuint)rawSize, LinuxNative.ProtNone,
            LinuxNative.MapPrivate | LinuxNative.MapAnonymous | LinuxNative.MapNoReserve, -1, 0);
        return raw != LinuxNative.MapFailed ? raw : throw Failed("mmap", $"{rawSize} bytes, two guard pages included");
    }

    private static SharedMemoryMapException Unreserve(nint raw, ulong rawSize, string call, string attempt)
    {
        SharedMemoryMapException failure = Failed(call, attempt);
        _ = LinuxNative.MUnmap(raw, (nuint)rawSize);
        return failure;
    }

    private static SharedMemoryMapException Failed(string call, string attempt) => new(call, Marshal.GetLastPInvokeError(), attempt);
}
