using System.Globalization;

namespace Nub.Memory.Tests;

/// <summary>Writes, restores, snapshots, layers and opened files in any order, compared with arrays of bytes.</summary>
[Trait("Kind", "slow")]
public sealed class SnapshotDifferentialTests
{
    private const int Pages = 37;
    private const int MostOpen = 6;
    private const int MostFiles = 10;

    private static readonly int s_operations = int.Parse(Environment.GetEnvironmentVariable("NUB_SNAPSHOT_OPERATIONS") ?? "20000", CultureInfo.InvariantCulture);
    private static readonly int s_seed = int.Parse(Environment.GetEnvironmentVariable("NUB_SNAPSHOT_SEED") ?? "1", CultureInfo.InvariantCulture);

    private static readonly int s_page = (int)Pair.Page;
    private static readonly int s_size = Pages * s_page;

    [Fact]
    public void Any_order_of_operations_gives_the_bytes_of_the_model()
    {
        using var run = new Run(new Random(s_seed));
        for (int i = 0; i < s_operations; i++)
        {
            string operation = "";
            try
            {
                operation = run.Step();
            }
            catch (Exception failure)
            {
                Assert.Fail($"Seed {s_seed}, operation {i} of {s_operations}, after {operation}: {failure}");
            }
        }

        // Each of them has happened.
        Assert.All(run.Counts, count => Assert.True(count.Value > 0, count.Key));
    }

    private sealed record Opened(SharedMemorySnapshot Snapshot, byte[] Model);

    private sealed record Saved(string Path, SharedMemorySnapshotHash Hash, SharedMemorySnapshotHash? Base, byte[] Model);

    private sealed class Run : IDisposable
    {
        private readonly Random _random;
        private readonly SnapshotFolder _folder = new();
        private readonly List<Opened> _open = [];
        private readonly List<Saved> _files = [];
        private HostSharedMemory _live;
        private byte[] _model = new byte[s_size];

        // What the live memory is a view of; null where it is memory of its own.
        private byte[]? _origin;
        private int _names;

        public Run(Random random)
        {
            _random = random;
            _live = Built(new ExclusiveSharedMemory((ulong)s_size));
        }

        public Dictionary<string, int> Counts { get; } = new() { ["layer"] = 0, ["layer opened"] = 0, ["layer of a layer"] = 0, ["flattened"] = 0, ["trusted"] = 0, ["restored"] = 0, ["view"] = 0, ["zeroed"] = 0, ["replaced"] = 0 };

        public string Step()
        {
            int choice = _random.Next(1000);
            switch (choice)
            {
                case < 640:
                    Write();
                    return "write";
                case < 860:
                    Read();
                    return "read";
                case < 900:
                    Restore();
                    return "restore";
                case < 903:
                    _live.Zero();
                    _model.AsSpan().Clear();
                    Counts["zeroed"]++;
                    return "zero";
                case < 920:
                    View();
                    return "view";
                case < 940:
                    Save();
                    return "save";
                case < 950:
                    SaveOpened();
                    return "save what is open";
                case < 985:
                    Open();
                    return "open";
                default:
                    Compare(_random.Next(2) == 0 && _open.Count > 0 ? _open[_random.Next(_open.Count)] : null);
                    return "compare";
            }
        }

        public void Dispose()
        {
            _live.Dispose();
            _open.ForEach(static one => one.Snapshot.Dispose());
            _folder.Dispose();
        }

        private void Write()
        {
            (int offset, int length) = Range();
            Span<byte> part = _model.AsSpan(offset, length);
            if (_random.Next(4) == 0)
            {
                part.Clear();
            }
            else
            {
                _random.NextBytes(part);
            }

            _live.CopyFrom((ulong)offset, part);
        }

        private void Read()
        {
            (int offset, int length) = Range();
            byte[] bytes = new byte[length];
            _live.CopyTo((ulong)offset, bytes);
            Assert.True(bytes.AsSpan().SequenceEqual(_model.AsSpan(offset, length)));
        }

        private void Restore()
        {
            if (_origin is null)
            {
                Assert.Throws<InvalidOperationException>(_live.Restore);
                return;
            }

            _live.Restore();
            _origin.CopyTo(_model, 0);
            Counts["restored"]++;
        }

        private void View()
        {
            if (_open.Count == 0)
            {
                return;
            }

            Opened one = _open[_random.Next(_open.Count)];
            _live.Dispose();
            _live = Built(one.Snapshot.Memory.MapCopyOnWrite());
            _model = [.. one.Model];
            _origin = one.Model;
            Counts["view"]++;
        }

