namespace Nub.Tool.Headers;

/// <summary>What a compiler is told beside the headers.</summary>
internal sealed record HeaderOptions
{
    public const string DefaultTarget = "x86_64-linux-gnu";

    /// <summary>Files, or names as between <c>&lt;</c> and <c>&gt;</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    /// <summary>What is included before them.</summary>
    public IReadOnlyList<string> Before { get; init; } = [];

    public IReadOnlyList<string> Directories { get; init; } = [];

    public IReadOnlyList<string> Macros { get; init; } = [];

    /// <summary>The machine whose layouts they are, as Clang names it.</summary>
    public string Target { get; init; } = DefaultTarget;

    /// <summary>What a compiler compiles.</summary>
    public string Source => string.Concat(
        Before.Concat(Headers).Select(static header => File.Exists(header) ? $"#include \"{Path.GetFullPath(header)}\"\n" : $"#include <{header}>\n"));

    public IEnumerable<string> Arguments
    {
        get
        {
            yield return "-xc";
            yield return "-std=gnu17";
            yield return "--target=" + Target;
            foreach (string directory in Directories)
            {
                yield return "-I" + directory;
            }

            foreach (string macro in Macros)
            {
                yield return "-D" + macro;
            }

            if (SystemHeaders.Find() is { } own)
            {
                yield return "-idirafter" + own;
            }
        }
    }
}
