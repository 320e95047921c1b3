using Iced.Intel;
using Nub.Memory;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>What guests see of a copy-on-write view that is restored under them, of which their own page tables have entries.</summary>
[Trait("Kind", "slow")]
public sealed class RestoreTests
{
    private const ulong Page = 4096;
    private const ulong FirstPage = Guest.DataAddress / Page;
    private const int RegionPages = 40;
    private const int Rounds = 80;

    [SkippableTheory]
    [InlineData(1, MemorySlotFlags.None, false)]
    [InlineData(3, MemorySlotFlags.None, false)]
    [InlineData(1, MemorySlotFlags.TrackDirtyPages, false)]
    [InlineData(3, MemorySlotFlags.TrackDirtyPages, false)]
    [InlineData(3, MemorySlotFlags.None, true)]
    [InlineData(3, MemorySlotFlags.TrackDirtyPages, true)]
    public void Every_processor_sees_the_snapshots_bytes_after_each_restore(int count, MemorySlotFlags flags, bool wholeMachine)
    {
        using var guests = new Guests(count, flags, wholeMachine);
        var random = new Random(11);
        var dirty = new DirtyPageSet();
        var written = new HashSet<ulong>();
        for (int round = 0; round < Rounds; round++)
        {
            // What is kept differs, and each processor comes to what another had before.
            guests.Host.ResidentLimit = (round % 5) switch { 0 => 0, 1 => 7 * Page, _ => ulong.MaxValue };
            (ulong First, int Pages)[] parts =
                [.. Enumerable.Range(0, count).Select(i => (FirstPage + (ulong)(((i + round) % count) * RegionPages), random.Next(1, RegionPages + 1)))];
            guests.Run(parts);
            written.UnionWith(parts.SelectMany(part => Enumerable.Range(0, part.Pages).Select(i => part.First + (ulong)i)));
            if (flags == MemorySlotFlags.TrackDirtyPages && random.Next(3) == 0)
            {
                // In the middle: pages are protected by the kernel again, and told when they are written again.
                guests.Slot.ReadDirtyPages(dirty);
                Assert.Equal(written.Order(), Data(dirty));
                written.Clear();
            }

            guests.Restore();
            Assert.Equal(guests.Snapshot, guests.Contents());
        }
    }

    private static List<ulong> Data(DirtyPageSet dirty)
    {
        var pages = new List<ulong>();
        foreach (ulong page in dirty)
        {
            // Behind it are the page tables, in which a processor notes what it has used.
            if (page >= FirstPage && page < Guest.TablesOffset / Page)
            {
                pages.Add(page);
            }
        }

        return pages;
    }

    /// <summary>Processors of one machine over a view. Each adds up numbers, one of each page, adds one to each, and tells the sum.</summary>
    private sealed class Guests : IDisposable
    {
        private readonly KvmSystem _system;
        private readonly VirtualMachine _machine;
        private readonly GuestSharedMemory _memory;
        private readonly VirtualProcessor[] _processors;

        private readonly MachineSnapshot? _whole;

        public Guests(int count, MemorySlotFlags flags, bool wholeMachine)
        {
            Guest.SkipWithoutKvm();
            _system = new KvmSystem();
            _machine = _system.CreateVirtualMachine();
            ulong tables;
            var exclusive = new ExclusiveSharedMemory(Guest.Size);
            exclusive.CopyFrom(Guest.CodeAddress, Guest.Assemble(Program));
            tables = LongMode.WritePageTables(exclusive, Guest.TablesOffset, 0, Guest.Mapped);
            for (ulong page = FirstPage; page < Guest.TablesOffset / Page; page++)
            {
                exclusive.WriteUInt64(page * Page, page * page);
            }

            Snapshot = exclusive.AsSpan(0, (int)Guest.Size).ToArray();
            if (!wholeMachine)
            {
                using var snapshot = ReadOnlySharedMemory.FromBytes(Snapshot);
                exclusive.Dispose();
                exclusive = snapshot.MapCopyOnWrite();
            }

            (Host, _memory) = exclusive.Build();
            Slot = _machine.MapMemory(_memory, 0, flags);
            _processors = [.. Enumerable.Range(0, count).Select(id => _machine.CreateVirtualProcessor((uint)id))];
            foreach (VirtualProcessor processor in _processors)
            {
                processor.SetCpuid(_system.GetSupportedCpuid());
                LongMode.SetUp(processor, tables, Guest.CodeAddress, Guest.StackAddress);
            }

            if (wholeMachine)
            {
                // Guests have run on what is about to be mapped anew under them.
                Run([.. Enumerable.Range(0, count).Select(i => (FirstPage + (ulong)i, 1))]);
                Host.WithExclusivity(memory => memory.CopyFrom(0, Snapshot));
                _whole = _machine.TakeSnapshot();
                if (flags == MemorySlotFlags.TrackDirtyPages)
                {
                    Slot.ReadDirtyPages(new DirtyPageSet());
                }
            }
        }

        public HostSharedMemory Host { get; }

        public MemorySlot Slot { get; }

        public byte[] Snapshot { get; }

        public byte[] Contents()
        {
            byte[] contents = new byte[Guest.Size];
            Host.CopyTo(0, contents);
            return contents;
        }

        public void Restore()
        {
            if (_whole is not null)
            {
                _machine.Restore(_whole);
            }
            else
            {
                Host.Restore();
            }
        }

        /// <summary>Runs each processor on its pages, all at once, and checks the sums of what they found there.</summary>
        public void Run((ulong First, int Pages)[] parts)
        {
            ulong[] sums = new ulong[parts.Length];
            Parallel.For(0, parts.Length, i =>
            {
                VirtualProcessor processor = _processors[i];
                processor.SetRegisters(processor.GetRegisters() with
                {
                    Rip = Guest.CodeAddress,
                    Rsi = parts[i].First * Page,
                    Rcx = (ulong)parts[i].Pages,
                });
                using var patience = new CancellationTokenSource(Patience.Limit);
                VmExit exit = processor.Run(patience.Token);
                Assert.Equal((VmExitReason.IoOut, 0x10), (exit.Reason, exit.Port));
                _ = processor.CompleteExit();
                sums[i] = processor.GetRegisters().Rax;
            });
            for (int i = 0; i < parts.Length; i++)
            {
                ulong expected = 0;
                for (ulong page = parts[i].First; page < parts[i].First + (ulong)parts[i].Pages; page++)
                {
                    expected += page * page;
                    Assert.Equal((page * page) + 1, Host.Read<ulong>(page * Page));
                }

                Assert.Equal(expected, sums[i]);
            }
        }

        public void Dispose()
        {
            _whole?.Dispose();
            _machine.Dispose();
            _memory.Dispose();
            Host.Dispose();
            _system.Dispose();
        }

        private static void Program(Assembler a)
        {
            Label next = a.CreateLabel();
            a.xor(eax, eax);
            a.Label(ref next);
            a.add(rax, __qword_ptr[rsi]);
            a.inc(__qword_ptr[rsi]);
            a.add(rsi, (int)Page);
            a.dec(rcx);
            a.jnz(next);
            a.@out(0x10, al);
        }
    }
}
