using Nub.Memory;

namespace Nub.Virtio.Tests;

/// <summary>What a driver can do to chains that the device has, and to the memory that the queue stands in; and what looks hostile and is not.</summary>
public sealed class HostileInFlight
{
    [Fact]
    public void A_head_that_the_device_has_is_refused()
    {
        using var memory = new TestMemory();
        var driver = new SplitDriver(memory, 16, VirtioFeatures.None, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        ushort head = driver.Add(new DriverBuffer(driver.Data, 8));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        driver.Offer(head);
        AssertBroken(queue, VirtQueueError.HeadInFlight);
        queue.Return(chain, 0);
        Assert.Equal(0, queue.InFlight);
    }

    [Fact]
    public void The_same_head_twice_in_the_ring_is_refused()
    {
        using var memory = new TestMemory();
        var driver = new SplitDriver(memory, 16, VirtioFeatures.None, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        driver.Offer(driver.Add(new DriverBuffer(driver.Data, 8)));
        Assert.True(queue.TryTake(out _));
        AssertBroken(queue, VirtQueueError.HeadInFlight);
    }

    [Fact]
    public void More_heads_than_the_queue_has_room_for_are_refused()
    {
        using var memory = new TestMemory();
        var driver = new SplitDriver(memory, 4, VirtioFeatures.None, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        for (int i = 0; i < 3; i++)
        {
            driver.Add(new DriverBuffer(driver.Data, 8));
            Assert.True(queue.TryTake(out _));
        }

        driver.SetIndex(driver.Index + 2);
        AssertBroken(queue, VirtQueueError.TooManyInFlight);
    }

    [Fact]
    public void A_buffer_id_that_the_device_has_is_refused()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 16, VirtioFeatures.RingPacked, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        driver.Put(driver.Data, 8, 0, 7);
        driver.Put(driver.Data, 8, 0, 7);
        Assert.True(queue.TryTake(out _));
        AssertBroken(queue, VirtQueueError.HeadInFlight);
    }

    [Fact]
    public void Any_buffer_id_that_it_does_not_have_is_taken()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 16, VirtioFeatures.RingPacked, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        driver.Put(driver.Data, 8, 0, 65535);
        Assert.True(queue.TryTake(out DescriptorChain chain));
        Assert.Equal(65535, chain.Head);
        queue.Return(chain, 0);
        Assert.Equal(65535u, memory.Read<ushort>(driver.EntryAt(0) + 12));
    }

    [Fact]
    public void An_entry_that_the_device_has_is_not_taken_again()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 4, VirtioFeatures.RingPacked, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        for (ushort i = 0; i < 4; i++)
        {
            driver.Put(driver.Data, 8, 0, i);
            Assert.True(queue.TryTake(out _));
        }

        driver.Put(driver.Data, 8, 0, 9);
        AssertBroken(queue, VirtQueueError.TooManyInFlight);
    }

    [Fact]
    public void A_packed_chain_that_runs_into_what_the_device_has_is_refused()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 4, VirtioFeatures.RingPacked, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        driver.Put(driver.Data, 8, 0, 0);
        driver.Put(driver.Data, 8, 0, 1);
        Assert.True(queue.TryTake(out _) && queue.TryTake(out _));
        for (int i = 0; i < 4; i++)
        {
            driver.Put(driver.Data, 8, TestDriver.Next, 2);
        }

