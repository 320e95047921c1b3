using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>What lies behind a mapping; who zeroes or restores it must know.</summary>
internal enum MappingBacking
{
    /// <summary>Anonymous pages: private on Linux, a section of the paging file on Windows.</summary>
    Anonymous,

    /// <summary>Pages of a sealed file in memory that other mappings may share: a snapshot.</summary>
    Snapshot,

    /// <summary>Memory of our own that can be handed to another process: a sealed file in memory, or a section.</summary>
    Shareable,

    /// <summary>A file, or anything else that can be mapped, that another process may write and may be able to shorten.</summary>
    File,

    /// <summary>A private copy-on-write view of a <see cref="Snapshot"/> or <see cref="File"/>.</summary>
    CopyOnWrite,
}

/// <summary>
/// Bytes that the operating system has mapped for us, with an inaccessible guard page on each side. It knows where they are, how to make them zero and how to give them back, and nothing of who may touch them: that is
/// <see cref="RegionLock"/>.
/// </summary>
/// <remarks>
/// The platform is chosen here and nowhere else. The caller of a member that changes contents holds the region exclusively;
/// <see cref="Release"/> is called once for each share, when the region has no user inside.
/// </remarks>
internal abstract partial class HostMapping(nint rawAddress, ulong rawSize, nint address, ulong size, MappingBacking backing)
{
    private const ulong DefaultResidentLimit = 64 << 20;

    // The mapping's own, and one for each view that is restored from it.
    private int _shares = 1;

    /// <summary>The system's page size in bytes.</summary>
    public static ulong PageSize { get; } = (ulong)Environment.SystemPageSize;

    /// <summary>The largest usable size in bytes: it and two guard pages fit the positive half of the address space.</summary>
    public static ulong LargestSize => ((ulong)nint.MaxValue - 2 * PageSize) / PageSize * PageSize;

    /// <summary>The address of the first guard page.</summary>
    public nint RawAddress { get; } = rawAddress;

    /// <summary>The size with both guard pages, in bytes.</summary>
    public ulong RawSize { get; } = rawSize;

    /// <summary>The address of the first usable byte.</summary>
    public nint Address { get; } = address;

    /// <summary>The usable size in bytes.</summary>
    public ulong Size { get; } = size;

    /// <summary>What lies behind the mapping. It becomes a <see cref="MappingBacking.CopyOnWrite"/> view where <see cref="RestoreTo"/> makes it one.</summary>
    public MappingBacking Backing { get; protected set; } = backing;

    /// <summary>Whether there is something that <see cref="Restore"/> brings back.</summary>
    public virtual bool HasSnapshot => Snapshot is not null;

    /// <summary>What <see cref="Restore"/> brings back, of which this mapping has a share.</summary>
    protected HostMapping? Snapshot { get; set; }

    /// <summary>How the bytes must be touched where they can go at any time; otherwise <see langword="null"/>. The same for all its life.</summary>
    public virtual IndirectAccess? Indirect => null;

    /// <summary>Whether the host may write the bytes at all. The same for all its life.</summary>
    public virtual bool IsWritable => true;

    /// <summary>Whether bytes can go while they are mapped, because another process can shorten the file. Asked once, when it was opened.</summary>
    public bool CanGo { get; protected init; }

    /// <summary>Whether a process that is not ours may write the bytes, so that a span of them would promise nothing.</summary>
    public bool OthersCanWrite { get; protected init; }

    /// <summary>
    /// Whether the bytes stay what they are and where they are, so that a view of them can be restored by a copy of them: no other process writes or
    /// shortens them, and no guest writes through (<see cref="MakeWritable"/>).
    /// </summary>
    public bool IsSteady => !OthersCanWrite && !CanGo && !IsWrittenThrough;

    /// <summary>
    /// Whether the caller that opened the bytes vouches that they do not change, which the system does not ensure: a view of them is restored by a copy too, which
    /// survives when they go.
    /// </summary>
    public bool IsTrusted { get; protected init; }

    /// <summary>The most bytes of physical memory that <see cref="Zero"/> and <see cref="Restore"/> leave with the mapping.</summary>
    public ulong ResidentLimit { get; set; } = DefaultResidentLimit;

    /// <summary>On Windows, where the usable bytes lie in the section that another process could map; otherwise null.</summary>
    public virtual HostRegionBase? HostBase => null;

    /// <summary>Maps zeroed private pages.</summary>
    /// <param name="size">The usable size in bytes, which <see cref="CheckSize"/> accepts.</param>
    public static HostMapping CreateAnonymous(ulong size) =>
        OperatingSystem.IsLinux() ? LinuxMapping.CreateAnonymous(size)
        : OperatingSystem.IsWindows() ? WindowsMapping.CreateAnonymous(size)
        : throw Unsupported();

