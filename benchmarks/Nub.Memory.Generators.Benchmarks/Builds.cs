using System.Diagnostics;

namespace Nub.Memory.Generators.Benchmarks;

/// <summary>A whole project of structs, built as its user builds it.</summary>
internal static class Builds
{
    private const string Alone = "build of the structs alone";
    private const string Written = "build with the accessors as sources, nothing generated";
    private const string With = "build with the generator and the analyzers";

    public static void Run(int count)
    {
        string folder = Directory.CreateTempSubdirectory("nub-build-").FullName;
        try
        {
            string library = Path.Combine(AppContext.BaseDirectory, "Nub.Memory.dll");
            string generators = Path.Combine(AppContext.BaseDirectory, "Nub.Memory.Generators.dll");
            string alone = Project(folder, "alone", count, library, "");
            string written = Project(folder, "written", count, library, "");
            string with = Project(folder, "with", count, library, $"""<Analyzer Include="{generators}" />""");
            Dotnet(with, "build", "-p:EmitCompilerGeneratedFiles=true", "-p:CompilerGeneratedFilesOutputPath=" + Path.Combine(folder, "generated"));
            foreach (string file in Directory.GetFiles(Path.Combine(folder, "generated"), "*.cs", SearchOption.AllDirectories))
            {
                File.Copy(file, Path.Combine(written, Path.GetFileName(file)), overwrite: true);
            }

            foreach (string project in (string[])[alone, written])
            {
                Dotnet(project, "restore");
            }

            var rounds = new Rounds(5);
            rounds.Add(Alone, () => Dotnet(alone, "build", "--no-restore", "--no-incremental"));
            rounds.Add(Written, () => Dotnet(written, "build", "--no-restore", "--no-incremental"));
            rounds.Add(With, () => Dotnet(with, "build", "--no-restore", "--no-incremental"));
            rounds.Run();
            rounds.Print(than: Written);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Project(string folder, string name, int count, string library, string items)
    {
        string project = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        File.WriteAllText(Path.Combine(project, "Structs.cs"), Structs.Source(count));
        File.WriteAllText(Path.Combine(project, name + ".csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable><NoWarn>CS0649</NoWarn></PropertyGroup>
              <ItemGroup><Reference Include="{library}" />{items}</ItemGroup>
            </Project>
            """);
        return project;
    }

    private static void Dotnet(string project, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = project, RedirectStandardOutput = true };
        start.Environment["UseSharedCompilation"] = "true";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(output);
        }
    }
}
