using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>The Linux way to get, change and give back a <see cref="HostMapping"/>. The facts are of the pages mmap(2),
/// madvise(2), memfd_create(2) and fcntl(2) of the Linux manual.</summary>
internal sealed partial class LinuxMapping : HostMapping
{
    private const int RunsAtATime = 128;

    // The file behind a snapshot, shareable memory or an opened file, and where in it the usable bytes begin.
    private readonly SafeFileHandle? _file;
    private readonly ulong _offset;
    private readonly ulong _granule;

    // Whether a hole in the file gives its pages back.
    private readonly bool _isInMemory;

    private readonly IndirectAccess? _indirect;
    private readonly bool _isReadOnly;

    private LinuxMapping(in Extent extent, MappingBacking backing, SafeFileHandle? file = null, ulong offset = 0, bool isInMemory = false,
        IndirectAccess? indirect = null, bool isReadOnly = false, HostMapping? original = null)
        : base(extent.RawAddress, extent.RawSize, extent.Address, extent.Size, backing)
    {
        _file = file;
        _offset = offset;
        _granule = extent.Granule;
        _isInMemory = isInMemory;
        _indirect = indirect;
        _isReadOnly = isReadOnly;
        if (original is not null)
        {
            _restoring = new LinuxRestoring(extent.Address, extent.Size, original);
            Snapshot = original;
            BeViewOf(original);
        }
    }

    public override IndirectAccess? Indirect => _indirect;

    public override bool IsWritable => !_isReadOnly;

    public static new LinuxMapping CreateAnonymous(ulong size)
    {
        Extent extent = Reserve(size, 0, PageSize);
        if (LinuxNative.MProtect(extent.Address, (nuint)size, LinuxNative.ProtRead | LinuxNative.ProtWrite) != 0)
        {
            int error = Unreserve(extent);
            throw new SharedMemoryMapException("mprotect", error, $"{size} bytes at 0x{extent.Address:X}");
        }

        return Own(extent, MappingBacking.Anonymous);
    }

    public static new LinuxMapping CreateSnapshot(ulong size) => CreateInMemory("nub-snapshot", size, MappingBacking.Snapshot);

    public static new LinuxMapping CreateShareable(ulong size, bool readOnlyForPeers)
    {
        LinuxMapping mapping = CreateInMemory("nub-shareable", size, MappingBacking.Shareable);
        try
        {
            // After our own mapping, which it would forbid, and before the seal that forbids it. A descriptor that is opened for
            // reading would not do: a process that has it can open the file once more, by /proc/self/fd.
            if (readOnlyForPeers)
            {
                mapping.Seal(LinuxNative.SealFutureWrite);
            }

            mapping.Seal(LinuxNative.SealShrink | LinuxNative.SealGrow | LinuxNative.SealSeal);
            return mapping;
        }
        catch
        {
            mapping.Release();
            throw;
        }
    }

    public static LinuxMapping Open(SafeHandle handle, ulong offset, ulong size, SharedMemoryAccess access, bool allowUnsealed, bool isServedByTrusted)
    {
        // Before the descriptor is duplicated: closing the duplicate asks the file's server, too.
        if (!isServedByTrusted)
        {
            LinuxFile.ThrowIfServed(handle);
        }

        // A descriptor of our own: the caller may close his, and we hand it on and punch holes by it.
        SafeFileHandle file = DuplicateOf(handle, "memory to be opened");
        try
        {
            LinuxFile facts = LinuxFile.Examine(file);
            if (facts.Length is { } length && (offset > length || size > length - offset))
            {
                throw new SharedMemoryBoundsException(offset, size, length);
            }

            bool isReadOnly = access == SharedMemoryAccess.Read;
            IndirectAccess? indirect = facts.CanGo ? SurvivingAccess(allowUnsealed) : null;
            int protection = isReadOnly ? LinuxNative.ProtRead : LinuxNative.ProtRead | LinuxNative.ProtWrite;
            Extent extent = Map(file, offset, size, facts.Granule, protection, LinuxNative.MapShared);
            return Own(extent, MappingBacking.File, file, offset, facts.IsInMemory, indirect, isReadOnly, facts.CanGo, !facts.IsImmutable);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override unsafe void Zero()
    {
        // Only private anonymous pages read as zeroes when they were given back; of a private file mapping the file's bytes
        // come back.
        if (Backing == MappingBacking.Anonymous)
        {
            LinuxZeroing.Zero(Address, Size, ResidentLimit, PageMap.Own);
            return;
        }

        if (_isInMemory && Backing != MappingBacking.CopyOnWrite && TryPunchHole())
        {
            return;
        }

        // Sound: Address and Size are this mapping's own, and the caller holds it exclusively, so it stays mapped.
        if (_indirect is null)
        {
            BulkFill.Fill((byte*)Address, (nuint)Size, 0);
        }
        else if (!_indirect.TryFill((byte*)Address, (nuint)Size, 0))
        {
            throw new SharedMemoryFaultException(0, Size);
        }
    }

    /// <remarks>A file in memory is written without being touched, so that there is no fault for each page.</remarks>
    public override void Initialize(ulong offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_file!, bytes, (long)(_offset + offset));
        }
        catch (IOException refusal)
        {
            // Of a system call that failed the number is the error's own: ENOSPC where there is no memory for the pages.
            throw new SharedMemoryMapException("pwrite", refusal.HResult, $"{bytes.Length} bytes at {offset} of a snapshot of {Size}");
        }
    }

