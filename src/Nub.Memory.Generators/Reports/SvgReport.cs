using System.Globalization;
using System.Text;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Reports;

/// <summary>
/// The layouts as a picture: rows of 16 bytes under a ruler, a box for each field, those of nested structs too, gaps striped, a heavy line where a cache line
/// ends, whose number stands beside it. Of a field of many rows only the first and the last are drawn. The fields of a union stand under one another, each from its
/// own offset. A name that does not fit its box is a letter there, and stands below.
/// </summary>
internal static class SvgReport
{
    private const int Columns = 16;
    private const int Cell = 46;
    private const int RowHeight = 30;
    private const int Left = 70;
    private const int Margin = 16;
    private const int Right = 60;
    private const int Width = Left + (Columns * Cell) + Right;
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string OfStruct = "#e4d7f5";
    private const string OfBigEndian = "#ffdcb0";
    private const string OfLittleEndian = "#cfe3ff";
    private const string OfBytes = "#d9f0d3";
    private const string OfGap = "url(#gap)";

    // A field's rows beyond these are left out of the middle of it.
    private const int MostRows = 4;

    public static string Write(IReadOnlyList<StructModel> models)
    {
        var body = new StringBuilder();
        int y = WriteLegend(body, Margin);
        foreach (StructModel model in models)
        {
            y = WriteStruct(body, model, y);
        }

        return FormattableString.Invariant($"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{y}" viewBox="0 0 {Width} {y}" font-family="ui-monospace, monospace" font-size="12">
            <defs><pattern id="gap" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="#fff"/><rect width="3" height="8" fill="#d33"/></pattern></defs>
            <rect width="{Width}" height="{y}" fill="#fff"/>

            """).Replace("\r\n", "\n") + body + "</svg>\n";
    }

    private static int WriteLegend(StringBuilder body, int y)
    {
        int x = Left;
        foreach ((string colour, string meaning) in new[] { (OfLittleEndian, "little-endian"), (OfBigEndian, "big-endian"), (OfBytes, "bytes"), (OfStruct, "structs"), (OfGap, "a gap") })
        {
            body.Append(FormattableString.Invariant($"<rect x=\"{x}\" y=\"{y}\" width=\"14\" height=\"14\" fill=\"{colour}\" stroke=\"#555\"/>\n"));
            Text(body, x + 20, y + 12, "start", "#111", meaning, "");
            x += 140;
        }

        return y + 14;
    }

    // The number of each byte of a row.
    private static int WriteRuler(StringBuilder body, int y)
    {
        for (int column = 0; column < Columns; column++)
        {
            Text(body, Left + (column * Cell) + (Cell / 2), y + 12, "middle", "#666", column.ToString(CultureInfo.InvariantCulture), " font-size=\"10\"");
        }

        return y + 16;
    }

    private static int WriteStruct(StringBuilder body, StructModel model, int y)
    {
        y += RowHeight;
        var names = new List<string>();
        Text(body, Margin, y - 8, "start", "#111", $"{model.Declaration.Display}: {ReportRow.Summary(model)}", " font-weight=\"bold\"");
        y = WriteRuler(body, y);
        if (model.Layout.HasOverlap)
        {
            // Each in a strip of its own, or one would hide the other.
            foreach (ReportRow row in ReportRow.Of(model.Layout))
            {
                y = WriteRows(body, [.. NestedFields.Open(row).OrderBy(static one => one.Offset)], row.Offset / Columns, (row.Offset + row.Size - 1) / Columns, y, names);
            }
        }
        else
        {
            List<ReportRow> rows = [.. ReportRow.Of(model.Layout).SelectMany(NestedFields.Open).OrderBy(static row => row.Offset)];
            y = WriteRows(body, rows, 0, (model.Layout.Size - 1) / Columns, y, names);
        }

        for (int i = 0; i < names.Count; i++)
        {
            Text(body, Left, y + 16, "start", "#111", $"{Letters[i % Letters.Length]}  {names[i]}", "");
            y += 16;
        }

        return y + Margin;
    }

    /// <summary>Draws the rows from the first to the last of 16 bytes, but for those that lie deep within one field.</summary>
    private static int WriteRows(StringBuilder body, List<ReportRow> fields, long first, long last, int y, List<string> names)
    {
        int next = 0;
        for (long row = first; row <= last; row++)
        {
            long start = row * Columns;
            while (next < fields.Count && fields[next].Offset + fields[next].Size <= start)
            {
                next++;
            }

            if (next < fields.Count && RowsWithin(fields[next], row) is > MostRows and long rows)
            {
                Text(body, Left + (Columns * Cell / 2), y + 14, "middle", "#666", $"{rows} more rows of {fields[next].Name}", "");
                y += 20;
                row += rows - 1;
                continue;
            }

            Text(body, Left - 8, y + 20, "end", "#666", start.ToString(CultureInfo.InvariantCulture), "");
            if (start % ReportRow.CacheLine == 0)
            {
                Text(body, Left + (Columns * Cell) + 8, y + 20, "start", "#666", $"line {start / ReportRow.CacheLine}", " font-size=\"10\"");
            }

            for (int i = next; i < fields.Count && fields[i].Offset < start + Columns; i++)
            {
                Box(body, fields[i], start, y, names);
            }

            y += RowHeight;
            if ((start + Columns) % ReportRow.CacheLine == 0 && row < last)
            {
                body.Append(FormattableString.Invariant($"<line x1=\"{Left - 4}\" y1=\"{y}\" x2=\"{Left + (Columns * Cell) + 4}\" y2=\"{y}\" stroke=\"#111\" stroke-width=\"3\"/>\n"));
            }
        }

        return y;
    }

    /// <summary>How many rows from this one on lie wholly within a field that began before and goes on after them.</summary>
    private static long RowsWithin(ReportRow field, long row)
    {
        long end = (field.Offset + field.Size - 1) / Columns;
        return field.Offset < row * Columns ? end - row : 0;
    }

    private static void Box(StringBuilder body, ReportRow field, long start, int y, List<string> names)
    {
        long from = Math.Max(field.Offset, start);
        long to = Math.Min(field.Offset + field.Size, start + Columns);
        long x = Left + ((from - start) * Cell);
        long width = (to - from) * Cell;
        body.Append(FormattableString.Invariant($"<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{RowHeight}\" fill=\"{Colour(field)}\" stroke=\"#555\"><title>{Escape(Describe(field))}</title></rect>\n"));
        if (field.Field is not null && from == Math.Max(field.Offset, start))
        {
            // A letter is a little over 7 wide.
            string name = field.Name;
            if (name.Length > (int)(width / 7.4) - 1)
            {
                int known = names.IndexOf(name);
                if (known < 0)
                {
                    known = names.Count;
                    names.Add(name);
                }

                name = Letters.Substring(known % Letters.Length, 1);
            }

            Text(body, x + (width / 2), y + 20, "middle", "#111", name, " pointer-events=\"none\"");
        }
    }

    private static string Colour(ReportRow row) => row switch
    {
        { Field: null } => OfGap,
        { Leaf: { IsStruct: true } } or { Leaf: null, Field.Type.Kind: FieldKind.Struct } => OfStruct,
        { Leaf: { IsBigEndian: true } } or { Leaf: null, Field.HasBigEndian: true } => OfBigEndian,
        { Leaf: { IsBigEndian: false } } or { Leaf: null, Field.HasLittleEndian: true } => OfLittleEndian,
        _ => OfBytes,
    };

    private static string Describe(ReportRow row) => row.Field is null
        ? $"gap at {row.Offset}, {Words.Bytes(row.Size)}"
        : row.Leaf is not null ? $"{row.Name} at {row.Offset}, {Words.Bytes(row.Size)}, of {row.Type} {row.Field.Name}"
        : $"{row.Name}: {row.Type} at {row.Offset}, {Words.Bytes(row.Size)}" + (row.Order.Length == 0 ? "" : $", {row.Order}");

    private static void Text(StringBuilder body, long x, long y, string anchor, string colour, string text, string more) =>
        body.Append(FormattableString.Invariant($"<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{colour}\"{more}>{Escape(text)}</text>\n"));

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
