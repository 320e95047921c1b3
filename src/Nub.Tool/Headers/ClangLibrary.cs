using System.Reflection;
using System.Runtime.InteropServices;

namespace Nub.Tool.Headers;

/// <summary>Finds libclang: the one that the package brings for Linux on x64, or one that the system or the user has.</summary>
internal static class ClangLibrary
{
    /// <summary>The variable that names another libclang, as a file.</summary>
    public const string Variable = "NUB_LIBCLANG";

    private static readonly Lazy<nint> s_library = new(Load);

    /// <summary>Loads libclang, once.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    public static void Prepare() => _ = s_library.Value;

    private static nint Load()
    {
        foreach (string candidate in Candidates())
        {
            if (NativeLibrary.TryLoad(candidate, typeof(ClangLibrary).Assembly, null, out nint library))
            {
                NativeLibrary.SetDllImportResolver(typeof(ClangLibrary).Assembly, (name, assembly, path) => name == "libclang" ? library : 0);
                return library;
            }
        }

        throw new ToolException(
            $"libclang is not there: the package brings it for Linux on x64. Install LLVM's, and name its file in the variable {Variable}.");
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given)
        {
            yield return given;
            yield break;
        }

        yield return "libclang";
        yield return Path.Combine(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location) ?? "", "runtimes", "linux-x64", "native", "libclang.so");
        yield return "libclang.so.1";
    }
}
