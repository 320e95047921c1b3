using Nub.Tool.CTypes;
using Nub.Tool.Dwarf;
using Nub.Tool.Headers;
using Nub.Tool.Tests.Harness;
using Nub.Tool.Tests.Import;

namespace Nub.Tool.Tests.Dwarf;

/// <summary>Structs from debugging information, as another reader of C has them.</summary>
public class DwarfTests
{
    [SkippableTheory]
    [InlineData("-gdwarf-5", "-c")]
    [InlineData("-gdwarf-4", "-c")]
    [InlineData("-gdwarf-3", "-c", "-gstrict-dwarf")]
    [InlineData("-gdwarf-2", "-c", "-gstrict-dwarf")]
    [InlineData("-gdwarf-5", "-shared")]
    [InlineData("-gdwarf-5", "-c", "-gz=zlib")]
    [InlineData("-gdwarf-5", "-shared", "-fdebug-types-section")]
    public void A_struct_lies_where_its_header_has_it(params string[] options)
    {
        Agreement.SkipWithoutLibclang();
        Gcc.SkipWithout();
        using var header = new TemporaryFile(".h", ImportTests.Header);
        List<CStruct> expected = [.. HeaderReader.Read(new HeaderOptions { Headers = [header.Path] }).Where(static one => one.Name.Length > 0)];
        string program = CompileAll(expected, options);
        try
        {
            var reader = new DwarfReader(program);
            Assert.All(expected, one => Assert.Equal(Describe(one), Describe(Assert.Single(reader.Find(one.Name)))));
            Assert.Empty(reader.Find("no_such"));
        }
        finally
        {
            File.Delete(program);
        }
    }

    [SkippableFact]
    public void An_assembly_is_compared_with_a_program()
    {
        Gcc.SkipWithout();
        Assert.Empty(Compiler.Compile("#pragma warning disable CS1591\nusing Nub.Memory; namespace T; [AllValid, Layout(Of = \"pair\")] public partial struct X { public uint A; public uint B; }", out byte[] assembly));
        using var file = new TemporaryFile(".dll", assembly);
        string same = CCompiler.Compile("gcc", "struct pair { unsigned a, b; } one;", "-g", "-c");
        string other = CCompiler.Compile("gcc", "struct pair { unsigned b, a; } one;", "-g", "-c");
        try
        {
            Assert.Equal(0, NubTool.Run("check", file.Path, "--dwarf", same).ExitCode);
            NubRun differs = NubTool.Run("check", file.Path, "--dwarf", other);
            Assert.Equal(1, differs.ExitCode);
            Assert.Contains("at 0, and in C at 4", differs.Output, StringComparison.Ordinal);
            Assert.Contains("Give one of --btf, --dwarf and --header", NubTool.Run("check", file.Path, "--dwarf", same, "--btf", same).Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(same);
            File.Delete(other);
        }
    }

    [SkippableFact]
    public void What_is_damaged_is_an_error_and_nothing_else()
    {
        Gcc.SkipWithout();
        string program = CCompiler.Compile("gcc", "struct in { int x : 3; long y[4]; }; struct pair { unsigned a; struct in b[2]; union { int c; char d[8]; }; } one; typedef struct { int z; } t; t two;", "-g", "-c");
        byte[] whole = File.ReadAllBytes(program);
        File.Delete(program);
        var random = new Random(20);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = [.. whole];
            for (int j = random.Next(1, 6); j > 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using var file = new TemporaryFile(".o", i % 10 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                var reader = new DwarfReader(file.Path);
                Assert.NotNull(reader.Find("pair"));
                Assert.NotNull(reader.Find("t"));
            }
            catch (ToolException)
            {
            }
        }
    }

    [Fact]
    public void What_has_none_is_told_so()
    {
        using var file = new TemporaryFile(".o", "no object file, but long enough to have the header of one, which it has not");
        Assert.Contains("is no ELF file", Assert.Throws<ToolException>(() => new DwarfReader(file.Path)).Message, StringComparison.Ordinal);
    }

    private static string CompileAll(List<CStruct> structs, string[] options) =>
        CCompiler.Compile("gcc", ImportTests.Header + "\n" + string.Join('\n', structs.Select(static (one, i) => $"{one.Display} variable{i};")), ["-w", .. options]);

    private static string Describe(CStruct one) =>
        $"{one.Display} {one.Size}\n" + string.Join('\n', one.Places.Where(static place => place.Member.Name.Length > 0).Select(static place => $"{place.Member.Name} {place.BitOffset} {place.Member.BitWidth} {place.Member.Type.Size} "
            + $"{place.Member.Type.Kind} {place.Member.Type.Count} {place.Member.Type.Innermost.Size} {place.Member.Type.Innermost.Order} {place.Member.Type.Innermost.IsSigned && place.Member.Type.Innermost.Kind == CKind.Integer}"));
}
