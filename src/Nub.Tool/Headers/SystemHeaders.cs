namespace Nub.Tool.Headers;

/// <summary>
/// Where a compiler on this machine keeps the headers that every compiler brings itself (stddef.h, stdint.h): libclang's package has
/// only the library. GCC's serve as well as Clang's, for what layouts need of them.
/// </summary>
internal static class SystemHeaders
{
    /// <summary>The directory, or null when there is no compiler.</summary>
    public static string? Find() => Candidates().LastOrDefault(static directory => File.Exists(Path.Combine(directory, "stddef.h")));

    private static IEnumerable<string> Candidates() =>
        Below("/usr/lib/gcc", 2).Concat(Below("/usr/lib/clang", 1)).Concat(Below("/usr/lib", 0, "llvm-*").SelectMany(static llvm => Below(Path.Combine(llvm, "lib/clang"), 1)))
            .Select(static directory => Path.Combine(directory, "include"));

    private static IEnumerable<string> Below(string directory, int depth, string pattern = "*")
    {
        try
        {
            IEnumerable<string> inside = Directory.EnumerateDirectories(directory, pattern).Order(StringComparer.Ordinal).ToList();
            return depth < 2 ? inside : inside.SelectMany(one => Below(one, depth - 1));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
