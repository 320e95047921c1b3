using System.Runtime.CompilerServices;

namespace Nub.Testing;

/// <summary>The files of this repository, for tests that run where they were built.</summary>
public static class Repository
{
    /// <summary>Its folder, at the time of the build.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The path of a file or folder in it.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The same. Skips the test where the sources are no longer where they were compiled.</summary>
    public static string PathOrSkip(params string[] parts)
    {
        string path = PathOf(parts);
        Skip.IfNot(Path.Exists(path), $"The sources are not where they were compiled: there is no {path}.");
        return path;
    }

    private static string FindRoot([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));
}
