using System.Reflection;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>
/// A write to the page that the kernel shares fails, as it does where there is no memory for the access. It stands in for that, which no test can have happen: a page that was disposed.
/// </summary>
[Trait("Kind", "slow")]
public sealed class FailedAccessTests
{
    private static readonly FieldInfo s_page = typeof(VirtualProcessor).GetField("_page", BindingFlags.Instance | BindingFlags.NonPublic)!;

    [SkippableFact]
    public void A_run_that_cannot_begin_leaves_the_processor_free_and_the_next_one_begins()
    {
        using var guest = new Guest(a =>
        {
            a.@out(0x10, al);
            a.@out(0x11, al);
        });
        Assert.Equal(0x10, guest.Processor.Run().Port);

        // Leaves the mark that the next run is to take away.
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.CompleteExit().Reason);
        Assert.Equal(1, RunHeader.At(guest.Processor.Page, 0).ImmediateExit);
        WithoutPage(guest.Processor, () => Assert.Throws<ObjectDisposedException>(() => { guest.Processor.Run(); }));
        Assert.NotEqual(0UL, guest.Processor.GetRegisters().Rip);
        Assert.Equal(0x11, guest.Processor.Run().Port);
    }

    [SkippableFact]
    public void A_machine_whose_processor_could_not_be_stopped_is_disposed_by_the_next_call()
    {
        using var guest = new Guest(CancellationTests.Count);
        Runner runner = Runner.Start(guest);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        WithoutPage(guest.Processor, () => Assert.Throws<ObjectDisposedException>(guest.Machine.Dispose));
        Assert.False(guest.Slot.IsDeleted);
        guest.Machine.Dispose();
        Assert.True(guest.Slot.IsDeleted);
        runner.Join();
        Assert.IsType<ObjectDisposedException>(runner.Thrown);
        guest.Host.WithExclusivity(static _ => { });
    }

    private static void WithoutPage(VirtualProcessor processor, Action action)
    {
        HostSharedMemory page = processor.Page;
        HostSharedMemory gone = page.Clone();
        gone.Dispose();
        s_page.SetValue(processor, gone);
        try
        {
            action();
        }
        finally
        {
            s_page.SetValue(processor, page);
        }
    }
}
