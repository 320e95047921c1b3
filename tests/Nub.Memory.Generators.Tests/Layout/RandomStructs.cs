using System.Globalization;
using System.Text;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>
/// Random structs of every kind that the layout model knows: sequential, packed, explicit and overlapping, with declared sizes,
/// nested in one another, with inline arrays and fixed buffers. The same seed gives the same structs.
/// </summary>
internal sealed class RandomStructs(int seed)
{
    private static readonly string[] s_primitives =
        ["byte", "sbyte", "ushort", "short", "char", "uint", "int", "float", "ulong", "long", "double", "Half", "Int128", "UInt128", "bool", "DayOfWeek", "nint"];

    private static readonly int[] s_packs = [0, 1, 2, 4, 8, 16, 32];

    private readonly Random _random = new(seed);
    private readonly List<(string Name, string[] Fields)> _structs = [];
    private readonly List<(string Name, int Depth)> _nestable = [];
    private readonly StringBuilder _text = new();
    private int _depth;

    public IReadOnlyList<(string Name, string[] Fields)> Structs => _structs;

    /// <summary>The structs, and a class <c>Probe</c> that asks the runtime for the size, the alignment and the offsets of each.</summary>
    public string Generate(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _depth = 0;
            AddStruct($"S{i}");
            _nestable.Add(($"S{i}", _depth));
        }

        _text.AppendLine("public static unsafe class Probe {");
        _text.AppendLine("public struct After<T> where T : unmanaged { public byte First; public T Value; }");
        _text.AppendLine("public static Dictionary<string, long[]> Run() { var found = new Dictionary<string, long[]>();");
        foreach ((string name, string[] fields) in _structs)
        {
            _text.AppendLine(CultureInfo.InvariantCulture, $"Add{name}(found);");
        }

        _text.AppendLine("return found; }");
        foreach ((string name, string[] fields) in _structs)
        {
            string offsets = string.Concat(fields.Select(static field => $", (byte*)&value.{field} - (byte*)&value"));
            _text.AppendLine(CultureInfo.InvariantCulture, $"static void Add{name}(Dictionary<string, long[]> found) {{ {name} value = default; After<{name}> after = default; found[\"{name}\"] = new long[] {{ sizeof({name}), (byte*)&after.Value - (byte*)&after{offsets} }}; }}");
        }

        return _text.AppendLine("}").ToString();
    }

    private void AddStruct(string name)
    {
        int kind = _random.Next(10);
        if (kind == 0)
        {
            // An inline array keeps a Pack, and takes no size.
            string pack = _random.Next(3) == 0 ? $"[StructLayout(LayoutKind.Sequential, Pack = {Pick(s_packs)})] " : "";
            _text.AppendLine(CultureInfo.InvariantCulture, $"{pack}[InlineArray({_random.Next(1, 9)})] public struct {name} {{ public {FieldType()} F0; }}");
            _structs.Add((name, ["F0"]));
            return;
        }

        bool isExplicit = kind <= 3;
        int fields = _random.Next(1, 9);
        string attribute = isExplicit
            ? $"[StructLayout(LayoutKind.Explicit{Optional("Pack", Pick(s_packs))}{Optional("Size", _random.Next(0, 200))})] "
            : _random.Next(2) == 0 ? $"[StructLayout(LayoutKind.Sequential{Optional("Pack", Pick(s_packs))}{Optional("Size", _random.Next(0, 200))})] " : "";
        _text.Append(CultureInfo.InvariantCulture, $"{attribute}public unsafe struct {name} {{ ");
        var names = new List<string>();
        for (int i = 0; i < fields; i++)
        {
            string offset = isExplicit ? $"[FieldOffset({_random.Next(0, 64)})] " : "";
            bool isBuffer = _random.Next(8) == 0;
            _text.Append(CultureInfo.InvariantCulture, $"{offset}public {(isBuffer ? $"fixed {Pick(["byte", "char", "uint", "double", "bool"])} F{i}[{_random.Next(1, 9)}]" : $"{FieldType()} F{i}")}; ");
            names.Add(isBuffer ? $"F{i}[0]" : $"F{i}");
        }

        _text.AppendLine("}");
        _structs.Add((name, [.. names]));
    }

    // Every third field is an earlier struct; three deep, for a struct of structs of arrays grows beyond any stack.
    private string FieldType()
    {
        if (_nestable.Count == 0 || _random.Next(3) != 0)
        {
            return Pick(s_primitives);
        }

        (string name, int depth) = _nestable[_random.Next(_nestable.Count)];
        if (depth >= 3)
        {
            return Pick(s_primitives);
        }

        _depth = Math.Max(_depth, depth + 1);
        return name;
    }

    private string Optional(string name, int value) => _random.Next(3) == 0 ? $", {name} = {value}" : "";

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];
}
