using System.Diagnostics;

namespace Nub.Memory.Tests;

/// <summary>How the program of Nub.Memory.Child ended, and what it wrote.</summary>
internal sealed record ChildProcess(int ExitCode, string Output, string Errors)
{
    /// <summary>Runs the program beside the tests to its end, with the runtime that runs the tests.</summary>
    /// <param name="arguments">What it is to do.</param>
    /// <param name="environment">Settings of the runtime, besides those of this process.</param>
    public static async Task<ChildProcess> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["exec", Path.Combine(AppContext.BaseDirectory, "Nub.Memory.Child.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return new ChildProcess(child.ExitCode, output, await errors);
    }
}
