namespace Nub.Memory;

/// <summary>What lies behind a mapping; who zeroes or restores it must know.</summary>
internal enum MappingBacking
{
    /// <summary>Anonymous pages: private on Linux, a section of the paging file on Windows.</summary>
    Anonymous,

    /// <summary>Pages of a sealed file in memory that other mappings may share: a snapshot.</summary>
    Snapshot,

    /// <summary>A file of somebody who may write or shorten it.</summary>
    File,

    /// <summary>A private copy-on-write view of a <see cref="Snapshot"/> or <see cref="File"/>.</summary>
    CopyOnWrite,

    /// <summary>Pages that another call mapped, such as the kernel's <c>kvm_run</c>.</summary>
    Foreign,
}

/// <summary>
/// Bytes that the operating system has mapped for us, with an inaccessible guard page on each side (a foreign mapping has
/// none). It knows where they are, how to make them zero and how to give them back, and nothing of who may touch them: that is
/// <see cref="RegionLock"/>.
/// </summary>
/// <remarks>
/// The platform is chosen here and nowhere else. A member that changes contents is called by somebody who holds the region
/// exclusively; <see cref="Release"/> once, when nobody is inside.
/// </remarks>
internal abstract class HostMapping(nint rawAddress, ulong rawSize, ulong guardSize, MappingBacking backing)
{
    /// <summary>The system's page size in bytes.</summary>
    public static ulong PageSize { get; } = (ulong)Environment.SystemPageSize;

    /// <summary>The largest usable size in bytes: it and two guard pages fit the positive half of the address space.</summary>
    public static ulong LargestSize => ((ulong)nint.MaxValue - 2 * PageSize) / PageSize * PageSize;

    /// <summary>The address of the first guard page.</summary>
    public nint RawAddress { get; } = rawAddress;

    /// <summary>The size with both guard pages, in bytes.</summary>
    public ulong RawSize { get; } = rawSize;

    /// <summary>The address of the first usable byte.</summary>
    public nint Address { get; } = rawAddress + (nint)guardSize;

    /// <summary>The usable size in bytes.</summary>
    public ulong Size { get; } = rawSize - 2 * guardSize;

    public MappingBacking Backing { get; } = backing;

    /// <summary>How the bytes must be touched where they can go at any time; otherwise <see langword="null"/>. The same for all its life.</summary>
    public virtual IndirectAccess? Indirect => null;

    /// <summary>Whether the host may write the bytes at all. The same for all its life.</summary>
    public virtual bool IsWritable => true;

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

    /// <summary>Maps the first bytes of an open file for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="size">The usable size in bytes, which <see cref="CheckSize"/> accepts, within the file.</param>
    public static HostMapping OpenFile(string path, ulong size) =>
        OperatingSystem.IsLinux() ? LinuxMapping.OpenFile(path, size)
        : OperatingSystem.IsWindows() ? WindowsMapping.OpenFile(path, size)
        : throw Unsupported();

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

    /// <summary>Makes every byte zero in the way that is fastest and right for the backing.</summary>
    public abstract void Zero();

    /// <summary>Ends the writing of a new snapshot: readable only, and its size cannot change any more.</summary>
    public abstract void Freeze();

    /// <summary>Makes a frozen snapshot writable again, for a guest that is to write through to every sharer.</summary>
    /// <exception cref="SharedMemoryMapException">The file was opened for reading.</exception>
    public abstract void MakeWritable();

    /// <summary>Maps a private copy-on-write view of a snapshot or file.</summary>
    public abstract HostMapping MapCopyOnWrite();

    /// <summary>Gives back the changed pages of a copy-on-write view, so that the snapshot's bytes are seen again.</summary>
    public abstract void Restore();

    /// <summary>Gives the mapping back to the system. A failure is traced, never thrown.</summary>
    public abstract void Release();

    private static PlatformNotSupportedException Unsupported() => new("Nub.Memory maps memory on Linux and Windows only.");
}
