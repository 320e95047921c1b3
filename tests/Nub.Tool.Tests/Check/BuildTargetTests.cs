using Nub.Tool.Tests.Harness;

namespace Nub.Tool.Tests.Check;

/// <summary>The target of the package Nub.Memory that compares a project's structs after each build.</summary>
[Trait("Kind", "slow")]
public class BuildTargetTests
{
    [SkippableTheory]
    [InlineData("struct pair { unsigned a, b; };", 0, "1 of 1 structs agree")]
    [InlineData("struct pair { unsigned b, a; };", 1, "Structs of Wire are not laid out as C has them")]
    [InlineData("struct other { unsigned b, a; };", 1, "has no 'pair'")]
    public void A_build_fails_where_a_struct_differs_from_its_header(string header, int exitCode, string expected)
    {
        Agreement.SkipWithoutLibclang();
        using var c = new TemporaryFile(".h", header);
        (int code, string output) = Build($"<ItemGroup><NubLayoutHeader Include=\"{c.Path}\" /></ItemGroup>");
        Assert.True(code == exitCode, output);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("struct pair { unsigned a, b; } one;", 0)]
    [InlineData("struct pair { unsigned b, a; } one;", 1)]
    public void Or_from_a_program(string source, int exitCode)
    {
        Gcc.SkipWithout();
        string program = CCompiler.Compile("gcc", source, "-g", "-c");
        try
        {
            (int code, string output) = Build($"<PropertyGroup><NubLayoutDwarf>{program}</NubLayoutDwarf></PropertyGroup>");
            Assert.True(code == exitCode, output);
        }
        finally
        {
            File.Delete(program);
        }
    }

    [SkippableFact]
    public void Nothing_is_run_where_nothing_is_asked_for()
    {
        (int code, string output) = Build("<PropertyGroup><NubTool>there-is-no-such-tool</NubTool></PropertyGroup>");
        Assert.True(code == 0, output);
    }

    // A project that has been built: the target alone is what runs.
    private static (int ExitCode, string Output) Build(string asked)
    {
        Assert.Empty(Compiler.Compile("#pragma warning disable CS1591\nusing Nub.Memory; namespace T; [AllValid, Layout(Of = \"pair\")] public partial struct X { public uint A; public uint B; }", out byte[] assembly));
        using var file = new TemporaryFile(".dll", assembly);
        string targets = Repository.PathOrSkip("src", "Nub.Memory", "buildTransitive", "Nub.Memory.targets");
        using var project = new TemporaryFile(".proj", $"""
            <Project>
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <AssemblyName>Wire</AssemblyName>
                <TargetPath>{file.Path}</TargetPath>
                <NubTool>"{Environment.ProcessPath}" exec "{Path.Combine(AppContext.BaseDirectory, "Nub.Tool.dll")}"</NubTool>
              </PropertyGroup>
              {asked}
              <Target Name="Build" />
              <Import Project="{targets}" />
            </Project>
            """);
        ChildProcess child = ChildProcess.Run(ChildProcess.Piped("dotnet", "msbuild", project.Path, "-t:Build", "-nologo"));
        return (child.ExitCode, child.Output + child.Errors);
    }
}
