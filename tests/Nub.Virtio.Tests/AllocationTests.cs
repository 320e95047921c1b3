namespace Nub.Virtio.Tests;

/// <summary>
/// A driver can cause a request a million times a second: once the queue has been through one of its length, none allocates. Alone, because a collection that another test causes counts what is left of
/// the thread's allocation context as allocated.
/// </summary>
[Collection(Alone.Name)]
public sealed class AllocationTests
{
    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Taking_reading_writing_and_returning_allocate_nothing(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 256, VirtioFeatures.IndirectDescriptors | VirtioFeatures.EventIndex | QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        DriverBuffer[] buffers = [.. Enumerable.Range(0, 40).Select(i => new DriverBuffer(driver.Data + (ulong)i * 16, 16, i >= 20))];
        byte[] bytes = new byte[320];
        long allocated = 0;
        for (int round = 0; round < 300; round++)
        {
            driver.Add(buffers, isIndirect: round % 2 == 0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            queue.DisableKicks();
            Assert.True(queue.TryTake(out DescriptorChain chain));
            Assert.True(chain.Readable.TryRead(out UInt128 _));
            Assert.True(chain.Readable.TryCopyTo(bytes.AsSpan(0, 300)));
            Assert.True(chain.Writable.TryCopyFrom(bytes));
            queue.Return(chain);
            queue.EnableKicks();
            queue.ShouldNotify();
            allocated += round < 50 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(driver.TryGetUsed(out _, out _));
        }

        Assert.Equal(0, allocated);
    }

    [Theory]
    [MemberData(nameof(BlockDeviceTests.Storages), MemberType = typeof(BlockDeviceTests))]
    public void A_block_request_allocates_nothing(VirtQueueFormat format, bool isFile)
    {
        string path = Path.GetTempFileName();
        using (BlockStorage storage = BlockDeviceTests.Create(path, isFile))
        using (var driver = new BlockDriver(new BlockDevice(storage), format))
        {
            long allocated = 0;
            for (int round = 0; round < 200; round++)
            {
                driver.Memory.Write(driver.Header, BlockDriver.Head((uint)(round % 2), (ulong)(round % 60 * 8)));
                driver.Driver.Add(new DriverBuffer(driver.Header, 16), new DriverBuffer(driver.Data, 4096, round % 2 == 0), new DriverBuffer(driver.Status, 1, true));
                long before = GC.GetAllocatedBytesForCurrentThread();
                driver.Device.Process(0, driver.Queue);
                allocated += round < 130 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.Equal(0, driver.Memory.Read<byte>(driver.Status));
                Assert.True(driver.Driver.TryGetUsed(out _, out _));
            }

            Assert.Equal(0, allocated);
        }

        File.Delete(path);
    }
}
