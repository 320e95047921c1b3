namespace Nub.Virtio.Tests;

/// <summary>Rings and chains that break a rule. Each is refused with its reason; nothing was written; the queue takes nothing any more, and the next one works.</summary>
public sealed class HostileChains
{
    private const ulong Far = 0x7000_0000_0000;

    private static readonly Dictionary<string, (Action<SplitDriver> Break, VirtQueueError Error)> s_split = new()
    {
        ["the index is one more than the queue has"] = (d => d.SetIndex(17), VirtQueueError.AvailableIndexJumped),
        ["the index goes back by one"] = (d => d.SetIndex(-1), VirtQueueError.AvailableIndexJumped),
        ["the index jumps by half its range"] = (d => d.SetIndex(32768), VirtQueueError.AvailableIndexJumped),
        ["a head that is the queue's size"] = (d => d.Offer(16), VirtQueueError.HeadOutOfRange),
        ["a head of 65535"] = (d => d.Offer(65535), VirtQueueError.HeadOutOfRange),
        ["a chain that goes on at the queue's size"] = (d => Chain(d, (d.Data, 8, TestDriver.Next, 16)), VirtQueueError.NextOutOfRange),
        ["a chain that goes on at 65535"] = (d => Chain(d, (d.Data, 8, TestDriver.Next, 65535)), VirtQueueError.NextOutOfRange),
        ["a chain whose third goes out of the table"] =
            (d => Chain(d, (d.Data, 8, TestDriver.Next, 1), (d.Data, 8, TestDriver.Next, 2), (d.Data, 8, TestDriver.Next, 17)), VirtQueueError.NextOutOfRange),
        ["a descriptor that follows itself"] = (d => Chain(d, (d.Data, 8, TestDriver.Next, 0)), VirtQueueError.ChainTooLong),
        ["two descriptors that follow one another"] = (d => Chain(d, (d.Data, 8, TestDriver.Next, 1), (d.Data, 8, TestDriver.Next, 0)), VirtQueueError.ChainTooLong),
        ["a chain of all descriptors that comes back"] =
            (d => Chain(d, [.. Enumerable.Range(0, 16).Select(i => (d.Data, 8u, TestDriver.Next, (uint)(i + 1) % 16))]), VirtQueueError.ChainTooLong),
        ["a writable loop"] = (d => Chain(d, (d.Data, 8, TestDriver.Next | TestDriver.Write, 0)), VirtQueueError.ChainTooLong),
        ["an address plus length beyond 2^64"] = (d => Chain(d, (ulong.MaxValue - 7, 16, 0, 0)), VirtQueueError.BufferWraps),
        ["an address plus length of 2^64 and 4 GiB"] = (d => Chain(d, (ulong.MaxValue, uint.MaxValue, TestDriver.Write, 0)), VirtQueueError.BufferWraps),
        ["a readable buffer of no bytes"] = (d => Chain(d, (d.Data, 0, 0, 0)), VirtQueueError.BufferEmpty),
        ["a writable buffer of no bytes"] = (d => Chain(d, (d.Data, 8, TestDriver.Next, 1), (d.Data, 0, TestDriver.Write, 0)), VirtQueueError.BufferEmpty),
        ["an empty buffer in the middle"] =
            (d => Chain(d, (d.Data, 8, TestDriver.Next, 1), (d.Data, 0, TestDriver.Next, 2), (d.Data, 8, TestDriver.Write, 0)), VirtQueueError.BufferEmpty),
        ["readable after writable"] = (d => Chain(d, (d.Data, 8, TestDriver.Write | TestDriver.Next, 1), (d.Data, 8, 0, 0)), VirtQueueError.ReadableAfterWritable),
        ["4 GiB in two buffers"] = (d => Chain(d, (Far, 1u << 31, TestDriver.Next, 1), (Far, 1u << 31, 0, 0)), VirtQueueError.ChainTooLarge),
        ["16 times 4 GiB"] = (d => Chain(d, [.. Enumerable.Range(0, 16).Select(i => (Far, uint.MaxValue, i < 15 ? TestDriver.Next : 0, (uint)i + 1))]), VirtQueueError.ChainTooLarge),
        ["indirect without the feature"] = (d =>
        {
            d.Features = VirtioFeatures.None;
            Table(d, 16, (d.Data, 8, 0, 0));
        }, VirtQueueError.IndirectNotNegotiated),
        ["a table of no bytes"] = (d => Table(d, 0, (d.Data, 8, 0, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table of 15 bytes"] = (d => Table(d, 15, (d.Data, 8, 0, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table of 40 bytes"] = (d => Table(d, 40, (d.Data, 8, 0, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table of 2^32 - 1 bytes"] = (d => Table(d, uint.MaxValue, (d.Data, 8, 0, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table that ends beyond 2^64"] = (d => Chain(d, (ulong.MaxValue - 15, 32, TestDriver.Indirect, 0)), VirtQueueError.IndirectTableNotMapped),
        ["a table that is not mapped"] = (d => Chain(d, (Far, 32, TestDriver.Indirect, 0)), VirtQueueError.IndirectTableNotMapped),
        ["a table of which the second half is not mapped"] = (d =>
        {
            d.WriteDescriptor(TestMemory.Base + d.Memory.Size - 16, d.Data, 8, TestDriver.Next, 1);
            Chain(d, (TestMemory.Base + d.Memory.Size - 16, 32, TestDriver.Indirect, 0));
        }, VirtQueueError.IndirectTableNotMapped),
        ["a table in a table"] = (d => Table(d, 32, (d.Data, 8, TestDriver.Next, 1), (d.Tables, 32, TestDriver.Indirect, 0)), VirtQueueError.IndirectNested),
        ["a table that is itself"] = (d => Table(d, 16, (d.Tables, 16, TestDriver.Indirect, 0)), VirtQueueError.IndirectNested),
        ["an indirect descriptor that goes on"] = (d => Chain(d, (d.Tables, 16, TestDriver.Indirect | TestDriver.Next, 1), (d.Data, 8, 0, 0)), VirtQueueError.IndirectWithNext),
        ["a table whose entry goes out of it"] = (d => Table(d, 32, (d.Data, 8, TestDriver.Next, 2)), VirtQueueError.NextOutOfRange),
        ["a table whose entry goes to 65535"] = (d => Table(d, 32, (d.Data, 8, TestDriver.Next, 65535)), VirtQueueError.NextOutOfRange),
        ["a table whose entry follows itself"] = (d => Table(d, 32, (d.Data, 8, TestDriver.Next, 0)), VirtQueueError.ChainTooLong),
        ["a table of 1040 entries that loops"] = (d => Table(d, 1040 * 16, (d.Data, 8, TestDriver.Next, 1), (d.Data, 8, TestDriver.Next, 0)), VirtQueueError.ChainTooLong),
        ["readable after writable in a table"] =
            (d => Table(d, 32, (d.Data, 8, TestDriver.Write | TestDriver.Next, 1), (d.Data, 8, 0, 0)), VirtQueueError.ReadableAfterWritable),
        ["readable in a table after a writable one before it"] = (d =>
        {
            d.WriteDescriptor(d.Tables, d.Data, 8, 0, 0);
            Chain(d, (d.Data, 8, TestDriver.Write | TestDriver.Next, 1), (d.Tables, 16, TestDriver.Indirect, 0));
        }, VirtQueueError.ReadableAfterWritable),
        ["an empty buffer in a table"] = (d => Table(d, 32, (d.Data, 8, TestDriver.Next, 1), (d.Data, 0, 0, 0)), VirtQueueError.BufferEmpty),
        ["a buffer in a table that wraps"] = (d => Table(d, 16, (ulong.MaxValue, 2, 0, 0)), VirtQueueError.BufferWraps),
    };

    private static readonly Dictionary<string, (Action<PackedDriver> Break, VirtQueueError Error)> s_packed = new()
    {
        ["a chain that goes on at what is not available"] = (d => d.Put(d.Data, 8, TestDriver.Next, 0), VirtQueueError.ChainNotComplete),
        ["a chain whose second has the other lap's bits"] = (d =>
        {
            d.Put(d.Data, 8, TestDriver.Next, 0);
            d.WriteDescriptor(d.EntryAt(1), d.Data, 8, 1u << 15, 0);
        }, VirtQueueError.ChainNotComplete),
        ["a chain round the whole ring"] = (d => Ring(d, 16, TestDriver.Next), VirtQueueError.ChainTooLong),
        ["a writable chain round the whole ring"] = (d => Ring(d, 16, TestDriver.Next | TestDriver.Write), VirtQueueError.ChainTooLong),
        ["an address plus length beyond 2^64"] = (d => d.Put(ulong.MaxValue - 7, 16, 0, 0), VirtQueueError.BufferWraps),
        ["a readable buffer of no bytes"] = (d => d.Put(d.Data, 0, 0, 0), VirtQueueError.BufferEmpty),
        ["a writable buffer of no bytes"] = (d => d.Put(d.Data, 0, TestDriver.Write, 0), VirtQueueError.BufferEmpty),
        ["readable after writable"] = (d =>
        {
            d.Put(d.Data, 8, TestDriver.Write | TestDriver.Next, 0);
            d.Put(d.Data, 8, 0, 0);
        }, VirtQueueError.ReadableAfterWritable),
        ["4 GiB in two buffers"] = (d =>
        {
            d.Put(Far, uint.MaxValue, TestDriver.Next, 0);
            d.Put(Far, 1, 0, 0);
        }, VirtQueueError.ChainTooLarge),
        ["indirect without the feature"] = (d =>
        {
            d.Features = VirtioFeatures.RingPacked;
            Table(d, 16, (d.Data, 8, 0));
        }, VirtQueueError.IndirectNotNegotiated),
        ["a table of no bytes"] = (d => Table(d, 0, (d.Data, 8, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table of 8 bytes"] = (d => Table(d, 8, (d.Data, 8, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table of 17 bytes"] = (d => Table(d, 17, (d.Data, 8, 0)), VirtQueueError.IndirectTableSizeInvalid),
        ["a table that ends beyond 2^64"] = (d => d.Put(ulong.MaxValue - 15, 32, TestDriver.Indirect, 0), VirtQueueError.IndirectTableNotMapped),
        ["a table that is not mapped"] = (d => d.Put(Far, 32, TestDriver.Indirect, 0), VirtQueueError.IndirectTableNotMapped),
        ["a table of which the second half is not mapped"] = (d =>
        {
            d.WriteDescriptor(TestMemory.Base + d.Memory.Size - 16, d.Data, 8, 0, 0);
            d.Put(TestMemory.Base + d.Memory.Size - 16, 32, TestDriver.Indirect, 0);
        }, VirtQueueError.IndirectTableNotMapped),
        ["a table in a table"] = (d => Table(d, 32, (d.Data, 8, 0), (d.Tables, 32, TestDriver.Indirect)), VirtQueueError.IndirectNested),
        ["a table of 1025 entries"] = (d => Table(d, 1025 * 16, (d.Data, 8, 0)), VirtQueueError.ChainTooLong),
        ["a table of 2^28 - 1 entries"] = (d => Table(d, uint.MaxValue - 15, (d.Data, 8, 0)), VirtQueueError.ChainTooLong),
        ["an indirect descriptor that goes on"] = (d =>
        {
            d.Put(d.Tables, 16, TestDriver.Indirect | TestDriver.Next, 0);
            d.Put(d.Data, 8, 0, 0);
        }, VirtQueueError.IndirectWithNext),
        ["an indirect descriptor at a chain's end"] = (d =>
        {
            d.Put(d.Data, 8, TestDriver.Next, 0);
            d.Put(d.Tables, 16, TestDriver.Indirect, 0);
        }, VirtQueueError.IndirectWithNext),
        ["readable after writable in a table"] = (d => Table(d, 32, (d.Data, 8, TestDriver.Write), (d.Data, 8, 0)), VirtQueueError.ReadableAfterWritable),
        ["an empty buffer in a table"] = (d => Table(d, 32, (d.Data, 8, 0), (d.Data, 0, 0)), VirtQueueError.BufferEmpty),
        ["a buffer in a table that wraps"] = (d => Table(d, 16, (ulong.MaxValue, 2, 0)), VirtQueueError.BufferWraps),
    };

    public static TheoryData<string> SplitNames() => [.. s_split.Keys];

    public static TheoryData<string> PackedNames() => [.. s_packed.Keys];

    [Theory]
    [MemberData(nameof(SplitNames))]
    public void Split_is_refused_with_its_reason(string name)
    {
        using var memory = new TestMemory();
        var driver = (SplitDriver)TestDriver.Create(memory, VirtQueueFormat.Split, 16, VirtioFeatures.IndirectDescriptors);
        s_split[name].Break(driver);
        AssertRefused(driver, s_split[name].Error);
    }

    [Theory]
    [MemberData(nameof(PackedNames))]
    public void Packed_is_refused_with_its_reason(string name)
    {
        using var memory = new TestMemory();
        var driver = (PackedDriver)TestDriver.Create(memory, VirtQueueFormat.Packed, 16, VirtioFeatures.IndirectDescriptors | VirtioFeatures.RingPacked);
        s_packed[name].Break(driver);
        AssertRefused(driver, s_packed[name].Error);
    }

    /// <summary>A queue in the same memory, set up anew, serves a request.</summary>
    internal static void AssertServes(TestMemory memory, VirtQueueFormat format)
    {
        TestDriver driver = TestDriver.Create(memory, format, 16, VirtioFeatures.IndirectDescriptors | QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        foreach (bool isIndirect in new[] { false, true })
        {
            memory.Write(driver.Data, 0x1234567ul);
            ushort id = driver.Add([new DriverBuffer(driver.Data, 8), new DriverBuffer(driver.Data + 8, 8, true)], isIndirect);
            Assert.True(queue.TryTake(out DescriptorChain chain));
            Assert.True(chain.Readable.TryRead(out ulong value));
            Assert.True(chain.Writable.TryWrite(value + 1));
            queue.Return(chain);
            Assert.True(driver.TryGetUsed(out ushort used, out uint written));
            Assert.Equal((id, 8u, 0x1234568ul), (used, written, memory.Read<ulong>(driver.Data + 8)));
        }
    }

    private static void AssertRefused(TestDriver driver, VirtQueueError error)
    {
        VirtQueue queue = driver.CreateQueue();
        byte[] before = driver.Memory[TestMemory.Base, (int)driver.Memory.Size];
        for (int i = 0; i < 2; i++)
        {
            Assert.False(queue.TryTake(out _));
            Assert.Equal(error, queue.Error);
        }

        Assert.Contains(error.ToString(), queue.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, queue.InFlight);
        queue.DisableKicks();
        Assert.False(queue.EnableKicks());
        Assert.False(queue.ShouldNotify());
        Assert.True(driver.Memory.Is(before));
        AssertServes(driver.Memory, queue.Format);
    }

    private static void Chain(SplitDriver driver, params (ulong Address, uint Length, uint Flags, uint Next)[] descriptors)
    {
        for (int i = 0; i < descriptors.Length; i++)
        {
            driver.Describe((uint)i, descriptors[i].Address, descriptors[i].Length, descriptors[i].Flags, descriptors[i].Next);
        }

        driver.Offer(0);
    }

    private static void Table(SplitDriver driver, uint length, params (ulong Address, uint Length, uint Flags, uint Next)[] entries)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            driver.WriteDescriptor(driver.Tables + 16 * (ulong)i, entries[i].Address, entries[i].Length, entries[i].Flags, entries[i].Next);
        }

        Chain(driver, (driver.Tables, length, TestDriver.Indirect, 0));
    }

    private static void Table(PackedDriver driver, uint length, params (ulong Address, uint Length, uint Flags)[] entries)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            driver.WriteDescriptor(driver.Tables + 16 * (ulong)i, entries[i].Address, entries[i].Length, entries[i].Flags, 0);
        }

        driver.Put(driver.Tables, length, TestDriver.Indirect, 0);
    }

    private static void Ring(PackedDriver driver, int count, uint flags)
    {
        for (int i = 0; i < count; i++)
        {
            driver.Put(driver.Data, 8, flags, 0);
        }
    }
}
