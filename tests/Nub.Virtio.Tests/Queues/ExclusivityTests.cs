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

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Kicks_that_could_not_be_switched_are_switched_by_the_next_call(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, features: QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        foreach (bool isWanted in new[] { false, true, false, true })
        {
            void Switch()
            {
                if (isWanted)
                {
                    _ = queue.EnableKicks();
                }
                else
                {
                    queue.DisableKicks();
                }
            }

            memory.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(Switch));
            Switch();
            driver.Add(new DriverBuffer(driver.Data, 8, true));
            Assert.Equal(isWanted, driver.ShouldKick());
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split, VirtioFeatures.None)]
    [InlineData(VirtQueueFormat.Split, VirtioFeatures.EventIndex)]
    [InlineData(VirtQueueFormat.Packed, VirtioFeatures.None)]
    [InlineData(VirtQueueFormat.Packed, VirtioFeatures.EventIndex)]
    public void A_notification_that_could_not_be_decided_is_decided_by_the_next_call(VirtQueueFormat format, VirtioFeatures features)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, features: features | QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        for (int i = 0; i < 3; i++)
        {
            if (features == VirtioFeatures.EventIndex)
            {
                driver.WantInterruptAfter(1);
            }

            driver.Add(new DriverBuffer(driver.Data, 8, true));
            Assert.True(queue.TryTake(out DescriptorChain chain));
            queue.Return(chain, 8);
            Assert.True(driver.TryGetUsed(out _, out _));
            memory.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => queue.ShouldNotify()));
            Assert.True(queue.ShouldNotify());
            Assert.False(queue.ShouldNotify());
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void What_an_attempt_to_take_a_chain_had_is_there_for_the_next(VirtQueueFormat format)
    {
        // The ring in one memory and an indirect table, of as many entries as may be, in another, which is held exclusively when it is to be read.
        const uint entries = 1024;
        const ulong at = TestMemory.Base + (1 << 30);
        using var memory = new TestMemory();
        (HostSharedMemory tables, GuestSharedMemory guest) = new ExclusiveSharedMemory(entries * 16).Build();
        using (tables)
        using (guest)
        {
            memory.Space.Map(at, tables, 0, tables.Size);
            TestDriver driver = TestDriver.Create(memory, format, features: VirtioFeatures.IndirectDescriptors | QueueTests.Of(format));
            for (uint i = 0; i < entries; i++)
            {
                tables.Write(16 * (ulong)i, driver.Data);
                tables.Write(16 * (ulong)i + 8, format == VirtQueueFormat.Packed || i + 1 == entries ? 8ul : 8 | (ulong)TestDriver.Next << 32 | (ulong)(i + 1) << 48);
            }

            VirtQueue queue = driver.CreateQueue();
            for (int i = 0; i < 1100; i++)
            {
                if (driver is PackedDriver packed)
                {
                    packed.Put(at, entries * 16, TestDriver.Indirect, 0);
                }
                else
                {
                    ((SplitDriver)driver).Describe(0, at, entries * 16, TestDriver.Indirect, 0);
                    ((SplitDriver)driver).Offer(0);
                }

                tables.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => queue.TryTake(out DescriptorChain _)));
                Assert.True(queue.TryTake(out DescriptorChain chain), $"round {i}: {queue}");
                Assert.Equal((int)entries, chain.Count);
                queue.Return(chain, 0);
            }
        }
    }
}
