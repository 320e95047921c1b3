using System.Globalization;
using System.Text;
using Nub.Fuzz.Engine;

namespace Nub.Fuzz.Targets;

/// <summary>Structs in C#, decoded from an input by a grammar that has whatever a layout depends on, and much that is wrong: text from bytes alone would hardly ever be C#.</summary>
internal sealed class LayoutSource
{
    private const int MaxStructs = 4;
    private const int MaxFields = 6;

    private static readonly string[] s_types =
    [
        "byte", "ushort", "uint", "ulong", "sbyte", "short", "int", "long", "float", "double", "char", "bool", "Half", "Int128", "UInt128", "nint", "decimal", "E0", "E1", "E2", "E3", "string", "int*", "Guid",
        "DayOfWeek", "T", "Missing", "(byte, long)", "uint?", "S0", "S1", "S2", "S3", "S0", "S1", "S2",
    ];

    // What the runtime lays out by the rules, and the compiler takes.
    private static readonly string[] s_plainTypes =
        ["byte", "ushort", "uint", "ulong", "sbyte", "short", "int", "long", "float", "double", "char", "bool", "Half", "Int128", "UInt128", "nint", "E0", "E1", "E2", "E3"];

    private static readonly string[] s_plainBuffers = ["byte", "ushort", "uint", "ulong", "char", "double"];
    private static readonly int[] s_packs = [0, 1, 2, 4, 8, 16, 32, 128];
    private static readonly string[] s_marks = ["", "AllValid", "ValidateOnRead", "AllValid, BigEndian", "ValidateOnRead, BigEndian", "AllValid, ValidateOnRead", "BigEndian", "AllValid"];
    private static readonly string[] s_kinds = ["struct", "struct", "record struct", "unsafe struct", "readonly struct", "ref struct", "struct", "class"];
    private static readonly string[] s_strange = ["}", "{", "[", "public", "; ;", "struct", "<", "F0", "= 5;", "#if X"];
    private static readonly int[] s_numbers = [0, 1, 2, 4, 8, 16, 32, 128, 3, -1, int.MaxValue, 64, 100, 255, 65536, int.MinValue];

    private readonly StringBuilder _text = new();
    private readonly List<(string Name, string[] Fields)> _structs = [];

    private readonly bool _isPlain;

    private LayoutSource(bool isPlain) => _isPlain = isPlain;

    /// <param name="input">What decides.</param>
    /// <param name="isPlain">Whether all of it is to be C# that has a layout, to be compared with the runtime's.</param>
    public static (string Source, string Probe, IReadOnlyList<(string Name, string[] Fields)> Structs) Decode(ref FuzzInput input, bool isPlain)
    {
        var source = new LayoutSource(isPlain);
        source._text.AppendLine("""
            public enum E0 : byte { A, B = 3 } public enum E1 : ushort { A = 1 } [Flags] public enum E2 : long { A = 1, Top = long.MinValue } public enum E3 : int { }
            """);
        int structs = input.Byte() is var count and < 32 ? 1 + (count % MaxStructs) : 1;
        for (int i = 0; i < structs; i++)
        {
            source.AddStruct(ref input, $"S{i}");
        }

        return (source._text.ToString(), source.Probe(), source._structs);
    }

    private static string Number(ref FuzzInput input) => (input.Byte() is < 192 and var small ? small : input.Pick<int>(s_numbers)).ToString(CultureInfo.InvariantCulture);

    // Of earlier structs only, where it is to be C#.
    private string FieldType(ref FuzzInput input)
    {
        if (!_isPlain)
        {
            return input.Pick<string>(s_types);
        }

        int index = input.Byte() % (s_plainTypes.Length + (4 * _structs.Count));
        return index < s_plainTypes.Length ? s_plainTypes[index] : $"S{(index - s_plainTypes.Length) / 4}";
    }

    private string Length(ref FuzzInput input) => _isPlain ? (1 + input.Below(12)).ToString(CultureInfo.InvariantCulture) : Number(ref input);

