using System.Reflection;

namespace GuestCall.Tests;

/// <summary>The program as a user starts it. One class, so that nothing else writes to the console meanwhile.</summary>
[Trait("Kind", "slow")]
public class ProgramTests
{
    [Fact]
    public void A_run_on_a_thread_ends_with_its_summary()
    {
        (int exitCode, string output, string error) = Run("--backend", "thread", "--calls", "50");

        Assert.Equal(0, exitCode);
        Assert.Empty(error);
        Assert.EndsWith($"GuestCall: 50 calls verified, {Attack.All.Count} attacks refused, backend thread{Environment.NewLine}", output, StringComparison.Ordinal);
        Assert.Contains("100%  50 of 50 calls verified", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', output);
    }

    [Fact]
    public void An_impossible_wish_is_one_line_of_error_and_nothing_else()
    {
        (int exitCode, string output, string error) = Run("--calls", "none");

        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Equal($"GuestCall: --calls is a number from 1 to {int.MaxValue}, not 'none'.{Environment.NewLine}", error);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] args)
    {
        TextWriter realOutput = Console.Out;
        TextWriter realError = Console.Error;
        using var output = new StringWriter();
        using var error = new StringWriter();
        try
        {
            Console.SetOut(output);
            Console.SetError(error);
            MethodInfo main = typeof(Options).Assembly.EntryPoint!;
            int exitCode = (int)main.Invoke(null, [args])!;
            return (exitCode, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(realOutput);
            Console.SetError(realError);
        }
    }
}
