using Iced.Intel;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

[Trait("Kind", "slow")]
public sealed class DirtyPageTests
{
    private const ulong Base = 0x100_0000;
    private const ulong Pages = 300;

    [SkippableFact]
    public void The_log_has_exactly_the_pages_that_the_guest_has_written()
    {
        using var tracked = new Tracked();
        var dirty = new DirtyPageSet();
        tracked.Slot.ReadDirtyPages(dirty);

        var random = new Random(3);
        for (int round = 0; round < 5; round++)
        {
            ulong[] pages = [.. Enumerable.Range(0, 40).Select(_ => (ulong)random.Next((int)Pages)).Distinct().Order()];
            tracked.Write(pages);
            tracked.Slot.ReadDirtyPages(dirty);
            Assert.Equal(pages, ToArray(dirty));
            Assert.Equal((ulong)pages.Length, dirty.Count);
            Assert.True(dirty.Contains(pages[0]));
        }

        tracked.Slot.ReadDirtyPages(dirty);
        Assert.Equal(0UL, dirty.Count);
        Assert.Equal(Pages, dirty.PageCount);
        Assert.Throws<ArgumentOutOfRangeException>(() => dirty.Contains(Pages));
    }

    [SkippableFact]
    public void A_slot_without_a_log_or_that_is_gone_refuses()
    {
        using var tracked = new Tracked();
        Assert.Throws<InvalidOperationException>(() => tracked.Guest.Slot.ReadDirtyPages(new DirtyPageSet()));
        tracked.Slot.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tracked.Slot.ReadDirtyPages(new DirtyPageSet()));
        Assert.Throws<ObjectDisposedException>(() => MemorySnapshot.Take(tracked.Slot));
    }

    [SkippableFact]
    public void The_ring_tells_the_pages_that_the_guest_has_written_and_tells_them_again_after_a_reset()
    {
        using var tracked = new Tracked(rings: true);
        Assert.Throws<InvalidOperationException>(() => tracked.Guest.Machine.EnableDirtyRings(256));
        for (int round = 0; round < 3; round++)
        {
            ulong[] pages = [1, 5, 7, 250];
            tracked.Write(pages);
            var told = new SortedSet<ulong>();
            Harvest(tracked, told);
            Assert.Equal(pages, told);
            Assert.InRange(tracked.Guest.Machine.ResetDirtyRings(), 4, int.MaxValue);
        }
    }

    [SkippableFact]
    public void A_full_ring_is_an_exit_and_no_page_is_lost()
    {
        using var tracked = new Tracked(rings: true);
        int full = 0;
        var told = new SortedSet<ulong>();
        ulong[] pages = [.. Enumerable.Range(0, (int)Pages).Select(page => (ulong)page)];
        tracked.Prepare(pages);
        for (int round = 0; ; round++)
        {
            VmExit exit = tracked.Guest.Processor.Run();
            if (exit.Reason == VmExitReason.IoOut)
            {
                break;
            }

            Assert.Equal(VmExitReason.DirtyRingFull, exit.Reason);
            Assert.True(round < 10_000, "The ring is full for ever.");
            full++;
            Harvest(tracked, told);
            tracked.Guest.Machine.ResetDirtyRings();
        }

        Harvest(tracked, told);
        Assert.Equal(pages, told);
        Assert.NotEqual(0, full);
    }

    [SkippableFact]
    public void Rings_of_impossible_sizes_are_refused()
    {
        Guest.SkipWithoutKvm();
        using var system = new KvmSystem();
        using VirtualMachine machine = system.CreateVirtualMachine();
        Skip.If(machine.CheckExtension(KvmCapability.DirtyLogRingAcquireRelease) == 0 && machine.CheckExtension(KvmCapability.DirtyLogRing) == 0, "This KVM has no dirty rings.");
        foreach (int entries in (int[])[0, -1, 128, 300, 1 << 30])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => machine.EnableDirtyRings(entries));
        }

        using VirtualProcessor processor = machine.CreateVirtualProcessor(0);
        Assert.Throws<InvalidOperationException>(() => processor.HarvestDirtyRing(new DirtyPage[1]));
    }

    private static void Harvest(Tracked tracked, SortedSet<ulong> told)
    {
        Span<DirtyPage> some = stackalloc DirtyPage[16];
        int count;
        while ((count = tracked.Guest.Processor.HarvestDirtyRing(some)) > 0)
        {
            foreach (DirtyPage page in some[..count])
            {
                if (page.SlotNumber == tracked.Slot.Number)
                {
                    told.Add(page.Page);
                }
            }
        }
    }

    private static ulong[] ToArray(DirtyPageSet set)
    {
        var pages = new List<ulong>();
        foreach (ulong page in set)
        {
            pages.Add(page);
        }

        return [.. pages];
    }

    /// <summary>A guest that writes the pages of a tracked memory whose numbers it finds in a list.</summary>
    private sealed class Tracked : IDisposable
    {
        private const ulong List = 0x9000;

        public Tracked(bool rings = false)
        {
            Guest = new Guest(
                a =>
                {
                    Label loop = a.CreateLabel();
                    Label done = a.CreateLabel();
                    a.mov(rbx, Base);
                    a.mov(rsi, List);
                    a.Label(ref loop);
                    a.mov(rcx, __[rsi]);
                    a.cmp(rcx, -1);
                    a.je(done);
                    a.shl(rcx, 12);
                    a.mov(__qword_ptr[rbx + rcx + 8], 1);
                    a.add(rsi, 8);
                    a.jmp(loop);
                    a.Label(ref done);
                    a.@out(0x10, al);
                },
                prepare: machine =>
                {
                    if (rings)
                    {
                        Skip.If(
                            machine.CheckExtension(KvmCapability.DirtyLogRingAcquireRelease) == 0 && machine.CheckExtension(KvmCapability.DirtyLogRing) == 0,
                            "This KVM has no dirty rings.");
                        machine.EnableDirtyRings(256);
                    }
                });
            using var exclusive = new ExclusiveSharedMemory(Pages * 4096);
            (Host, GuestSharedMemory memory) = exclusive.Build();
            Slot = Guest.Machine.MapMemory(memory, Base, MemorySlotFlags.TrackDirtyPages);
            memory.Dispose();
        }

        public Guest Guest { get; }

        public HostSharedMemory Host { get; }

        public MemorySlot Slot { get; }

        public void Prepare(ulong[] pages)
        {
            for (int i = 0; i <= pages.Length; i++)
            {
                Guest.Host.Write(List + (ulong)i * 8, i < pages.Length ? pages[i] : ulong.MaxValue);
            }

            _ = Guest.Processor.CompleteExit();
            Registers registers = Guest.Processor.GetRegisters();
            registers.Rip = Guest.CodeAddress;
            Guest.Processor.SetRegisters(registers);
        }

        public void Write(ulong[] pages)
        {
            Prepare(pages);
            Assert.Equal(VmExitReason.IoOut, Guest.Processor.Run().Reason);
        }

        public void Dispose()
        {
            Guest.Dispose();
            Host.Dispose();
        }
    }
}
