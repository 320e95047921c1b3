using System.Globalization;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Reports;

/// <summary>Opens nested structs for the picture: their fields, from the text that the runtime library reads them from (<see cref="FieldsText"/>).</summary>
internal static class NestedFields
{
    /// <summary>The fields of a struct in place of the struct, down to what is none; anything else as it is.</summary>
    public static IEnumerable<ReportRow> Open(ReportRow row)
    {
        if (row.Field is not { Type: { Kind: FieldKind.Struct, Inside: { } inside } })
        {
            return [row];
        }

        int at = 0;
        List<ReportRow> rows = [];
        Read(inside, ref at, row, row.Offset, row.Name, rows);
        return rows.Count == 0 ? [row] : rows;
    }

    // "16 Address:u8 Length:u4 Port:U2 Inner:{…}*2@20": the size, then each field behind a space.
    private static long Read(string text, ref int at, ReportRow of, long start, string path, List<ReportRow> rows)
    {
        long size = Number(text, ref at);
        at += at < text.Length && text[at] == '!' ? 1 : 0;
        long end = 0;
        while (at < text.Length && text[at] == ' ')
        {
            int colon = text.IndexOf(':', at);
            string name = $"{path}.{text.Substring(at + 1, colon - at - 1)}";
            at = colon + 1;
            char letter = text[at++];
            int first = rows.Count;
            long own;
            if (letter == '{')
            {
                own = Read(text, ref at, of, 0, name, rows);
                at++;
            }
            else
            {
                own = Number(text, ref at);
            }

            long count = Skip(text, ref at, '*') ? Number(text, ref at) : 1;
            long offset = Skip(text, ref at, '@') ? Number(text, ref at) : end;
            Skip(text, ref at, '=');
            end = offset + (own * count);
            if (letter == '{' && count == 1)
            {
                for (int i = first; i < rows.Count; i++)
                {
                    rows[i] = rows[i] with { Offset = start + offset + rows[i].Offset };
                }

                continue;
            }

            rows.RemoveRange(first, rows.Count - first);
            bool? isBigEndian = letter == '{' || own == 1 ? null : char.IsUpper(letter);
            rows.Add(new ReportRow(start + offset, own * count, of.Field) { Leaf = new Leaf(name, letter == '{', isBigEndian) });
        }

        return size;
    }

    private static bool Skip(string text, ref int at, char mark)
    {
        bool isThere = at < text.Length && text[at] == mark;
        at += isThere ? 1 : 0;
        return isThere;
    }

    private static long Number(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && text[at] is >= '0' and <= '9')
        {
            at++;
        }

        return long.Parse(text.Substring(start, at - start), CultureInfo.InvariantCulture);
    }
}

/// <summary>A field of a nested struct.</summary>
/// <param name="Name">With the names of what it is in: <c>Header.Type</c>.</param>
/// <param name="IsBigEndian">Null of what has no byte order.</param>
internal sealed record Leaf(string Name, bool IsStruct, bool? IsBigEndian);
