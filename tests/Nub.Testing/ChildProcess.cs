using System.Diagnostics;

namespace Nub.Testing;

/// <summary>How another program ended, and what it wrote.</summary>
public sealed record ChildProcess(int ExitCode, string Output, string Errors)
{
    // A program that takes this long hangs.

    /// <summary>How a program beside the tests is started, with the runtime that runs the tests; its input, output and errors are pipes.</summary>
    /// <param name="program">The name of its project.</param>
    /// <param name="arguments">What it is to do.</param>
    public static ProcessStartInfo Beside(string program, params string[] arguments) =>
        Piped(Environment.ProcessPath!, ["exec", Path.Combine(AppContext.BaseDirectory, $"{program}.dll"), .. arguments]);

    /// <summary>How any program is started, with pipes.</summary>
    public static ProcessStartInfo Piped(string file, params string[] arguments) => new(file, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    /// <summary>Runs a program beside the tests to its end, with the runtime that runs the tests.</summary>
    /// <param name="program">The name of its project.</param>
    /// <param name="arguments">What it is to do.</param>
    /// <param name="environment">Settings of the runtime, besides those of this process.</param>
    public static Task<ChildProcess> RunAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = Beside(program, arguments);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return RunAsync(start);
    }

    /// <summary>Runs a program to its end, whatever that is.</summary>
    /// <param name="start">Made by <see cref="Piped"/> or <see cref="Beside"/>.</param>
    /// <param name="input">All that it is given to read.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static async Task<ChildProcess> RunAsync(ProcessStartInfo start, string input = "")
    {
        using Process child = Process.Start(start)!;
        using var hang = new CancellationTokenSource(Patience.ProgramLimit);
        using CancellationTokenRegistration kill = hang.Token.Register(() => child.Kill(entireProcessTree: true));
        Task<string> errors = child.StandardError.ReadToEndAsync();
        Task<string> output = child.StandardOutput.ReadToEndAsync();
        try
        {
            await child.StandardInput.WriteAsync(input).ConfigureAwait(false);
            child.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading all. Its exit code says whether that was right.
        }

        await child.WaitForExitAsync().ConfigureAwait(false);
        return new ChildProcess(child.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
    }

    /// <summary>The same, for callers that cannot await.</summary>
    public static ChildProcess Run(ProcessStartInfo start, string input = "") => Task.Run(() => RunAsync(start, input)).GetAwaiter().GetResult();

    /// <summary>Runs a program to its end, which has to be a good one, and returns what it wrote.</summary>
    public static string RunWell(string file, string[] arguments, string input = "")
    {
        ChildProcess child = Run(Piped(file, arguments), input);
        Assert.True(child.ExitCode == 0, $"{file} ended with {child.ExitCode}: {child.Errors}{child.Output}");
        return child.Output;
    }
}
