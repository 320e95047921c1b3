using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Nub.Memory.Tests;

/// <summary>Files that were truncated, altered, are foreign or newer: each is refused with a typed error that says where, and no byte of it is handed out.</summary>
[Trait("Kind", "hostile")]
public sealed class SnapshotDamageTests : IDisposable
{
    private const int Rounds = 2000;
    private static readonly int s_page = (int)Pair.Page;

    private readonly SnapshotFolder _folder = new();
    private readonly byte[] _base = SnapshotFolder.Pattern(40);
    private readonly SharedMemorySnapshot _below;
    private readonly byte[] _whole;
    private readonly byte[] _layer;

    public SnapshotDamageTests()
    {
        _below = SharedMemorySnapshot.Open(_folder.Save("base", _base, new("one", 1, new byte[100]), new("two", 2, new byte[5])));
        byte[] changed = [.. _base];
        changed[3 * s_page] ^= 1;
        changed[20 * s_page] ^= 1;
        changed.AsSpan(8 * s_page, s_page).Clear();
        _whole = File.ReadAllBytes(_folder["base"]);
        _layer = File.ReadAllBytes(_folder.Save("layer", changed, _below));
    }

    public void Dispose()
    {
        _below.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Two_thousand_corrupted_files_are_refused()
    {
        var seen = new HashSet<SharedMemorySnapshotError>();
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random(round);
            bool isLayer = round % 4 == 3;
            byte[] damaged = Damage(isLayer ? _layer : _whole, random, round % 8);
            SharedMemorySnapshotException? refusal = Open(damaged, isLayer ? _below : null);
            Assert.True(refusal is not null, $"round {round}");
            Assert.Equal(_folder["damaged"], refusal.Path);
            Assert.InRange(refusal.Offset, 0UL, (ulong)Math.Max(damaged.Length, _whole.Length));
            seen.Add(refusal.Error);
        }

        Assert.Superset(
            new HashSet<SharedMemorySnapshotError>
            {
                SharedMemorySnapshotError.NotASnapshot, SharedMemorySnapshotError.Truncated, SharedMemorySnapshotError.TooLong, SharedMemorySnapshotError.HeaderDamaged,
                SharedMemorySnapshotError.TableDamaged, SharedMemorySnapshotError.SectionsDamaged, SharedMemorySnapshotError.ChunkDamaged,
            },
            seen);
    }

    [Fact]
    public void Every_bit_of_the_header_is_looked_at()
    {
        for (int bit = 0; bit < 8 * 256; bit++)
        {
            byte[] damaged = [.. _whole];
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.NotNull(Open(damaged, null));
        }
    }

    // The forger of such a file makes its hashes too: what is behind them is judged all the same.
    [Fact]
    public void Headers_and_tables_that_lie_are_refused_or_opened_and_nothing_worse()
    {
        int opened = 0;
        for (int round = 0; round < 1000; round++)
        {
            var random = new Random(round);
            bool isLayer = round % 3 == 2;
            byte[] forged = [.. isLayer ? _layer : _whole];
            int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(forged.AsSpan(48));
            int sections = table + 24 * (int)BinaryPrimitives.ReadUInt64LittleEndian(forged.AsSpan(56));
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                switch (random.Next(3))
                {
                    case 0:
                        Number(forged.AsSpan(16 + 4 * random.Next(15), 8), random);
                        break;
                    case 1 when sections > table:
                        Number(forged.AsSpan(table + 24 * random.Next((sections - table) / 24) + 4 * random.Next(2), 4), random);
                        break;
                    case 2 when forged.Length > sections:
                        Number(forged.AsSpan(sections + random.Next(Math.Min(16, forged.Length - sections - 4)), 4), random);
                        break;
                }
            }

            SHA256.HashData(forged.AsSpan(table, sections - table), forged.AsSpan(160));
            SHA256.HashData(forged.AsSpan(sections), forged.AsSpan(192));
            forged.AsSpan(224, 32).Clear();
            SHA256.HashData(forged.AsSpan(0, s_page), forged.AsSpan(224));
            foreach (bool trusted in (bool[])[false, true])
            {
                opened += Open(forged, isLayer ? _below : null, trusted) is null ? 1 : 0;
            }
        }

