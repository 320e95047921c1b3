using Nub.Memory;
using VirtioBlock;

namespace Nub.Kvm.Tests;

public sealed class VirtioBlockTests
{
    private const ulong Size = 0x1_0000;
    private const ulong Descriptors = 0x1000;
    private const ulong Available = 0x2000;
    private const ulong Used = 0x3000;

    [SkippableFact]
    public void The_sample_verifies_its_requests_and_refuses_its_attacks()
    {
        Guest.SkipWithoutKvm();
        using var log = new StringWriter();
        Outcome outcome = Session.Run(100, log);
        Assert.Equal(new Outcome(100, Attack.All.Count, 2000), outcome);
        Assert.InRange(Attack.All.Count, 20, 100);
        foreach (Refusal refusal in Enum.GetValues<Refusal>())
        {
            Assert.True(refusal == Refusal.None || log.ToString().Contains($" {refusal} ", StringComparison.Ordinal), $"No attack is refused as {refusal}.");
        }
    }

    [Fact]
    public void Random_queues_are_served_or_refused_and_nothing_else()
    {
        var exclusive = new ExclusiveSharedMemory(Size);
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        byte[] disk = new byte[64 * BlockDevice.SectorSize];
        var seen = new HashSet<Refusal>();
        int served = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var queue = new SplitQueue(host);
            var device = new BlockDevice(host, queue, disk);
            uint size = 1u << random.Next(0, 7);
            Assert.Equal(Refusal.None, queue.Configure(size, Descriptors, Available, Used));
            for (uint i = 0; i < size; i++)
            {
                QueueDescriptor.At(host, Descriptors + i * QueueDescriptor.Layout.Size).Store(new QueueDescriptor
                {
                    Address = random.Next(4) == 0 ? unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue)) : (ulong)random.Next(0x4000, 0xE000),
                    Length = random.Next(8) == 0 ? unchecked((uint)random.Next(int.MinValue, int.MaxValue)) : (uint)(random.Next(1, 4) * BlockDevice.SectorSize),
                    Flags = (ushort)random.Next(0, random.Next(4) == 0 ? 8 : 4),
                    NextIndex = random.Next(8) == 0 ? (ushort)random.Next(0x1_0000) : (ushort)random.Next((int)size),
                });
                host.Write(Available + 4 + i * 2, (ushort)random.Next((int)size + (random.Next(4) == 0 ? 1 : 0)));
            }

            for (int request = 0; request < 4; request++)
            {
                // Headers that are often of a known type and a sector of the disk.
                RequestHeader.At(host, (ulong)random.Next(0x4000, 0xE000)).Store(new RequestHeader { Type = (uint)random.Next(3), Sector = (ulong)random.Next(80) });
            }

            RingHeader.View ring = RingHeader.At(host, Available);
            ring.Index = (ushort)random.Next(0, (int)size + 2);
            seen.Add(device.Serve());
            served += device.Served;
        }

        host.Dispose();
        guest.Dispose();
        Assert.True(served > 0, "No request was ever served.");
        Assert.True(seen.Count >= 8, string.Join(", ", seen));
    }

    [Theory]
    [InlineData(0u, Descriptors, Refusal.QueueSizeImpossible)]
    [InlineData(65u, Descriptors, Refusal.QueueSizeImpossible)]
    [InlineData(128u, Descriptors, Refusal.QueueSizeImpossible)]
    [InlineData(64u, Size - 64 * 16, Refusal.None)]
    [InlineData(64u, Size - 64 * 16 + 1, Refusal.QueueOutsideMemory)]
    [InlineData(64u, ulong.MaxValue, Refusal.QueueOutsideMemory)]
    public void A_queue_is_judged_to_the_byte_when_it_is_set_up(uint size, ulong descriptors, object expected)
    {
        var exclusive = new ExclusiveSharedMemory(Size);
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        using (host)
        using (guest)
        {
            Assert.Equal(expected, new SplitQueue(host).Configure(size, descriptors, Available, Used));
        }
    }
}
