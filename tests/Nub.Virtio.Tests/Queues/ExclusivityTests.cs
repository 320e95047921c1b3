using Nub.Memory;

namespace Nub.Virtio.Tests;

/// <summary>Queues without a transport whose memory is held exclusively for a moment.</summary>
public sealed class ExclusivityTests
{
    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_chain_that_cannot_be_returned_while_somebody_has_the_memory_alone_is_returned_afterwards(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, features: QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        for (int i = 0; i < 40; i++)
        {
            ushort id = driver.Add(new DriverBuffer(driver.Data, 8, true));
            Assert.True(queue.TryTake(out DescriptorChain chain));
            memory.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => queue.Return(chain, 8)));
            Assert.Equal((1, VirtQueueError.None), (queue.InFlight, queue.Error));
            Assert.False(driver.TryGetUsed(out _, out _));
            queue.Return(chain, 8);
            Assert.Equal(0, queue.InFlight);
            Assert.True(driver.TryGetUsed(out ushort used, out uint written));
            Assert.Equal((id, 8u), (used, written));
            Assert.False(driver.TryGetUsed(out _, out _));
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_chain_that_could_not_be_returned_is_still_in_flight_and_not_offered_again(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, features: QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        ushort id = driver.Add(new DriverBuffer(driver.Data, 8, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        memory.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => queue.Return(chain, 8)));
        if (driver is PackedDriver packed)
        {
            packed.WriteDescriptor(driver.Layout.DescriptorArea + 16 * (ulong)packed.NextEntry, driver.Data, 8, TestDriver.Write | packed.AvailableBits, id);
        }
        else
        {
            ((SplitDriver)driver).Offer(id);
        }

        Assert.False(queue.TryTake(out _));
        Assert.Equal(VirtQueueError.HeadInFlight, queue.Error);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void In_order_it_is_shown_with_the_next(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, features: VirtioFeatures.InOrder | QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        ushort[] ids = [driver.Add(new DriverBuffer(driver.Data, 8, true)), driver.Add(new DriverBuffer(driver.Data, 8, true))];
        Assert.True(queue.TryTake(out DescriptorChain first));
        Assert.True(queue.TryTake(out DescriptorChain second));
        memory.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => queue.Return(first, 8)));
        Assert.False(driver.TryGetUsed(out _, out _));
        queue.Return(second, 4);
        Assert.True(driver.TryGetUsed(out ushort used, out uint written));
        Assert.Equal((ids[0], 8u), (used, written));
        Assert.True(driver.TryGetUsed(out used, out written));
        Assert.Equal((ids[1], 4u), (used, written));
        Assert.Equal(0, queue.InFlight);
    }
}
