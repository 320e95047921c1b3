using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Nub.Memory.Tests.Soundness;

/// <summary>Compiles tests/Nub.Memory.Attack/faults.c, with which a child process has native calls fail.</summary>
internal static class NativeFaults
{
    private static readonly Lazy<(string? Library, string Why)> s_built = new(Build);

    /// <summary>The library, for LD_PRELOAD. Skips the test where it cannot be made.</summary>
    public static string Library
    {
        get
        {
            (string? library, string why) = s_built.Value;
            Skip.If(library is null, why);
            return library!;
        }
    }

    private static (string? Library, string Why) Build()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (null, "Native calls are made fail by LD_PRELOAD, which is Linux's.");
        }

        string source = Path.Combine(Path.GetDirectoryName(SourcePath())!, "..", "..", "Nub.Memory.Attack", "faults.c");
        if (!File.Exists(source))
        {
            return (null, "The sources are not where they were compiled.");
        }

        string library = Path.Combine(AppContext.BaseDirectory, $"nub-faults-{Environment.ProcessId}.so");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(library);
        try
        {
            string[] arguments = ["-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source, "-ldl"];
            using Process compiler = Process.Start(new ProcessStartInfo("gcc", arguments) { RedirectStandardError = true })!;
            string errors = compiler.StandardError.ReadToEnd();
            compiler.WaitForExit();
            Assert.True(compiler.ExitCode == 0, errors);
            return (library, "");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (null, "gcc is not installed, and native calls are made fail by a library in C.");
        }
    }

    private static string SourcePath([CallerFilePath] string path = "") => path;
}
