using System.Globalization;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the condition under which an integer is no legal value of a bool or of an enum.</summary>
internal static class Legality
{
    public static string Describe(FieldType type) => type switch
    {
        { Kind: FieldKind.Bool } => "0 or 1",
        { EnumCheck.IsFlags: true } => "made of defined bits",
        { Kind: FieldKind.Enum } => "a defined value",
        _ => "legal in turn",
    };

    /// <summary>The condition; null when the integer is legal whatever it is.</summary>
    /// <param name="raw">The expression that reads the integer.</param>
    public static string? IllegalWhen(FieldType type, string raw) => type.EnumCheck is { } values ? IllegalEnum(values, raw) : $"{raw} > 1";

    /// <summary>An integer that is no legal value, as a literal; null where each is one.</summary>
    public static string? IllegalValue(FieldType type)
    {
        if (type.EnumCheck is not { } values)
        {
            return "2";
        }

        string integer = values.Underlying.Name;
        if (values.IsFlags)
        {
            int bits = (int)values.Underlying.Size * 8;
            int free = Enumerable.Range(0, bits).Where(bit => (values.Bits & (1UL << bit)) == 0).DefaultIfEmpty(bits).First();
            return free == bits ? null : $"unchecked(({integer})(1UL << {free}))";
        }

        // The least integer, or the first behind a range of legal ones.
        (string minimum, string maximum) = Limits(integer);
        (decimal First, decimal Last)[] ranges = [.. values.Ranges.Select(static range => (Number(range.First), Number(range.Last)))];
        foreach (decimal candidate in ranges.Select(static range => range.Last + 1).Prepend(Number(minimum)))
        {
            if (candidate <= Number(maximum) && !ranges.Any(range => range.First <= candidate && candidate <= range.Last))
            {
                return candidate.ToString(CultureInfo.InvariantCulture);
            }
        }

        return null;

        static decimal Number(string literal) => decimal.Parse(literal, CultureInfo.InvariantCulture);
    }

    private static string? IllegalEnum(EnumValues values, string raw)
    {
        string type = values.Underlying.Name;
        if (values.IsFlags)
        {
            ulong all = values.Underlying.Size == 8 ? ulong.MaxValue : (1UL << ((int)values.Underlying.Size * 8)) - 1;
            string unsigned = values.Underlying.Size switch { 1 => "byte", 2 => "ushort", 4 => "uint", _ => "ulong" };
            string bits = type == unsigned ? raw : $"unchecked(({unsigned}){raw})";
            return values.Bits == all ? null : $"({bits} & 0x{all & ~values.Bits:X}) != 0";
        }

        (string minimum, string maximum) = Limits(type);
        IEnumerable<string> ranges = values.Ranges.Select(range => (range.First == minimum, range.Last == maximum) switch
        {
            (true, true) => "_",
            _ when range.First == range.Last => range.First,
            (true, false) => $"<= {range.Last}",
            (false, true) => $">= {range.First}",
            _ => $"(>= {range.First} and <= {range.Last})",
        });
        string legal = string.Join(" or ", ranges);
        return legal switch
        {
            "_" => null,

            // Nothing is legal. A constant would make the code behind it one that the compiler calls unreachable.
            "" => $"{raw} >= {minimum}",
            _ => $"{raw} is not ({legal})",
        };
    }

    private static (string Minimum, string Maximum) Limits(string type) => type switch
    {
        "byte" => ("0", "255"),
        "sbyte" => ("-128", "127"),
        "ushort" => ("0", "65535"),
        "short" => ("-32768", "32767"),
        "uint" => ("0", "4294967295"),
        "int" => ("-2147483648", "2147483647"),
        "ulong" => ("0", "18446744073709551615"),
        _ => ("-9223372036854775808", "9223372036854775807"),
    };
}
