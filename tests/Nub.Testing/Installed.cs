namespace Nub.Testing;

/// <summary>Programs of the machine, where it has them.</summary>
public static class Installed
{
    /// <summary>The path of a program; null where no folder of PATH has it.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>The path of a program. Skips the test where there is none.</summary>
    public static string FindOrSkip(string program)
    {
        string? found = Find(program);
        Skip.If(found is null, $"{program} is not installed.");
        return found!;
    }
}
