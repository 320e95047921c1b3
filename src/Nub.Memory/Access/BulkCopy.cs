using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory;

/// <summary>
/// Copy and fill at memory speed, touching each byte of both sides exactly once. The runtime's own memmove covers a ragged end by
/// a second load that overlaps the first, which a guest could make see something else; this covers it by ever smaller pieces.
/// </summary>
/// <remarks>
/// <para>Callers guarantee that both ranges are mapped and stay mapped during the call, and that they do not overlap. The whole
/// may be torn: the other side may write between any two pieces.</para>
/// <para>Up to <see cref="Large"/> bytes it is straight code that is inlined, because the call would cost as much as the copy.
/// Above, the destination is aligned first: a 32-byte store across a cache line costs two. From <see cref="Huge"/> bytes a
/// fill goes past the caches, which it would only sweep.</para>
/// </remarks>
internal static unsafe class BulkCopy
{
    private const nuint Large = 512;
    private const nuint Huge = 8 << 20;

    // Sound, here and below: every access is within [0, length) of both sides, which the caller guarantees to be mapped. Loads
    // and stores of vectors need no alignment, but for those that are named so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(byte* destination, byte* source, nuint length)
    {
        if (length < Large)
        {
            CopySmall(destination, source, length);
        }
        else
        {
            CopyLarge(destination, source, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Fill(byte* destination, nuint length, byte value)
    {
        Vector256<byte> wide = Vector256.Create(value);
        if (length < Large)
        {
            FillSmall(destination, length, wide);
        }
        else
        {
            FillLarge(destination, length, wide);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopySmall(byte* destination, byte* source, nuint length)
    {
        if ((length & 256) != 0)
        {
            Copy128(destination, source);
            Copy128(destination + 128, source + 128);
            destination += 256;
            source += 256;
        }

        if ((length & 128) != 0)
        {
            Copy128(destination, source);
            destination += 128;
            source += 128;
        }

        if ((length & 64) != 0)
        {
            Vector256<byte> first = Vector256.Load(source);
            Vector256<byte> second = Vector256.Load(source + 32);
            first.Store(destination);
            second.Store(destination + 32);
            destination += 64;
            source += 64;
        }

        if ((length & 32) != 0)
        {
            Vector256.Load(source).Store(destination);
            destination += 32;
            source += 32;
        }

        if ((length & 31) != 0)
        {
            CopyRagged(destination, source, length);
        }
    }

    /// <summary>Copies the part of a length that is less than 32, largest pieces first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRagged(byte* destination, byte* source, nuint length)
    {
        if ((length & 16) != 0)
        {
            Vector128.Load(source).Store(destination);
            destination += 16;
            source += 16;
        }

        if ((length & 8) != 0)
        {
            Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<ulong>(source));
            destination += 8;
            source += 8;
        }

        if ((length & 4) != 0)
        {
            Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<uint>(source));
            destination += 4;
            source += 4;
        }

        if ((length & 2) != 0)
        {
            Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<ushort>(source));
            destination += 2;
            source += 2;
        }

        if ((length & 1) != 0)
        {
            *destination = *source;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyLarge(byte* destination, byte* source, nuint length)
    {
        nuint head = (nuint)(-(nint)destination) & 31;
        if (head != 0)
        {
            CopyRagged(destination, source, head);
            destination += head;
            source += head;
            length -= head;
        }

        for (; length >= 128; length -= 128)
        {
            Copy128(destination, source);
            destination += 128;
            source += 128;
        }

        CopySmall(destination, source, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy128(byte* destination, byte* source)
    {
        Vector256<byte> a = Vector256.Load(source);
        Vector256<byte> b = Vector256.Load(source + 32);
        Vector256<byte> c = Vector256.Load(source + 64);
        Vector256<byte> d = Vector256.Load(source + 96);
        a.Store(destination);
        b.Store(destination + 32);
        c.Store(destination + 64);
        d.Store(destination + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FillSmall(byte* destination, nuint length, Vector256<byte> wide)
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
            destination += 64;
        }

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
        nuint head = (nuint)(-(nint)destination) & 31;
        if (head != 0)
        {
            FillRagged(destination, head, wide);
            destination += head;
            length -= head;
        }

        if (length >= Huge && Avx.IsSupported)
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
