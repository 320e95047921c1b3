using System.Xml.Linq;
using Nub.Ipc;
using static Nub.Memory.Testing.Tests.Content;

#pragma warning disable NUB0010, NUB0011 // What is written down is at issue, not what comes of it.

namespace Nub.Memory.Testing.Tests;

public class LedgerTests
{
    [Fact]
    public void Every_access_is_there_in_order()
    {
        using HostileMemory memory = Create();
        AccessLedger ledger = memory.Record(() =>
        {
            _ = memory.Host.Read<uint>(4);
            memory.Host.Write(64, (byte)1);
            memory.Host.Fill(80, 16, 0);
            _ = memory.Host.Add(Indexes, 1u);
            _ = memory.Host.CompareExchange(Indexes, 0u, 12345u);
            memory.Host.CopyTo(0, new byte[40]);
            memory.Host.CopyTo(0, []);
            Message.At(memory.Host, Header).Length = 3;
        });
        Assert.Equal(
            [
                (MemoryAccessKind.Read, 4UL, 4UL), (MemoryAccessKind.Write, 64, 1), (MemoryAccessKind.Write, 80, 16), (MemoryAccessKind.Atomic, Indexes, 4),
                (MemoryAccessKind.Read, Indexes, 4), (MemoryAccessKind.Read, 0, 40), (MemoryAccessKind.Write, 0, 4),
            ],
            ledger.Select(access => (access.Kind, access.Offset, access.Length)));
        Assert.Equal("Message.Length", ledger[6].Field);
        Assert.Equal("LedgerTests.cs", Path.GetFileName(ledger[0].FileName));
        Assert.Equal(Environment.CurrentManagedThreadId, ledger[0].ThreadId);
        Assert.Same(ledger, memory.Ledger);
    }

    [Fact]
    public void What_the_parser_throws_comes_through_and_the_ledger_stays()
    {
        using HostileMemory memory = Create();
        Assert.Throws<InvalidDataException>(() => memory.Record(() => throw new InvalidDataException($"{memory.Host.Read<uint>(0)}")));
        Assert.Single(memory.Ledger!);
    }

    [Fact]
    public void Reads_and_writes_are_kept_within_ranges()
    {
        using HostileMemory memory = Create();
        AccessLedger ledger = memory.Record(() =>
        {
            _ = memory.Host.Read<ulong>(8);
            memory.Host.Write(64, 1u);
        });
        ledger.AssertReadsWithin(new MemoryRange(0, 16)).AssertWritesWithin(new MemoryRange(0, 16), new MemoryRange(64, 4));
        LedgerException read = Assert.Throws<LedgerException>(() => ledger.AssertReadsWithin(new MemoryRange(0, 15), new MemoryRange(15, 10)));
        Assert.Equal(8UL, read.Access!.Offset);
        Assert.Contains("read of 8 bytes at 0x8", read.Message, StringComparison.Ordinal);
        Assert.Contains("[0x0, 0xF)", read.Message, StringComparison.Ordinal);
        LedgerException write = Assert.Throws<LedgerException>(() => ledger.AssertWritesWithin());
        Assert.Equal(64UL, write.Access!.Offset);
    }

    [Fact]
    public void A_guest_cannot_make_a_parser_loop()
    {
        using HostileMemory memory = Create();
        memory.MaxAccesses = 100;
        AccessLedger ledger = memory.Record(() =>
        {
            uint at = (uint)List;
            while (at != 0 && memory.Host.TryRead(at, out uint next))
            {
                at = next;
            }
        });
        ledger.AssertEndsWithin(3);
        Assert.Throws<LedgerException>(() => ledger.AssertEndsWithin(2));

        // A list that leads back to itself.
        memory.Write(List + 16, (uint)List);
        ledger = memory.Record(() =>
        {
            uint at = (uint)List;
            while (at != 0 && memory.Host.TryRead(at, out uint next))
            {
                at = next;
            }
        });
        Assert.True(ledger.WasStopped);
        Assert.Equal(100, ledger.Count);
        Assert.Contains("was then stopped", Assert.Throws<LedgerException>(() => ledger.AssertEndsWithin(100)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_parser_allocates_is_counted_without_what_the_ledger_takes()
    {
        using HostileMemory memory = Create();
        void Parse(int size)
        {
            for (int read = 0; read < 100; read++)
            {
                _ = memory.Host.Read<uint>(0);
            }

            if (size > 0)
            {
                GC.KeepAlive(new byte[size]);
            }
        }

        memory.Record(() => Parse(1));
        memory.Record(() => Parse(0)).AssertAllocatesAtMost(0);
        AccessLedger ledger = memory.Record(() => Parse(100_000));
        Assert.InRange(ledger.AllocatedBytes, 100_000, 100_100);
        Assert.Throws<LedgerException>(() => ledger.AssertAllocatesAtMost(99_999));
    }

    [Fact]
    public void A_ring_reads_nothing_again_but_whether_its_peer_sleeps()
    {
        using HostileMemory memory = Create();
        SharedRing ring = SharedRing.Open(memory.Host, Content.Ring, RingSize);
        byte[] record = new byte[64];
        AccessLedger ledger = memory.Record(() => Assert.True(ring.Consumer.TryRead(record, out _) && ring.Consumer.TryRead(record, out _)));
        var again = ledger.Where(access => access.Kind == MemoryAccessKind.Read)
            .SelectMany(access => Enumerable.Range((int)access.Offset, (int)access.Length)).GroupBy(at => at).Where(reads => reads.Count() > 1).Select(reads => reads.Key).ToList();
        Assert.Equal(Enumerable.Range((int)Content.Ring + 0x180, 8), again.Order());
    }

    [Fact]
    public void A_table_has_a_line_for_each()
    {
        using HostileMemory memory = Create();
        AccessLedger ledger = memory.Record(() =>
        {
            _ = Message.At(memory.Host, Header).Type;
            memory.Host.Write(64, 1u);
        });
        string[] lines = ledger.ToTable().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^#\s+kind\s+offset\s+length\s+field\s+place$", lines[0]);
        Assert.Matches(@"^0\s+read\s+0x4\s+2\s+Message\.Type\s+LedgerTests\.\w+ in LedgerTests\.cs:line \d+$", lines[1]);
        Assert.Matches(@"^1\s+write\s+0x40\s+4\s+LedgerTests\.\w+ in LedgerTests\.cs:line \d+$", lines[2]);
    }

    [Fact]
    public void A_picture_tells_what_was_read_once_and_again_and_written()
    {
        using HostileMemory memory = Create();
        AccessLedger ledger = memory.Record(() =>
        {
            _ = memory.Host.Read<ushort>(0);
            _ = memory.Host.Read<byte>(0);
            memory.Host.Write(2, (byte)1);
            _ = memory.Host.Add(4, 1u);
            _ = memory.Host.Read<byte>(2048);
        });
        XElement svg = XDocument.Parse(ledger.ToSvg()).Root!;
        string[] titles = [.. svg.Descendants().Where(element => element.Name.LocalName == "title").Select(element => element.Value)];
        Assert.Equal(64, titles.Length);
        Assert.Contains("0x0: read again, 2 reads", titles);
        Assert.Contains("0x1: read once, 1 reads", titles);
        Assert.Contains("0x2: written, 0 reads", titles);
        Assert.Contains("0x3: untouched, 0 reads", titles);
        Assert.Contains("0x4: read and written, 1 reads", titles);
        Assert.Contains("0x800: read once, 1 reads", titles);
    }
}
