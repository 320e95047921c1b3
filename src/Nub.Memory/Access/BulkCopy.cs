using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Nub.Memory;

/// <summary>
/// Copy and fill at memory speed, touching each byte of both sides exactly once. The runtime's own memmove covers a ragged end by
/// a second load that overlaps the first, which a guest could make see something else; this covers it by ever smaller pieces.
/// </summary>
/// <remarks>
/// Callers guarantee that both ranges are mapped and stay mapped during the call, and that they do not overlap. The whole may
/// be torn: the other side may write between any two pieces.
/// </remarks>
internal static unsafe class BulkCopy
{
    public static void Copy(byte* destination, byte* source, nuint length)
    {
        // Sound: every access below is within [0, length) of both sides, which the caller guarantees to be mapped. Loads and
        // stores of vectors need no alignment.
        while (length >= 4 * 32)
        {
            Vector256<byte> a = Vector256.Load(source);
            Vector256<byte> b = Vector256.Load(source + 32);
            Vector256<byte> c = Vector256.Load(source + 64);
            Vector256<byte> d = Vector256.Load(source + 96);
            a.Store(destination);
            b.Store(destination + 32);
            c.Store(destination + 64);
            d.Store(destination + 96);
            source += 128;
            destination += 128;
            length -= 128;
        }

        while (length >= 32)
        {
            Vector256.Load(source).Store(destination);
            source += 32;
            destination += 32;
            length -= 32;
        }

        if ((length & 16) != 0)
        {
            Vector128.Load(source).Store(destination);
            source += 16;
            destination += 16;
        }

        if ((length & 8) != 0)
        {
            Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<ulong>(source));
            source += 8;
            destination += 8;
        }

        if ((length & 4) != 0)
        {
            Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<uint>(source));
            source += 4;
            destination += 4;
        }

        if ((length & 2) != 0)
        {
            Unsafe.WriteUnaligned(destination, Unsafe.ReadUnaligned<ushort>(source));
            source += 2;
            destination += 2;
        }

        if ((length & 1) != 0)
        {
            *destination = *source;
        }
    }

    public static void Fill(byte* destination, nuint length, byte value)
    {
        // Sound: as in Copy.
        Vector256<byte> wide = Vector256.Create(value);
        while (length >= 4 * 32)
        {
            wide.Store(destination);
            wide.Store(destination + 32);
            wide.Store(destination + 64);
            wide.Store(destination + 96);
            destination += 128;
            length -= 128;
        }

        while (length >= 32)
        {
            wide.Store(destination);
            destination += 32;
            length -= 32;
        }

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
            *destination = value;
        }
    }
}
