namespace Nub.Memory.Tests;

/// <summary>How the page is installed: what a refusing system leaves behind, and what the whole process is like with it.</summary>
[Collection(Alone.Name)]
public sealed class RecoveryPageTests
{
    private const int Aborted = 128 + 6;

    private const int KilledBySegmentationFault = 128 + 11;

    // mmap, mprotect, and for each signal one question and one change.
    private const int Steps = 6;

    [SkippableFact]
    public void A_step_that_fails_is_typed_undone_and_can_be_tried_again()
    {
        _ = RecoveringAccessTests.Get();
        nint segmentation = Handler(SignalNative.SegmentationFault);
        nint bus = Handler(SignalNative.BusError);
        for (int step = 0; step < Steps; step++)
        {
            var system = new RefusingSystem(step);
            SharedMemoryMapException refusal = Assert.Throws<SharedMemoryMapException>(() => RecoveryPage.Install(system, 16));
            Assert.Equal(step switch { 0 => "mmap", 1 => "mprotect", _ => "sigaction" }, refusal.Call);
            Assert.Equal(segmentation, Handler(SignalNative.SegmentationFault));
            Assert.Equal(bus, Handler(SignalNative.BusError));

            // From the first handler on, another handler may hold the address of ours.
            Assert.Equal(step is > 0 and < 4 ? 1 : 0, system.Unmapped);
        }

        var counted = new RefusingSystem(int.MaxValue);
        Assert.True(RecoveryPage.Install(counted, 16).Uninstall());
        Assert.Equal(Steps + 4, counted.Asked);
        Assert.Equal(segmentation, Handler(SignalNative.SegmentationFault));
        Assert.Equal(bus, Handler(SignalNative.BusError));
    }

    [SkippableFact]
    public void Only_instructions_that_touch_shared_memory_are_listed()
    {
        _ = RecoveringAccessTests.Get();
        foreach (int width in (ReadOnlySpan<int>)[16, 32, 64])
        {
            var code = new RecoveryCode(width);
            Assert.True(code.Bytes.Length < RecoveryCode.DataOffset);
            Assert.Equal(8, code.Touches.Count(offset => offset < code.CompareExchange[0]));
            Assert.Equal(6, code.Touches.Count(offset => offset >= code.CompareExchange[0] && offset < code.CopyOut));

            // Of each function that moves one value, exactly one.
            foreach (int function in code.Load.Concat(code.Store).Concat(code.CompareExchange).Concat(code.Exchange).Concat(code.Add))
            {
                Assert.Single(code.Touches, offset => offset >= function && offset < function + 16);
            }
        }
    }

    [SkippableFact]
    public async Task A_null_reference_is_an_exception_as_before()
    {
        ChildProcess child = await RunAsync("null-reference");
        Assert.Equal("survived NullReferenceException survived", child.Output.Trim());
        Assert.Equal(0, child.ExitCode);
    }

    [SkippableTheory]
    [InlineData("crash")]
    [InlineData("private-side")]
    [InlineData("stack-overflow")]
    public async Task What_ended_the_process_ends_it_as_before(string what)
    {
        ChildProcess before = await RunAsync(what + "-without");
        ChildProcess after = await RunAsync(what);
        Assert.Equal(Aborted, before.ExitCode);

        // The private side of a copy is touched by machine code, where the runtime leaves a fault to the system.
        Assert.Equal(what == "private-side" ? KilledBySegmentationFault : Aborted, after.ExitCode);
        Assert.Equal("survived", after.Output.Trim());
        if (what == "stack-overflow")
        {
            Assert.Contains("Stack overflow", after.Errors, StringComparison.Ordinal);
        }
    }

    [SkippableFact]
    public async Task A_handler_before_and_one_after_ours_get_what_is_theirs()
    {
        // Both are in the chain: the later one first at every fault, the earlier one only at those that are not ours.
        ChildProcess child = await RunAsync("chain");
        Assert.Equal("later 3 earlier 1, put back: False, later 4 earlier 2, put back: True, earlier 3", child.Output.Trim());
        Assert.Equal(0, child.ExitCode);
    }

    [SkippableTheory]
    [InlineData("default-fault", KilledBySegmentationFault)]
    [InlineData("default-sent", KilledBySegmentationFault)]
    [InlineData("ignored-fault", KilledBySegmentationFault)]
    [InlineData("ignored-sent", 0)]
    public async Task Where_there_was_no_handler_the_system_acts_as_before(string what, int exitCode)
    {
        ChildProcess child = await RunAsync(what);
        Assert.Equal("survived", child.Output.Trim());
        Assert.Equal(exitCode, child.ExitCode);
    }

    private static async Task<ChildProcess> RunAsync(string what)
    {
        Skip.IfNot(RecoveringAccess.IsSupported(out string? whyNot), whyNot);
        return await ChildProcess.RunAsync("Nub.Memory.Child", ["recovery", what], ("DOTNET_DbgEnableMiniDump", "0"));
    }

    private static unsafe nint Handler(int signal)
    {
        SignalAction action;
        Assert.Equal(0, SignalNative.SigAction(signal, null, &action));
        return action.Handler;
    }

    /// <summary>A system that refuses one step.</summary>
    private sealed unsafe class RefusingSystem(int refused) : RecoverySystem
    {
        public int Asked { get; private set; }

        public int Unmapped { get; private set; }

        public override nint Map(nuint length) => Asked++ == refused ? LinuxNative.MapFailed : base.Map(length);

        public override int Protect(nint address, nuint length) => Asked++ == refused ? -1 : base.Protect(address, length);

        public override int Unmap(nint address, nuint length)
        {
            Unmapped++;
            return base.Unmap(address, length);
        }

        public override int SetAction(int signal, SignalAction* action, SignalAction* earlier) =>
            Asked++ == refused ? -1 : base.SetAction(signal, action, earlier);
    }
}
