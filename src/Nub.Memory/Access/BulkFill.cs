using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>Fills at memory speed, writing each shared byte exactly once: by the ways of <see cref="BulkCopy"/>.</summary>
/// <remarks>Callers guarantee that the range is mapped and stays mapped during the call.</remarks>
internal static unsafe class BulkFill
{
    private const nuint Large = BulkCopy.Large;
    private const nuint Block = BulkCopy.Block;

    // As for a copy, but there is one side only, and lines that are written whole are not fetched first: on a Zen 5, 50 GB/s through
    // the caches and 38 past them at 32 MiB, 42 and 39 at 48; from here on 33 and 36. (An earlier processor: 52 and 28 at 16 MiB, 22 and
    // 28 at 32.)
    internal const nuint Huge = 64 << 20;

    /// <summary>Fills a range.</summary>
    /// <param name="destination">The first byte to write.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="value">The byte.</param>
    // Sound, here and below: every access is within [0, length), which the caller guarantees to be mapped, except for bytes that a
    // mask leaves out. Stores of vectors need no alignment, except those that are named so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill(byte* destination, nuint length, byte value)
    {
        if (length >= Large)
        {
            FillLarge(destination, length, value);
        }
        else if (ByteMasks.AreSupported && length >= Block)
        {
            FillBlocks(destination, length, value);
            FillEnd(destination + length, length & (Block - 1), value);
        }
        else
        {
            FillSmall(destination, length, value);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FillLarge(byte* destination, nuint length, byte value)
    {
        if (length < BulkCopy.Aligned)
        {
            FillEnd(destination + length, length & (Block - 1), value);
            FillMiddle(destination, length, value);
        }
        else
        {
            FillAligned(destination, length, value);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FillAligned(byte* destination, nuint length, byte value)
    {
        bool isHuge = length >= Huge;
        nuint head = BulkCopy.HeadOf(destination);
        FillStart(destination, head, value);
        FillEnd(destination + length, (length - head) & (Block - 1), value);
        destination += head;
        length -= head;
        if (isHuge && Avx.IsSupported)
        {
            for (; length >= 256; length -= 256)
            {
                FillPastCaches(destination, value);
                FillPastCaches(destination + 128, value);
                destination += 256;
            }

            // Non-temporal stores are not ordered with the stores that follow, such as the one by which this access is
            // left: without a fence another thread could hold the memory exclusively before they arrive.
            Sse.StoreFence();
        }

        FillMiddle(destination, length, value);
    }

    /// <summary>Fills the blocks of a large fill, and leaves what remains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillMiddle(byte* destination, nuint length, byte value)
    {
        for (; length >= 256; length -= 256)
        {
            Fill128(destination, value);
            Fill128(destination + 128, value);
            destination += 256;
        }

        FillBlocks(destination, length, value);
    }

    /// <summary>Fills less than a block at the start of at least one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillStart(byte* start, nuint count, byte value)
    {
        if (!ByteMasks.AreSupported)
        {
            FillRagged(start, count, value);
        }
        else if (count != 0)
        {
            Avx512BW.MaskStore(start, ByteMasks.First(count), Vector512.Create(value));
        }
    }

    /// <summary>Fills less than a block at the end of at least one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillEnd(byte* end, nuint count, byte value)
    {
        if (!ByteMasks.AreSupported)
        {
            FillRagged(end - count, count, value);
        }
        else if (count != 0)
        {
            Avx512BW.MaskStore(end - Block, ByteMasks.Last(count), Vector512.Create(value));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillSmall(byte* destination, nuint length, byte value)
    {
        if (length >= Block)
        {
            FillBlocks(destination, length, value);
            destination += length & ~(Block - 1);
        }

        if ((length & (Block - 1)) != 0)
        {
            FillRagged(destination, length, value);
        }
    }

    /// <summary>Fills the blocks of a length below <see cref="Large"/>, and leaves what remains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillBlocks(byte* destination, nuint length, byte value)
    {
        if ((length & 256) != 0)
        {
            Fill128(destination, value);
            Fill128(destination + 128, value);
            destination += 256;
        }

        if ((length & 128) != 0)
        {
            Fill128(destination, value);
            destination += 128;
        }

        if ((length & 64) != 0)
        {
            Fill64(destination, value);
        }
    }

    /// <summary>Fills the part of a length that is less than a block, largest pieces first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillRagged(byte* destination, nuint length, byte value)
    {
        if ((length & 32) != 0)
        {
            Vector256.Create(value).Store(destination);
            destination += 32;
        }

        if ((length & 16) != 0)
        {
            Vector128.Create(value).Store(destination);
            destination += 16;
        }

        if ((length & 15) == 0)
        {
            return;
        }

        ulong eight = value * 0x0101_0101_0101_0101UL;
        if ((length & 8) != 0)
        {
            Unsafe.WriteUnaligned(destination, eight);
            destination += 8;
        }

        if ((length & 4) != 0)
        {
            Unsafe.WriteUnaligned(destination, (uint)eight);
            destination += 4;
        }

        if ((length & 2) != 0)
        {
            Unsafe.WriteUnaligned(destination, (ushort)eight);
            destination += 2;
        }

        if ((length & 1) != 0)
        {
            *destination = value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill128(byte* destination, byte value)
    {
        Fill64(destination, value);
        Fill64(destination + 64, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill64(byte* destination, byte value)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512.Create(value).Store(destination);
        }
        else
        {
            Vector256<byte> wide = Vector256.Create(value);
            wide.Store(destination);
            wide.Store(destination + 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillPastCaches(byte* alignedDestination, byte value)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<byte> wide = Vector512.Create(value);
            wide.StoreAlignedNonTemporal(alignedDestination);
            wide.StoreAlignedNonTemporal(alignedDestination + 64);
        }
        else
        {
            Vector256<byte> wide = Vector256.Create(value);
            wide.StoreAlignedNonTemporal(alignedDestination);
            wide.StoreAlignedNonTemporal(alignedDestination + 32);
            wide.StoreAlignedNonTemporal(alignedDestination + 64);
            wide.StoreAlignedNonTemporal(alignedDestination + 96);
        }
    }
}
