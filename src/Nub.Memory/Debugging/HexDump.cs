using System.Globalization;
using System.Text;

namespace Nub.Memory;

/// <summary>Bytes as a debugger shows them: sixteen a line, with their offset and their characters.</summary>
internal static class HexDump
{
    private const int PerLine = 16;

    public static string[] Lines(ReadOnlySpan<byte> bytes, ulong offset)
    {
        string[] lines = new string[(bytes.Length + PerLine - 1) / PerLine];
        for (int i = 0; i < lines.Length; i++)
        {
            ReadOnlySpan<byte> part = bytes[(i * PerLine)..Math.Min(bytes.Length, (i + 1) * PerLine)];
            var line = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{offset + (ulong)(i * PerLine):X8}  ");
            for (int at = 0; at < PerLine; at++)
            {
                line.Append(at < part.Length ? part[at].ToString("X2", CultureInfo.InvariantCulture) : "  ").Append(at == 7 ? "  " : " ");
            }

            line.Append(' ');
            foreach (byte one in part)
            {
                line.Append(one is >= 0x20 and < 0x7F ? (char)one : '.');
            }

            lines[i] = line.ToString();
        }

        return lines;
    }
}
