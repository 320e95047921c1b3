using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Benchmarks;

/// <summary>
/// Snapshots in files, which the system has in its cache: what is measured is the library and not a disk. Made when they are asked for, because
/// they take more than a gigabyte.
/// </summary>
internal sealed class DiskCases : IDisposable
{
    private const string CopyAndCheck = "copy and checksum";
    private const string Apart = "copy, then checksum";
    private const ulong Gigabyte = 1UL << 30;
    private const ulong Quarter = 256UL << 20;
    private const int Chunk = 1 << 16;

    // 5 ms.
    private const double LongestTrusted = 5e6;
    private const double MostTime = 1.5;

    private string? _folder;

    public IEnumerable<Contest> All()
    {
        _folder = Directory.CreateTempSubdirectory("nub-benchmark-").FullName;
        string large = Save("large", Gigabyte);
        yield return new Contest("disk", "OpenTrusted 1 GiB",
            new Side("Nub", times => Repeat(times, () => SharedMemorySnapshot.OpenTrusted(large).Dispose())),
            [new Side("map the file", times => Repeat(times, () => ReadOnlySharedMemory.MapFile(large, Gigabyte).Dispose()))],
            [], Longest: LongestTrusted);
        File.Delete(large);

        // The same bytes as a file of nothing else.
        string path = Save("quarter", Quarter);
        string raw = Path.Combine(_folder, "raw");
        using (SafeFileHandle file = File.OpenHandle(raw, FileMode.CreateNew, FileAccess.Write))
        using (SharedMemorySnapshot snapshot = SharedMemorySnapshot.OpenTrusted(path))
        {
            byte[] bytes = new byte[Chunk];
            for (ulong at = 0; at < Quarter; at += Chunk)
            {
                snapshot.Memory.CopyTo(at, bytes);
                RandomAccess.Write(file, bytes, (long)at);
            }
        }

        yield return new Contest("disk", "Open 256 MiB",
            new Side("Nub", times => Repeat(times, () => SharedMemorySnapshot.Open(path).Dispose())),
            [
                new Side(CopyAndCheck, times => Repeat(times, () => Copy(raw))),
                new Side(Apart, times => Repeat(times, () =>
                {
                    using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromFile(raw, Quarter);
                    _ = memory.WithContents(static bytes => XxHash128.HashToUInt128(bytes));
                })),
            ],
            [new Limit(CopyAndCheck, MostTime)]);
        yield return Restore(path, 16);
        yield return Restore(path, 1024);
    }

    // A machine over a file is brought back at the cost of one over memory.
    private static Contest Restore(string path, int count)
    {
        ExclusiveSharedMemory trusted = SharedMemorySnapshot.OpenTrusted(path).Memory.MapCopyOnWrite();
        ExclusiveSharedMemory inMemory = SharedMemorySnapshot.Open(path).Memory.MapCopyOnWrite();
        return new Contest("disk", $"write {count} pages and Restore, OpenTrusted",
            new Side("Nub", times => Repeat(times, () => WriteAndRestore(trusted))),
            [new Side("of a checked snapshot", times => Repeat(times, () => WriteAndRestore(inMemory)))],
            []);

        void WriteAndRestore(ExclusiveSharedMemory view)
        {
            for (int page = 0; page < count; page++)
            {
                view.WriteUInt64((ulong)page * 64 * 4096, 1);
            }

            view.Restore();
        }
    }

    public void Dispose()
    {
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    // Chunk by chunk into a file in memory, which is what a file in memory costs anybody.
    private static void Copy(string path)
    {
        string copy = OperatingSystem.IsLinux() ? $"/dev/shm/nub-benchmark-{Environment.ProcessId}" : Path.GetTempFileName();
        using SafeFileHandle from = File.OpenHandle(path);
        using (SafeFileHandle to = File.OpenHandle(copy, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose))
        {
            byte[] bytes = new byte[Chunk];
            for (long at = 0; RandomAccess.Read(from, bytes, at) is > 0 and int read; at += read)
            {
                _ = XxHash128.HashToUInt128(bytes.AsSpan(0, read));
                RandomAccess.Write(to, bytes.AsSpan(0, read), at);
            }
        }
    }

    private static void Repeat(int times, Action operation)
    {
        for (int i = 0; i < times; i++)
        {
            operation();
        }
    }

    /// <summary>Random bytes, so that no page is zero.</summary>
    private string Save(string name, ulong size)
    {
        string path = Path.Combine(_folder!, name);
        using var memory = new ExclusiveSharedMemory(size);
        byte[] bytes = new byte[1 << 20];
        var random = new Random(1);
        for (ulong at = 0; at < size; at += (ulong)bytes.Length)
        {
            random.NextBytes(bytes);
            memory.CopyFrom(at, bytes);
        }

        _ = SharedMemorySnapshot.Save(path, memory);
        return path;
    }
}
