using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>
/// Copies at memory speed, touching each shared byte exactly once. The runtime's own memmove covers a ragged end by a second
/// load that overlaps the first, which a guest could make see something else; this covers it by a masked load or store, or by ever
/// smaller pieces where the processor has no masks for bytes. The private side of a copy may be touched twice.
/// </summary>
/// <remarks>
/// <para>Callers guarantee that both ranges are mapped and stay mapped during the call, and that they do not overlap. The whole
/// may be torn: the other side may write between any two pieces.</para>
/// <para>Below <see cref="Large"/> bytes it is straight code that is inlined, because the call would cost as much as the copy.
/// From <see cref="Aligned"/> bytes on the destination is aligned first: a store across a cache line costs two. From <see cref="Huge"/>
/// bytes on it goes past the caches, which it would only sweep.</para>
/// </remarks>
internal static unsafe class BulkCopy
{
    internal const nuint Large = 512;
    internal const nuint Block = 64;

    // Below, to align costs more than stores across cache lines do: on a Zen 5, of 1 KiB the loop takes 4.6 ns when aligned and 5.1 when
    // not, and with a head and a tail 8 to 10; of 4 KiB 17.6 and 26. To find out that there is no head is not done either: every address
    // would wait for it, and a copy in of 1 KiB take 6.4 ns instead of 5.6.
    internal const nuint Aligned = 4 << 10;

    // The third-level cache of a server, or a core's part of it, is at most twice this large, and a copy touches both sides: below,
    // what was copied is still there for the next reader (8 MiB: 37 GB/s through the caches and 28 past them); from here on it is
    // not (16 MiB: 15 and 23).
    internal const nuint Huge = 16 << 20;

    /// <summary>Copies out of shared memory.</summary>
    /// <param name="destination">Where to copy to. It may be on the heap: it is pinned for a huge copy only, because that takes as long as a small one.</param>
    /// <param name="shared">The first byte to copy.</param>
    /// <param name="length">The number of bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyOut(ref byte destination, byte* shared, nuint length)
    {
        if (length >= Large)
        {
            CopyOutLarge(ref destination, shared, length);
        }
        else if (ByteMasks.AreSupported && length >= Block)
        {
            CopyEndOut(ref destination, shared, length);
            CopyBlocks(ref destination, ref *shared, length, Vector512.IsHardwareAccelerated);
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
            CopyInLarge(shared, ref source, length);
        }
        else if (ByteMasks.AreSupported && length >= Block)
        {
            // Not wide: 512 bits win nothing here (256 bytes take 2.7 ns either way), and a load of 512 that happens to look like the
            // stores just before (docs/performance-notes.md) is waited for twice as long as one of 256 (7.3 ns, 3.0).
            CopyBlocks(ref *shared, ref source, length, wide: false);
            CopyEndIn(shared, ref source, length);
        }
        else
        {
            CopySmall(ref *shared, ref source, length);
        }
    }

