namespace Nub.Testing;

/// <summary>The machine's C compiler, where it has one.</summary>
public static class CCompiler
{
    /// <summary>Its path; null where there is none.</summary>
    public static string? Find() => Installed.Find("cc") ?? Installed.Find("gcc") ?? Installed.Find("clang");

    public static string FindOrSkip()
    {
        string? found = Find();
        Skip.If(found is null, "There is no C compiler here (cc, gcc or clang).");
        return found!;
    }

    /// <summary>Compiles a program or a library to a temporary file, and returns its path.</summary>
    public static string Compile(string compiler, string source, params string[] options)
    {
        string output = Path.Combine(Path.GetTempPath(), $"nub-c-{Guid.NewGuid():N}");
        ChildProcess.RunWell(compiler, ["-x", "c", "-o", output, "-", .. options], source);
        return output;
    }
}
