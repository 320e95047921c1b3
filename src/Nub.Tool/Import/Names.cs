using System.Text;

namespace Nub.Tool.Import;

/// <summary>C names as C# writes them.</summary>
internal static class Names
{
    // Members of every object, and so of a view, which has a property for each field.
    private static readonly string[] s_ofObjects = ["Equals", "GetHashCode", "GetType", "ToString", "Finalize", "MemberwiseClone", "ReferenceEquals"];

    /// <summary><c>vring_desc</c> becomes <c>VringDesc</c>.</summary>
    public static string Pascal(string name)
    {
        var pascal = new StringBuilder();
        foreach (string part in name.Split('_', StringSplitOptions.RemoveEmptyEntries))
        {
            // Between two digits the underscore is the only thing that tells 1_2 from 12.
            bool isBetweenDigits = pascal.Length > 0 && char.IsAsciiDigit(pascal[^1]) && char.IsAsciiDigit(part[0]);
            pascal.Append(isBetweenDigits ? "_" : "").Append(char.ToUpperInvariant(part[0])).Append(part, 1, part.Length - 1);
        }

        return pascal.Length == 0 || char.IsAsciiDigit(pascal[0]) ? "_" + pascal : pascal.ToString();
    }

    /// <summary>What two spellings of the same name have in common.</summary>
    public static string Fold(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>Takes the name, or the next one like it that is free.</summary>
    public static string Take(ISet<string> taken, string wanted)
    {
        string name = s_ofObjects.Contains(wanted) ? wanted + "Value" : wanted;
        for (int i = 2; !taken.Add(name); i++)
        {
            name = $"{wanted}_{i}";
        }

        return name;
    }
}
