using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Xunit.Abstractions;

namespace Nub.Memory.Tests.Soundness.Touches;

/// <summary>
/// Each shared byte is touched exactly once by every kind of access, in whatever code the runtime makes of it: counted from outside of
/// the process, instruction by instruction. A chosen part of the sizes by default; with NUB_TOUCHES=all all of them, and native code too
/// (tests/touches.sh).
/// </summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class TouchTests(ITestOutputHelper output)
{
    // Each way of the copies has a size here: by pieces, by masks, by blocks, aligned; and so has each kind of value.
    private static readonly string[] s_chosen =
        ["0", "1", "2", "3", "4", "5", "7", "8", "9", "13", "16", "17", "31", "32", "33", "47", "63", "64", "65", "100", "129", "447", "513", "1025", "5000"];

    private static readonly (string, string) s_optimized = ("DOTNET_TieredCompilation", "0");

    private static bool All => Environment.GetEnvironmentVariable("NUB_TOUCHES") == "all";

    [SkippableFact]
    public void The_counting_finds_what_is_touched_twice_or_not_or_beside()
    {
        TouchReport report = Trace(Managed("controls"), s_optimized);
        Assert.Equal(6, report.Cases);
        Assert.Equal(5, report.Wrong.Count);
        Assert.All(report.Wrong, wrong => Assert.StartsWith("control: ", wrong, StringComparison.Ordinal));
    }

    [SkippableFact]
    public void Optimized_code_touches_each_byte_once() => Check(Managed(), expected: "", s_optimized);

    [SkippableFact]
    public void Code_that_the_runtime_compiles_first_touches_each_byte_once() =>
        Check(Managed(), expected: "", ("DOTNET_TieredCompilation", "1"), ("DOTNET_TC_CallCountingDelayMs", "100000000"), ("DOTNET_ReadyToRun", "0"));

    [SkippableFact]
    public void Code_that_is_not_optimized_touches_each_byte_once() =>
        Check(Managed(), expected: "", ("DOTNET_JITMinOpts", "1"), ("DOTNET_ReadyToRun", "0"));

    [SkippableFact]
    public void Code_without_AVX512_touches_each_byte_once()
    {
        Skip.IfNot(Avx512BW.IsSupported, "This processor has no AVX-512BW: the other tests are this one.");
        Check(Managed(), "avx512 False avx True", s_optimized, ("DOTNET_EnableAVX512", "0"));
    }

    [SkippableFact]
    public void Code_without_AVX_touches_each_byte_once()
    {
        Skip.IfNot(Avx.IsSupported, "This processor has no AVX: the other tests are this one.");
        Check(Managed(), "avx512 False avx False", s_optimized, ("DOTNET_EnableAVX", "0"));
    }

    [SkippableFact]
    public void Native_code_touches_each_byte_once()
    {
        Skip.IfNot(All, "Publishing takes a minute; with NUB_TOUCHES=all it is done.");
        string project = Repository.PathOrSkip("tests", "Nub.Memory.Touches", "Nub.Memory.Touches.csproj");
        string folder = Directory.CreateTempSubdirectory("nub-touches-").FullName;
        try
        {
            string[] publish = ["publish", project, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-p:TouchesAsNativeCode=true",
                "-o", Path.Combine(folder, "out"), "--artifacts-path", Path.Combine(folder, "build")];
            ChildProcess.RunWell("dotnet", publish);
            Check([Path.Combine(folder, "out", "Nub.Memory.Touches"), "all"], expected: "");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string[] Managed(params string[] arguments) =>
    [
        Environment.ProcessPath!, "exec", Path.Combine(AppContext.BaseDirectory, "Nub.Memory.Touches.dll"),
        .. arguments.Length > 0 ? arguments : All ? ["all"] : s_chosen,
    ];

    private void Check(string[] program, string expected, params (string Name, string Value)[] environment)
    {
        TouchReport report = Trace(program, environment);
        Assert.Contains(expected, report.Hello, StringComparison.Ordinal);
        Assert.True(report.Wrong.Count == 0, $"{report.Wrong.Count} of {report.Cases} accesses:\n{string.Join('\n', report.Wrong.Take(20))}");
        Assert.InRange(report.Cases, 500, int.MaxValue);
    }

    private TouchReport Trace(string[] program, params (string Name, string Value)[] environment)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The tracer knows x64 code and Linux's ptrace.");
        TouchReport? report = null;
        Exception? thrown = null;

        // ptrace holds a process by the thread that took hold of it.
        var thread = new Thread(() =>
        {
            try
            {
                report = Tracer.Run(program, [.. environment, ("DOTNET_gcConcurrent", "0")]);
            }
#pragma warning disable CA1031 // Thrown again by the waiting thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                thrown = exception;
            }
        });
        var watch = Stopwatch.StartNew();
        thread.Start();
        thread.Join();
        Skip.If(thrown is Win32Exception { NativeErrorCode: 1 or 38 }, "This system refuses ptrace.");
        Assert.True(thrown is null, thrown?.ToString());
        output.WriteLine($"{report!.Cases} accesses, {report.Touches} instructions that touched the memory, {watch.Elapsed.TotalSeconds:F0} s ({report.Hello})");
        return report;
    }
}