        // Some changes change nothing that matters, such as the version of a section.
        Assert.InRange(opened, 1, 700);
    }

    [Fact]
    public void It_says_where()
    {
        byte[] damaged = [.. _whole];
        damaged[s_page + 17 * s_page + 5] ^= 0x10;
        SharedMemorySnapshotException refusal = Open(damaged, null)!;
        Assert.Equal(SharedMemorySnapshotError.ChunkDamaged, refusal.Error);
        Assert.Equal((ulong)(s_page + 65536), refusal.Offset);
        Assert.Equal(65536UL, refusal.MemoryOffset);

        damaged = [.. _whole];
        BinaryPrimitives.WriteUInt32LittleEndian(damaged.AsSpan(8), 2);
        refusal = Open(damaged, null)!;
        Assert.Equal(SharedMemorySnapshotError.UnknownVersion, refusal.Error);
        Assert.Contains("version 2", refusal.Message, StringComparison.Ordinal);

        refusal = Open(_whole[..^100], null)!;
        Assert.Equal(SharedMemorySnapshotError.Truncated, refusal.Error);
        Assert.Equal((ulong)_whole.Length - 100, refusal.Offset);
        Assert.Contains($"{_whole.Length}", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(SharedMemorySnapshotError.NotASnapshot, Open("\u007FELF"u8.ToArray(), null)!.Error);
        Assert.Equal(SharedMemorySnapshotError.Truncated, Open([], null)!.Error);
    }

    [Fact]
    public void A_damaged_page_is_found_only_when_the_file_is_opened_with_a_look_at_it()
    {
        byte[] damaged = [.. _whole];
        damaged[s_page + 5] ^= 0x10;
        Assert.NotNull(Open(damaged, null));
        Assert.Equal(OperatingSystem.IsLinux(), Open(damaged, null, trusted: true) is null);

        // The header and the table are looked at by both.
        damaged = [.. _whole];
        damaged[(int)BinaryPrimitives.ReadUInt64LittleEndian(damaged.AsSpan(48)) + 9] ^= 1;
        Assert.Equal(SharedMemorySnapshotError.TableDamaged, Open(damaged, null, trusted: true)!.Error);
    }

    [SkippableFact]
    public void What_is_no_file_is_refused()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Folders and devices are opened like files on Linux only.");
        foreach (string path in (string[])["/dev/zero", "/", "/proc/self/mem"])
        {
            Assert.NotEqual(SharedMemorySnapshotError.None, Assert.Throws<SharedMemorySnapshotException>(() => SharedMemorySnapshot.Open(path)).Error);
        }

        Assert.Throws<FileNotFoundException>(() => SharedMemorySnapshot.Open(_folder["nothing"]));
    }

    /// <summary>C ends a path at a null character: the file that is named before it is another one.</summary>
    [Fact]
    public void A_path_with_a_null_character_opens_no_other_file()
    {
        string path = _folder["base"];
        SharedMemorySnapshot.ReadInfo(path);
        foreach (string other in (string[])[path + "\0", path + "\0.nub", "\0"])
        {
            Assert.Throws<ArgumentException>("path", () => SharedMemorySnapshot.ReadInfo(other));
            Assert.Throws<ArgumentException>("path", () => SharedMemorySnapshot.Open(other));
            Assert.Throws<ArgumentException>("path", () => SharedMemorySnapshot.OpenTrusted(other));
            Assert.Throws<ArgumentException>("path", () => HostSharedMemory.OpenFile(other, 0, 1, SharedMemoryAccess.Read));
            Assert.Throws<ArgumentException>("path", () => ReadOnlySharedMemory.MapFile(other, 4096));
        }
    }

    private static void Number(Span<byte> place, Random random)
    {
        ulong[] numbers = [0, 1, 15, 4096, 65535, 65536, int.MaxValue, uint.MaxValue, 1UL << 47, ulong.MaxValue, (ulong)random.NextInt64(), (ulong)random.Next(64)];
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, numbers[random.Next(numbers.Length)]);
        bytes[..Math.Min(random.Next(2) == 0 ? 4 : 8, place.Length)].CopyTo(place);
    }

    private static byte[] Damage(byte[] file, Random random, int kind)
    {
        byte[] damaged = [.. file];
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(48));
        int at = random.Next(file.Length);
        switch (kind)
        {
            case 0:
                return damaged[..at];
            case 1:
                return [.. damaged, .. new byte[random.Next(1, 5000)]];
            case 2:
                at = random.Next(s_page);
                goto default;
            case 3:
                at = random.Next(table, file.Length);
                goto default;
            case 4:
                // A sector that was never written, or written elsewhere.
                int sector = at / 512 * 512;
                Span<byte> place = damaged.AsSpan(sector, Math.Min(512, file.Length - sector));
                random.NextBytes(place);
                return damaged;
            case 5:
                (damaged[at], damaged[(at + 1 + random.Next(file.Length - 1)) % file.Length]) = ((byte)(damaged[at] ^ 0x55), 0xAA);
                return damaged;
            default:
                damaged[at] ^= (byte)(1 << random.Next(8));
                return damaged;
        }
    }

    private SharedMemorySnapshotException? Open(byte[] file, SharedMemorySnapshot? below, bool trusted = false)
    {
        string path = _folder["damaged"];
        File.WriteAllBytes(path, file);
        try
        {
            using SharedMemorySnapshot opened = trusted ? SharedMemorySnapshot.OpenTrusted(path, below) : SharedMemorySnapshot.Open(path, below);
            return null;
        }
        catch (SharedMemorySnapshotException refusal)
        {
            return refusal;
        }
    }
}
