using System.Text;

namespace Nub.Memory.Generators.Layout;

/// <summary>
/// Writes a layout as the one string that the runtime library turns byte orders and prints values by; its grammar is told at
/// <c>ISharedLayout.Fields</c>. A string costs the compiler nothing, where a method for each struct is bound and analyzed.
/// </summary>
internal static class FieldsText
{
    public static string Of(StructLayout layout)
    {
        (List<FieldLayout> turned, bool areAmbiguous) = ByteOrderRules.Turned(layout);
        StringBuilder text = new StringBuilder().Append(layout.Size).Append(areAmbiguous ? "!" : "");
        long end = 0;
        foreach (FieldLayout field in layout.Stored)
        {
            // An array of arrays is as many of the innermost elements in a row.
            FieldType innermost = field.Type.Innermost;
            long count = field.Type.InnermostCount;
            if (TypeOf(innermost, field.HasBigEndian) is not { } type)
            {
                continue;
            }

            text.Append(' ').Append(field.Name).Append(':').Append(type);
            if (count > 1)
            {
                text.Append('*').Append(count);
            }

            if (field.Offset != end)
            {
                text.Append('@').Append(field.Offset);
            }

            bool isTurned = turned.Contains(field) || !(field.HasBigEndian || field.HasLittleEndian);
            text.Append(isTurned ? "" : "=");
            end = field.Offset + (innermost.Size * count);
        }

        return text.ToString();
    }

    private static string? TypeOf(FieldType type, bool isBigEndian) => type switch
    {
        { Kind: FieldKind.Primitive } => Letter(type.MetadataName, isBigEndian && type.Size > 1) + type.Size,
        { Kind: FieldKind.Bool } => "b1",
        { EnumCheck.Underlying: { } integer } => TypeOf(integer, isBigEndian),
        { Kind: FieldKind.Struct, Inside: { } inside } => "{" + inside + "}",

        // The struct has an error, and the string will not be used.
        _ => null,
    };

    private static string Letter(string name, bool isBigEndian)
    {
        string letter = name switch
        {
            "Half" or "Single" or "Double" => "f",
            "Char" => "c",
            _ when name.StartsWith("U", StringComparison.Ordinal) || name == "Byte" => "u",
            _ => "i",
        };
        return isBigEndian ? letter.ToUpperInvariant() : letter;
    }
}
