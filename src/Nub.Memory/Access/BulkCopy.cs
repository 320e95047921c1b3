using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>
/// Copy and fill at memory speed, touching each shared byte exactly once. The runtime's own memmove covers a ragged end by a second
/// load that overlaps the first, which a guest could make see something else; this covers it by a masked load or store, or by ever
/// smaller pieces where the processor has no masks for bytes. The private side of a copy may be touched twice.
/// </summary>
/// <remarks>
/// <para>Callers guarantee that both ranges are mapped and stay mapped during the call, and that they do not overlap. The whole
/// may be torn: the other side may write between any two pieces.</para>
/// <para>Below <see cref="Large"/> bytes it is straight code that is inlined, because the call would cost as much as the copy.
/// Above, the destination is aligned first: a 32-byte store across a cache line costs two. From <see cref="Huge"/> bytes, of
/// both sides together, it goes past the caches, which it would only sweep.</para>
/// </remarks>
internal static unsafe class BulkCopy
{
    private const nuint Large = 512;
    private const nuint Block = 64;

    // The third-level cache of a server, or a core's part of it, is at most this large: below, what was filled is still there for
    // who reads it next (at 16 MiB, 52 GB/s through the caches and 28 past them); from here on it is not (22 and 28 GB/s). A copy
    // touches twice as much (8 MiB: 37 and 28 GB/s; 16 MiB: 15 and 23).
    private const nuint Huge = 32 << 20;

    // A masked load or store touches the bytes that are wanted and no others, whatever their number.
    private static bool HasMasks => Avx512BW.IsSupported;

