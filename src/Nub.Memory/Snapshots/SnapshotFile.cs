using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>A snapshot's file whose header, table and sections were read and judged. Its pages were not.</summary>
/// <remarks>
/// A file may have been written by anyone: every number is compared with the file's length before anything is made of it, and what is allocated is
/// proportional to what was read.
/// </remarks>
internal sealed class SnapshotFile : IDisposable
{
    private const int EntriesAtATime = 2048;

    // A table of this many is made at once: it is of 4 GiB and takes 2 MiB.
    private const int EntriesAtOnce = 1 << 16;

    private readonly SafeFileHandle _handle;

    private SnapshotFile(string path, SafeFileHandle handle, SnapshotHeader header, ChunkEntry[] entries, SharedMemorySnapshotSection[] sections)
    {
        Path = path;
        _handle = handle;
        Header = header;
        Entries = entries;
        Sections = sections;
    }

    public string Path { get; }

    public SafeFileHandle Handle => _handle;

    public SnapshotHeader Header { get; }

    /// <summary>What the table says, by number of the chunk.</summary>
    public ChunkEntry[] Entries { get; }

    public SharedMemorySnapshotSection[] Sections { get; }

    /// <summary>Opens a file and reads all but its pages.</summary>
    /// <exception cref="IOException">The file cannot be opened or read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    /// <exception cref="SharedMemorySnapshotException">It is no whole snapshot of this version.</exception>
    public static SnapshotFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle handle = OpenHandle(path);
        try
        {
            ulong length = LengthOf(path, handle);
            byte[] prefix = new byte[(int)Math.Min(length, SnapshotHeader.PrefixLength)];
            Read(path, handle, 0, prefix);
            byte[] bytes = new byte[SnapshotHeader.LengthFrom(path, prefix, length)];
            Read(path, handle, 0, bytes);
            SnapshotHeader header = SnapshotHeader.Read(path, bytes);
            if (header.FileLength != length)
            {
                // The header was rewritten between the two looks at it.
                throw new SharedMemorySnapshotException(SharedMemorySnapshotError.HeaderInvalid, path, 24, $"The file has {length} bytes, and its header says {header.FileLength}.");
            }

            ChunkEntry[] entries = ReadTable(path, handle, header);
            byte[] sections = new byte[header.SectionsLength];
            Read(path, handle, header.SectionsOffset, sections);
            return new SnapshotFile(path, handle, header, entries, SnapshotSections.Read(path, header, sections));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads a part of the file.</summary>
    /// <exception cref="SharedMemorySnapshotException">The file became shorter.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Read(ulong offset, Span<byte> destination) => Read(Path, _handle, offset, destination);

    public void Dispose() => _handle.Dispose();

    private static SafeFileHandle OpenHandle(string path) => OperatingSystem.IsLinux()
        ? LinuxFile.Open(path, SharedMemoryAccess.Read)
        : File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);

    private static ulong LengthOf(string path, SafeFileHandle handle) => !OperatingSystem.IsLinux() ? (ulong)RandomAccess.GetLength(handle)
        : LinuxFile.Examine(handle).Length
            ?? throw new SharedMemorySnapshotException(SharedMemorySnapshotError.NotASnapshot, path, 0, "It is no regular file.");

    private static void Read(string path, SafeFileHandle handle, ulong offset, Span<byte> destination)
    {
        for (int done = 0; done < destination.Length;)
        {
            int read = RandomAccess.Read(handle, destination[done..], (long)offset + done);
            if (read == 0)
            {
                throw new SharedMemorySnapshotException(SharedMemorySnapshotError.Truncated, path, offset + (ulong)done,
                    $"The file ends here, {destination.Length - done} bytes too early: it became shorter while it was read.");
            }

            done += read;
        }
    }

    private static ChunkEntry[] ReadTable(string path, SafeFileHandle handle, SnapshotHeader header)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(EntriesAtATime * ChunkEntry.Size);
        try
        {
            // A larger one grows with what was read: that there are as many entries as the header says is not known yet.
            ChunkEntry[] entries = GC.AllocateUninitializedArray<ChunkEntry>((int)Math.Min(header.EntryCount, EntriesAtOnce));
            ulong pages = 0;
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (ulong done = 0; done < header.EntryCount;)
            {
                int count = (int)Math.Min(header.EntryCount - done, EntriesAtATime);
                Span<byte> batch = buffer.AsSpan(0, count * ChunkEntry.Size);
                ulong place = header.TableOffset + done * ChunkEntry.Size;
                Read(path, handle, place, batch);
                sha.AppendData(batch);
                if (done + (ulong)count > (ulong)entries.Length)
                {
                    Array.Resize(ref entries, (int)Math.Min(header.EntryCount, Math.Min((ulong)Array.MaxLength, 2UL * (ulong)entries.Length)));
                }

                for (int i = 0; i < count; i++, done++)
                {
                    ChunkEntry entry = ChunkEntry.Read(batch[(i * ChunkEntry.Size)..]);
                    if (!IsValid(header, entry, done == 0 ? null : entries[done - 1].Chunk))
                    {
                        throw Damaged(path, place + (ulong)(i * ChunkEntry.Size),
                            $"Entry {done} of {header.EntryCount} is of chunk {entry.Chunk} of {header.Layout.ChunkCount}, with the pages 0x{entry.Stored:X} stored and 0x{entry.Zero:X} zero, which cannot be there.");
                    }

                    entries[done] = entry;
                    pages += (ulong)entry.StoredCount;
                }
            }

            Span<byte> hash = stackalloc byte[SharedMemorySnapshotHash.Size];
            _ = sha.GetHashAndReset(hash);
            var actual = new SharedMemorySnapshotHash(hash);
            return actual != header.TableHash ? throw Damaged(path, header.TableOffset, $"The hash of the table of {header.EntryCount} entries is {actual}, and the header says {header.TableHash}.")
                : pages != header.StoredPages ? throw Damaged(path, header.TableOffset, $"The table has {pages} pages, and the file {header.StoredPages}.")
                : entries;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool IsValid(SnapshotHeader header, in ChunkEntry entry, uint? before)
    {
        if (entry.Chunk >= header.Layout.ChunkCount || entry.Chunk <= before)
        {
            return false;
        }

        // A whole snapshot has no base that its other pages could be like.
        int pages = header.Layout.PagesOf(entry.Chunk);
        int told = entry.Stored | entry.Zero;
        return (entry.Stored & entry.Zero) == 0 && (told & ~pages) == 0 && (header.BaseHash is null ? told == pages : told != 0);
    }

    private static SharedMemorySnapshotException Damaged(string path, ulong offset, string detail) =>
        new(SharedMemorySnapshotError.TableDamaged, path, offset, detail);
}
