using System.Reflection;
using Xunit.Abstractions;

namespace Nub.Memory.Tests.Soundness;

/// <summary>
/// Every native allocation, system call and managed allocation on the way of a memory fails once, by its number: typed exceptions,
/// nothing left, everything working afterwards. The way and the ledger are tests/Nub.Memory.Attack's.
/// </summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class FaultInjectionTests(ITestOutputHelper output)
{
    [SkippableFact]
    public Task Each_native_call_of_a_way_fails_once_without_a_trace() => Check("native", "warm");

    [SkippableFact]
    public Task Each_managed_allocation_of_a_way_fails_once_without_a_trace()
    {
        SkipWithoutFaultPoints();
        return Check("managed", "warm");
    }

    [SkippableFact]
    public Task Each_managed_allocation_fails_once_for_threads_without_a_place()
    {
        SkipWithoutFaultPoints();
        return Check("managed", "table-full");
    }

    /// <summary>What is made once in a process is made by its first memory: so each is the first of a process of its own.</summary>
    [SkippableTheory]
    [InlineData("native")]
    [InlineData("managed")]
    public async Task Each_step_of_a_processs_first_way_fails_once_and_the_next_way_is_gone_without_a_fault(string kind)
    {
        if (kind == "managed")
        {
            SkipWithoutFaultPoints();
        }

        // The first fifteen calls are those that are made once, and a few of those that the tests above have fail: a process each.
        for (int number = 1; number <= 15; number++)
        {
            ChildProcess child = await ChildProcess.RunAsync(
                "Nub.Memory.Attack", ["faults", kind, "cold", $"{number}"], ("LD_PRELOAD", NativeFaults.Library));
            output.WriteLine(child.Output);
            Assert.True(child.ExitCode == 0, $"step {number}: exit code {child.ExitCode}\n{child.Output}\n{child.Errors}");
            Assert.Contains("\nreached", child.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        }
    }

    private static void SkipWithoutFaultPoints() => Skip.IfNot(
        typeof(HostSharedMemory).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration == "Debug",
        "A release build of the library has no fault points; a debug build does.");

    private async Task Check(string kind, string state)
    {
        ChildProcess child = await ChildProcess.RunAsync("Nub.Memory.Attack", ["faults", kind, state], ("LD_PRELOAD", NativeFaults.Library));
        output.WriteLine(child.Output);
        Assert.True(child.ExitCode == 0, $"exit code {child.ExitCode}\n{child.Output}\n{child.Errors}");
        Assert.EndsWith("sound\n", child.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
