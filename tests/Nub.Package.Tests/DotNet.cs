using System.Diagnostics;

namespace Nub.Package.Tests;

/// <summary>Runs the SDK as a user does: without what the test's own build has left in the environment.</summary>
internal static class DotNet
{
    public static (int ExitCode, string Output) Run(string folder, string packages, params string[] arguments) => RunProgram("dotnet", folder, packages, arguments);

    /// <summary>Runs another program in the same surroundings.</summary>
    public static (int ExitCode, string Output) RunProgram(string program, string folder, string packages, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        Prepare(start, packages);

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        bool hangs = !process.WaitForExit(Patience.ProgramLimit);
        if (hangs)
        {
            process.Kill(entireProcessTree: true);
        }

        process.WaitForExit();
        return (process.ExitCode, output.Result + errors.Result + (hangs ? $"\nIt was ended after {Patience.ProgramLimit.TotalMinutes} minutes." : ""));
    }

    /// <summary>Surroundings in which nothing is known of the test's own build, and nothing stays behind that holds files.</summary>
    public static void Prepare(ProcessStartInfo start, string packages)
    {
        foreach (string name in start.Environment.Keys.Where(static name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["NUGET_PACKAGES"] = packages;
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["DOTNET_NOLOGO"] = "true";

        // Nothing may stay behind that holds files of a folder that is about to go.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
    }
}