    // Read from its n-th byte on, 64 bytes of it are 0 but for the last n. (All of it is constant, and costs nothing to make.)
    private static ReadOnlySpan<byte> LastBytesMasks =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    ];

    /// <summary>Copies out of shared memory.</summary>
    /// <param name="destination">Where to copy to. It may be on the heap: only for a large copy it is pinned, which costs as much as a small one.</param>
    /// <param name="shared">The first byte to copy.</param>
    /// <param name="length">The number of bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyOut(ref byte destination, byte* shared, nuint length)
    {
        if (length >= Large)
        {
            CopyLarge(ref destination, ref *shared, length);
        }
        else if (HasMasks && length >= Block)
        {
            // First, because what is not loaded is stored as zeroes, over which the blocks are written.
            if ((length & (Block - 1)) != 0)
            {
                Avx512BW.MaskLoad(shared + length - Block, LastBytes(length & (Block - 1)), Vector512<byte>.Zero).StoreUnsafe(ref destination, length - Block);
            }

            CopyBlocks(ref destination, ref *shared, length);
        }
        else
        {
            CopySmall(ref destination, ref *shared, length);
        }
    }

    /// <summary>Copies into shared memory.</summary>
    /// <param name="shared">The first byte to write.</param>
    /// <param name="source">What to copy; it may be on the heap, as in <see cref="CopyOut"/>.</param>
    /// <param name="length">The number of bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyIn(byte* shared, ref byte source, nuint length)
    {
        if (length >= Large)
        {
            CopyLarge(ref *shared, ref source, length);
        }
        else if (HasMasks && length >= Block)
        {
            CopyBlocks(ref *shared, ref source, length);
            if ((length & (Block - 1)) != 0)
            {
                Avx512BW.MaskStore(shared + length - Block, LastBytes(length & (Block - 1)), Vector512.LoadUnsafe(ref source, length - Block));
            }
        }
        else
        {
            CopySmall(ref *shared, ref source, length);
        }
    }

    // Sound, here and below: every access is within [0, length) of both sides, which the caller guarantees to be mapped. Loads
    // and stores of vectors need no alignment, but for those that are named so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill(byte* destination, nuint length, byte value)
    {
        Vector256<byte> wide = Vector256.Create(value);
        if (length >= Large)
        {
            FillLarge(destination, length, wide);
        }
        else if (HasMasks && length >= Block)
        {
            FillBlocks(destination, length, wide);
            if ((length & (Block - 1)) != 0)
            {
                Avx512BW.MaskStore(destination + length - Block, LastBytes(length & (Block - 1)), Vector512.Create(value));
            }
        }
        else
        {
            FillSmall(destination, length, wide);
        }
    }

    // The last bytes of a block, and no others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> LastBytes(nuint count) => Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(LastBytesMasks), count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyBlocks(ref byte destination, ref byte source, nuint length)
    {
        if ((length & 256) != 0)
        {
            Copy128(ref destination, ref source);
            Copy128(ref Unsafe.Add(ref destination, 128), ref Unsafe.Add(ref source, 128));
            destination = ref Unsafe.Add(ref destination, 256);
            source = ref Unsafe.Add(ref source, 256);
        }

        if ((length & 128) != 0)
        {
            Copy128(ref destination, ref source);
            destination = ref Unsafe.Add(ref destination, 128);
            source = ref Unsafe.Add(ref source, 128);
        }

        if ((length & 64) != 0)
        {
            Vector256<byte> first = Vector256.LoadUnsafe(ref source);
            Vector256<byte> second = Vector256.LoadUnsafe(ref source, 32);
            first.StoreUnsafe(ref destination);
            second.StoreUnsafe(ref destination, 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopySmall(ref byte destination, ref byte source, nuint length)
    {
        CopyBlocks(ref destination, ref source, length);
        destination = ref Unsafe.Add(ref destination, length & ~(Block - 1));
        source = ref Unsafe.Add(ref source, length & ~(Block - 1));
        if ((length & 32) != 0)
        {
            Vector256.LoadUnsafe(ref source).StoreUnsafe(ref destination);
            destination = ref Unsafe.Add(ref destination, 32);
            source = ref Unsafe.Add(ref source, 32);
        }

        if ((length & 31) != 0)
        {
            CopyRagged(ref destination, ref source, length);
        }
    }

    /// <summary>Copies the part of a length that is less than 32, largest pieces first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRagged(ref byte destination, ref byte source, nuint length)
    {
        if ((length & 16) != 0)
        {
            Vector128.LoadUnsafe(ref source).StoreUnsafe(ref destination);
            destination = ref Unsafe.Add(ref destination, 16);
            source = ref Unsafe.Add(ref source, 16);
        }

        if ((length & 8) != 0)
        {
            Unsafe.WriteUnaligned(ref destination, Unsafe.ReadUnaligned<ulong>(ref source));
            destination = ref Unsafe.Add(ref destination, 8);
            source = ref Unsafe.Add(ref source, 8);
        }

        if ((length & 4) != 0)
        {
            Unsafe.WriteUnaligned(ref destination, Unsafe.ReadUnaligned<uint>(ref source));
            destination = ref Unsafe.Add(ref destination, 4);
            source = ref Unsafe.Add(ref source, 4);
        }

        if ((length & 2) != 0)
        {
            Unsafe.WriteUnaligned(ref destination, Unsafe.ReadUnaligned<ushort>(ref source));
            destination = ref Unsafe.Add(ref destination, 2);
            source = ref Unsafe.Add(ref source, 2);
        }

        if ((length & 1) != 0)
        {
            destination = source;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyLarge(ref byte pinnedDestination, ref byte pinnedSource, nuint length)
    {
        // Pinned, so that what was aligned stays aligned.
        fixed (byte* to = &pinnedDestination, from = &pinnedSource)
        {
            byte* destination = to;
            byte* source = from;
            bool isHuge = length >= Huge / 2;
            nuint head = (nuint)(-(nint)destination) & 31;
            if (head != 0)
            {
                CopyRagged(ref *destination, ref *source, head);
                destination += head;
                source += head;
                length -= head;
            }

            if (isHuge && Avx.IsSupported)
            {
                for (; length >= 128; length -= 128)
                {
                    Vector256<byte> a = Vector256.Load(source);
                    Vector256<byte> b = Vector256.Load(source + 32);
                    Vector256<byte> c = Vector256.Load(source + 64);
                    Vector256<byte> d = Vector256.Load(source + 96);
                    a.StoreAlignedNonTemporal(destination);
                    b.StoreAlignedNonTemporal(destination + 32);
                    c.StoreAlignedNonTemporal(destination + 64);
                    d.StoreAlignedNonTemporal(destination + 96);
                    destination += 128;
                    source += 128;
                }

                // As in FillLarge.
                Sse.StoreFence();
            }

            for (; length >= 128; length -= 128)
            {
                Copy128(ref *destination, ref *source);
                destination += 128;
                source += 128;
            }

            CopySmall(ref *destination, ref *source, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy128(ref byte destination, ref byte source)
    {
        Vector256<byte> a = Vector256.LoadUnsafe(ref source);
        Vector256<byte> b = Vector256.LoadUnsafe(ref source, 32);
        Vector256<byte> c = Vector256.LoadUnsafe(ref source, 64);
        Vector256<byte> d = Vector256.LoadUnsafe(ref source, 96);
        a.StoreUnsafe(ref destination);
        b.StoreUnsafe(ref destination, 32);
        c.StoreUnsafe(ref destination, 64);
        d.StoreUnsafe(ref destination, 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillBlocks(byte* destination, nuint length, Vector256<byte> wide)
    {
        if ((length & 256) != 0)
        {
            Fill128(destination, wide);
            Fill128(destination + 128, wide);
            destination += 256;
        }

        if ((length & 128) != 0)
        {
            Fill128(destination, wide);
            destination += 128;
        }

        if ((length & 64) != 0)
        {
            wide.Store(destination);
            wide.Store(destination + 32);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillSmall(byte* destination, nuint length, Vector256<byte> wide)
    {
        FillBlocks(destination, length, wide);
        destination += length & ~(Block - 1);
        if ((length & 32) != 0)
        {
            wide.Store(destination);
            destination += 32;
        }

        if ((length & 31) != 0)
        {
            FillRagged(destination, length, wide);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillRagged(byte* destination, nuint length, Vector256<byte> wide)
    {
        if ((length & 16) != 0)
        {
            wide.GetLower().Store(destination);
            destination += 16;
        }

        ulong eight = wide.AsUInt64().ToScalar();
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
            *destination = (byte)eight;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FillLarge(byte* destination, nuint length, Vector256<byte> wide)
    {
        bool isHuge = length >= Huge;
        nuint head = (nuint)(-(nint)destination) & 31;
        if (head != 0)
        {
            FillRagged(destination, head, wide);
            destination += head;
            length -= head;
        }

        if (isHuge && Avx.IsSupported)
        {
            for (; length >= 128; length -= 128)
            {
                wide.StoreAlignedNonTemporal(destination);
                wide.StoreAlignedNonTemporal(destination + 32);
                wide.StoreAlignedNonTemporal(destination + 64);
                wide.StoreAlignedNonTemporal(destination + 96);
                destination += 128;
            }

            // Non-temporal stores are not ordered with the stores that follow, such as the one by which this access is
            // left: without a fence another thread could hold the memory exclusively before they arrive.
            Sse.StoreFence();
        }

        for (; length >= 128; length -= 128)
        {
            Fill128(destination, wide);
            destination += 128;
        }

        FillSmall(destination, length, wide);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill128(byte* destination, Vector256<byte> wide)
    {
        wide.Store(destination);
        wide.Store(destination + 32);
        wide.Store(destination + 64);
        wide.Store(destination + 96);
    }
}
