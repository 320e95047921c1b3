using System.CommandLine;

namespace Nub.Tool.Tests.Harness;

/// <summary>What a command printed, and how it ended.</summary>
internal sealed record NubRun(int ExitCode, string Output, string Error);

/// <summary>Runs the tool as from a command line.</summary>
internal static class NubTool
{
    public static NubRun Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = Commands.Tool.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return new NubRun(exitCode, output.ToString(), error.ToString());
    }
}
