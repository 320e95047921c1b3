using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>Why a snapshot's file was refused.</summary>
public enum SharedMemorySnapshotError
{
    /// <summary>It was not.</summary>
    None = 0,

    /// <summary>The file does not begin as a snapshot does.</summary>
    NotASnapshot,

    /// <summary>The file's format has another version, of a newer library for example.</summary>
    UnknownVersion,

    /// <summary>The file is shorter than it says, or became shorter while it was read.</summary>
    Truncated,

    /// <summary>The file is longer than it says.</summary>
    TooLong,

    /// <summary>The header was changed: its hash is another one.</summary>
    HeaderDamaged,

    /// <summary>The header contradicts itself, or asks for what cannot be.</summary>
    HeaderInvalid,

    /// <summary>The table of chunks was changed, or contradicts itself.</summary>
    TableDamaged,

    /// <summary>The sections were changed, or contradict themselves.</summary>
    SectionsDamaged,

    /// <summary>Bytes of a chunk were changed: its checksum is another one.</summary>
    ChunkDamaged,

    /// <summary>The contents as a whole have another hash than the header says.</summary>
    ContentMismatch,

    /// <summary>The memory's size is not a multiple of this system's page size.</summary>
    PageSize,

    /// <summary>The file is a layer, and no base was supplied.</summary>
    BaseMissing,

    /// <summary>The file is a layer of other contents than those of the base that was supplied.</summary>
    BaseMismatch,

    /// <summary>A base was supplied, and the file is no layer.</summary>
    BaseUnexpected,

    /// <summary>A section that is needed is not there.</summary>
    SectionMissing,

    /// <summary>A section's content has a version that the reader does not know.</summary>
    SectionVersion,

    /// <summary>A section's content is not what its version says.</summary>
    SectionInvalid,
}

/// <summary>A snapshot's file was refused. Nothing of it was handed out.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the place and the numbers it would say nothing.")]
public sealed class SharedMemorySnapshotException : SharedMemoryException
{
    internal SharedMemorySnapshotException(SharedMemorySnapshotError error, string path, ulong offset, string detail, ulong? memoryOffset = null)
        : base($"{path}, at byte {offset} (0x{offset:X}): {detail} ({error})")
    {
        Error = error;
        Path = path;
        Offset = offset;
        MemoryOffset = memoryOffset;
    }

    /// <summary>Creates the exception, of a section that was read already.</summary>
    /// <param name="error">Why it was refused.</param>
    /// <param name="section">The section's name.</param>
    /// <param name="detail">What is there and what should be, with the numbers: a sentence.</param>
    /// <param name="offset">Where in the section's content, in bytes.</param>
    public SharedMemorySnapshotException(SharedMemorySnapshotError error, string section, string detail, int offset)
        : base($"Section {section}, at byte {offset}: {detail} ({error})")
    {
        Error = error;
        Section = section;
        Offset = (ulong)offset;
    }

    /// <summary>Why it was refused.</summary>
    public SharedMemorySnapshotError Error { get; }

    /// <summary>The file; null where a section's content was refused.</summary>
    public string? Path { get; }

    /// <summary>The section whose content was refused; otherwise null.</summary>
    public string? Section { get; }

    /// <summary>Where, in bytes from the start of the file or of the section's content.</summary>
    public ulong Offset { get; }

    /// <summary>Where in the memory the bytes belong, of a damaged chunk: a multiple of 65,536.</summary>
    public ulong? MemoryOffset { get; }
}
