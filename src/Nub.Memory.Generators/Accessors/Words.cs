using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>How generated comments say things.</summary>
internal static class Words
{
    public static string Bytes(long count) => count == 1 ? "1 byte" : $"{count} bytes";

    public static string Order(bool hasBigEndian, bool hasLittleEndian) => (hasBigEndian, hasLittleEndian) switch
    {
        (true, true) => "big- and little-endian",
        (true, false) => "big-endian",
        (false, true) => "little-endian",
        _ => "of single bytes",
    };

    /// <summary>A field as its comment describes it: type, offset, size, order.</summary>
    public static string Describe(FieldLayout field)
    {
        string type = Escape(field.Type.Kind == FieldKind.InlineArray ? $"{field.Type.Display}: {Shape(field.Type)}" : field.Type.Display);
        string order = field.HasBigEndian || field.HasLittleEndian ? ", " + Order(field.HasBigEndian, field.HasLittleEndian) : "";
        return $"<c>{type}</c> at offset {field.Offset}, {Bytes(field.Type.Size)}{order}";
    }

    private static string Shape(FieldType array) => $"{array.Element!.Display}[{array.Count}]";

    /// <summary>A type's name as a comment has it.</summary>
    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
