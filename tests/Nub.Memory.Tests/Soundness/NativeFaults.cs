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

        string source = Repository.PathOf("tests", "Nub.Memory.Attack", "faults.c");
        if (!File.Exists(source))
        {
            return (null, "The sources are not where they were compiled.");
        }

        if (CCompiler.Find() is not { } compiler)
        {
            return (null, "There is no C compiler here (cc, gcc or clang), and native calls are made fail by a library in C.");
        }

        string library = CCompiler.Compile(compiler, File.ReadAllText(source), "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-ldl");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(library);
        return (library, "");
    }
}
