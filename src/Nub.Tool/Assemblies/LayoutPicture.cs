using System.Globalization;
using System.Text;

namespace Nub.Tool.Assemblies;

/// <summary>Draws a struct as text: a table of its fields, and its bytes, of which each shows the letter of its field.</summary>
internal static class LayoutPicture
{
    private const int BytesOfLine = 16;
    private const int CacheLine = 64;
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    // What two fields share, and what is no field's.
    private const char Shared = '+';
    private const char Gap = '.';

    // A value may have a mebibyte; what a picture of so much would say is in the table.
    private const long MaximumSize = 1 << 16;

    public static string Draw(NetStruct one)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{one.Name}: {one.Size} bytes, aligned to {one.Alignment}{(one.Of is null ? "" : $", the layout of C's {one.Of}")}\n");
        text.Append("  offset    size\n");
        for (int i = 0; i < one.Fields.Count; i++)
        {
            NetField field = one.Fields[i];
            text.Append(CultureInfo.InvariantCulture, $"  {field.Offset,6}  {field.Size,6}  {LetterOf(i)}  {field.Type} {field.Name}{(field.IsBigEndian ? ", big-endian" : "")}\n");
        }

        if (one.Size <= MaximumSize)
        {
            DrawBytes(text, one);
        }

        return text.ToString();
    }

    private static char LetterOf(int index) => Letters[index % Letters.Length];

    private static void DrawBytes(StringBuilder text, NetStruct one)
    {
        char[] bytes = new char[one.Size];
        Array.Fill(bytes, Gap);
        for (int i = 0; i < one.Fields.Count; i++)
        {
            NetField field = one.Fields[i];
            for (long at = field.Offset; at < Math.Min(field.End, one.Size); at++)
            {
                bytes[at] = bytes[at] == Gap ? LetterOf(i) : Shared;
            }
        }

        // Lines like the one before are said once, as in a hex dump.
        string? before = null;
        bool isSaid = false;
        for (int at = 0; at < bytes.Length; at += BytesOfLine)
        {
            string line = new(bytes, at, Math.Min(BytesOfLine, bytes.Length - at));
            bool isSame = line == before && at + BytesOfLine < bytes.Length;
            if (isSame)
            {
                text.Append(isSaid ? "" : "       *\n");
            }
            else
            {
                string cacheLine = at % CacheLine == 0 && one.Size > CacheLine ? string.Create(CultureInfo.InvariantCulture, $"  cache line {at / CacheLine}") : "";
                string halves = line.Length > 8 ? line[..8] + " " + line[8..] : line;
                text.Append(CultureInfo.InvariantCulture, $"  {at,6}  {halves}{cacheLine}\n");
            }

            isSaid = isSame;
            before = line;
        }

        text.Append(bytes.Contains(Shared) ? "          + is of several fields\n" : "").Append(bytes.Contains(Gap) ? "          . is of none\n" : "");
    }
}