    /// <summary>Maps zeroed pages of a new file in memory, writable until <see cref="Freeze"/>.</summary>
    /// <param name="size">The usable size in bytes, which <see cref="CheckSize"/> accepts.</param>
    public static HostMapping CreateSnapshot(ulong size) =>
        OperatingSystem.IsLinux() ? LinuxMapping.CreateSnapshot(size)
        : OperatingSystem.IsWindows() ? WindowsMapping.CreateSnapshot(size)
        : throw Unsupported();

    /// <summary>Maps zeroed pages that can be handed to another process, and that none can shorten.</summary>
    /// <param name="size">The usable size in bytes, which <see cref="CheckSize"/> accepts.</param>
    /// <param name="readOnlyForPeers">Whether no other process is ever to write them.</param>
    public static HostMapping CreateShareable(ulong size, bool readOnlyForPeers) =>
        OperatingSystem.IsLinux() ? LinuxMapping.CreateShareable(size, readOnlyForPeers)
        : OperatingSystem.IsWindows() ? WindowsMapping.CreateShareable(size, readOnlyForPeers)
        : throw Unsupported();

    /// <summary>Maps a part of what another process made: a file, a file in memory, a section, a device's descriptor.</summary>
    /// <param name="handle">Its handle, which stays the caller's.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="access">What is to be done with it.</param>
    /// <param name="allowUnsealed">Whether to map also what can go where no access survives that, and what another than the kernel may serve.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, or the part leaves what a file can have.</exception>
    /// <exception cref="SharedMemoryBoundsException">The file is shorter.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    /// <exception cref="NotSupportedException">On Linux: it is not a file in memory or of huge pages.</exception>
    /// <exception cref="PlatformNotSupportedException">It can go, and no access survives that here.</exception>
    public static HostMapping Open(SafeHandle handle, ulong offset, ulong size, SharedMemoryAccess access, bool allowUnsealed) =>
        Open(handle, offset, size, access, allowUnsealed, isServedByTrusted: allowUnsealed);

    private static HostMapping Open(SafeHandle handle, ulong offset, ulong size, SharedMemoryAccess access, bool allowUnsealed, bool isServedByTrusted)
    {
        CheckPart(offset, size, access);
        return OperatingSystem.IsLinux() ? LinuxMapping.Open(handle, offset, size, access, allowUnsealed, isServedByTrusted)
            : OperatingSystem.IsWindows() ? WindowsMapping.Open(handle, offset, size, access)
            : throw Unsupported();
    }

    /// <summary>Maps a part of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="access">What is to be done with it.</param>
    /// <param name="allowUnsealed">Whether to map what can go where no access survives that.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static HostMapping OpenFile(string path, ulong offset, ulong size, SharedMemoryAccess access, bool allowUnsealed)
    {
        CheckPart(offset, size, access);
        using SafeFileHandle file = OpenPath(path, access);

        // The caller that names a path has chosen its file system.
        return Open(file, offset, size, access, allowUnsealed, isServedByTrusted: true);
    }

    /// <summary>Opens a file to be mapped, beside other users of it.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafeFileHandle OpenPath(string path, SharedMemoryAccess access) => OperatingSystem.IsLinux() ? LinuxFile.Open(path, access) : File.OpenHandle(
        path, FileMode.Open, access == SharedMemoryAccess.Read ? FileAccess.Read : FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Refuses a size that cannot be mapped.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, no multiple of the page size, or larger than <see cref="LargestSize"/>.</exception>
    public static void CheckSize(ulong size, string name)
    {
        if (size == 0)
        {
            throw new ArgumentOutOfRangeException(name, size, $"The size must be at least one page, {PageSize} bytes.");
        }

        if (size > LargestSize)
        {
            throw new ArgumentOutOfRangeException(name, size, $"The size must fit the address space: at most {LargestSize} bytes.");
        }

        if (size % PageSize != 0)
        {
            throw new ArgumentOutOfRangeException(name, size, $"The size must be a multiple of the page size, {PageSize} bytes.");
        }
    }

