using System.Diagnostics;
using Nub.Tool.CTypes;
using Nub.Tool.Import;
using Nub.Tool.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Tool.Tests.Import;

/// <summary>A header decides what is imported, and nothing else: neither code that is written, nor what the importing machine tells, nor how long it takes.</summary>
public class HostileHeaderTests(ITestOutputHelper output)
{
    // What the compiler says where something without a name was declared.
    private const string Line = "#line 1 \"x\\n [System.Runtime.CompilerServices.ModuleInitializer] internal static void M() { }\\n//\"\n";

    [SkippableTheory]
    [InlineData("struct s { enum { A } e; };", "<c>enum e</c>")]
    [InlineData("struct s { struct { int a; } *p; };", "<c>a pointer p</c>")]
    [InlineData("struct s { struct { int a; } (*p[2])(union { int b; } *); };", "<c>a pointer p[2]</c>")]
    [InlineData("struct s { enum { A } e[3]; };", "<c>enum e[3]</c>")]
    [InlineData("struct s { enum { A } e : 3; };", "<c>enum e : 3</c>")]
    [InlineData("struct s { const enum { A } e; _Atomic(enum { B }) f; };", "<c>enum f</c>")]
    [InlineData("struct s { struct { int a; } b; union { int c; } d; };", "<c>struct b</c>")]
    [InlineData("struct s { int a; struct { int a; } *p[]; };", "<c>a pointer p[]</c>")]
    [InlineData("struct s { int a; struct { long double a; } p[]; };", "struct p[]")]
    [InlineData("struct s { int __attribute__((btf_type_tag(\"x\\n [System.Runtime.CompilerServices.ModuleInitializer] internal static void M() { }\\n//\"))) *p; };", "<c>a pointer p</c>")]
    public void What_has_no_name_is_written_without_the_place_of_its_declaration(string header, string expected)
    {
        Agreement.SkipWithoutLibclang();
        using var named = new TemporaryFile(".h", Line + header);
        NubRun run = NubTool.Run("import", named.Path, "--types", "s", "--namespace", "Wire");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("ModuleInitializer", run.Output, StringComparison.Ordinal);

        // Where the header was, is the importing machine's own business.
        using var plain = new TemporaryFile(".h", header);
        NubRun own = NubTool.Run("import", plain.Path, "--types", "s", "--namespace", "Wire");
        Assert.DoesNotContain(Path.GetDirectoryName(plain.Path)!, own.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("\u0085")]
    [InlineData("\u2028")]
    [InlineData("\u2029")]
    [InlineData("\u001b")]
    [InlineData("\u202e")]
    public void A_text_from_C_is_one_line_whatever_it_has(string hidden)
    {
        string written = Write($"a{hidden}b");
        Assert.DoesNotContain($"a{hidden}b", written, StringComparison.Ordinal);
        Assert.Equal(7, written.Split("a?b").Length - 1);
        Assert.Equal(Write("ab").Split('\n').Length, written.Split('\n', '\r', '\u0085', '\u2028', '\u2029').Length);

        static string Write(string text)
        {
            var field = new FieldPlan("F", "uint", 0, 4, 4) { Declaration = text, Remark = text, Bits = [new BitPlan("B", "uint", 0, 1, text, null)] };
            var plan = new StructPlan("s", "S", text, 4) { Fields = [field], Notes = [text], Tail = new TailPlan("uint", 4, false, text) };
            return CSharpWriter.Write([plan], text, "Wire", isInternal: false);
        }
    }

    public enum Shape
    {
        Integers,
        OneName,
        Bits,
        UnionOfBits,
        UnionOfBothOrders,
    }

    [Theory]
    [InlineData(Shape.Integers)]
    [InlineData(Shape.OneName)]
    [InlineData(Shape.Bits)]
    [InlineData(Shape.UnionOfBits)]
    [InlineData(Shape.UnionOfBothOrders)]
    public void Very_many_members_take_no_more_than_they_are(Shape shape)
    {
        const int Count = 200_000;
        var number = new CType(CKind.Integer, "int", 4);
        var big = new CType(CKind.Integer, "__be32", 4) { Order = COrder.Big };
        var both = new CType(CKind.Array, "", 8) { Element = big, Count = 2 };
        CMember[] members = [.. Enumerable.Range(0, Count).Select(i => shape switch
        {
            Shape.Integers => new CMember($"m{i}", 32L * i, null, number),
            Shape.OneName => new CMember(Spelling(i), 32L * i, null, number),
            Shape.Bits => new CMember($"m{i}", (64L * (i / 2)) + (32 * (i % 2)), i % 2 == 0 ? 3 : null, number),
            Shape.UnionOfBits => new CMember($"m{i}", 0, 3, number),
            _ => new CMember($"m{i}", 0, null, i % 2 == 0 ? big : both),
        })];
        long size = shape is Shape.UnionOfBits ? 4 : shape is Shape.UnionOfBothOrders ? 8 : 4 * Count;
        var c = new CStruct("s", shape is Shape.UnionOfBits or Shape.UnionOfBothOrders, size, 4) { Members = members };
        var clock = Stopwatch.StartNew();
        Imported imported = Importer.Import([c], [], "s", "", "Wire", isInternal: false);
        output.WriteLine($"{clock.Elapsed}");
        Assert.Empty(imported.LeftOut);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Patience.Limit);

        // In C# they are all one name.
        static string Spelling(int which) => string.Concat(Enumerable.Range(0, 18).Select(bit => (which >> bit & 1) == 0 ? "B" : "_b"));
    }

    [SkippableTheory]
    [InlineData("struct s { A(int m) };", "more than 20000 members")]
    [InlineData("struct s { struct { H(int m) }; struct { H(int n) }; };", "more than 20000 members")]
    [InlineData("T(a, [1]) struct s { a65 m; };", "made of more than 64 others")]
    [InlineData("T(a, ) struct s { a99 m; };", "a typedef of more than 64 others")]
    [InlineData("S(s) struct s { struct s99 m; };", "structs stand in structs more than 64 times")]
    public void What_is_larger_or_deeper_than_anybody_needs_is_refused(string header, string reason)
    {
        Agreement.SkipWithoutLibclang();
        string text = header
            .Replace("H(int m)", string.Concat(Enumerable.Range(0, 12_000).Select(static i => $"int m{i};")), StringComparison.Ordinal)
            .Replace("H(int n)", string.Concat(Enumerable.Range(0, 12_000).Select(static i => $"int n{i};")), StringComparison.Ordinal)
            .Replace("A(int m)", string.Concat(Enumerable.Range(0, 20_001).Select(static i => $"int m{i};")), StringComparison.Ordinal)
            .Replace("T(a, [1])", "typedef int a0;" + string.Concat(Enumerable.Range(1, 65).Select(static i => $"typedef a{i - 1} a{i}[1];")), StringComparison.Ordinal)
            .Replace("T(a, )", "typedef int a0;" + string.Concat(Enumerable.Range(1, 99).Select(static i => $"typedef a{i - 1} a{i};")), StringComparison.Ordinal)
            .Replace("S(s)", "struct s0 { int m; };" + string.Concat(Enumerable.Range(1, 99).Select(static i => $"struct s{i} {{ struct s{i - 1} m; }};")), StringComparison.Ordinal);
        using var file = new TemporaryFile(".h", text);
        NubRun run = NubTool.Run("import", file.Path, "--types", "s", "--namespace", "Wire");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(reason, run.Error, StringComparison.Ordinal);
    }
}
