using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Reports;

/// <summary>A field or a gap of a struct, in the order of the bytes.</summary>
/// <param name="Field">Null for a gap.</param>
internal sealed record ReportRow(long Offset, long Size, FieldLayout? Field)
{
    /// <summary>The size of a cache line of x86-64 and of most arm64 processors, in bytes.</summary>
    public const int CacheLine = 64;

    /// <summary>Of a field of a nested struct: what it is there.</summary>
    public Leaf? Leaf { get; init; }

    public string Name => Leaf?.Name ?? Field?.Name ?? "gap";

    public string Type => Field?.Type switch
    {
        null => "",
        { IsArray: true, Element: { } element } type => $"{element.Display}[{type.Count}]",
        { } type => type.Display,
    };

    public string Order => Field is null ? "" : (Field.HasBigEndian, Field.HasLittleEndian) switch
    {
        (true, true) => "both",
        (true, false) => "big-endian",
        (false, true) => "little-endian",
        _ => "",
    };

    /// <summary>The cache lines that the bytes are in when the struct begins one: <c>0</c>, or <c>0–1</c>.</summary>
    public string CacheLines
    {
        get
        {
            long first = Offset / CacheLine;
            long last = (Offset + Math.Max(Size, 1) - 1) / CacheLine;
            return first == last ? $"{first}" : $"{first}–{last}";
        }
    }

    public static IReadOnlyList<ReportRow> Of(StructLayout layout) =>
        [.. layout.Stored.Select(static field => new ReportRow(field.Offset, field.Type.Size, field))
            .Concat(layout.Gaps.Select(static gap => new ReportRow(gap.Offset, gap.Length, null)))
            .OrderBy(static row => row.Offset).ThenBy(static row => row.Size)];

    /// <summary>What there is to say of a struct as a whole.</summary>
    public static string Summary(StructModel model)
    {
        StructLayout layout = model.Layout;
        long lines = (layout.Size + CacheLine - 1) / CacheLine;
        long gaps = layout.Gaps.Sum(static gap => gap.Length);
        return $"{Words.Bytes(layout.Size)}, aligned to {layout.StatedAlignment}, {lines} cache {(lines == 1 ? "line" : "lines")}, "
            + (gaps == 0 ? "no gaps" : $"{Words.Bytes(gaps)} of gaps")
            + (layout.HasOverlap ? ", fields overlap" : "")
            + (model.IsAllValid ? "" : ", validated on read");
    }
}
