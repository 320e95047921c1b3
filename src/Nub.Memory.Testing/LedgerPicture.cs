using System.Globalization;
using System.Text;

namespace Nub.Memory.Testing;

/// <summary>Draws a ledger: a square for each byte, 32 in a row, and only the rows that were touched.</summary>
internal static class LedgerPicture
{
    private const int PerRow = 32;
    private const int Side = 16;
    private const int Left = 90;
    private const int Top = 50;

    // Apart for those who see no red and green as well: by lightness.
    private static readonly (string Name, string Color)[] s_kinds =
    [
        ("untouched", "#f2f2f2"), ("read once", "#a8d5a2"), ("read again", "#d9480f"), ("written", "#74a9cf"), ("read and written", "#6a51a3"),
    ];

    public static string Draw(AccessLedger ledger)
    {
        var reads = new Dictionary<ulong, int>();
        var writes = new HashSet<ulong>();
        foreach (MemoryAccess access in ledger)
        {
            for (ulong at = access.Offset; at < access.Offset + access.Length; at++)
            {
                if (access.Kind != MemoryAccessKind.Write)
                {
                    reads[at] = reads.GetValueOrDefault(at) + 1;
                }

                if (access.Kind != MemoryAccessKind.Read)
                {
                    writes.Add(at);
                }
            }
        }

        ulong[] rows = [.. reads.Keys.Concat(writes).Select(at => at / PerRow).Distinct().Order()];
        var svg = new StringBuilder();
        int height = Top + (rows.Length * (Side + 2)) + 10;
        Append(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + (PerRow * Side) + 10}\" height=\"{height}\" font-family=\"monospace\" font-size=\"11\">");
        Append(svg, $"<rect width=\"100%\" height=\"100%\" fill=\"white\"/>");
        for (int kind = 0; kind < s_kinds.Length; kind++)
        {
            int x = 10 + (kind * 120);
            Append(svg, $"<rect x=\"{x}\" y=\"12\" width=\"12\" height=\"12\" fill=\"{s_kinds[kind].Color}\"/><text x=\"{x + 16}\" y=\"22\">{s_kinds[kind].Name}</text>");
        }

        for (int row = 0; row < rows.Length; row++)
        {
            int y = Top + (row * (Side + 2));
            Append(svg, $"<text x=\"10\" y=\"{y + 12}\">0x{rows[row] * PerRow:X}</text>");
            for (ulong column = 0; column < PerRow && (rows[row] * PerRow) + column < ledger.MemorySize; column++)
            {
                ulong at = (rows[row] * PerRow) + column;
                int read = reads.GetValueOrDefault(at);
                int kind = writes.Contains(at) ? (read > 0 ? 4 : 3) : Math.Min(read, 2);
                Append(svg, $"<rect x=\"{Left + ((int)column * Side)}\" y=\"{y}\" width=\"{Side - 1}\" height=\"{Side}\" fill=\"{s_kinds[kind].Color}\"><title>0x{at:X}: {s_kinds[kind].Name}, {read} reads</title></rect>");
            }
        }

        return svg.AppendLine("</svg>").ToString();

        static void Append(StringBuilder to, FormattableString line) => to.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