        private void Save()
        {
            SharedMemorySnapshot? below = _open.Count > 0 && _random.Next(3) != 0 ? _open[_random.Next(_open.Count)].Snapshot : null;
            string path = NewPath();
            SharedMemorySnapshotHash hash;
            if (_random.Next(3) == 0)
            {
                using SharedMemorySnapshot taken = SharedMemorySnapshot.Take(_live);
                if (below is null)
                {
                    taken.Save(path);
                }
                else
                {
                    taken.Save(path, below);
                }

                hash = taken.ContentHash;
            }
            else
            {
                hash = SharedMemorySnapshot.Save(path, _live, below);
            }

            Keep(path, hash, below, [.. _model]);
        }

        private void SaveOpened()
        {
            if (_open.Count == 0)
            {
                return;
            }

            Opened one = _open[_random.Next(_open.Count)];
            string path = NewPath();
            if (_random.Next(2) == 0)
            {
                one.Snapshot.Save(path);
                Counts["flattened"]++;
                Keep(path, one.Snapshot.ContentHash, null, one.Model);
            }
            else
            {
                SharedMemorySnapshot below = _open[_random.Next(_open.Count)].Snapshot;
                one.Snapshot.Save(path, below);
                Keep(path, one.Snapshot.ContentHash, below, one.Model);
            }
        }

        private void Keep(string path, SharedMemorySnapshotHash hash, SharedMemorySnapshot? below, byte[] model)
        {
            SharedMemorySnapshotInfo info = SharedMemorySnapshot.ReadInfo(path);
            Assert.Equal(hash, info.ContentHash);
            Assert.Equal(below?.ContentHash, info.BaseHash);
            Counts["replaced"] += _files.RemoveAll(one => one.Path == path);
            _files.Add(new Saved(path, hash, info.BaseHash, model));
            Counts["layer"] += below is null ? 0 : 1;
        }

        private void Open()
        {
            if (_files.Count == 0)
            {
                return;
            }

            if (_open.Count == MostOpen)
            {
                int oldest = _random.Next(MostOpen);
                _open[oldest].Snapshot.Dispose();
                _open.RemoveAt(oldest);
            }

            Saved file = _files[_random.Next(_files.Count)];
            if (OpenOf(file, 0) is { } snapshot)
            {
                Assert.Equal(file.Hash, snapshot.ContentHash);
                var one = new Opened(snapshot, file.Model);
                _open.Add(one);
                Compare(one);
            }
        }

        /// <summary>Opens a file, with its base from what is open or from another file; null where that is gone.</summary>
        private SharedMemorySnapshot? OpenOf(Saved file, int depth)
        {
            SharedMemorySnapshot? below = null;
            SharedMemorySnapshot? own = null;
            if (file.Base is { } wanted)
            {
                below = _random.Next(2) == 0 ? _open.Find(one => one.Snapshot.ContentHash == wanted)?.Snapshot : null;
                if (below is null && _files.Find(one => one.Hash == wanted && one != file) is { } other && depth < 20)
                {
                    below = own = OpenOf(other, depth + 1);
                }

                if (below is null)
                {
                    return null;
                }

                Counts["layer opened"]++;
                Counts["layer of a layer"] += depth > 0 ? 1 : 0;
            }

            using (own)
            {
                if (_random.Next(2) == 0)
                {
                    return SharedMemorySnapshot.Open(file.Path, below);
                }

                Counts["trusted"]++;
                return SharedMemorySnapshot.OpenTrusted(file.Path, below);
            }
        }

        private void Compare(Opened? one)
        {
            byte[] bytes = new byte[s_size];
            if (one is null)
            {
                _live.CopyTo(0, bytes);
            }
            else
            {
                one.Snapshot.Memory.CopyTo(0, bytes);
            }

            Assert.True(bytes.AsSpan().SequenceEqual(one?.Model ?? _model));
        }

        private string NewPath() => _folder[$"{_names++ % MostFiles}"];

        private (int Offset, int Length) Range()
        {
            int kind = _random.Next(8);
            int length = kind == 0 ? _random.Next(1, 3 * s_page) : kind == 1 ? s_page : _random.Next(1, 64);
            int offset = kind == 1 ? _random.Next(Pages) * s_page : _random.Next(s_size - length + 1);
            return (offset, length);
        }

        private static HostSharedMemory Built(ExclusiveSharedMemory exclusive)
        {
            (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
            guest.Dispose();
            return host;
        }
    }
}