    // Sound, here and below: every access is within [0, length) of both sides, which the caller guarantees to be mapped, except for
    // bytes that a mask leaves out. Loads and stores of vectors need no alignment, except those that are named so.
    // The private side is not pinned: should the collector move it meanwhile, it is only aligned no longer.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyOutLarge(ref byte destination, byte* shared, nuint length)
    {
        if (length < Aligned)
        {
            CopyEndOut(ref destination, shared, length);
            CopyMiddle(ref destination, ref *shared, length);
        }
        else if (length >= Huge && Avx.IsSupported)
        {
            CopyHuge(ref destination, ref *shared, length);
        }
        else
        {
            CopyOutAligned(ref destination, shared, length);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyInLarge(byte* shared, ref byte source, nuint length)
    {
        if (length < Aligned)
        {
            CopyEndIn(shared, ref source, length);
            CopyMiddle(ref *shared, ref source, length);
        }
        else if (length >= Huge && Avx.IsSupported)
        {
            CopyHuge(ref *shared, ref source, length);
        }
        else
        {
            CopyInAligned(shared, ref source, length);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyOutAligned(ref byte destination, byte* shared, nuint length)
    {
        nuint head = HeadOf(Unsafe.AsPointer(ref destination));
        if (!ByteMasks.AreSupported)
        {
            CopyRagged(ref destination, ref *shared, head);
        }
        else if (head != 0)
        {
            // First, as in CopyEndOut.
            Avx512BW.MaskLoad(shared, ByteMasks.First(head), Vector512<byte>.Zero).StoreUnsafe(ref destination);
        }

        destination = ref Unsafe.Add(ref destination, head);
        CopyEndOut(ref destination, shared + head, length - head);
        CopyMiddle(ref destination, ref *(shared + head), length - head);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyInAligned(byte* shared, ref byte source, nuint length)
    {
        nuint head = HeadOf(shared);
        if (!ByteMasks.AreSupported)
        {
            CopyRagged(ref *shared, ref source, head);
        }
        else if (head != 0)
        {
            Avx512BW.MaskStore(shared, ByteMasks.First(head), Vector512.LoadUnsafe(ref source));
        }

        source = ref Unsafe.Add(ref source, head);
        CopyEndIn(shared + head, ref source, length - head);
        CopyMiddle(ref *(shared + head), ref source, length - head);
    }

    /// <summary>How many bytes there are to write before a destination is aligned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static nuint HeadOf(void* destination) => (nuint)(-(nint)destination) & (Block - 1);

    /// <summary>
    /// Copies what is less than a block, at the end of a copy of at least one. It comes before the blocks, because what a mask does
    /// not load is stored as zeroes, over which they are written.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyEndOut(ref byte destination, byte* shared, nuint length)
    {
        nuint ragged = length & (Block - 1);
        if (!ByteMasks.AreSupported)
        {
            CopyRagged(ref Unsafe.Add(ref destination, length - ragged), ref *(shared + length - ragged), ragged);
        }
        else if (ragged != 0)
        {
            Avx512BW.MaskLoad(shared + length - Block, ByteMasks.Last(ragged), Vector512<byte>.Zero).StoreUnsafe(ref destination, length - Block);
        }
    }

    /// <summary>Copies what is less than a block, at the end of a copy of at least one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyEndIn(byte* shared, ref byte source, nuint length)
    {
        nuint ragged = length & (Block - 1);
        if (!ByteMasks.AreSupported)
        {
            CopyRagged(ref *(shared + length - ragged), ref Unsafe.Add(ref source, length - ragged), ragged);
        }
        else if (ragged != 0)
        {
            Avx512BW.MaskStore(shared + length - Block, ByteMasks.Last(ragged), Vector512.LoadUnsafe(ref source, length - Block));
        }
    }

    /// <summary>Copies the blocks of a large copy, and leaves what remains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyMiddle(ref byte destination, ref byte source, nuint length)
    {
        for (; length >= 256; length -= 256)
        {
            Copy256(ref destination, ref source, Vector512.IsHardwareAccelerated);
            destination = ref Unsafe.Add(ref destination, 256);
            source = ref Unsafe.Add(ref source, 256);
        }

        CopyBlocks(ref destination, ref source, length, Vector512.IsHardwareAccelerated);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyHuge(ref byte pinnedDestination, ref byte pinnedSource, nuint length)
    {
        // Pinned, because stores past the caches must be aligned.
        fixed (byte* to = &pinnedDestination, from = &pinnedSource)
        {
            nuint head = (nuint)(-(nint)to) & (Block - 1);
            CopyRagged(ref *to, ref *from, head);
            byte* destination = to + head;
            byte* source = from + head;
            for (length -= head; length >= 256; length -= 256)
            {
                CopyPastCaches(destination, source);
                CopyPastCaches(destination + 128, source + 128);
                destination += 256;
                source += 256;
            }

            // As in BulkFill.
            Sse.StoreFence();
            CopySmall(ref *destination, ref *source, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopySmall(ref byte destination, ref byte source, nuint length)
    {
        if (length >= Block)
        {
            CopyBlocks(ref destination, ref source, length, wide: false);
            destination = ref Unsafe.Add(ref destination, length & ~(Block - 1));
            source = ref Unsafe.Add(ref source, length & ~(Block - 1));
        }

        if ((length & (Block - 1)) != 0)
        {
            CopyRagged(ref destination, ref source, length);
        }
    }

    /// <summary>Copies the blocks of a length below <see cref="Large"/>, and leaves what remains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyBlocks(ref byte destination, ref byte source, nuint length, bool wide)
    {
        if ((length & 256) != 0)
        {
            Copy256(ref destination, ref source, wide);
            destination = ref Unsafe.Add(ref destination, 256);
            source = ref Unsafe.Add(ref source, 256);
        }

        if ((length & 128) != 0)
        {
            Copy128(ref destination, ref source, wide);
            destination = ref Unsafe.Add(ref destination, 128);
            source = ref Unsafe.Add(ref source, 128);
        }

        if ((length & 64) != 0)
        {
            if (wide)
            {
                Vector512.LoadUnsafe(ref source).StoreUnsafe(ref destination);
            }
            else
            {
                Vector256<byte> first = Vector256.LoadUnsafe(ref source);
                Vector256<byte> second = Vector256.LoadUnsafe(ref source, 32);
                first.StoreUnsafe(ref destination);
                second.StoreUnsafe(ref destination, 32);
            }
        }
    }

    /// <summary>Copies the part of a length that is less than a block, largest pieces first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyRagged(ref byte destination, ref byte source, nuint length)
    {
        if ((length & 32) != 0)
        {
            Vector256.LoadUnsafe(ref source).StoreUnsafe(ref destination);
            destination = ref Unsafe.Add(ref destination, 32);
            source = ref Unsafe.Add(ref source, 32);
        }

        if ((length & 16) != 0)
        {
            Vector128.LoadUnsafe(ref source).StoreUnsafe(ref destination);
            destination = ref Unsafe.Add(ref destination, 16);
            source = ref Unsafe.Add(ref source, 16);
        }

        if ((length & 15) == 0)
        {
            return;
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy256(ref byte destination, ref byte source, bool wide)
    {
        if (wide)
        {
            Vector512<byte> a = Vector512.LoadUnsafe(ref source);
            Vector512<byte> b = Vector512.LoadUnsafe(ref source, 64);
            Vector512<byte> c = Vector512.LoadUnsafe(ref source, 128);
            Vector512<byte> d = Vector512.LoadUnsafe(ref source, 192);
            a.StoreUnsafe(ref destination);
            b.StoreUnsafe(ref destination, 64);
            c.StoreUnsafe(ref destination, 128);
            d.StoreUnsafe(ref destination, 192);
        }
        else
        {
            Copy128(ref destination, ref source, wide);
            Copy128(ref Unsafe.Add(ref destination, 128), ref Unsafe.Add(ref source, 128), wide);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy128(ref byte destination, ref byte source, bool wide)
    {
        if (wide)
        {
            Vector512<byte> first = Vector512.LoadUnsafe(ref source);
            Vector512<byte> second = Vector512.LoadUnsafe(ref source, 64);
            first.StoreUnsafe(ref destination);
            second.StoreUnsafe(ref destination, 64);
        }
        else
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
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyPastCaches(byte* alignedDestination, byte* source)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<byte> first = Vector512.Load(source);
            Vector512<byte> second = Vector512.Load(source + 64);
            first.StoreAlignedNonTemporal(alignedDestination);
            second.StoreAlignedNonTemporal(alignedDestination + 64);
        }
        else
        {
            Vector256<byte> a = Vector256.Load(source);
            Vector256<byte> b = Vector256.Load(source + 32);
            Vector256<byte> c = Vector256.Load(source + 64);
            Vector256<byte> d = Vector256.Load(source + 96);
            a.StoreAlignedNonTemporal(alignedDestination);
            b.StoreAlignedNonTemporal(alignedDestination + 32);
            c.StoreAlignedNonTemporal(alignedDestination + 64);
            d.StoreAlignedNonTemporal(alignedDestination + 96);
        }
    }
}