    /// <summary>Refuses a part that no file can have.</summary>
    private static void CheckPart(ulong offset, ulong size, SharedMemoryAccess access)
    {
        if (access is not (SharedMemoryAccess.Read or SharedMemoryAccess.ReadWrite))
        {
            throw new ArgumentOutOfRangeException(nameof(access), access, "The access must be Read or ReadWrite.");
        }

        ArgumentOutOfRangeException.ThrowIfZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, LargestSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, LargestSize - size);
    }

    /// <summary>Makes every byte zero in the way that is fastest and right for the backing.</summary>
    /// <exception cref="SharedMemoryFaultException">Bytes have gone.</exception>
    public abstract void Zero();

    /// <summary>Another handle on what lies behind the mapping, for another process.</summary>
    /// <exception cref="NotSupportedException">Nothing lies behind it that another process could map.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public abstract SafeHandle DuplicateHandle();

    /// <summary>The files that the memory is mapped from, to be mapped by others too while this mapping stays.</summary>
    /// <exception cref="NotSupportedException">It is mapped from none, or not by files.</exception>
    public virtual IReadOnlyList<MappedPiece> Pieces => throw new NotSupportedException("The memory is mapped from no file.");

    /// <summary>Writes a part of a new snapshot, before it is frozen.</summary>
    public virtual unsafe void Initialize(ulong offset, ReadOnlySpan<byte> bytes) =>
        // Sound: the caller has the mapping to itself, and writes within it.
        BulkCopy.CopyIn((byte*)Address + offset, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length);

    /// <summary>Ends the writing of a new snapshot: readable only, and its size cannot change any more.</summary>
    public abstract void Freeze();

    /// <summary>Maps a private copy-on-write view of a snapshot or file.</summary>
    public abstract HostMapping MapCopyOnWrite();

    /// <summary>Brings back the snapshot that the mapping is a view of, or that was taken of it.</summary>
    public abstract void Restore();

    /// <summary>Traces the last <see cref="Restore"/>, when the memory is no longer held exclusively.</summary>
    public virtual void TraceRestored()
    {
    }

    /// <summary>Copies the contents into a new snapshot, which <see cref="Restore"/> brings back from then on.</summary>
    /// <returns>The snapshot, one share of which is the caller's.</returns>
    /// <exception cref="SharedMemoryFaultException">Bytes have gone. The mapping is as it was.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused. The mapping is as it was.</exception>
    public HostMapping TakeSnapshot()
    {
        HostMapping snapshot = CreateSnapshot(Size);
        try
        {
            CopyInto(snapshot);
            snapshot.Freeze();
            Attach(snapshot, alike: true);
            return snapshot;
        }
        catch
        {
            snapshot.Release();
            throw;
        }
    }

    /// <summary>Makes the bytes those of a snapshot of the same size, which <see cref="Restore"/> brings back from then on.</summary>
    /// <param name="snapshot">The snapshot, which the caller holds.</param>
    /// <exception cref="SharedMemoryFaultException">Bytes have gone. Others may have been brought back.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused. Others may have been brought back.</exception>
    public void RestoreTo(HostMapping snapshot)
    {
        if (ReferenceEquals(snapshot, Snapshot))
        {
            Restore();
        }
        else
        {
            Attach(snapshot, alike: false);
        }
    }

    /// <summary>
    /// Finds the only parts that can differ from zeroes, of memory that began as zeroes, or from a snapshot, of a view of it. The caller holds the memory
    /// exclusively.
    /// </summary>
    /// <param name="below">The snapshot; <see langword="null"/> for zeroes.</param>
    /// <returns>The parts in bytes, ascending; <see langword="null"/> where nothing tells.</returns>
    public virtual List<(ulong Offset, ulong Length)>? FindWritten(HostMapping? below) => null;

    /// <summary>Takes a share of the mapping. The caller ensures that another share exists meanwhile.</summary>
    public void Share() => Interlocked.Increment(ref _shares);

    /// <summary>Gives a share up; with the last one the mapping goes back to the system. A failure is traced, never thrown.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _shares) == 0)
        {
            Unmap();

            // The spans of a view are counted at its snapshot too, which other views go on using.
            _use.RemoveSpans(_spans);
            Snapshot?.Release();
        }
    }

    /// <summary>Gives the mapping back to the system. A failure is traced, never thrown.</summary>
    protected abstract void Unmap();

    /// <summary>Copies the contents into a new snapshot, whose bytes are zero.</summary>
    protected virtual void CopyInto(HostMapping snapshot) => PageCopies.CopyOut(this, 0, Size, snapshot);

    /// <summary>Has the bytes be a snapshot's, in the way that makes <see cref="Restore"/> cheap.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="alike">Whether they are so already.</param>
    protected virtual void Show(HostMapping snapshot, bool alike)
    {
        if (!alike)
        {
            PageCopies.CopyBack(this, snapshot);
        }
    }

    private void Attach(HostMapping snapshot, bool alike)
    {
        Show(snapshot, alike);
        HostMapping? before = Snapshot;
        snapshot.Share();
        Snapshot = snapshot;
        before?.Release();
    }

    private static PlatformNotSupportedException Unsupported() => new("Nub.Memory maps memory on Linux and Windows only.");
}
