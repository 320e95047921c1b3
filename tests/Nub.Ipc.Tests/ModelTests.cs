using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit.Abstractions;

namespace Nub.Ipc.Tests;

/// <summary>Runs the exhaustive search of the protocols' models (tests/models), where spin and a C compiler are.</summary>
[Collection(Alone.Name)]
public class ModelTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void The_protocols_hold_and_every_mutation_of_them_fails()
    {
        Skip.If(OperatingSystem.IsWindows(), "The models are the same on every system, and are searched on Linux.");
        string script = Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", "models", "run-ipc.sh");
        Skip.IfNot(File.Exists(script), "The sources are not where they were compiled; run tests/models/run-ipc.sh.");
        Skip.IfNot(OnPath("spin") && OnPath("gcc"), "spin or gcc is not installed.");
        using Process search = Process.Start(new ProcessStartInfo("bash", [script]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string report = search.StandardOutput.ReadToEnd();
        search.WaitForExit();
        output.WriteLine(report);
        Assert.True(search.ExitCode == 0, report);
        Assert.Contains("searches went as they must", report, StringComparison.Ordinal);
    }

    private static bool OnPath(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
