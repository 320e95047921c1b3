using System.Runtime.InteropServices;

namespace Nub.Memory.Tests.Sharing;

/// <summary>Spans, and what would make them untrue, asked for at once.</summary>
public sealed class SpanRaceTests
{
    [SkippableFact]
    public void Memory_that_is_handed_on_while_somebody_waits_for_its_contents_has_none()
    {
        LinuxSharing.SkipElsewhere();
        using var memory = new Interposed();
        SafeHandle? handle = null;
        memory.BeforeExclusivity = () => handle = memory.DuplicateHandle();
        Assert.Throws<NotSupportedException>(() => memory.WithContents(static contents => contents.Length));
        Assert.NotNull(handle);
        handle.Dispose();
    }

    /// <summary>Memory with a step between what is judged outside of the lock and the lock.</summary>
    private sealed class Interposed : SharedMemory
    {
        public Interposed() => Own(LockedMapping.Over(HostMapping.CreateShareable(Pair.Page, readOnlyForPeers: false)));

        public Action? BeforeExclusivity { get; set; }

        private protected override void RefuseExclusivity() => BeforeExclusivity?.Invoke();
    }
}
