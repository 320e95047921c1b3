using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>
/// Random writes, fills, reads, zeroings, limits, snapshots and restores against plain arrays, by each way that finds what was written:
/// <c>NUB_RESTORE_OPERATIONS</c> in all (1,000,000), by the random numbers of <c>NUB_RESTORE_SEED</c>.
/// </summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public sealed unsafe class RestoreFuzzTests(ITestOutputHelper output)
{
    private const int Pages = 96;

    private static readonly int s_operations = Number("NUB_RESTORE_OPERATIONS", 1_000_000);

    [SkippableTheory]
    [InlineData("giving back", 4)]
    [InlineData("reading", 1)]
    [InlineData("scanning", 1)]
    [InlineData("protecting", 1)]
    public void A_view_is_what_its_bytes_in_an_array_are(string way, int part)
    {
        View.SkipWithout(way);
        int seed = Number("NUB_RESTORE_SEED", Environment.TickCount);
        output.WriteLine($"NUB_RESTORE_SEED={seed}");
        var random = new Random(seed);
        byte[] contents = new byte[Pages * View.Page];
        random.NextBytes(contents);
        byte[] model = (byte[])contents.Clone();
        using var view = new View(contents);
        int restores = 0;
        for (int i = 0; i < s_operations / part; i++)
        {
            (int at, int length) = Range(random);
            switch (random.Next(64))
            {
                case 0:
                    view.Restore(way, random.Next(4) == 0 ? (ulong)random.Next(Pages) * HostMapping.PageSize : ulong.MaxValue);
                    contents.CopyTo(model, 0);
                    Same(model, view.Bytes, i, seed);
                    restores++;
                    break;
                case 1 when random.Next(20) == 0:
                    view.Bytes.Clear();
                    model.AsSpan().Clear();
                    break;
                case < 20:
                    Assert.True(view.Bytes.Slice(at, length).SequenceEqual(model.AsSpan(at, length)), $"Operation {i}, seed {seed}: {length} bytes at {at} differ.");
                    break;
                case < 30:
                    // What was there already is a write, too.
                    view.Bytes[at] = model[at];
                    break;
                default:
                    view.Bytes.Slice(at, length).Fill((byte)i);
                    model.AsSpan(at, length).Fill((byte)i);
                    break;
            }
        }

        Same(model, view.Bytes, s_operations, seed);
        Assert.True(view.Snapshot.SequenceEqual(contents), "The snapshot changed.");
        Assert.NotEqual(0, restores);
    }

    [SkippableTheory]
    [InlineData("none", 4)]
    [InlineData("reading", 1)]
    [InlineData("scanning", 1)]
    public void Zeroed_memory_is_what_its_bytes_in_an_array_are(string way, int part)
    {
        View.SkipWithout(way);
        PageMap? map = way switch { "none" => null, "reading" => PageMap.Own!.Reading, _ => PageMap.Own };
        int seed = Number("NUB_RESTORE_SEED", Environment.TickCount);
        output.WriteLine($"NUB_RESTORE_SEED={seed}");
        var random = new Random(seed);
        byte[] model = new byte[Pages * View.Page];
        HostMapping memory = HostMapping.CreateAnonymous((ulong)model.Length);
        var bytes = new Span<byte>((void*)memory.Address, model.Length);
        for (int i = 0; i < s_operations / part; i++)
        {
            (int at, int length) = Range(random);
            switch (random.Next(64))
            {
                case 0:
                    LinuxZeroing.Zero(memory.Address, memory.Size, (ulong)random.Next(2 * Pages) * HostMapping.PageSize, map);
                    model.AsSpan().Clear();
                    Same(model, bytes, i, seed);
                    break;
                case < 20:
                    Assert.True(bytes.Slice(at, length).SequenceEqual(model.AsSpan(at, length)), $"Operation {i}, seed {seed}: {length} bytes at {at} differ.");
                    break;
                default:
                    bytes.Slice(at, length).Fill((byte)i);
                    model.AsSpan(at, length).Fill((byte)i);
                    break;
            }
        }

        Same(model, bytes, s_operations, seed);
        memory.Release();
    }

    [Theory]
    [InlineData("anonymous", 1)]
    [InlineData("copy-on-write", 1)]
    [InlineData("shareable", 4)]
    public void Snapshots_of_a_memory_and_the_memory_are_what_arrays_are(string kind, int part)
    {
        int seed = Number("NUB_RESTORE_SEED", Environment.TickCount);
        output.WriteLine($"NUB_RESTORE_SEED={seed}");
        var random = new Random(seed);
        byte[] model = new byte[Pages * View.Page];
        using ExclusiveSharedMemory memory = kind switch
        {
            "anonymous" => new ExclusiveSharedMemory((ulong)model.Length),
            "shareable" => ExclusiveSharedMemory.CreateShareable((ulong)model.Length),
            _ => Empty(model.Length),
        };

        // The memory's address stays, and so does a span of it.
        Span<byte> bytes = memory.AsSpan(0, model.Length);
        var snapshots = new List<(ReadOnlySharedMemory Snapshot, byte[] Model)>();
        byte[]? last = kind == "copy-on-write" ? new byte[model.Length] : null;
        for (int i = 0; i < s_operations / part; i++)
        {
            (int at, int length) = Range(random);
            switch (random.Next(128))
            {
                case 0 when last is not null:
                    memory.Restore();
                    last.CopyTo(model, 0);
                    Same(model, bytes, i, seed);
                    break;
                case 1 when random.Next(10) == 0:
                    (ReadOnlySharedMemory, byte[]) taken = (memory.TakeSnapshot(), last = (byte[])model.Clone());
                    if (snapshots.Count < 4)
                    {
                        snapshots.Add(taken);
                    }
                    else
                    {
                        int gone = random.Next(4);
                        Assert.True(snapshots[gone].Snapshot.AsSpan(0, model.Length).SequenceEqual(snapshots[gone].Model), $"Seed {seed}: a snapshot changed.");
                        snapshots[gone].Snapshot.Dispose();
                        snapshots[gone] = taken;
                    }

                    break;
                case 2 when snapshots.Count > 0:
                    (ReadOnlySharedMemory snapshot, last) = snapshots[random.Next(snapshots.Count)];
                    memory.Restore(snapshot);
                    last.CopyTo(model, 0);
                    Same(model, bytes, i, seed);
                    break;
                case 3 when random.Next(10) == 0:
                    memory.Zero();
                    model.AsSpan().Clear();
                    Same(model, bytes, i, seed);
                    break;
                case 4:
                    memory.ResidentLimit = (ulong)random.Next(2 * Pages) * HostMapping.PageSize;
                    break;
                case < 40:
                    Assert.True(bytes.Slice(at, length).SequenceEqual(model.AsSpan(at, length)), $"Operation {i}, seed {seed}: {length} bytes at {at} differ.");
                    break;
                default:
                    bytes.Slice(at, length).Fill((byte)i);
                    model.AsSpan(at, length).Fill((byte)i);
                    break;
            }
        }

        Same(model, bytes, s_operations, seed);
        foreach ((ReadOnlySharedMemory snapshot, byte[] expected) in snapshots)
        {
            Assert.True(snapshot.AsSpan(0, expected.Length).SequenceEqual(expected), $"Seed {seed}: a snapshot changed.");
            snapshot.Dispose();
        }

        static ExclusiveSharedMemory Empty(int length)
        {
            using var snapshot = ReadOnlySharedMemory.FromBytes(new byte[length]);
            return snapshot.MapCopyOnWrite();
        }
    }

    // A few bytes, and sometimes some pages.
    private static (int At, int Length) Range(Random random)
    {
        int at = random.Next(Pages * View.Page);
        int most = random.Next(16) == 0 ? 5 * View.Page : 24;
        return (at, Math.Min(random.Next(1, most), (Pages * View.Page) - at));
    }

    private static void Same(byte[] model, ReadOnlySpan<byte> bytes, int operation, int seed)
    {
        int same = bytes.CommonPrefixLength(model);
        Assert.True(same == model.Length, $"After operation {operation}, seed {seed}, byte {same} differs.");
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : otherwise;
}
