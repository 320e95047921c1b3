using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>
/// A memory as it was at one moment, with what travels beside it, that can be saved to a file and opened again: whole, or as a layer that has
/// only what differs from another snapshot.
/// </summary>
/// <remarks>
/// <para>The format is in docs/snapshots.md. Checksums find damage, a truncated or altered file, and no forgery: a process that can write the file
/// can write its checksums. Where forgery is to be found, sign the file.</para>
/// <para>Every member may be called from any thread. After <see cref="Dispose"/> each that needs the memory throws
/// <see cref="ObjectDisposedException"/>.</para>
/// </remarks>
[DebuggerDisplay("{Memory}, {ContentHash}")]
public sealed partial class SharedMemorySnapshot : IDisposable
{
    private readonly SnapshotLayout _layout;

    private SharedMemorySnapshot(
        ReadOnlySharedMemory memory, in SnapshotLayout layout, SnapshotContents contents, SharedMemorySnapshotSection[] sections, bool isTrusted)
    {
        Memory = memory;
        _layout = layout;
        Contents = contents;
        Sections = sections;
        IsTrusted = isTrusted;
    }

    /// <summary>
    /// The memory, which ends with the snapshot: <see cref="ReadOnlySharedMemory.Clone"/> it to keep it longer, or
    /// <see cref="ReadOnlySharedMemory.MapCopyOnWrite"/> it for a guest.
    /// </summary>
    public ReadOnlySharedMemory Memory { get; }

    /// <summary>What the memory's contents are called by. Snapshots of the same bytes have the same, whole or in layers.</summary>
    public SharedMemorySnapshotHash ContentHash => Contents.Hash;

    /// <summary>What travels beside the memory, such as a machine's state.</summary>
    public IReadOnlyList<SharedMemorySnapshotSection> Sections { get; }

    /// <summary>
    /// Whether the memory's bytes were taken on trust: they are a file's, mapped as it is now, or a layer's of such a base
    /// (<see cref="OpenTrusted"/>).
    /// </summary>
    public bool IsTrusted { get; }

    internal SnapshotContents Contents { get; }

    /// <summary>Finds a section by its name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="section">The section, or null.</param>
    /// <returns>Whether it is there.</returns>
    public bool TryGetSection(string name, [NotNullWhen(true)] out SharedMemorySnapshotSection? section)
    {
        section = Sections.FirstOrDefault(one => one.Name == name);
        return section is not null;
    }

