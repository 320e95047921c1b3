using System.Diagnostics;

namespace Nub.Kvm.Tests;

/// <summary>The machine's C compiler, where it has one.</summary>
internal static class CCompiler
{
    public static string FindOrSkip()
    {
        string? found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .SelectMany(folder => (string[])[Path.Combine(folder, "cc"), Path.Combine(folder, "gcc"), Path.Combine(folder, "clang")])
            .FirstOrDefault(File.Exists);
        Skip.If(found is null, "There is no C compiler here (cc, gcc or clang).");
        return found!;
    }

    /// <summary>Compiles a program or a library to a temporary file, and returns its path.</summary>
    public static string Compile(string compiler, string source, params string[] options)
    {
        string output = Path.Combine(Path.GetTempPath(), $"nub-kvm-{Guid.NewGuid():N}");
        var start = new ProcessStartInfo(compiler, ["-x", "c", .. options, "-o", output, "-"]) { RedirectStandardInput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(source);
        process.StandardInput.Close();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
        return output;
    }
}
