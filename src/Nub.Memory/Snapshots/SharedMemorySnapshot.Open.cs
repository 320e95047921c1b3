namespace Nub.Memory;

// Opening a snapshot's file.
public sealed partial class SharedMemorySnapshot
{
    // The file that was opened on trust, for messages.
    private string? _path;

    /// <summary>
    /// Opens a snapshot: copies it into sealed memory and compares each chunk with its checksum on the way: no byte of a file that was
    /// truncated or altered, or is not a snapshot, is handed out. What happens to the file afterwards does not matter.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="baseSnapshot">
    /// What the file is a layer of: a snapshot with the contents that the layer names by hash (<see cref="ReadInfo"/>). Null for a whole
    /// snapshot. It stays the caller's, and may be disposed afterwards.
    /// </param>
    /// <returns>The snapshot.</returns>
    /// <exception cref="ArgumentException">The path is empty or has a null character.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="SharedMemorySnapshotException">The file was refused; the exception says why and where.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the base's bytes are gone.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the memory.</exception>
    /// <exception cref="ObjectDisposedException">The base was disposed.</exception>
    public static SharedMemorySnapshot Open(string path, SharedMemorySnapshot? baseSnapshot = null)
    {
        using SnapshotFile file = SnapshotFile.Open(path);
        SnapshotContents contents = Judge(file, baseSnapshot);
        return Copied(file, baseSnapshot, contents);
    }

    /// <summary>
    /// Opens a snapshot without reading its pages: judges the header, the table and the sections, and maps the rest, which is read when it is
    /// touched. For files that no other process can write: what is written to them later shows in pages that were not touched yet.
    /// </summary>
    /// <remarks>
    /// <para>The memory gives no span. When the file is shortened, an access to what is gone is a
    /// <see cref="SharedMemoryFaultException"/>; where no access survives that (Linux on arm64), it ends this process (SIGBUS). A new
    /// snapshot that is saved at the same path is another file, and leaves this one as it is.</para>
    /// <para>On Windows, and where it would take more than 4,096 pieces (a layer of many scattered pages), it is copied and checked as by
    /// <see cref="Open"/>; <see cref="IsTrusted"/> tells.</para>
    /// </remarks>
    /// <inheritdoc cref="Open"/>
    public static SharedMemorySnapshot OpenTrusted(string path, SharedMemorySnapshot? baseSnapshot = null)
    {
        using SnapshotFile file = SnapshotFile.Open(path);
        SnapshotContents contents = Judge(file, baseSnapshot);
        SnapshotLayout layout = file.Header.Layout;
        if (!OperatingSystem.IsLinux() || (ulong)layout.PageSize % HostMapping.PageSize != 0)
        {
            return Copied(file, baseSnapshot, contents);
        }

        using HeldBase? held = baseSnapshot is null ? null : new HeldBase(baseSnapshot.Memory);
        List<MappedPiece>? pieces = SnapshotPieces.Lay(file, held?.Pieces ?? [new MappedPiece(0, layout.Size, null, 0)]);
        return pieces is null ? Copied(file, baseSnapshot, contents) : new SharedMemorySnapshot(
            ReadOnlySharedMemory.Over(() => LinuxMapping.OpenPieces(pieces, layout.Size), file.Header.GuestMappedSize),
            layout, contents, file.Sections, isTrusted: true)
        {
            _path = path,
        };
    }

    /// <summary>Reads what a snapshot's file says of itself. Its header, table and sections are judged, its pages are not read.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its sizes and hashes.</returns>
    /// <exception cref="ArgumentException">The path is empty or has a null character.</exception>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="SharedMemorySnapshotException">The file was refused; the exception says why and where.</exception>
    public static SharedMemorySnapshotInfo ReadInfo(string path)
    {
        using SnapshotFile file = SnapshotFile.Open(path);
        SnapshotHeader header = file.Header;
        return new SharedMemorySnapshotInfo(
            header.Layout.Size, header.GuestMappedSize, (uint)header.Layout.PageSize, header.StoredPages * (ulong)header.Layout.PageSize, header.ContentHash, header.BaseHash);
    }

    private static SharedMemorySnapshot Copied(SnapshotFile file, SharedMemorySnapshot? below, SnapshotContents contents) =>
        new(SnapshotCopy.Read(file, below, contents), file.Header.Layout, contents, file.Sections, isTrusted: false);

    /// <summary>Judges whether a file fits its base and this system, and what contents are to come out.</summary>
    private static SnapshotContents Judge(SnapshotFile file, SharedMemorySnapshot? below)
    {
        SnapshotHeader header = file.Header;
        SnapshotLayout layout = header.Layout;
        if (header.BaseHash is { } wanted)
        {
            if (below is null)
            {
                throw Refused(file, SharedMemorySnapshotError.BaseMissing, SnapshotHeader.BaseHashOffset, $"It is a layer of contents by the hash {wanted}, and no base was supplied.");
            }

            if (below.ContentHash != wanted || below._layout.Size != layout.Size)
            {
                throw Refused(file, SharedMemorySnapshotError.BaseMismatch, SnapshotHeader.BaseHashOffset,
                    $"It is a layer of {layout.Size} bytes by the hash {wanted}, and the base has {below._layout.Size} bytes by the hash {below.ContentHash}.");
            }
        }
        else if (below is not null)
        {
            throw Refused(file, SharedMemorySnapshotError.BaseUnexpected, SnapshotHeader.FlagsOffset, "It is a whole snapshot, and a base was supplied.");
        }

        if (layout.Size % HostMapping.PageSize != 0 || header.GuestMappedSize % HostMapping.PageSize != 0)
        {
            throw Refused(file, SharedMemorySnapshotError.PageSize, SnapshotHeader.SizeOffset,
                $"The memory has {layout.Size} bytes, of which a guest is to see {header.GuestMappedSize}, in pages of {layout.PageSize}; this system's have {HostMapping.PageSize}.");
        }

        SnapshotContents contents = SnapshotContents.Of(layout, below?.Contents, file.Entries);
        return contents.Hash == header.ContentHash ? contents : throw Refused(file, SharedMemorySnapshotError.ContentMismatch, SnapshotHeader.ContentHashOffset,
            $"By the table the contents have the hash {contents.Hash}, and the header says {header.ContentHash}.");
    }

    private static SharedMemorySnapshotException Refused(SnapshotFile file, SharedMemorySnapshotError error, ulong offset, string detail) =>
        new(error, file.Path, offset, detail);

    /// <summary>Keeps a base's files open while they are mapped once more. To be disposed once: a class, because each copy of a struct would end it.</summary>
    private sealed class HeldBase : IDisposable
    {
        private readonly LockedMapping _mapping;

        public HeldBase(ReadOnlySharedMemory memory)
        {
            _mapping = memory.Live;
            _mapping.EnterLease();
            GC.KeepAlive(memory);
        }

        public IReadOnlyList<MappedPiece>? Pieces => _mapping.Mapping.Pieces;

        public void Dispose() => _mapping.LeaveLease();
    }
}
