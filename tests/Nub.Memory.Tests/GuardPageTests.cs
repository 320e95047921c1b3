namespace Nub.Memory.Tests;

/// <summary>A step over either end of a mapping ends the process, so a child makes it and the parent reports it.</summary>
public sealed class GuardPageTests
{
    // What the runtime ends with on Linux when memory that is not mapped was touched: SIGABRT, after it wrote what happened.
    private const int Aborted = 128 + 6;

    // On Windows an NTSTATUS of severity "error": 0xC0000005 there, 0xC0000602 from Wine.
    private static bool SaysFault(int exitCode) => OperatingSystem.IsWindows() ? exitCode >>> 30 == 3 : exitCode == Aborted;

    [Theory]
    [InlineData("exclusive", "below")]
    [InlineData("exclusive", "above")]
    [InlineData("guest", "below")]
    [InlineData("guest", "above")]
    [InlineData("read-only", "below")]
    [InlineData("read-only", "above")]
    [InlineData("mapped-file", "below")]
    [InlineData("mapped-file", "above")]
    [InlineData("copy-on-write", "below")]
    [InlineData("copy-on-write", "above")]
    public async Task A_process_that_steps_over_an_end_dies(string kind, string end)
    {
        ChildProcess child = await ChildProcess.RunAsync("Nub.Memory.Child", ["step-over", kind, end], ("DOTNET_DbgEnableMiniDump", "0"));
        Assert.Equal("inside", child.Output.Trim());
        Assert.True(SaysFault(child.ExitCode), $"exit code {child.ExitCode}: {child.Errors}");
    }
}
