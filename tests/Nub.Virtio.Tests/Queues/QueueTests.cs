using System.Text;

namespace Nub.Virtio.Tests;

/// <summary>A driver and a device that keep to the rules, in every combination of features.</summary>
public sealed class QueueTests
{
    public static TheoryData<VirtQueueFormat, VirtioFeatures, uint> Combinations()
    {
        var all = new TheoryData<VirtQueueFormat, VirtioFeatures, uint>();
        foreach (VirtQueueFormat format in Enum.GetValues<VirtQueueFormat>())
        {
            foreach (VirtioFeatures indirect in new[] { VirtioFeatures.None, VirtioFeatures.IndirectDescriptors })
            {
                foreach (VirtioFeatures eventIndex in new[] { VirtioFeatures.None, VirtioFeatures.EventIndex })
                {
                    foreach (VirtioFeatures order in new[] { VirtioFeatures.None, VirtioFeatures.InOrder })
                    {
                        foreach (uint size in format == VirtQueueFormat.Split ? new uint[] { 1, 2, 16, 32768 } : [1, 2, 3, 7, 16, 32768])
                        {
                            all.Add(format, indirect | eventIndex | order | (format == VirtQueueFormat.Packed ? VirtioFeatures.RingPacked : 0), size);
                        }
                    }
                }
            }
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Requests_of_every_length_go_there_and_back_over_many_laps(VirtQueueFormat format, VirtioFeatures features, uint size)
    {
        using var memory = new TestMemory(4 << 20);
        TestDriver driver = TestDriver.Create(memory, format, size, features);
        VirtQueue queue = driver.CreateQueue();
        Assert.Equal(format, queue.Format);
        var random = new Random((int)size);
        int rounds = size > 1000 ? 400 : 3000;
        for (int round = 0; round < rounds; round++)
        {
            // Answers that say what the request was, over buffers divided at random.
            bool isIndirect = features.HasFlag(VirtioFeatures.IndirectDescriptors) && random.Next(2) == 0;
            int most = isIndirect ? 40 : (int)Math.Min(size, 40);
            int count = random.Next(1, most + 1);
            int readable = random.Next(count + 1);
            var buffers = new DriverBuffer[count];
            byte[] request = new byte[readable * 8];
            random.NextBytes(request);
            for (int i = 0; i < count; i++)
            {
                buffers[i] = new DriverBuffer(driver.Data + (ulong)i * 64, 8, i >= readable);
                if (i < readable)
                {
                    memory.Write(buffers[i].Address, request.AsSpan(i * 8, 8));
                }
            }

            Assert.False(queue.TryTake(out _));
            ushort id = driver.Add(buffers, isIndirect);
            Assert.True(queue.TryTake(out DescriptorChain chain), $"round {round}: {queue}");
            Assert.Equal((id, count, 1), (chain.Head, chain.Count, queue.InFlight));
            byte[] copy = new byte[request.Length];
            ChainReader reader = chain.Readable;
            Assert.Equal((ulong)request.Length, reader.Remaining);
            Assert.True(reader.TryCopyTo(copy));
            Assert.Equal(request, copy);
            Assert.False(reader.TryRead(out byte _));

            byte[] answer = new byte[(count - readable) * 8];
            random.NextBytes(answer);
            Assert.True(chain.Writable.TryCopyFrom(answer));
            Assert.False(chain.Writable.TryWrite<byte>(1));
            queue.Return(chain);
            Assert.Equal(0, queue.InFlight);
            Assert.True(driver.TryGetUsed(out ushort used, out uint written));
            Assert.Equal((id, (uint)answer.Length), (used, written));
            for (int i = readable; i < count; i++)
            {
                Assert.Equal(answer[((i - readable) * 8)..((i - readable + 1) * 8)], memory[buffers[i].Address, 8]);
            }

            Assert.False(driver.TryGetUsed(out _, out _));
        }

        Assert.Equal(VirtQueueError.None, queue.Error);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Chains_come_back_in_any_order_and_in_order_where_that_was_agreed(VirtQueueFormat format)
    {
        foreach (VirtioFeatures order in new[] { VirtioFeatures.None, VirtioFeatures.InOrder })
        {
            using var memory = new TestMemory();
            VirtioFeatures features = order | Of(format);
            TestDriver driver = TestDriver.Create(memory, format, 16, features);
            VirtQueue queue = driver.CreateQueue();
            var random = new Random(7);
            for (int round = 0; round < 500; round++)
            {
                int count = random.Next(1, 6);
                ushort[] ids = new ushort[count];
                var chains = new DescriptorChain[count];
                for (int i = 0; i < count; i++)
                {
                    ids[i] = driver.Add(new DriverBuffer(driver.Data, 16), new DriverBuffer(driver.Data + 64, 16, true));
                    Assert.True(queue.TryTake(out chains[i]));
                }

                int[] permutation = [.. Enumerable.Range(0, count)];
                random.Shuffle(permutation);
                foreach (int one in permutation)
                {
                    queue.Return(chains[one], (uint)one);
                }

                int[] expected = order == VirtioFeatures.InOrder ? [.. Enumerable.Range(0, count)] : permutation;
                foreach (int one in expected)
                {
                    Assert.True(driver.TryGetUsed(out ushort id, out uint written));
                    Assert.Equal((ids[one], (uint)one), (id, written));
                }

                Assert.False(driver.TryGetUsed(out _, out _));
                Assert.Equal(0, queue.InFlight);
            }
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_full_queue_is_taken_whole(VirtQueueFormat format)
    {
        foreach (uint size in new uint[] { 1, 16, 32768 })
        {
            using var memory = new TestMemory(4 << 20);
            TestDriver driver = TestDriver.Create(memory, format, size, Of(format));
            VirtQueue queue = driver.CreateQueue();
            for (int lap = 0; lap < 3; lap++)
            {
                for (uint i = 0; i < size; i++)
                {
                    driver.Add([new DriverBuffer(driver.Data, 1)]);
                }

                var chains = new List<DescriptorChain>();
                while (queue.TryTake(out DescriptorChain chain))
                {
                    chains.Add(chain);
                }

                Assert.Equal((int)size, chains.Count);
                Assert.Equal(VirtQueueError.None, queue.Error);
                chains.ForEach(chain => queue.Return(chain, 0));
                for (uint i = 0; i < size; i++)
                {
                    Assert.True(driver.TryGetUsed(out _, out _));
                }
            }
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_queue_goes_on_from_any_position(VirtQueueFormat format)
    {
        VirtQueuePosition[] starts = format == VirtQueueFormat.Split
            ? [new(65535, 65535), new(65530, 65530), new(5, 5), new(32768, 32768)]
            : [new(0, 0, false, false), new(15, 15, true, true), new(15, 15, false, false), new(7, 7, false, false)];
        foreach (VirtQueuePosition start in starts)
        {
            using var memory = new TestMemory();
            TestDriver driver = TestDriver.Create(memory, format, 16, Of(format), start);
            VirtQueue queue = driver.CreateQueue(start);
            Assert.Equal(start, queue.Position);
            for (int round = 0; round < 50; round++)
            {
                if (round % 7 == 3)
                {
                    // As when the device's process ends and another goes on.
                    uint vring = queue.Position.ToVringBase(format);
                    queue.Close();
                    queue = driver.CreateQueue(VirtQueuePosition.FromVringBase(vring, format));
                }

                ushort id = driver.Add(new DriverBuffer(driver.Data, 4), new DriverBuffer(driver.Data + 8, 4, true), new DriverBuffer(driver.Data + 16, 4, true));
                Assert.True(queue.TryTake(out DescriptorChain chain));
                queue.Return(chain, 8);
                Assert.True(driver.TryGetUsed(out ushort used, out uint written));
                Assert.Equal((id, 8u), (used, written));
            }
        }
    }

    [Fact]
    public void A_position_survives_the_form_of_vhost_user()
    {
        Assert.Equal(0x8003u | 0x0007u << 16, new VirtQueuePosition(3, 7, true, false).ToVringBase(VirtQueueFormat.Packed));
        Assert.Equal(new VirtQueuePosition(3, 7, true, false), VirtQueuePosition.FromVringBase(0x0007_8003, VirtQueueFormat.Packed));
        Assert.Equal(0x8000_8000u, VirtQueuePosition.Start.ToVringBase(VirtQueueFormat.Packed));
        Assert.Equal(65535u, new VirtQueuePosition(65535, 3).ToVringBase(VirtQueueFormat.Split));
        Assert.Equal(new VirtQueuePosition(65535, 65535), VirtQueuePosition.FromVringBase(65535, VirtQueueFormat.Split));
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Flags_suppress_interrupts_and_kicks(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 16, Of(format));
        VirtQueue queue = driver.CreateQueue();
        Assert.False(queue.ShouldNotify());
        foreach (bool wanted in new[] { true, false, true })
        {
            driver.WantInterrupts(wanted);
            Pass(driver, queue);
            Assert.Equal(wanted, queue.ShouldNotify());
            Assert.False(queue.ShouldNotify());
        }

        driver.ShouldKick();
        queue.DisableKicks();
        driver.Add(new DriverBuffer(driver.Data, 4));
        Assert.False(driver.ShouldKick());
        Assert.True(queue.EnableKicks());
        Assert.True(queue.TryTake(out DescriptorChain chain));
        queue.Return(chain, 0);
        Assert.False(queue.EnableKicks());
        driver.Add(new DriverBuffer(driver.Data, 4));
        Assert.True(driver.ShouldKick());
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split, 65530)]
    [InlineData(VirtQueueFormat.Packed, 0)]
    public void The_event_index_asks_for_one_interrupt_and_one_kick(VirtQueueFormat format, int start)
    {
        foreach (int after in Enumerable.Range(1, 12))
        {
            using var memory = new TestMemory();
            VirtioFeatures features = VirtioFeatures.EventIndex | Of(format);
            var position = new VirtQueuePosition((ushort)start, (ushort)start);
            TestDriver driver = TestDriver.Create(memory, format, 16, features, position);
            VirtQueue queue = driver.CreateQueue(position);

            // The first answer is yes: a device that goes on does not know what the one before it has signalled.
            driver.WantInterruptAfter(1);
            Pass(driver, queue);
            Assert.True(queue.ShouldNotify());
            for (int lap = 0; lap < 20; lap++)
            {
                driver.WantInterruptAfter(after);
                for (int i = 1; i <= after; i++)
                {
                    Pass(driver, queue);
                    Assert.Equal(i == after, queue.ShouldNotify());
                }

                // In one batch, and in one that goes beyond.
                driver.WantInterruptAfter(after);
                for (int i = 0; i < after + lap % 3; i++)
                {
                    Pass(driver, queue);
                }

                Assert.True(queue.ShouldNotify());
            }

            driver.ShouldKick();
            Assert.False(queue.EnableKicks());
            driver.Add(new DriverBuffer(driver.Data, 4));
            Assert.True(driver.ShouldKick());
            queue.DisableKicks();
            driver.Add(new DriverBuffer(driver.Data, 4));
            Assert.False(driver.ShouldKick());
            Assert.True(queue.EnableKicks());
        }
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Typed_values_go_through_buffers_that_are_divided_anywhere(VirtQueueFormat format)
    {
        for (int cut = 1; cut < 15; cut++)
        {
            using var memory = new TestMemory();
            TestDriver driver = TestDriver.Create(memory, format, 16, Of(format));
            VirtQueue queue = driver.CreateQueue();
            memory.Write(driver.Data, "0123456789ABCDEF"u8[..cut]);
            memory.Write(driver.Data + 100, "0123456789ABCDEF"u8[cut..]);
            driver.Add(
                new DriverBuffer(driver.Data, (uint)cut), new DriverBuffer(driver.Data + 100, (uint)(16 - cut)),
                new DriverBuffer(driver.Data + 200, (uint)cut, true), new DriverBuffer(driver.Data + 300, (uint)(16 - cut), true));
            Assert.True(queue.TryTake(out DescriptorChain chain));
            Assert.True(chain.Readable.TryRead(out ulong first));
            Assert.Equal(8ul, chain.Readable.Remaining);
            Assert.True(chain.Readable.TryRead(out ulong second));
            Assert.False(chain.Readable.TryRead(out byte _));
            Assert.Equal("0123456789ABCDEF", Encoding.ASCII.GetString([.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second)]));
            Assert.True(chain.Writable.TryWrite(first));
            Assert.Equal(8u, chain.Writable.Written);
            Assert.True(chain.Writable.TryWrite(second));
            queue.Return(chain);
            Assert.True(driver.TryGetUsed(out _, out uint written));
            Assert.Equal(16u, written);
            Assert.Equal("0123456789ABCDEF"u8.ToArray(), (byte[])[.. memory[driver.Data + 200, cut], .. memory[driver.Data + 300, 16 - cut]]);
        }
    }

    [Fact]
    public void What_is_passed_over_ends_what_counts_as_written()
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, VirtQueueFormat.Split);
        VirtQueue queue = driver.CreateQueue();
        driver.Add(new DriverBuffer(driver.Data, 10, true), new DriverBuffer(driver.Data + 20, 10, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        ChainWriter writer = chain.Writable;
        Assert.True(writer.TryFill(4, 0xAB));
        Assert.True(writer.TrySkip(8));
        Assert.True(writer.TryFill(3, 0xCD));
        Assert.Equal((4u, 5ul), (writer.Written, writer.Remaining));
        Assert.False(writer.TrySkip(6));
        queue.Return(chain);
        Assert.True(driver.TryGetUsed(out _, out uint written));
        Assert.Equal(4u, written);
        Assert.Equal([0xAB, 0xAB, 0xAB, 0xAB, 0, 0, 0, 0, 0, 0], memory[driver.Data, 10]);
        Assert.Equal([0, 0, 0xCD, 0xCD, 0xCD, 0, 0, 0, 0, 0], memory[driver.Data + 20, 10]);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_file_goes_into_and_out_of_many_buffers(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 1024, Of(format));
        VirtQueue queue = driver.CreateQueue();
        string path = Path.GetTempFileName();
        byte[] content = new byte[600 * 7];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(path, content);
        using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite))
        {
            var buffers = new DriverBuffer[600];
            for (int i = 0; i < buffers.Length; i++)
            {
                buffers[i] = new DriverBuffer(driver.Data + (ulong)i * 16, 7, true);
            }

            driver.Add(buffers);
            Assert.True(queue.TryTake(out DescriptorChain chain));
            Assert.True(chain.Writable.TrySkip(3));
            Assert.True(chain.Writable.TryReadFrom(file, 3, 4000, out ulong moved));
            Assert.Equal((4000ul, 0u, 197ul), (moved, chain.Writable.Written, chain.Writable.Remaining));
            Assert.True(chain.Writable.TryReadFrom(file, 4150, 100, out moved));
            Assert.Equal(50ul, moved);
            Assert.False(chain.Writable.TryReadFrom(file, 0, 1000, out moved));
            queue.Return(chain, 0);
            Assert.True(driver.TryGetUsed(out _, out _));
            byte[] seen = [.. buffers.SelectMany(one => memory[one.Address, 7])];
            Assert.Equal([0, 0, 0, .. content[3..4003], .. content[4150..], .. new byte[147]], seen);
            Assert.All(buffers, one => Assert.Equal(new byte[9], memory[one.Address + 7, 9]));

            driver.Add([.. buffers.Select(one => one with { IsWritable = false })]);
            Assert.True(queue.TryTake(out chain));
            Assert.True(chain.Readable.TrySkip(5));
            Assert.True(chain.Readable.TryWriteTo(file, 10, 3000, out moved));
            Assert.Equal((3000ul, 1195ul), (moved, chain.Readable.Remaining));
            Assert.False(chain.Readable.TryWriteTo(file, 10, 1196, out moved));
            queue.Return(chain, 0);
            byte[] after = new byte[content.Length];
            RandomAccess.Read(file, after, 0);
            Assert.Equal([.. content[..10], .. seen[5..3005], .. content[3010..]], after);
        }

        File.Delete(path);
    }

    [Fact]
    public void Wrong_use_by_the_host_is_an_exception()
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, VirtQueueFormat.Split);
        VirtQueue queue = driver.CreateQueue();
        VirtQueue other = driver.CreateQueue();
        driver.Add(new DriverBuffer(driver.Data, 10, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        Assert.Throws<ArgumentOutOfRangeException>(() => queue.Return(chain, 11));
        Assert.Throws<InvalidOperationException>(() => other.Return(chain, 0));
        Assert.Throws<InvalidOperationException>(() => queue.Return(default, 0));
        ChainWriter writer = chain.Writable;
        queue.Return(chain, 10);

        // The same object serves the next chain, and what is left of the first one does not reach it.
        driver.Add(new DriverBuffer(driver.Data, 10, true));
        Assert.True(queue.TryTake(out DescriptorChain next));
        Assert.Throws<InvalidOperationException>(() => queue.Return(chain, 0));
        Assert.Throws<InvalidOperationException>(() => chain.Writable);
        Assert.Throws<InvalidOperationException>(() => writer.TryWrite<byte>(1));
        Assert.Throws<InvalidOperationException>(() => default(ChainReader).Remaining);
        Assert.False(chain.IsInFlight);
        Assert.True(next.IsInFlight);
        queue.Return(next, 0);
        Assert.Throws<ArgumentException>(() => VirtQueue.Create(memory.Space, driver.Layout with { Size = 3 }, VirtioFeatures.None));
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_queue_that_was_closed_touches_nothing(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 16, Of(format));
        VirtQueue queue = driver.CreateQueue();
        driver.Add(new DriverBuffer(driver.Data, 10, true));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        driver.Add(new DriverBuffer(driver.Data, 10, true));
        queue.Close();
        byte[] before = memory[TestMemory.Base, (int)memory.Size];
        Assert.False(queue.TryTake(out _));
        Assert.False(chain.Writable.TryFill(4, 1));
        Assert.False(chain.Writable.TryWrite<ulong>(1));
        Assert.False(chain.Writable.TryCopyFrom([1]));
        queue.Return(chain, 0);
        queue.DisableKicks();
        Assert.False(queue.EnableKicks());
        Assert.False(queue.ShouldNotify());
        Assert.True(memory.Is(before));
        Assert.Equal(0, queue.InFlight);
    }

    internal static VirtioFeatures Of(VirtQueueFormat format) => format == VirtQueueFormat.Packed ? VirtioFeatures.RingPacked : VirtioFeatures.None;

    private static void Pass(TestDriver driver, VirtQueue queue)
    {
        driver.Add(new DriverBuffer(driver.Data, 4));
        Assert.True(queue.TryTake(out DescriptorChain chain));
        queue.Return(chain, 0);
        Assert.True(driver.TryGetUsed(out _, out _));
    }
}
