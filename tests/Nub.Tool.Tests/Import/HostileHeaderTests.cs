using Nub.Tool.Import;
using Nub.Tool.Tests.Harness;

namespace Nub.Tool.Tests.Import;

/// <summary>A header decides what is imported, and nothing else: neither code that is written, nor what the importing machine tells, nor how long it takes.</summary>
public class HostileHeaderTests
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
}
