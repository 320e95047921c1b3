using System.Numerics;

namespace Nub.Memory;

/// <summary>Which pages of a chunk are what, as masks with the first page's bit the lowest, and runs of them.</summary>
internal static class SnapshotPages
{
    /// <summary>The pages of private bytes that are not zero.</summary>
    public static ushort NonZero(ReadOnlySpan<byte> chunk, int pageSize)
    {
        uint mask = 0;
        for (int page = 0; page * pageSize < chunk.Length; page++)
        {
            if (chunk.Slice(page * pageSize, pageSize).ContainsAnyExcept((byte)0))
            {
                mask |= 1u << page;
            }
        }

        return (ushort)mask;
    }

    /// <summary>The pages in which two chunks differ.</summary>
    public static ushort Different(ReadOnlySpan<byte> chunk, ReadOnlySpan<byte> other, int pageSize)
    {
        uint mask = 0;
        for (int page = 0; page * pageSize < chunk.Length; page++)
        {
            int at = page * pageSize;
            if (!chunk.Slice(at, pageSize).SequenceEqual(other.Slice(at, pageSize)))
            {
                mask |= 1u << page;
            }
        }

        return (ushort)mask;
    }

    /// <summary>Takes the lowest run of pages out of a mask.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool TryTakeRun(ref ushort mask, out int first, out int count)
    {
        first = BitOperations.TrailingZeroCount((uint)mask | 0x1_0000);
        count = BitOperations.TrailingZeroCount(~((uint)mask >> first));
        mask &= (ushort)~(((1u << count) - 1) << first);
        return count != 0;
    }
}
