using System.CommandLine;

namespace Nub.Tool.Commands;

/// <summary>The commands of <c>nub</c>, and what they have in common.</summary>
internal static class Tool
{
    public const int Success = 0;

    /// <summary>Something differs, or could not be done.</summary>
    public const int Failure = 1;

    public static RootCommand Create() => new("Layouts that come from C.")
    {
        ImportCommand.Create(),
        CheckCommand.Create(),
        LayoutCommand.Create(),
    };

    /// <summary>Runs a command, and says what kept it from going on.</summary>
    public static int Run(ParseResult parsed, Func<int> command)
    {
        try
        {
            return command();
        }
        // NotSupportedException: a pipe was given for a file that is read from several places.
        catch (Exception e) when (e is ToolException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            parsed.InvocationConfiguration.Error.WriteLine(Printable.Lines($"nub: {e.Message}"));
            return Failure;
        }
    }
}
