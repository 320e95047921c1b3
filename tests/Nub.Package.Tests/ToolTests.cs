namespace Nub.Package.Tests;

/// <summary>The tool, installed from its package as a user does.</summary>
[Trait("Kind", "slow")]
[Collection(nameof(PackedFeed))]
public sealed class ToolTests(PackedFeed feed)
{
    [Fact]
    public void The_tool_installs_draws_a_layout_and_checks_it_against_a_header()
    {
        string folder = feed.NewFolder("tool");
        (int exitCode, string output) = feed.DotNetIn(folder, "tool", "install", "Nub.Tool", "--tool-path", "bin", "--version", feed.Version);
        Assert.True(exitCode == 0, output);

        (exitCode, output, string made) = feed.Build("Wire", """
            using Nub.Memory;

            System.Console.WriteLine(Desc.Layout.Size);

            [AllValid, Layout(Of = "desc")]
            public partial struct Desc
            {
                public ulong Address;
                public uint Length;
                public ushort Flags;
                public ushort Next;
            }
            """, "Nub.Memory");
        Assert.True(exitCode == 0, output);
        string assembly = Path.Combine(made, "Wire.dll");

        (exitCode, output) = Nub(folder, "layout", assembly, "desc");
        Assert.True(exitCode == 0, output);
        Assert.Contains("Length", output, StringComparison.Ordinal);
        Assert.Contains("16 bytes", output, StringComparison.Ordinal);

        // Types without a header of the system's: what is asked is that libclang came with the package.
        File.WriteAllText(Path.Combine(folder, "right.h"), "struct desc { unsigned long long addr; unsigned len; unsigned short flags; unsigned short next; };");
        (exitCode, output) = Nub(folder, "check", assembly, "--header", "right.h");
        Assert.True(exitCode == 0, output);

        File.WriteAllText(Path.Combine(folder, "wrong.h"), "struct desc { unsigned long long addr; unsigned short flags; unsigned short next; unsigned len; };");
        (exitCode, output) = Nub(folder, "check", assembly, "--header", "wrong.h");
        Assert.True(exitCode == 1, output);
        Assert.Contains("flags", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output) Nub(string folder, params string[] arguments) =>
        DotNet.RunProgram(Path.Combine(folder, "bin", OperatingSystem.IsWindows() ? "nub.exe" : "nub"), folder, PackedFeed.PackagesOfTheUser, arguments);
}
