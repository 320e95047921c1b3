using System.Diagnostics;

namespace Nub.Memory;

/// <summary>What a guest may do with a region.</summary>
[Flags]
public enum MemoryRegionFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Read it.</summary>
    Read = 1,

    /// <summary>Write it.</summary>
    Write = 2,

    /// <summary>Execute it.</summary>
    Execute = 4,
}

/// <summary>What a region is for.</summary>
public enum MemoryRegionType
{
    /// <summary>The guest's program.</summary>
    Code,

    /// <summary>Data the guest starts with.</summary>
    InitData,

    /// <summary>The process environment block.</summary>
    Peb,

    /// <summary>The guest's heap.</summary>
    Heap,

    /// <summary>Memory that is the guest's own and changes as it runs.</summary>
    Scratch,

    /// <summary>A snapshot that the guest starts from.</summary>
    Snapshot,

    /// <summary>A file of the host.</summary>
    MappedFile,
}

/// <summary>How a memory is laid into a virtual machine: which of the host's bytes stand at which guest physical address.</summary>
/// <param name="GuestAddress">The guest physical address of the first byte.</param>
/// <param name="Length">The length in bytes.</param>
/// <param name="HostAddress">The address of the first byte in this process.</param>
/// <param name="Type">What the region is for.</param>
/// <param name="Flags">What the guest may do with it.</param>
[DebuggerDisplay("[0x{GuestAddress.ToString(\"X\"),nq}, +0x{Length.ToString(\"X\"),nq}) {Type}, {Flags}")]
public readonly record struct MemoryRegion(
    ulong GuestAddress,
    ulong Length,
    nint HostAddress,
    MemoryRegionType Type,
    MemoryRegionFlags Flags)
{
    /// <summary>
    /// On Windows, where the bytes lie in a file-mapping object. <see langword="null"/> elsewhere, and for a private
    /// copy-on-write view: a mapping of its object would show the snapshot, and not what the view has changed.
    /// </summary>
    public HostRegionBase? HostBase { get; init; }

    /// <summary>The guest physical address one past the last byte.</summary>
    public ulong GuestEnd => GuestAddress + Length;
}
