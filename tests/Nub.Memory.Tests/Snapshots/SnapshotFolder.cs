namespace Nub.Memory.Tests;

/// <summary>A folder for snapshots, which goes with all that is in it.</summary>
internal sealed class SnapshotFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("nub-snapshots-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public string[] Files => Directory.GetFiles(_path);

    /// <summary>Saves bytes as a whole snapshot.</summary>
    /// <returns>The path.</returns>
    public string Save(string name, byte[] bytes, params SharedMemorySnapshotSection[] sections)
    {
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(bytes);
        _ = SharedMemorySnapshot.Save(this[name], memory, null, sections);
        return this[name];
    }

    /// <summary>Saves bytes as a layer.</summary>
    /// <returns>The path.</returns>
    public string Save(string name, byte[] bytes, SharedMemorySnapshot baseSnapshot)
    {
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(bytes);
        _ = SharedMemorySnapshot.Save(this[name], memory, baseSnapshot);
        return this[name];
    }

    /// <summary>All of a snapshot's bytes.</summary>
    public static byte[] BytesOf(SharedMemorySnapshot snapshot)
    {
        byte[] bytes = new byte[snapshot.Memory.Size];
        snapshot.Memory.CopyTo(0, bytes);
        return bytes;
    }

    /// <summary>Pages of which each is other bytes, and every fourth is zero.</summary>
    public static byte[] Pattern(int pages, int seed = 1)
    {
        byte[] bytes = new byte[pages * (int)Pair.Page];
        var random = new Random(seed);
        for (int page = 0; page < pages; page++)
        {
            if (page % 4 != 3)
            {
                random.NextBytes(bytes.AsSpan(page * (int)Pair.Page, (int)Pair.Page));
            }
        }

        return bytes;
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
