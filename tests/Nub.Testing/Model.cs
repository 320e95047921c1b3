using Xunit.Abstractions;

namespace Nub.Testing;

/// <summary>The exhaustive searches of tests/models, where spin and a C compiler are.</summary>
public static class Model
{
    /// <summary>Runs a script of searches, and checks that each went as it must: the protocol holds, and every mutation of it fails.</summary>
    public static void Search(string script, ITestOutputHelper output)
    {
        Skip.If(OperatingSystem.IsWindows(), "The models are the same on every system, and are searched on Linux.");
        string path = Repository.PathOrSkip("tests", "models", script);
        Skip.IfNot(Installed.Find("spin") is not null && Installed.Find("gcc") is not null, $"spin or gcc is not installed; tests/models/{script} installs them where it may.");
        string report = ChildProcess.RunWell("bash", [path]);
        output.WriteLine(report);
        Assert.Contains("searches went as they must", report, StringComparison.Ordinal);
    }
}
