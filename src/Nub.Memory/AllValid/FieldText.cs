using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Nub.Memory;

/// <summary>Prints the private bytes of a value as its fields: what <c>ToString</c> of a view says.</summary>
internal static class FieldText
{
    // What is longer is read in a debugger's memory window, not in a line of a log.
    private const int MostElements = 16;

    /// <summary>The fields of a generated struct, or the value of a primitive.</summary>
    /// <param name="bytes">As they stand in shared memory.</param>
    public static string Of<T>(ReadOnlySpan<byte> bytes) where T : unmanaged
    {
        FieldLayout? layout = Representation<T>.Layout ?? Validation<T>.Layout;
        if (layout is null)
        {
            return Representation<T>.IsAllValid ? Representation<T>.Convert(MemoryMarshal.Read<T>(bytes)).ToString() ?? "" : typeof(T).Name;
        }

        var text = new StringBuilder(typeof(T).Name).Append(' ');
        AppendStruct(text, layout, bytes);
        return text.ToString();
    }

    private static void AppendStruct(StringBuilder text, FieldLayout layout, ReadOnlySpan<byte> bytes)
    {
        string separator = "{ ";
        foreach (SharedField field in layout.Fields)
        {
            text.Append(separator).Append(field.Name).Append(" = ");
            separator = ", ";
            ReadOnlySpan<byte> elements = bytes.Slice(field.Offset, field.Size * field.Count);
            if (field.Count == 1)
            {
                AppendElement(text, field, elements);
            }
            else
            {
                AppendArray(text, field, elements);
            }
        }

        text.Append(" }");
    }

    private static void AppendArray(StringBuilder text, SharedField field, ReadOnlySpan<byte> bytes)
    {
        text.Append('[');
        for (int i = 0; i < Math.Min(field.Count, MostElements); i++)
        {
            text.Append(i == 0 ? "" : ", ");
            AppendElement(text, field, bytes.Slice(i * field.Size, field.Size));
        }

        text.Append(field.Count > MostElements ? ", … of " + field.Count.ToString(CultureInfo.InvariantCulture) : "").Append(']');
    }

    private static void AppendElement(StringBuilder text, SharedField field, ReadOnlySpan<byte> bytes)
    {
        if (field.Inside is { } inside)
        {
            AppendStruct(text, inside, bytes);
            return;
        }

        // Sixteen bytes, the largest primitive, least significant first.
        Span<byte> value = stackalloc byte[16];
        value.Clear();
        bytes.CopyTo(value);
        if (field.IsBigEndian)
        {
            value[..field.Size].Reverse();
        }

        text.Append(CultureInfo.InvariantCulture, $"{Value(field, value)}");
    }

    private static object Value(SharedField field, ReadOnlySpan<byte> value)
    {
        UInt128 bits = BinaryPrimitives.ReadUInt128LittleEndian(value);
        return (field.Kind, field.Size) switch
        {
            ('f', 2) => BitConverter.UInt16BitsToHalf((ushort)bits),
            ('f', 4) => BitConverter.UInt32BitsToSingle((uint)bits),
            ('f', 8) => BitConverter.UInt64BitsToDouble((ulong)bits),
            ('c', _) => char.IsControl((char)bits) ? bits : (object)(char)bits,
            // Of a bool that is neither, the number.
            ('b', _) when bits <= 1 => bits == 1,
            ('i', 16) => (Int128)bits,
            ('i', var size) => unchecked((long)(ulong)bits << (64 - (8 * size)) >> (64 - (8 * size))),
            _ => bits,
        };
    }
}