    public override void Freeze()
    {
        if (LinuxNative.MProtect(Address, (nuint)Size, LinuxNative.ProtRead) != 0)
        {
            throw Failed("mprotect", $"a snapshot of {Size} bytes, to be read only");
        }

        // A process that might get at the file can neither shorten it, which would end this process at the next access (SIGBUS), nor write it by
        // another way than this mapping.
        int seals = LinuxNative.SealSeal | LinuxNative.SealShrink | LinuxNative.SealGrow;
        if (LinuxNative.FCntl(_file!, LinuxNative.FAddSeals, seals | LinuxNative.SealFutureWrite) != 0)
        {
            // Before Linux 5.1.
            Seal(seals);
        }
    }

    protected override void Unprotect()
    {
        if (_pieces is not null)
        {
            throw new SharedMemoryMapException("mprotect", LinuxNative.ErrorAccess, $"a snapshot of {Size} bytes in a file, to be written through");
        }

        if (LinuxNative.MProtect(Address, (nuint)Size, LinuxNative.ProtRead | LinuxNative.ProtWrite) != 0)
        {
            throw Failed("mprotect", $"a snapshot of {Size} bytes, to be written through");
        }
    }

    public override SafeHandle DuplicateHandle()
    {
        if (_file is null)
        {
            throw new NotSupportedException(
                "Another process cannot map private memory. Make it with ExclusiveSharedMemory.CreateShareable, or open a file.");
        }

        if (Backing == MappingBacking.Snapshot && (LinuxNative.FCntl(_file, LinuxNative.FGetSeals, 0) & LinuxNative.SealFutureWrite) == 0)
        {
            throw new NotSupportedException("Before Linux 5.1 a snapshot cannot be sealed against another process that writes it.");
        }

        return DuplicateOf(_file, "shared memory");
    }

    protected override void Unmap()
    {
        if (LinuxNative.MUnmap(RawAddress, (nuint)RawSize) != 0)
        {
            NubMemoryEventSource.Log.ReleaseFailed("munmap", Marshal.GetLastPInvokeError(), RawAddress, RawSize);
        }

        _file?.Dispose();
        ReleasePieces();
    }

    /// <summary>The way to touch what can go, or none where the caller accepts that.</summary>
    private static RecoveringAccess? SurvivingAccess(bool allowUnsealed) =>
        RecoveringAccess.IsSupported(out string? whyNot) ? RecoveringAccess.Get()
        : allowUnsealed ? null
        : throw new PlatformNotSupportedException(
            $"{whyNot} The memory is not sealed against shrinking, so that an access would end this process when its owner shortens it.");