    /// <summary>Copies a memory while holding it exclusively; a <see cref="ReadOnlySharedMemory"/>, which is never held exclusively, beside its other users.</summary>
    /// <remarks>Of read-only memory that a guest or another process writes meanwhile, each chunk of 64 KiB is as its bytes were at some time, and all are not of one moment.</remarks>
    /// <param name="memory">The memory: a multiple of the page size.</param>
    /// <param name="sections">What is to travel beside it; null for nothing.</param>
    /// <returns>The snapshot, a copy.</returns>
    /// <exception cref="ArgumentException">The memory is not a multiple of the page size, or larger than 32 TiB; or the sections do not fit a snapshot.</exception>
    /// <exception cref="SharedMemoryLockedException">An access or a lease is inside the memory, and it is not read-only.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the memory's bytes are gone.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the copy.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static SharedMemorySnapshot Take(SharedMemory memory, IEnumerable<SharedMemorySnapshotSection>? sections = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        SharedMemorySnapshotSection[] all = SnapshotSections.Check(sections, nameof(sections));
        SnapshotLayout layout = LayoutOf(memory);
        ulong guestMappedSize = GuestMappedSizeOf(memory);
        return Alone(memory, read => Copy(layout, guestMappedSize, read, ChunksOf(memory, layout, null), all));
    }

    /// <summary>
    /// Saves a memory, holding it exclusively for as long as it is read and written (read-only memory beside its other users, as <see cref="Take"/> does). The file is written beside and put in its place when it is on the
    /// disk, so that after a crash the path has the old file or the new one. Only its owner may read it.
    /// </summary>
    /// <param name="path">The file, which is replaced if it is there.</param>
    /// <param name="memory">The memory: a multiple of the page size.</param>
    /// <param name="baseSnapshot">The snapshot to save it as a layer of, of the same size: the file has what differs. Null to save it whole.</param>
    /// <param name="sections">What is to travel beside it; null for nothing.</param>
    /// <returns>The hash that names the saved contents.</returns>
    /// <exception cref="ArgumentException">
    /// The path names no file; the memory is not a multiple of the page size, larger than 32 TiB, or of another size than the base; or the
    /// sections do not fit a snapshot.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written. What was at the path is still there, unless the folder alone could not be synchronized.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    /// <exception cref="SharedMemoryLockedException">An access or a lease is inside the memory, and it is not read-only.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the memory's or the base's bytes are gone.</exception>
    /// <exception cref="SharedMemorySnapshotException">The base was taken on trust or is written through by a guest, and a chunk of it has changed.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the base was disposed.</exception>
    public static SharedMemorySnapshotHash Save(
        string path, SharedMemory memory, SharedMemorySnapshot? baseSnapshot = null, IEnumerable<SharedMemorySnapshotSection>? sections = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        SharedMemorySnapshotSection[] all = SnapshotSections.Check(sections, nameof(sections));
        SnapshotLayout layout = LayoutOf(memory);
        CheckBase(layout, baseSnapshot);
        ulong guestMappedSize = GuestMappedSizeOf(memory);
        return Alone(memory, read => SnapshotWriter.Save(path, layout, guestMappedSize, read, ChunksOf(memory, layout, baseSnapshot), baseSnapshot, all)).Hash;
    }

    /// <summary>
    /// Saves the snapshot whole, also where it was opened as a layer, which flattens layers. Otherwise as
    /// <see cref="Save(string, SharedMemory, SharedMemorySnapshot?, IEnumerable{SharedMemorySnapshotSection}?)"/>.
    /// </summary>
    /// <param name="path">The file, which is replaced if it is there.</param>
    /// <exception cref="ArgumentException">The path names no file.</exception>
    /// <exception cref="IOException">The file cannot be written. What was at the path is still there, unless the folder alone could not be synchronized.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="SharedMemorySnapshotException">The snapshot was taken on trust or is written through by a guest, and a chunk of it has changed.</exception>
    /// <exception cref="ObjectDisposedException">The snapshot was disposed.</exception>
    public void Save(string path) => SaveOver(path, null);

    /// <summary>Saves the snapshot as a layer: the file has what differs from the base, and is opened with it.</summary>
    /// <inheritdoc cref="Save(string)"/>
    /// <param name="path">The file, which is replaced if it is there.</param>
    /// <param name="baseSnapshot">The base, of the same size.</param>
    /// <exception cref="ArgumentException">The path names no file, or the base has another size.</exception>
    public void Save(string path, SharedMemorySnapshot baseSnapshot)
    {
        ArgumentNullException.ThrowIfNull(baseSnapshot);
        SaveOver(path, baseSnapshot);
    }

    /// <summary>Gives the memory back. Copies that were made of it, and views, stay.</summary>
    public void Dispose() => Memory.Dispose();

    /// <summary>Reads a chunk, and judges it where it may have changed: it was taken on trust, or a guest writes through the snapshot.</summary>
    /// <exception cref="SharedMemorySnapshotException">It has changed.</exception>
    internal void ReadChunk(uint chunk, Span<byte> destination)
    {
        if (!Contents.TryGet(chunk, out UInt128 stated))
        {
            destination.Clear();
            return;
        }

        Memory.CopyTo(SnapshotLayout.OffsetOf(chunk), destination);
        if (!Memory.Live.Mapping.IsSteady && ChunkChecksum.Compute(destination) is var actual && actual != stated)
        {
            ulong offset = SnapshotLayout.OffsetOf(chunk);
            throw new SharedMemorySnapshotException(SharedMemorySnapshotError.ChunkDamaged, _path ?? "A snapshot in memory", 0,
                $"Chunk {chunk} (the memory from 0x{offset:X} on) of this snapshot, or of one below it, has changed since its checksum was taken: it is {actual:x32}, and was {stated:x32}.", offset);
        }
    }

    private void SaveOver(string path, SharedMemorySnapshot? below)
    {
        CheckBase(_layout, below);
        IEnumerable<uint> chunks = below is null ? Contents.Chunks : Merged(Contents.Chunks, below.Contents.Chunks);
        _ = SnapshotWriter.Save(path, _layout, Memory.GuestMappedSize, ReadChunk, chunks, below, [.. Sections]);
    }

    private static SharedMemorySnapshot Copy(in SnapshotLayout layout, ulong guestMappedSize, ChunkReader read, IEnumerable<uint> chunks, SharedMemorySnapshotSection[] sections)
    {
        byte[] buffer = new byte[SnapshotLayout.ChunkSize];
        var entries = new List<ChunkEntry>();
        HostMapping? mapping = HostMapping.CreateSnapshot(layout.Size);
        try
        {
            foreach (uint chunk in chunks)
            {
                Span<byte> bytes = buffer.AsSpan(0, layout.LengthOf(chunk));
                read(chunk, bytes);
                if (bytes.ContainsAnyExcept((byte)0))
                {
                    SnapshotCopy.Write(mapping, layout, chunk, bytes);
                    entries.Add(new ChunkEntry(chunk, layout.PagesOf(chunk), 0, ChunkChecksum.Compute(bytes)));
                }
            }

            SnapshotContents contents = SnapshotContents.Of(layout, null, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(entries));
            HostMapping whole = mapping;
            mapping = null;
            return new SharedMemorySnapshot(ReadOnlySharedMemory.Frozen(whole, guestMappedSize), layout, contents, sections, isTrusted: false);
        }
        finally
        {
            mapping?.Release();
        }
    }

    private static TResult Alone<TResult>(SharedMemory memory, Func<ChunkReader, TResult> action) => memory is ReadOnlySharedMemory readOnly
        ? action((chunk, bytes) => readOnly.CopyTo(SnapshotLayout.OffsetOf(chunk), bytes))
        : memory.WithExclusivity(exclusive => action((chunk, bytes) => exclusive.CopyTo(SnapshotLayout.OffsetOf(chunk), bytes)));

    private static ulong GuestMappedSizeOf(SharedMemory memory) => memory is ReadOnlySharedMemory readOnly ? readOnly.GuestMappedSize : memory.Size;

    private static SnapshotLayout LayoutOf(SharedMemory memory)
    {
        ulong size = memory.Size;
        uint page = (uint)HostMapping.PageSize;
        return SnapshotLayout.IsValid(size, page) ? new SnapshotLayout(size, page) : throw new ArgumentException(
            $"A memory of {size} bytes cannot be saved: it is no multiple of the page size of {page} bytes, or larger than {SnapshotLayout.LargestSize} bytes.", nameof(memory));
    }

    private static void CheckBase(in SnapshotLayout layout, SharedMemorySnapshot? baseSnapshot)
    {
        if (baseSnapshot is null)
        {
            return;
        }

        ulong size = baseSnapshot.Memory.Size;
        if (size != layout.Size)
        {
            throw new ArgumentException($"The memory has {layout.Size} bytes, and the base {size}.", nameof(baseSnapshot));
        }
    }

    /// <summary>The chunks that can differ from a base, or from zeroes, as far as the system tells; the memory is held alone.</summary>
    private static IEnumerable<uint> ChunksOf(SharedMemory memory, SnapshotLayout layout, SharedMemorySnapshot? below)
    {
        List<(ulong Offset, ulong Length)> parts = memory.Live.Mapping.FindWritten(below?.Memory.Live.Mapping) ?? [(0, layout.Size)];
        ulong next = 0;
        foreach ((ulong offset, ulong length) in parts)
        {
            ulong end = (offset + length + SnapshotLayout.ChunkSize - 1) / SnapshotLayout.ChunkSize;
            for (next = Math.Max(next, offset / SnapshotLayout.ChunkSize); next < end; next++)
            {
                yield return (uint)next;
            }
        }
    }

    /// <summary>The numbers of both lists, ascending as they are.</summary>
    private static IEnumerable<uint> Merged(IReadOnlyList<uint> one, IReadOnlyList<uint> other)
    {
        for (int i = 0, j = 0; i < one.Count || j < other.Count;)
        {
            uint next = Math.Min(i < one.Count ? one[i] : uint.MaxValue, j < other.Count ? other[j] : uint.MaxValue);
            i += i < one.Count && one[i] == next ? 1 : 0;
            j += j < other.Count && other[j] == next ? 1 : 0;
            yield return next;
        }
    }
}
