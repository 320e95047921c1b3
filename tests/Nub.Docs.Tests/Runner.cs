using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Nub.Docs.Tests;

/// <summary>Runs programs in processes of their own, and compares what they print with what a page says.</summary>
internal static class Runner
{

    /// <summary>
    /// Runs a compiled program once for each of the arguments, in one folder and at the same time: each is started when the one before has printed its first line, or has ended. One that does
    /// not end is ended, and is an exception.
    /// </summary>
    public static async Task<Result[]> RunAsync(string program, string folder, params string[] arguments)
    {
        using var patience = new CancellationTokenSource(Patience.Limit);
        var runs = new List<Task<Result>>();
        foreach (string each in arguments)
        {
            var printed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            runs.Add(RunOneAsync(program, folder, each, printed, patience.Token));
            await Task.WhenAny(printed.Task, runs[^1]);
        }

        return await Task.WhenAll(runs);
    }

    /// <summary>Null where what was printed is what was expected; otherwise where they differ.</summary>
    public static string? Compare(string expected, string printed)
    {
        string[] lines = expected.ReplaceLineEndings("\n").Trim().Split('\n');
        string pattern = string.Join('\n', lines.Select(static line => line.Trim() == "…" ? "(?:.*\n)*?.*" : Regex.Escape(line.TrimEnd()).Replace("…", ".*", StringComparison.Ordinal)));
        string actual = string.Join('\n', printed.ReplaceLineEndings("\n").Trim().Split('\n').Select(static line => line.TrimEnd()));
        return Regex.IsMatch(actual, $@"\A{pattern}\z", RegexOptions.None, TimeSpan.FromSeconds(10)) ? null : $"The page says\n{expected.Trim()}\nand the program prints\n{actual}";
    }

    private static async Task<Result> RunOneAsync(string program, string folder, string arguments, TaskCompletionSource printed, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (string argument in (string[])[typeof(Runner).Assembly.Location, program, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)])
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = new StringBuilder();
            Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                output.Append(line).Append('\n');
                printed.TrySetResult();
            }

            await process.WaitForExitAsync(cancellationToken);
            return new Result(process.ExitCode, output.ToString(), await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"It still ran after {Patience.Limit.TotalMinutes} minutes.");
        }
    }

    /// <summary>What a program left: its exit code, and what it wrote.</summary>
    internal sealed record Result(int ExitCode, string Output, string Error);
}
