using System.Net.NetworkInformation;
using Nub.Memory;
using Nub.Memory.Testing;

namespace Nub.Virtio.Tests;

/// <summary>Queues and devices read each byte of the driver's once: proved by a driver that changes every byte right after it was read.</summary>
public sealed class SingleFetchTests
{
    private const ulong Size = 1 << 17;

    public static TheoryData<VirtQueueFormat, VirtioFeatures, bool> Queues()
    {
        var data = new TheoryData<VirtQueueFormat, VirtioFeatures, bool>();
        foreach (VirtQueueFormat format in Enum.GetValues<VirtQueueFormat>())
        {
            foreach (bool isIndirect in new[] { false, true })
            {
                data.Add(format, VirtioFeatures.IndirectDescriptors, isIndirect);
                data.Add(format, VirtioFeatures.IndirectDescriptors | VirtioFeatures.EventIndex, isIndirect);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void A_queue_reads_each_descriptor_once(VirtQueueFormat format, VirtioFeatures features, bool isIndirect)
    {
        SingleFetchReport report = Prove(
            format,
            features,
            isIndirect,
            driver =>
            {
                for (ulong i = 0; i < 3; i++)
                {
                    driver.Add([new(driver.Data + 64 * i, 8), new(driver.Data + 64 * i + 16, 24, true), new(driver.Data + 64 * i + 48, 1, true)], isIndirect);
                }
            },
            queue =>
            {
                var seen = new List<ulong>();
                do
                {
                    queue.DisableKicks();
                    while (queue.TryTake(out DescriptorChain chain))
                    {
                        Assert.True(chain.Readable.TryRead(out ulong value));
                        Assert.True(chain.Writable.TryFill(chain.Writable.Remaining, 1));
                        seen.Add(value);
                        queue.Return(chain);
                    }

                    _ = queue.ShouldNotify();
                }
                while (queue.EnableKicks());
                return seen;
            });

        // Nine descriptors, and three where they are in tables; three times eight bytes.
        Assert.InRange(report.BytesRead, 16 * (isIndirect ? 12 : 9) + 24, 16 * 16 + 64);
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void A_disk_reads_each_request_once(VirtQueueFormat format, VirtioFeatures features, bool isIndirect)
    {
        Prove(
            format,
            features,
            isIndirect,
            driver =>
            {
                uint[] types = [BlockDriver.Write, BlockDriver.Read, BlockDriver.GetId, BlockDriver.WriteZeroes];
                for (int i = 0; i < types.Length; i++)
                {
                    ulong at = driver.Data + 4096 * (ulong)i;
                    driver.Memory.Write(at, BlockDriver.Head(types[i], 2));
                    driver.Memory.Write(at + 64, 3ul);
                    driver.Memory.Write(at + 72, 1u);
                    bool isRead = types[i] is BlockDriver.Read or BlockDriver.GetId;
                    driver.Add([new(at, 16), new(at + 64, types[i] == BlockDriver.WriteZeroes ? 16u : 512, isRead), new(at + 2048, 1, true)], isIndirect);
                }
            },
            queue =>
            {
                using var storage = new MemoryStorage(1 << 16);
                var device = new BlockDevice(storage);
                device.Activate((ulong)VirtioFeatures.Version1 | device.DeviceFeatures);
                device.Process(0, queue);
                byte[] sectors = new byte[2048];
                storage.CopyTo(1024, sectors);
                return sectors;
            });
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void A_console_reads_each_character_once(VirtQueueFormat format, VirtioFeatures features, bool isIndirect)
    {
        Prove(
            format,
            features,
            isIndirect,
            driver =>
            {
                driver.Memory.Write(driver.Data, "hello, world"u8);
                driver.Add([new(driver.Data, 5), new(driver.Data + 5, 7)], isIndirect);
            },
            queue =>
            {
                var printed = new List<byte>();
                new ConsoleDevice(bytes => printed.AddRange(bytes)).Process(1, queue);
                Assert.Equal(12, printed.Count);
                return printed;
            });
    }

    [Theory]
    [MemberData(nameof(Queues))]
    public void A_network_card_reads_each_frame_once(VirtQueueFormat format, VirtioFeatures features, bool isIndirect)
    {
        Prove(
            format,
            features,
            isIndirect,
            driver =>
            {
                driver.Memory.Write(driver.Data + 12, "a frame of more than fourteen bytes"u8);
                driver.Add([new(driver.Data, 12), new(driver.Data + 12, 35)], isIndirect);
            },
            queue =>
            {
                var port = new Port();
                new NetworkDevice(port, new PhysicalAddress([2, 0, 0, 0, 0, 1])).Process(1, queue);
                Assert.Equal(35, port.Sent.Count);
                return port.Sent;
            });
    }

    /// <summary>What the driver has set up in a memory of its own becomes the honest content of one that changes.</summary>
    private static SingleFetchReport Prove<T>(
        VirtQueueFormat format, VirtioFeatures features, bool isIndirect, Action<TestDriver> submit, Func<VirtQueue, T> serve)
    {
        using var memory = new TestMemory(Size);
        var driver = TestDriver.Create(memory, format, 16, features | QueueTests.Of(format));
        submit(driver);
        using var hostile = new HostileMemory(Size);
        hostile.Write(0, memory[TestMemory.Base, (int)Size]);
        using var space = new GuestAddressSpace();
        space.Map(TestMemory.Base, hostile.Host, 0, Size);
        return hostile.AssertSingleFetch(() =>
        {
            var queue = VirtQueue.Create(space, driver.Layout, driver.Features);
            T result = serve(queue);
            return (result, queue.Error);
        });
    }

    private sealed class Port : INetworkPort
    {
        public List<byte> Sent { get; } = [];

        public void Attach(NetworkDevice device)
        {
        }

        public void Send(ReadOnlySpan<byte> frame) => Sent.AddRange(frame);
    }
}