    /// <summary>Makes a file in memory and maps it writable. It is not sealed yet.</summary>
    private static LinuxMapping CreateInMemory(string name, ulong size, MappingBacking backing)
    {
        uint flags = LinuxNative.MfdCloExec | LinuxNative.MfdAllowSealing;
        SafeFileHandle file = NewHandle();
        int fd = LinuxNative.MemFdCreate(name, flags | LinuxNative.MfdNoExecSeal);
        if (fd < 0 && Marshal.GetLastPInvokeError() == LinuxNative.ErrorInvalid)
        {
            fd = LinuxNative.MemFdCreate(name, flags);
        }

        if (fd < 0)
        {
            throw Failed("memfd_create", $"{size} bytes");
        }

        Marshal.InitHandle(file, fd);
        try
        {
            if (LinuxNative.FTruncate(file, (long)size) != 0)
            {
                throw Failed("ftruncate", $"a file in memory of {size} bytes");
            }

            Extent extent = Map(file, 0, size, PageSize, LinuxNative.ProtRead | LinuxNative.ProtWrite, LinuxNative.MapShared);
            return Own(extent, backing, file, isInMemory: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private void Seal(int seals)
    {
        if (LinuxNative.FCntl(_file!, LinuxNative.FAddSeals, seals) != 0)
        {
            throw Failed("fcntl", $"F_ADD_SEALS 0x{seals:X} of a file in memory of {Size} bytes");
        }
    }

    /// <summary>Gives the pages back, in place of which zeroes are read. The kernel refuses where the file is sealed against writing.</summary>
    /// <exception cref="SharedMemoryFaultException">The file ends before the mapping, where no hole can be.</exception>
    private bool TryPunchHole()
    {
        if (LinuxNative.FAllocate(_file!, LinuxNative.FAllocPunchHole | LinuxNative.FAllocKeepSize, (long)_offset, (long)Size) != 0)
        {
            return false;
        }

        return !CanGo || LinuxFile.Examine(_file!).Length >= _offset + Size ? true : throw new SharedMemoryFaultException(0, Size);
    }

    /// <summary>Maps a part of a file in the middle of a reservation, whose ends stay inaccessible.</summary>
    private static Extent Map(SafeFileHandle file, ulong offset, ulong size, ulong granule, int protection, int sharing)
    {
        Extent extent = Reserve(size, offset % granule, granule);
        ulong before = offset % granule;
        nint address = extent.Address - (nint)before;
        ulong length = RoundUp(before + size, granule);

        // MAP_FIXED replaces pages of our own reservation only.
        int flags = sharing | LinuxNative.MapFixed | LinuxNative.MapNoReserve;
        if (LinuxNative.MMapFile(address, (nuint)length, protection, flags, file, (long)(offset - before)) != address)
        {
            int error = Unreserve(extent);
            throw new SharedMemoryMapException("mmap", error, $"{size} bytes of a file from {offset} on");
        }

        return extent;
    }

    /// <summary>
    /// Reserves the whole range inaccessible; only the middle is opened afterwards, so that the guards are never accessible,
    /// not even briefly.
    /// </summary>
    /// <param name="size">The usable size in bytes.</param>
    /// <param name="before">How many bytes of the first granule come before the usable ones.</param>
    /// <param name="granule">What the opened part begins and ends at a multiple of.</param>
    private static Extent Reserve(ulong size, ulong before, ulong granule)
    {
        ulong middle = RoundUp(before + size, granule);
        ulong rawSize = middle + 2 * PageSize;

        // Larger where the system's own alignment is not enough, and cut to measure.
        ulong slack = granule - PageSize;
        nint reserved = LinuxNative.MMap(0, (nuint)(rawSize + slack), LinuxNative.ProtNone,
            LinuxNative.MapPrivate | LinuxNative.MapAnonymous | LinuxNative.MapNoReserve, -1, 0);
        if (reserved == LinuxNative.MapFailed)
        {
            throw Failed("mmap", $"{rawSize} bytes, two guard pages included");
        }

        nint start = (nint)RoundUp((ulong)reserved + PageSize, granule);
        nint raw = start - (nint)PageSize;
        Unmap(reserved, (ulong)(raw - reserved));
        Unmap(raw + (nint)rawSize, slack - (ulong)(raw - reserved));
        return new Extent(raw, rawSize, start + (nint)before, size, granule);
    }

    private static void Unmap(nint address, ulong length)
    {
        if (length != 0)
        {
            _ = LinuxNative.MUnmap(address, (nuint)length);
        }
    }

    private static ulong RoundUp(ulong value, ulong granule) => (value + granule - 1) / granule * granule;

    /// <summary>Gives a reservation back after a failure, before memory is needed to report it.</summary>
    /// <returns>The failure's error.</returns>
    private static int Unreserve(in Extent extent)
    {
        int error = Marshal.GetLastPInvokeError();
        Unmap(extent.RawAddress, extent.RawSize);
        return error;
    }

    /// <summary>Gives a new reservation its owner; it is unmapped when there is no memory for one.</summary>
    private static LinuxMapping Own(in Extent extent, MappingBacking backing, SafeFileHandle? file = null, ulong offset = 0, bool isInMemory = false,
        IndirectAccess? indirect = null, bool isReadOnly = false, bool canGo = false, bool othersCanWrite = false, HostMapping? original = null,
        bool isTrusted = false)
    {
        LinuxMapping? mapping = null;
        try
        {
            FaultPoint.Reach();
            mapping = new LinuxMapping(extent, backing, file, offset, isInMemory, indirect, isReadOnly, original) { CanGo = canGo, OthersCanWrite = othersCanWrite, IsTrusted = isTrusted };
            original?.Share();
            return mapping;
        }
        finally
        {
            if (mapping is null)
            {
                Unmap(extent.RawAddress, extent.RawSize);
            }
        }
    }

    /// <summary>A handle on nothing yet: it is made before the descriptor that it is to own, which then always has an owner.</summary>
    private static SafeFileHandle NewHandle()
    {
        FaultPoint.Reach();
        return new SafeFileHandle();
    }

    private static SafeFileHandle DuplicateOf(SafeHandle file, string what)
    {
        SafeFileHandle duplicate = NewHandle();
        int fd = LinuxNative.Duplicate(file, LinuxNative.FDupFdCloExec, 0);
        if (fd < 0)
        {
            throw Failed("fcntl", $"F_DUPFD_CLOEXEC of {what}");
        }

        Marshal.InitHandle(duplicate, fd);
        return duplicate;
    }

    private static SharedMemoryMapException Failed(string call, string attempt) => new(call, Marshal.GetLastPInvokeError(), attempt);

    /// <summary>Where a mapping is: the usable bytes within a reservation.</summary>
    private readonly record struct Extent(nint RawAddress, ulong RawSize, nint Address, ulong Size, ulong Granule);
}