        AssertBroken(queue, VirtQueueError.TooManyInFlight);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_chain_that_the_driver_cannot_see_as_returned_stays_recorded(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        using var space = new GuestAddressSpace();
        foreach (ulong page in new ulong[] { 0x1000, 0x2000, 0x3000, 0x4000 })
        {
            space.Map(TestMemory.Base + page, memory.Host, page, 0x1000);
        }

        using var records = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 16, QueueTests.Of(format));
        driver.Layout = new VirtQueueLayout(16, TestMemory.Base + 0x1000, TestMemory.Base + 0x2000, TestMemory.Base + 0x3000);
        VirtQueue queue = VirtQueue.Create(space, driver.Layout, driver.Features);
        Assert.Empty(Recorded(out InFlightLog log));
        queue.Record(log, []);
        driver.Add(new DriverBuffer(TestMemory.Base + 0x4000, 8, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        space.Unmap(TestMemory.Base + (format == VirtQueueFormat.Split ? 0x3000ul : 0x1000ul));
        queue.Return(chain, 8);
        Assert.Equal(VirtQueueError.AreaGone, queue.Error);
        Assert.Single(Recorded(out _));

        LostChain[] Recorded(out InFlightLog log)
        {
            bool isRight;
            LostChain[]? lost;
            if (format == VirtQueueFormat.Split)
            {
                isRight = SplitInFlightLog.TryResume(records.Host, 0, 16, 0, out SplitInFlightLog split, out lost);
                log = split;
            }
            else
            {
                // The driver's flags: what it made available was never used.
                isRight = PackedInFlightLog.TryResume(records.Host, 0, 16, 16, VirtQueuePosition.Start, static _ => (ushort)DescriptorFlags.Available, out PackedInFlightLog packed, out lost);
                log = packed;
            }

            Assert.True(isRight);
            return lost ?? [];
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split, "descriptors", true)]
    [InlineData(VirtQueueFormat.Split, "driver", true)]
    [InlineData(VirtQueueFormat.Split, "device", false)]
    [InlineData(VirtQueueFormat.Packed, "descriptors", true)]
    [InlineData(VirtQueueFormat.Packed, "driver", false)]
    [InlineData(VirtQueueFormat.Packed, "device", false)]
    public void An_area_that_is_unmapped_while_the_queue_runs_breaks_it(VirtQueueFormat format, string area, bool breaksTaking)
    {
        // Each area in a page of its own, which is mapped on its own.
        using var memory = new TestMemory();
        using var space = new GuestAddressSpace();
        ulong[] pages = [0x1000, 0x2000, 0x3000, 0x4000];
        foreach (ulong page in pages)
        {
            space.Map(TestMemory.Base + page, memory.Host, page, 0x1000);
        }

        TestDriver driver = TestDriver.Create(memory, format, 16, VirtioFeatures.EventIndex | QueueTests.Of(format));
        driver.Layout = new VirtQueueLayout(16, TestMemory.Base + 0x1000, TestMemory.Base + 0x2000, TestMemory.Base + 0x3000);
        VirtQueue queue = VirtQueue.Create(space, driver.Layout, driver.Features);
        ulong buffer = TestMemory.Base + 0x4000;
        driver.Add(new DriverBuffer(buffer, 8, true));
        driver.Add(new DriverBuffer(buffer, 8, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        space.Unmap(TestMemory.Base + (area == "descriptors" ? 0x1000ul : area == "driver" ? 0x2000ul : 0x3000ul));
        if (breaksTaking)
        {
            // A split driver's index was read before: the entry is what is not there.
            AssertBroken(queue, VirtQueueError.AreaGone);
            queue.Return(chain, 8);
        }
        else
        {
            // Whichever of these comes to the area first.
            queue.Return(chain, 8);
            _ = queue.ShouldNotify();
            _ = queue.EnableKicks();
            AssertBroken(queue, VirtQueueError.AreaGone);
        }

        Assert.Equal(0, queue.InFlight);
        Assert.False(queue.EnableKicks());
        HostileChains.AssertServes(memory, format);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Buffers_that_are_not_mapped_can_be_neither_read_nor_written(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 16, QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        ulong last = TestMemory.Base + memory.Size - 4;
        driver.Add(new DriverBuffer(0, 8), new DriverBuffer(last, 8, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        Assert.False(chain.Readable.TryRead(out ulong _));
        Assert.False(chain.Readable.TryCopyTo(new byte[8]));
        Assert.False(chain.Writable.TryWrite(ulong.MaxValue));
        Assert.False(chain.Writable.TryFill(8, 1));
        Assert.False(chain.Writable.TryCopyFrom(new byte[8]));
        string path = Path.GetTempFileName();
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, new byte[100], 0);
            Assert.False(chain.Writable.TryReadFrom(file, 0, 8, out ulong moved));
            Assert.False(chain.Readable.TryWriteTo(file, 0, 8, out moved));
            Assert.Equal(0ul, moved);
        }

        File.Delete(path);
        Assert.Equal((0u, 8ul, 8ul), (chain.Writable.Written, chain.Writable.Remaining, chain.Readable.Remaining));
        queue.Return(chain);
        Assert.Equal(VirtQueueError.None, queue.Error);
        Assert.True(driver.TryGetUsed(out _, out uint written));
        Assert.Equal(0u, written);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_buffer_over_the_queue_itself_harms_the_driver_alone(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 16, QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        driver.Add(new DriverBuffer(driver.Layout.DescriptorArea, 256, true));
        driver.Add(new DriverBuffer(driver.Data, 8));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        Assert.True(chain.Writable.TryFill(256, 0xFF));
        queue.Return(chain);
        Assert.False(queue.TryTake(out _));
        HostileChains.AssertServes(memory, format);
    }

    [Fact]
    public void Of_the_flags_in_a_packed_table_write_alone_counts()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 16, VirtioFeatures.RingPacked | VirtioFeatures.IndirectDescriptors, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();

        // A NEXT that a split driver's habit has left, the bits of a lap, an id: none means anything.
        driver.WriteDescriptor(driver.Tables, driver.Data, 8, 0, 77);
        driver.WriteDescriptor(driver.Tables + 16, driver.Data + 8, 8, TestDriver.Next | 0x8080, 65535);
        driver.WriteDescriptor(driver.Tables + 32, driver.Data + 16, 8, TestDriver.Next | TestDriver.Write, 0);
        driver.Put(driver.Tables, 48, TestDriver.Indirect | TestDriver.Write, 5);
        Assert.True(queue.TryTake(out DescriptorChain chain));
        Assert.Equal((5, 3, 16ul, 8ul), (chain.Head, chain.Count, chain.Readable.Remaining, chain.Writable.Remaining));
    }

    [Fact]
    public void Direct_descriptors_may_come_before_a_split_table_whose_write_flag_means_nothing()
    {
        using var memory = new TestMemory();
        var driver = new SplitDriver(memory, 16, VirtioFeatures.IndirectDescriptors, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        driver.WriteDescriptor(driver.Tables, driver.Data + 8, 8, TestDriver.Next, 2);
        driver.WriteDescriptor(driver.Tables + 32, driver.Data + 16, 8, TestDriver.Write, 0);
        driver.Describe(0, driver.Data, 8, TestDriver.Next, 3);
        driver.Describe(3, driver.Tables, 48, TestDriver.Indirect | TestDriver.Write, 0);
        driver.Offer(0);
        Assert.True(queue.TryTake(out DescriptorChain chain));
        Assert.Equal((3, 16ul, 8ul), (chain.Count, chain.Readable.Remaining, chain.Writable.Remaining));
    }

    [Fact]
    public void Entries_with_the_bits_of_another_lap_are_not_taken()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 4, VirtioFeatures.RingPacked, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        foreach (uint bits in new uint[] { 0, 0x8000, 0x8080 })
        {
            driver.WriteDescriptor(driver.EntryAt(0), driver.Data, 8, bits, 0);
            Assert.False(queue.TryTake(out _));
            Assert.Equal(VirtQueueError.None, queue.Error);
        }

        driver.WriteDescriptor(driver.EntryAt(0), driver.Data, 8, 0x80, 0);
        Assert.True(queue.TryTake(out _));
    }

    [Fact]
    public void Whatever_a_packed_driver_asks_for_is_answered()
    {
        using var memory = new TestMemory();
        var driver = new PackedDriver(memory, 5, VirtioFeatures.RingPacked | VirtioFeatures.EventIndex, VirtQueuePosition.Start);
        VirtQueue queue = driver.CreateQueue();
        var random = new Random(5);
        for (int i = 0; i < 5000; i++)
        {
            memory.Write(driver.Layout.DriverArea, (uint)random.NextInt64(1L << 32));
            driver.Add(new DriverBuffer(driver.Data, 8));
            Assert.True(queue.TryTake(out DescriptorChain chain));
            queue.Return(chain, 0);
            queue.ShouldNotify();
            Assert.True(driver.TryGetUsed(out _, out _));
        }

        Assert.Equal(VirtQueueError.None, queue.Error);
    }

    [Fact]
    public void Chains_of_a_hostile_driver_take_a_bounded_amount_of_memory()
    {
        // Every head refers to the same table of 32768 entries: 2^30 ranges if each were taken.
        using var memory = new TestMemory(4 << 20);
        var driver = new SplitDriver(memory, 32768, VirtioFeatures.IndirectDescriptors, VirtQueuePosition.Start);
        ulong table = driver.Data;
        for (uint i = 0; i < 32768; i++)
        {
            driver.WriteDescriptor(table + 16 * i, driver.Data, 1, i < 32767 ? TestDriver.Next : 0, i + 1);
            driver.Describe(i, table, 32768 * 16, TestDriver.Indirect, 0);
        }

        VirtQueue queue = driver.CreateQueue();
        for (ushort i = 0; i < 32768; i++)
        {
            driver.Offer(i);
        }

        // Of this thread, which takes them: other tests allocate meanwhile.
        long before = GC.GetAllocatedBytesForCurrentThread();
        int taken = 0;
        while (queue.TryTake(out _))
        {
            taken++;
        }

        Assert.Equal(VirtQueueError.TooManyInFlight, queue.Error);
        Assert.InRange(taken, 2, 32);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    private static void AssertBroken(VirtQueue queue, VirtQueueError error)
    {
        Assert.False(queue.TryTake(out _));
        Assert.Equal(error, queue.Error);
        Assert.False(queue.TryTake(out _));
    }
}
