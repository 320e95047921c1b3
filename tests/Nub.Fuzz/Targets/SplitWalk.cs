using System.Runtime.InteropServices;

namespace Nub.Fuzz.Targets;

/// <summary>Counts the bytes of a split chain that the device has accepted, straight from the specification (virtio 1.2, section 2.7.5).</summary>
internal static class SplitWalk
{
    private const int Most = 1 << 16;

    /// <returns>Nothing of a chain that leaves its table, or has a buffer beyond 2^64, which is never to be accepted.</returns>
    public static (ulong Readable, ulong Writable, int Count) Count(byte[] memory, ulong start, uint entries, uint index)
    {
        ulong table = 0;
        ulong readable = 0;
        ulong writable = 0;
        for (int count = 0; count < Most && index < entries;)
        {
            ReadOnlySpan<byte> descriptor = memory.AsSpan((int)(table + (16 * index)), 16);
            uint length = MemoryMarshal.Read<uint>(descriptor[8..]);
            ushort flags = MemoryMarshal.Read<ushort>(descriptor[12..]);
            if ((flags & 4) != 0)
            {
                (table, entries, index) = (MemoryMarshal.Read<ulong>(descriptor) - start, length / 16, 0);
                continue;
            }

            if (MemoryMarshal.Read<ulong>(descriptor) > ulong.MaxValue - length)
            {
                return default;
            }

            count++;
            (readable, writable) = (flags & 2) != 0 ? (readable, writable + length) : (readable + length, writable);
            if ((flags & 1) == 0)
            {
                return (readable, writable, count);
            }

            index = MemoryMarshal.Read<ushort>(descriptor[14..]);
        }

        return default;
    }
}
