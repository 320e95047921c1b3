namespace Nub.Memory;

/// <summary>What lies behind a mapping; <see cref="SharedMemory.Zero"/> and snapshots must know it.</summary>
internal enum MappingBacking
{
    /// <summary>Private anonymous pages: MADV_DONTNEED gives zeroes back.</summary>
    Anonymous,

    /// <summary>A shared memfd: a punched hole gives zeroes back.</summary>
    SharedMemoryFile,

    /// <summary>A private copy-on-write view of a memfd: MADV_DONTNEED gives the file's bytes back, not zeroes.</summary>
    CopyOnWrite,

    /// <summary>A file of somebody else, or pages of the kernel: only reading and filling are known to work.</summary>
    Foreign,
}

/// <summary>
/// Bytes that the operating system has mapped for us, with an inaccessible guard page on each side (a foreign mapping has
/// none). It knows where they are and how to give them back, and nothing of who may touch them: that is <see cref="RegionLock"/>.
/// </summary>
internal abstract class HostMapping(nint rawAddress, ulong rawSize, ulong guardSize, MappingBacking backing)
{
    /// <summary>The system's page size in bytes.</summary>
    public static ulong PageSize { get; } = (ulong)Environment.SystemPageSize;

    /// <summary>The address of the first guard page.</summary>
    public nint RawAddress { get; } = rawAddress;

    /// <summary>The size with both guard pages, in bytes.</summary>
    public ulong RawSize { get; } = rawSize;

    /// <summary>The address of the first usable byte.</summary>
    public nint Address { get; } = rawAddress + (nint)guardSize;

    /// <summary>The usable size in bytes.</summary>
    public ulong Size { get; } = rawSize - 2 * guardSize;

    public MappingBacking Backing { get; } = backing;

    /// <summary>Zeroed private pages.</summary>
    /// <param name="size">Usable size in bytes: a multiple of the page size, at least one page.</param>
    public static HostMapping CreateAnonymous(ulong size)
    {
        CheckSize(size);
        return OperatingSystem.IsLinux() ? LinuxMapping.CreateAnonymous(size)
            : throw new PlatformNotSupportedException("Nub.Memory maps memory on Linux only.");
    }

    /// <summary>Makes every byte zero in the way that is fastest and right for the backing. The caller holds the memory exclusively.</summary>
    public abstract void Zero();

    /// <summary>Gives the mapping back to the system. Called once, when nobody is inside; a failure is traced, never thrown.</summary>
    public abstract void Release();

    private protected static void CheckSize(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        if (size % PageSize != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The size must be a multiple of the page size, {PageSize} bytes.");
        }

        ulong limit = (ulong)nint.MaxValue - 2 * PageSize;
        if (size > limit)
        {
            throw new ArgumentOutOfRangeException(nameof(size), size, $"The size and two guard pages must fit the address space: at most {limit} bytes.");
        }
    }
}
