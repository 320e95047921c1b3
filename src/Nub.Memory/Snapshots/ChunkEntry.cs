using System.Buffers.Binary;

namespace Nub.Memory;

/// <summary>
/// What a snapshot's table says of one chunk: which of its pages are stored in the file, which are zero, and the checksum of the whole chunk
/// after that. Its other pages are as in the base. A chunk without an entry is as in the base, or zero where there is none.
/// </summary>
/// <param name="Chunk">The number of the chunk.</param>
/// <param name="Stored">A bit for each page that is stored, the first page's the lowest.</param>
/// <param name="Zero">A bit for each page that is zero and is not stored.</param>
/// <param name="Checksum">The chunk's <see cref="ChunkChecksum"/>.</param>
internal readonly record struct ChunkEntry(uint Chunk, ushort Stored, ushort Zero, UInt128 Checksum)
{
    /// <summary>The size of an entry in the file.</summary>
    public const int Size = 24;

    /// <summary>How many pages are stored.</summary>
    public int StoredCount => System.Numerics.BitOperations.PopCount(Stored);

    public static ChunkEntry Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
        BinaryPrimitives.ReadUInt128LittleEndian(bytes[8..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Chunk);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], Stored);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], Zero);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[8..], Checksum);
    }
}
