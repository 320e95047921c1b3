using System.Globalization;

namespace Nub.Memory;

/// <summary>
/// The fields of a generated struct, from the one string that the generator writes of them: what turns byte orders, clears padding
/// and prints values, so that none of this is generated for each struct. The grammar is told at <see cref="ISharedLayout.Fields"/>.
/// </summary>
internal sealed class FieldLayout
{
    private readonly Run[] _foreign;
    private readonly bool _isAmbiguous;
    private Range[]? _gaps;

    private FieldLayout(int size, bool isAmbiguous, SharedField[] fields)
    {
        Size = size;
        Fields = fields;
        _isAmbiguous = isAmbiguous && !BitConverter.IsLittleEndian;
        _foreign = [.. fields.Where(static field => !field.IsAlias).Select(ForeignPart).OfType<Run>()];
    }

    /// <summary>The size of the struct in bytes.</summary>
    public int Size { get; }

    /// <summary>The fields in the order of their declaration.</summary>
    public SharedField[] Fields { get; }

    /// <summary>Whether a field's bytes in shared memory stand in another order than this host's.</summary>
    public bool HasForeignFields => _foreign.Length > 0 || _isAmbiguous;

    /// <summary>Reads what the generator wrote.</summary>
    public static FieldLayout Parse(string text)
    {
        int at = 0;
        FieldLayout layout = ParseStruct(text, ref at);
        return at == text.Length ? layout : throw new FormatException($"'{text}' does not describe a struct: it should end at {at}.");
    }

    /// <summary>Reverses the bytes of each field whose order in shared memory is not this host's. Its own inverse.</summary>
    /// <param name="bytes">The bytes of one value, in private memory.</param>
    /// <exception cref="PlatformNotSupportedException">A union that this host, which is big-endian, would have to turn in two ways.</exception>
    public void ReverseForeignFields(Span<byte> bytes)
    {
        if (_isAmbiguous)
        {
            throw new PlatformNotSupportedException("The fields of a union share bytes, which a big-endian host would have to turn for one and not for the other.");
        }

        foreach (Run run in _foreign)
        {
            Span<byte> rest = bytes.Slice(run.Offset, run.Unit * run.Count);
            for (; !rest.IsEmpty; rest = rest[run.Unit..])
            {
                if (run.Inside is { } inside)
                {
                    inside.ReverseForeignFields(rest[..run.Unit]);
                }
                else
                {
                    rest[..run.Unit].Reverse();
                }
            }
        }
    }

    /// <summary>Writes 0 to every byte that is of no field, at whatever depth: of a union, what is padding of one field may be another's.</summary>
    /// <param name="bytes">The bytes of one value, in private memory.</param>
    public void ClearGaps(Span<byte> bytes)
    {
        // Two threads that find them at once find the same.
        foreach (Range gap in _gaps ??= [.. FindGaps()])
        {
            bytes[gap].Clear();
        }
    }

    private IEnumerable<Range> FindGaps()
    {
        bool[] covered = new bool[Size];
        Cover(covered);
        for (int start = 0; start < Size; start++)
        {
            int end = start;
            while (end < Size && !covered[end])
            {
                end++;
            }

            if (end > start)
            {
                yield return start..end;
                start = end;
            }
        }
    }

    private void Cover(Span<bool> covered)
    {
        foreach (SharedField field in Fields)
        {
            Span<bool> place = covered.Slice(field.Offset, field.Size * field.Count);
            if (field.Inside is null)
            {
                place.Fill(true);
                continue;
            }

            for (; !place.IsEmpty; place = place[field.Size..])
            {
                field.Inside.Cover(place);
            }
        }
    }

    private static Run? ForeignPart(SharedField field)
    {
        bool isForeign = field.Inside is { } inside ? inside.HasForeignFields : field.Size > 1 && field.IsBigEndian == BitConverter.IsLittleEndian;
        return isForeign ? new Run(field.Offset, field.Size, field.Count, field.Inside) : null;
    }

    private static FieldLayout ParseStruct(string text, ref int at)
    {
        int size = ParseNumber(text, ref at);
        bool isAmbiguous = Skip(text, ref at, '!');
        var fields = new List<SharedField>();
        int end = 0;
        while (Skip(text, ref at, ' '))
        {
            SharedField field = ParseField(text, ref at, end);
            fields.Add(field);
            if (field.Offset + ((long)field.Size * field.Count) > size)
            {
                throw new FormatException($"'{text}' does not describe a struct: {field.Name} leaves its {size} bytes.");
            }

            end = field.Offset + (field.Size * field.Count);
        }

        return new FieldLayout(size, isAmbiguous, [.. fields]);
    }

    private static SharedField ParseField(string text, ref int at, int end)
    {
        int colon = text.IndexOf(':', at);
        string name = text[at..colon];
        at = colon + 1;
        char kind = text[at++];
        FieldLayout? inside = null;
        int size;
        if (kind == '{')
        {
            inside = ParseStruct(text, ref at);
            size = inside.Size;
            at++;
        }
        else
        {
            size = ParseNumber(text, ref at);
        }

        int count = Skip(text, ref at, '*') ? ParseNumber(text, ref at) : 1;
        int offset = Skip(text, ref at, '@') ? ParseNumber(text, ref at) : end;
        bool isAlias = Skip(text, ref at, '=');
        return new SharedField(name, char.ToLowerInvariant(kind), char.IsUpper(kind), offset, size, count, inside, isAlias);
    }

    private static bool Skip(string text, ref int at, char mark)
    {
        bool isThere = at < text.Length && text[at] == mark;
        at += isThere ? 1 : 0;
        return isThere;
    }

    private static int ParseNumber(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return int.Parse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private sealed record Run(int Offset, int Unit, int Count, FieldLayout? Inside);
}

/// <summary>A field of a generated struct.</summary>
/// <param name="Name">As it is declared.</param>
/// <param name="Kind"><c>u</c>, <c>i</c>, <c>f</c>, <c>c</c> or <c>b</c>: an unsigned or signed integer, a float, a character, a bool; <c>{</c> for a struct.</param>
/// <param name="IsBigEndian">Whether its bytes stand most significant first.</param>
/// <param name="Offset">In bytes from the start of the struct.</param>
/// <param name="Size">Of one element, in bytes.</param>
/// <param name="Count">The number of elements; 1 where the field is not an array.</param>
/// <param name="Inside">The fields of a struct.</param>
/// <param name="IsAlias">Whether its bytes are another field's, by which they are turned.</param>
internal sealed record SharedField(string Name, char Kind, bool IsBigEndian, int Offset, int Size, int Count, FieldLayout? Inside, bool IsAlias);
