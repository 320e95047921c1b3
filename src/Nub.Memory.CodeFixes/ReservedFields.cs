using System.Globalization;

namespace Nub.Memory.CodeFixes;

/// <summary>
/// The fields that fill a gap exactly. Each is as large as it can be and still stands at a multiple of its size, so that the
/// runtime puts it right there; and none is aligned more than the struct, so that the struct does not grow.
/// </summary>
internal sealed class ReservedFields(long offset, long length, int alignment, bool isExplicit, bool isReadonly, IEnumerable<string> taken)
{
    // Beyond this an array of bytes says it better.
    private const int MostFields = 4;

    private readonly HashSet<string> _taken = [.. taken];

    /// <summary>The members, in their order.</summary>
    public IEnumerable<string> Write()
    {
        List<(long Offset, int Size)> units = Units();
        if (units.Count <= MostFields)
        {
            return units.Select(unit => Field(unit.Offset, TypeOf(unit.Size)));
        }

        string array = Free($"Reserved{Text(offset)}Bytes");
        return
        [
            Field(offset, array),
            $"[System.Runtime.CompilerServices.InlineArray({Text(length)})] private struct {array} {{ private byte _first; }}",
        ];
    }

    private List<(long Offset, int Size)> Units()
    {
        var units = new List<(long, int)>();
        for (long at = offset, end = offset + length; at < end && units.Count <= MostFields;)
        {
            int size = Math.Min(alignment, 8);
            while (at % size != 0 || at + size > end)
            {
                size /= 2;
            }

            units.Add((at, size));
            at += size;
        }

        return units;
    }

    private string Field(long at, string type) =>
        $"{(isExplicit ? $"[System.Runtime.InteropServices.FieldOffset({Text(at)})] " : "")}private {(isReadonly ? "readonly " : "")}{type} {Free("_reserved" + Text(at))};";

    private string Free(string wanted)
    {
        string free = wanted;
        for (int i = 2; !_taken.Add(free); i++)
        {
            free = $"{wanted}_{Text(i)}";
        }

        return free;
    }

    private static string TypeOf(int size) => size switch
    {
        8 => "ulong",
        4 => "uint",
        2 => "ushort",
        _ => "byte",
    };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
