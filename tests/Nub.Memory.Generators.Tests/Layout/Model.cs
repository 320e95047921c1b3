using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>What the one model says of a struct <c>Foo</c>, without a generator or an analyzer that asks it.</summary>
internal static class Model
{
    // Beside each Foo: what its fields are made of.
    public const string Types = """
        [AllValid] public partial struct Little { public uint A; public ushort B; private ushort _rest; }
        [AllValid, BigEndian] public partial struct Big { public uint A; public ushort B; private ushort _rest; }
        [AllValid] public partial struct Bytes2 { public byte A; public byte B; }
        [ValidateOnRead] public partial struct Checked { public uint A; public Kind Kind; public bool Is; public byte Rest; }
        public struct Plain { public ulong A; }
        [StructLayout(LayoutKind.Auto)] public struct Auto { public uint A; }
        public enum Kind : ushort { None = 0, One = 1, Two = 2, Seven = 7 }
        [Flags] public enum Bits : sbyte { A = 1, B = 4, Sign = -128 }
        public enum Wide : ulong { Low = 0, High = ulong.MaxValue }
        public enum Signed : int { Below = -2, Least = -1, Zero = 0, Far = 10 }
        public enum Empty : byte;
        [InlineArray(3)] public struct Uints { private uint _first; }
        [InlineArray(4)] public struct Kinds { private Kind _first; }
        [InlineArray(2)] public struct Littles { private Little _first; }
        [InlineArray(2), BigEndian] public struct BareBig { private ushort _first; }
        [InlineArray(2)] public struct Ushorts { private ushort _first; }
        [InlineArray(2)] public struct BareBigRows { [BigEndian] private Uints _first; }
        [InlineArray(2)] public struct BigRows { private MarkedBig _first; }
        [AllValid, InlineArray(2), BigEndian] public partial struct MarkedBig { private ushort _first; }
        [AllValid, StructLayout(LayoutKind.Sequential, Size = 5)] public partial struct Five { public uint A; public byte B; }
        [InlineArray(3)] public struct Unfilled { private Five _first; }
        [InlineArray(2)] public struct Nested { private Uints _first; }

        """;

    public static (INamedTypeSymbol Type, StructLayout Layout) Of(string source)
    {
        CSharpCompilation compilation = Code.Compile(Types + source);
        INamedTypeSymbol type = compilation.GetTypeByMetadataName("Foo") ?? compilation.GetTypeByMetadataName("Outer+Foo") ?? compilation.GetTypeByMetadataName("Foo`1")!;
        return (type, new LayoutBuilder().Of(type)!);
    }

    /// <summary>The field <c>A</c> of a struct that says nothing of its layout.</summary>
    public static FieldType TypeOf(string type, string attributes = "") => Of($"public unsafe struct Foo {{ {attributes} public {type} A; }}").Layout.Fields[0].Type;

    public static string[] Problems(string source)
    {
        (INamedTypeSymbol type, StructLayout layout) = Of(source);
        return [.. ShapeRules.Check(type, layout).Select(static problem => problem.Member is null ? problem.Reason : $"{problem.Member}: {problem.Reason}")];
    }
}
