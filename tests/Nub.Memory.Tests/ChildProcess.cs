using System.Diagnostics;

namespace Nub.Memory.Tests;

/// <summary>How a program beside the tests ended, and what it wrote.</summary>
internal sealed record ChildProcess(int ExitCode, string Output, string Errors)
{
    // A program that takes this long hangs.
    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(10);

    /// <summary>Runs Nub.Memory.Child to its end, with the runtime that runs the tests.</summary>
    /// <param name="arguments">What it is to do.</param>
    /// <param name="environment">Settings of the runtime, besides those of this process.</param>
    public static Task<ChildProcess> RunAsync(string[] arguments, params (string Name, string Value)[] environment) =>
        RunAsync("Nub.Memory.Child", arguments, environment);

    /// <summary>Runs a program beside the tests to its end, with the runtime that runs the tests.</summary>
    /// <param name="program">The name of its project.</param>
    /// <param name="arguments">What it is to do.</param>
    /// <param name="environment">Settings of the runtime, besides those of this process.</param>
    public static async Task<ChildProcess> RunAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["exec", Path.Combine(AppContext.BaseDirectory, $"{program}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process child = Process.Start(start)!;
        using var hang = new CancellationTokenSource(s_hang);
        using CancellationTokenRegistration kill = hang.Token.Register(child.Kill);
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return new ChildProcess(child.ExitCode, output, await errors);
    }
}