    private void AddStruct(ref FuzzInput input, string name)
    {
        byte shape = input.Byte();
        string mark = s_marks[shape & 7];
        byte form = input.Byte();
        bool isExplicit = (form & 3) == 2;
        var attributes = new List<string>();
        if (mark.Length != 0)
        {
            attributes.Add(mark);
        }

        if ((form & 3) != 0)
        {
            string layout = "StructLayout(LayoutKind." + (form & 3) switch { 1 => "Sequential", 2 => "Explicit", _ => (form & 64) != 0 && !_isPlain ? "Auto" : "Sequential" };
            layout += (form & 4) != 0 ? ", Pack = " + input.Pick<int>(_isPlain ? s_packs : s_numbers).ToString(CultureInfo.InvariantCulture) : "";
            layout += (form & 8) != 0 && (shape & 0xF0) != 0xF0 ? ", Size = " + Number(ref input) : "";
            attributes.Add(layout + ")");
        }

        if ((form & 16) != 0 && !_isPlain)
        {
            attributes.Add($"Tail<{input.Pick<string>(s_types)}>({((form & 32) != 0 ? $"nameof(F{input.Below(4)}), Offset = {Number(ref input)}" : "")})");
        }

        // An inline array takes no offsets.
        bool isInlineArray = (shape & 0xF0) == 0xF0 && (!_isPlain || !isExplicit);
        if (isInlineArray)
        {
            attributes.Add($"InlineArray({Length(ref input)})");
        }

        string list = attributes.Count == 0 ? "" : $"[{string.Join(", ", attributes)}] ";
        string partial = (shape & 8) != 0 && mark.Length == 0 ? "" : "partial ";
        string kind = _isPlain ? "unsafe struct" : (form & 128) != 0 ? input.Pick<string>(s_kinds) : "struct";
        kind = kind.StartsWith("unsafe", StringComparison.Ordinal) ? $"unsafe {partial}struct" : kind.StartsWith("re", StringComparison.Ordinal) && kind != "record struct"
            ? $"{kind.Split(' ')[0]} {partial}struct" : partial + kind;
        _text.Append(CultureInfo.InvariantCulture, $"{list}public {kind} {name}{((shape & 0xF0) == 0xE0 && !_isPlain ? "<T>" : "")} {{ ");
        int count = isInlineArray ? 1 : 1 + (input.Byte() % MaxFields);
        var fields = new List<string>();
        for (int i = 0; i < count; i++)
        {
            AddField(ref input, i, isExplicit, isInlineArray, fields);
        }

        _text.AppendLine("}");
        _structs.Add((name, [.. fields]));
    }

    private void AddField(ref FuzzInput input, int index, bool isExplicit, bool isElement, List<string> probed)
    {
        string type = FieldType(ref input);
        byte form = input.Byte();
        if (_isPlain)
        {
            string place = isExplicit ? $"[FieldOffset({input.Byte()})] " : "";
            bool isBuffer = (form & 7) == 7 && !isElement;
            type = isBuffer ? input.Pick<string>(s_plainBuffers) : type;
            _text.Append(CultureInfo.InvariantCulture, $"{place}public {(isBuffer ? $"fixed {type} F{index}[{Length(ref input)}]" : $"{type} F{index}")}; ");
            probed.Add(isBuffer ? $"F{index}[0]" : $"F{index}");
            return;
        }

        string attributes = (form & 1) != 0 ? "[BigEndian] " : "";
        attributes += (form & 2) != 0 ? "[WireEnum] " : "";
        attributes += (form & 4) != 0 ? $"[Union(nameof(F{input.Below(4)}), {Number(ref input)})] " : "";
        attributes += isExplicit && (form & 8) == 0 ? $"[FieldOffset({Number(ref input)})] " : "";
        switch (form >> 4)
        {
            case 1:
                _text.Append(CultureInfo.InvariantCulture, $"{attributes}public fixed {type} F{index}[{Number(ref input)}]; ");
                probed.Add($"F{index}[0]");
                break;
            case 2:
                _text.Append(CultureInfo.InvariantCulture, $"{attributes}private {type} F{index}; ");
                break;
            case 3:
                _text.Append(CultureInfo.InvariantCulture, $"public {type} F{index} {{ get; set; }} ");
                break;
            case 4:
                _text.Append(CultureInfo.InvariantCulture, $"public static {type} F{index}; ");
                break;
            case 5:
                _text.Append(CultureInfo.InvariantCulture, $"[BitField(nameof(F{input.Below(3)}), {Number(ref input)}, {Number(ref input)})] public partial {type} F{index} {{ get; set; }} ");
                break;
            case 6:
                _text.Append(CultureInfo.InvariantCulture, $"{attributes}public readonly {type} F{index}; ");
                break;
            case 7:
                // A word that does not belong there.
                _text.Append(CultureInfo.InvariantCulture, $"{input.Pick<string>(s_strange)} ");
                break;
            default:
                _text.Append(CultureInfo.InvariantCulture, $"{attributes}public {type} F{index}; ");
                probed.Add($"F{index}");
                break;
        }
    }

    // Asks the runtime for the size, the alignment and the offsets.
    private string Probe()
    {
        var text = new StringBuilder();
        text.AppendLine("public static unsafe class Probe { public struct After<T> where T : unmanaged { public byte First; public T Value; }");
        foreach ((string name, string[] fields) in _structs)
        {
            string offsets = string.Concat(fields.Select(static field => $", (byte*)&value.{field} - (byte*)&value"));
            text.AppendLine(CultureInfo.InvariantCulture, $"public static long[] {name}() {{ global::{name} value = default; After<global::{name}> after = default; return new long[] {{ sizeof(global::{name}), (byte*)&after.Value - (byte*)&after{offsets} }}; }}");
        }

        return text.AppendLine("}").ToString();
    }
}
