using System.Buffers.Binary;
using System.Security.Cryptography;
using Nub.Fuzz.Engine;
using Nub.Memory;

namespace Nub.Fuzz.Targets;

/// <summary>
/// Files of snapshots, whole and layers, with numbers that lie, and hashes that were made for the lie or not: each is opened or refused with the typed error, takes no more memory than it has bytes
/// times a constant, and one whose hashes were not made anew is never taken for right.
/// </summary>
internal sealed class SnapshotTarget : FuzzTarget
{
    private const int Page = 4096;
    private const int Header = 256;
    private const int Entry = 24;
    private const int MostAllocated = 16 << 20;

    private readonly ScratchFile _file;
    private readonly SharedMemorySnapshot _below;
    private readonly byte[] _whole;
    private readonly byte[] _layer;

    public SnapshotTarget()
    {
        _file = Own(new ScratchFile());
        byte[] bytes = new byte[20 * Page];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(i / Page % 3 == 2 ? 0 : i * 7 / 5);
        }

        _whole = Saved(bytes, null, new SharedMemorySnapshotSection("one", 1, new byte[20]), new SharedMemorySnapshotSection("two", 2, new byte[5]));
        _file.Write(_whole);
        _below = Own(SharedMemorySnapshot.Open(_file.Path));
        bytes[3 * Page] ^= 1;
        bytes.AsSpan(8 * Page, Page).Clear();
        _layer = Saved(bytes, _below);
    }

    public override string Name => "snapshot";

    public override int MaxLength => 128;

    public override IEnumerable<byte[]> Seeds => [[0], [1], [2], [3], [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 1, 0], [4, 1, 0, 3, 1], [5, 2, 0, 0, 1], [8, 3, 17, 1, 0]];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte kind = input.Byte();
        bool isLayer = (kind & 1) != 0;
        bool isTrusted = (kind & 2) != 0;
        bool isForged = (kind & 4) != 0;
        byte[] original = isLayer ? _layer : _whole;
        byte[] file = [.. original];
        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(48));
        int sections = table + (Entry * (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(56)));
        Span<byte> number = stackalloc byte[8];
        while (!input.IsEmpty)
        {
            int at = input.Below(5) switch
            {
                0 or 1 => 4 * (input.Byte() % (Header / 4)),
                2 => table + (input.Word() % Math.Max(1, sections - table)),
                3 => sections + (input.Byte() % Math.Max(1, file.Length - sections)),
                _ => Page + (input.Word() * 4 % (table - Page)),
            };
            BinaryPrimitives.WriteUInt64LittleEndian(number, input.Hostile((ulong)original.Length));
            int width = Math.Clamp(1 << input.Below(4), 1, Math.Max(1, file.Length - at));
            if (at + width <= file.Length)
            {
                number[..width].CopyTo(file.AsSpan(at));
            }
        }

        if ((kind & 8) != 0)
        {
            // Shorter or longer, by what the last byte says.
            Array.Resize(ref file, Math.Max(0, file.Length + (sbyte)bytes[^1]));
        }

        if (isForged && file.Length >= Page)
        {
            // The forger of such a file makes its hashes too.
            SHA256.HashData(file.AsSpan()[Math.Min(table, file.Length)..Math.Min(sections, file.Length)], file.AsSpan(160));
            SHA256.HashData(file.AsSpan(Math.Min(sections, file.Length)), file.AsSpan(192));
            file.AsSpan(224, 32).Clear();
            SHA256.HashData(file.AsSpan(0, Page), file.AsSpan(224));
        }

        Open(file, isLayer, isTrusted, isForged, original, table);
    }

    private void Open(byte[] file, bool isLayer, bool isTrusted, bool isForged, byte[] original, int table)
    {
        _file.Write(file);
        SharedMemorySnapshot? below = isLayer ? _below : null;
        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isOpened = false;
        try
        {
            using SharedMemorySnapshot opened = isTrusted ? SharedMemorySnapshot.OpenTrusted(_file.Path, below) : SharedMemorySnapshot.Open(_file.Path, below);
            isOpened = true;
            opened.Memory.CopyTo(0, new byte[Math.Min(opened.Memory.Size, Page)]);
        }
        catch (SharedMemorySnapshotException refusal)
        {
            Require(refusal.Error != SharedMemorySnapshotError.None && refusal.Path == _file.Path, "a refusal says why, and of which file");
            Require(refusal.Offset <= (ulong)Math.Max(file.Length, original.Length), "a refusal says where in the file");
        }
        catch (SharedMemoryMapException)
        {
            // More memory than the system gives. Only a forged header may ask for so much.
            Require(isForged, "a header without a right hash is not believed");
        }

        Require(GC.GetAllocatedBytesForCurrentThread() - before < MostAllocated, "the memory that is taken is bounded");
        bool isChanged = isTrusted
            ? file.Length != original.Length || !file.AsSpan(0, Page).SequenceEqual(original.AsSpan(0, Page)) || !file.AsSpan(Math.Min(table, file.Length)).SequenceEqual(original.AsSpan(table))
            : !file.AsSpan().SequenceEqual(original);
        Require(
            !isOpened || (file.AsSpan(0, 12).SequenceEqual(original.AsSpan(0, 12)) && BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(24)) == (ulong)file.Length),
            "what is opened is of this version, and as long as it says");
        Require(isForged || isOpened != isChanged, "a file is opened if nothing of it was changed");
    }

    private byte[] Saved(byte[] bytes, SharedMemorySnapshot? below, params SharedMemorySnapshotSection[] sections)
    {
        string path = _file.Path + ".saved";
        using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes(bytes);
        SharedMemorySnapshot.Save(path, memory, below, sections);
        byte[] saved = File.ReadAllBytes(path);
        File.Delete(path);
        return saved;
    }
}
