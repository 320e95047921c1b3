using Xunit.Abstractions;

namespace Nub.Memory.Tests.Soundness;

/// <summary>
/// The programs of tests/Nub.Memory.Attack, which try to break the runtime with safe code. Each in a process of its own, because it would
/// end it: by an access violation, or with something broken for good.
/// </summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class AttackTests(ITestOutputHelper output)
{
    [Fact]
    public Task A_stack_that_was_copied_while_it_was_assigned_reaches_no_other_memory() => IsSound(["torn-stack"]);

    [SkippableFact]
    public Task A_lease_that_was_copied_while_it_was_assigned_ends_no_other()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The program looks at /proc/self/maps.");
        return IsSound(["torn-lease", "5"]);
    }

    [SkippableTheory]
    [InlineData]
    [InlineData("table-full")]
    public Task Users_code_that_the_runtime_calls_inside_of_an_access_changes_nothing_of_it(params string[] table)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The program looks at /proc/self/maps.");
        return IsSound(["nested", .. table]);
    }

    [Theory]
    [InlineData("throws")]
    [InlineData("waits")]
    [InlineData("nests")]
    public Task Whoever_listens_to_the_meter_keeps_nobody_from_making_a_memory(string what) => IsSound(["meter", what]);

    [SkippableFact]
    public Task Whoever_listens_to_events_leaves_no_memory_held()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The program looks at /proc/self/maps.");
        return IsSound(["events"]);
    }

    [SkippableTheory]
    [InlineData("no-memory-for-slot")]
    [InlineData("no-memory-for-lease")]
    [InlineData("no-memory-for-table")]
    [InlineData("no-memory-for-table", "dispose")]
    public Task What_native_memory_was_short_for_works_when_there_is_memory_again(params string[] program) =>
        IsSound(program, ("LD_PRELOAD", NativeFaults.Library));

    /// <summary>64 MiB of heap, which the program fills.</summary>
    [Fact]
    public Task Threads_that_the_heap_was_full_for_are_seen_when_they_enter() =>
        IsSound(["unknown-slot"], ("DOTNET_GCHeapHardLimit", "0x4000000"), ("DOTNET_gcConcurrent", "0"));

    [Fact]
    public Task Threads_that_are_interrupted_while_they_get_a_slot_leave_all_others_theirs() => IsSound(["interrupt"]);

    [SkippableFact]
    public Task Memory_is_not_unmapped_under_a_thread_that_was_aborted_in_a_copy() => SurvivesAborts("abort", "bulk");

    [SkippableFact]
    public Task Memory_is_not_unmapped_under_a_thread_that_was_aborted_in_any_access() => SurvivesAborts("abort");

    private async Task SurvivesAborts(params string[] program)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The program looks at /proc/self/maps.");
        ChildProcess child = await ChildProcess.RunAsync("Nub.Memory.Attack", program, ("DOTNET_TieredCompilation", "0"));
        Skip.If(
            (child.ExitCode == 139 || child.ExitCode == 134 && child.Errors.Contains("PAL_SEHException", StringComparison.Ordinal))
            && !child.Errors.Contains("   at ", StringComparison.Ordinal),
            "This runtime itself dies of an abort that meets the return from a method, whatever the method; an access to unmapped memory would name a line of managed code.");
        Judge(child);
    }

    private async Task IsSound(string[] program, params (string Name, string Value)[] environment) =>
        Judge(await ChildProcess.RunAsync("Nub.Memory.Attack", program, environment));

    private void Judge(ChildProcess child)
    {
        output.WriteLine(child.Output);
        Assert.True(child.ExitCode == 0, $"exit code {child.ExitCode}\n{child.Output}\n{child.Errors}");
        Assert.EndsWith("sound\n", child.Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }
}
