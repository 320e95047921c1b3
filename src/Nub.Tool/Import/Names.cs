using System.Globalization;
using System.Text;

namespace Nub.Tool.Import;

/// <summary>C names as C# writes them.</summary>
internal static class Names
{
    // Members of every object, and so of a view, which has a property for each field.
    private static readonly string[] s_ofObjects = ["Equals", "GetHashCode", "GetType", "ToString", "Finalize", "MemberwiseClone", "ReferenceEquals"];

    /// <summary><c>vring_desc</c> becomes <c>VringDesc</c>. What C# has in no name, as C's dollar, parts words as an underscore does.</summary>
    public static string Pascal(string name)
    {
        var pascal = new StringBuilder();
        foreach (string part in string.Concat(name.Select(static one => IsInNames(one) ? one : '_')).Split('_', StringSplitOptions.RemoveEmptyEntries))
        {
            // Between two digits the underscore is the only thing that tells 1_2 from 12.
            bool isBetweenDigits = pascal.Length > 0 && char.IsAsciiDigit(pascal[^1]) && char.IsAsciiDigit(part[0]);
            pascal.Append(isBetweenDigits ? "_" : "").Append(char.ToUpperInvariant(part[0])).Append(part, 1, part.Length - 1);
        }

        return pascal.Length == 0 || !BeginsNames(pascal[0]) ? "_" + pascal : pascal.ToString();
    }

    private static bool BeginsNames(char one) => char.IsLetter(one) || char.GetUnicodeCategory(one) == UnicodeCategory.LetterNumber;

    private static bool IsInNames(char one) => BeginsNames(one)
        || char.GetUnicodeCategory(one) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>What two spellings of the same name have in common.</summary>
    public static string Fold(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>The name that a member has in C#: none that every object has.</summary>
    public static string Member(string wanted) => s_ofObjects.Contains(wanted) ? wanted + "Value" : wanted;
}

/// <summary>The names that are taken in one place.</summary>
internal sealed class TakenNames
{
    // With the number that was given last to another who wanted the name: all up to it are taken.
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);

    /// <summary>Takes the name, or the next one like it that is free.</summary>
    public string Take(string wanted)
    {
        string name = Names.Member(wanted);
        if (_taken.TryAdd(name, 1))
        {
            return name;
        }

        string first = name;
        int number = _taken[first];
        do
        {
            number++;
            name = $"{wanted}_{number}";
        }
        while (!_taken.TryAdd(name, 1));

        _taken[first] = number;
        return name;
    }
}
