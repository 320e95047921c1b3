namespace Nub.Virtio.Tests;

/// <summary>Block requests that break a rule of virtio 1.2, section 5.2.6. Each gets its answer, the disk stays as it was, and the device goes on.</summary>
public sealed class HostileBlockRequests
{
    private const ulong Sectors = 64;
    private const byte IoError = 1;
    private const byte Unsupported = 2;
    private const byte None = BlockDriver.NoStatus;

    private static readonly Dictionary<string, (Func<BlockDriver, byte> Send, byte Answer)> s_cases = new()
    {
        ["no writable byte"] = (d => SendHead(d, BlockDriver.Flush, 0), None),
        ["nothing but data to write"] = (d => SendHead(d, BlockDriver.Write, 0, new DriverBuffer(d.Data, 512)), None),
        ["no header"] = (d => d.Send(new DriverBuffer(d.Status, 1, true)), IoError),
        ["a header of one byte"] = (d => d.Send([0], []), IoError),
        ["a header of 15 bytes"] = (d => d.Send(new byte[15], []), IoError),
        ["a header that is not mapped"] = (d => d.Send(new DriverBuffer(64, 16), new DriverBuffer(d.Status, 1, true)), IoError),
        ["a header of which half is not mapped"] = (d => d.Send(new DriverBuffer(TestMemory.Base + d.Memory.Size - 8, 16), new DriverBuffer(d.Status, 1, true)), IoError),
        ["a header near 2^64"] = (d => d.Send(new DriverBuffer(ulong.MaxValue - 16, 16), new DriverBuffer(d.Status, 1, true)), IoError),
        ["an unknown type"] = (d => d.Request(3, 0, 512, true), Unsupported),
        ["the type of SCSI"] = (d => d.Request(2, 0, 512, true), Unsupported),
        ["the type 2^32 - 1"] = (d => d.Request(uint.MaxValue, 0, 512, true), Unsupported),
        ["the type of a secure erase"] = (d => d.Ranges(14, (0, 1, 0)), Unsupported),
        ["a zone report"] = (d => d.Request(16, 0, 512, true), Unsupported),
        ["a read of the sector behind the last"] = (d => d.Request(BlockDriver.Read, Sectors, 512, true), IoError),
        ["a read that ends one sector too late"] = (d => d.Request(BlockDriver.Read, Sectors - 1, 1024, true), IoError),
        ["a read whose position wraps in bytes"] = (d => d.Request(BlockDriver.Read, 1ul << 55, 512, true), IoError),
        ["a read at sector 2^64 - 1"] = (d => d.Request(BlockDriver.Read, ulong.MaxValue, 512, true), IoError),
        ["a read of half a sector"] = (d => d.Request(BlockDriver.Read, 0, 256, true), IoError),
        ["a read of one byte more than a sector"] = (d => d.Request(BlockDriver.Read, 0, 513, true), IoError),
        ["a write of the sector behind the last"] = (d => d.Request(BlockDriver.Write, Sectors, 512, false), IoError),
        ["a write that ends one sector too late"] = (d => d.Request(BlockDriver.Write, Sectors - 1, 1024, false), IoError),
        ["a write whose position wraps in bytes"] = (d => d.Request(BlockDriver.Write, 1ul << 55, 512, false), IoError),
        ["a write at sector 2^64 - 1"] = (d => d.Request(BlockDriver.Write, ulong.MaxValue, 512, false), IoError),
        ["a write of half a sector"] = (d => d.Request(BlockDriver.Write, 0, 256, false), IoError),
        ["a read into what is not mapped"] = (d => d.Send(BlockDriver.Head(BlockDriver.Read, 0), [new DriverBuffer(4096, 512, true)]), IoError),
        ["a read into what is half mapped"] =
            (d => d.Send(BlockDriver.Head(BlockDriver.Read, 0), [new DriverBuffer(TestMemory.Base + d.Memory.Size - 256, 512, true)]), IoError),
        ["a write from what is not mapped"] = (d => d.Send(BlockDriver.Head(BlockDriver.Write, 0), [new DriverBuffer(4096, 512)]), IoError),
        ["a read of almost 4 GiB"] = (d => d.Send(BlockDriver.Head(BlockDriver.Read, 0), [new DriverBuffer(d.Data, 0xFFFF_FE00, true)]), IoError),
        ["a status that is not mapped"] = (d =>
        {
            d.Memory.Write(d.Header, BlockDriver.Head(BlockDriver.Flush, 0));
            return d.Send(new DriverBuffer(d.Header, 16), new DriverBuffer(4096, 1, true));
        }, None),
        ["a discard of no ranges"] = (d => d.Request(BlockDriver.Discard, 0, 0, false), IoError),
        ["a discard of 17 ranges"] = (d => d.Ranges(BlockDriver.Discard, [.. Enumerable.Repeat((0ul, 1u, 0u), 17)]), IoError),
        ["a discard of a range and a half"] = (d => d.Request(BlockDriver.Discard, 0, 24, false), IoError),
        ["a discard with unmap"] = (d => d.Ranges(BlockDriver.Discard, (0, 1, 1)), Unsupported),
        ["a discard with a reserved flag"] = (d => d.Ranges(BlockDriver.Discard, (0, 1, 2)), Unsupported),
        ["a discard beyond the end"] = (d => d.Ranges(BlockDriver.Discard, (Sectors - 1, 2, 0)), IoError),
        ["a discard whose sum wraps"] = (d => d.Ranges(BlockDriver.Discard, (ulong.MaxValue, 2, 0)), IoError),
        ["a discard of 2^32 - 1 sectors"] = (d => d.Ranges(BlockDriver.Discard, (0, uint.MaxValue, 0)), IoError),
        ["zeroes with a reserved flag"] = (d => d.Ranges(BlockDriver.WriteZeroes, (0, 1, 4)), Unsupported),
        ["zeroes beyond the end"] = (d => d.Ranges(BlockDriver.WriteZeroes, (Sectors, 1, 0)), IoError),
        ["zeroes whose second range is beyond the end"] = (d => d.Ranges(BlockDriver.WriteZeroes, (0, 8, 0), (Sectors, 1, 0)), IoError),
        ["zeroes of 2^32 - 1 sectors"] = (d => d.Ranges(BlockDriver.WriteZeroes, (0, uint.MaxValue, 0)), IoError),
        ["zeroes of 65536 ranges"] = (d => d.Request(BlockDriver.WriteZeroes, 0, 16 * 4096, false), IoError),
        ["ranges that are not mapped"] = (d => d.Send(BlockDriver.Head(BlockDriver.WriteZeroes, 0), [new DriverBuffer(4096, 16)]), IoError),
        ["a serial number into what is not mapped"] = (d => d.Send(BlockDriver.Head(BlockDriver.GetId, 0), [new DriverBuffer(4096, 20, true)]), IoError),
    };

    private static readonly Dictionary<string, Func<BlockDriver, byte>> s_readOnlyCases = new()
    {
        ["a write"] = d => d.Request(BlockDriver.Write, 0, 512, false),
        ["a write of nothing"] = d => d.Request(BlockDriver.Write, 0, 0, false),
    };

    public static TheoryData<string> Names() => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Gets_its_answer(string name)
    {
        foreach (VirtQueueFormat format in Enum.GetValues<VirtQueueFormat>())
        {
            using var storage = new MemoryStorage(Sectors * 512);
            byte[] content = new byte[Sectors * 512];
            new Random(3).NextBytes(content);
            storage.CopyFrom(0, content);
            using var driver = new BlockDriver(new BlockDevice(storage), format);
            Assert.Equal(s_cases[name].Answer, s_cases[name].Send(driver));
            byte[] after = new byte[content.Length];
            storage.CopyTo(0, after);
            Assert.Equal(content, after);
            driver.AssertAlive();
        }
    }

    [Fact]
    public void A_disk_for_reading_is_never_written()
    {
        using var storage = new MemoryStorage(Sectors * 512, isReadOnly: true);
        using var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split);
        foreach ((string name, Func<BlockDriver, byte> send) in s_readOnlyCases)
        {
            Assert.True(send(driver) == IoError, name);
        }

        Assert.Equal(Unsupported, driver.Ranges(BlockDriver.WriteZeroes, (0, 1, 0)));
        Assert.Equal(Unsupported, driver.Ranges(BlockDriver.Discard, (0, 1, 0)));
        driver.AssertAlive();
    }

    [Fact]
    public void What_was_not_negotiated_is_unsupported()
    {
        using var storage = new MemoryStorage(Sectors * 512);
        using var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split);
        driver.Device.Activate(1ul << 9);
        Assert.Equal(Unsupported, driver.Ranges(BlockDriver.WriteZeroes, (0, 1, 0)));
        Assert.Equal(Unsupported, driver.Ranges(BlockDriver.Discard, (0, 1, 0)));
        driver.AssertAlive();
    }

    private static byte SendHead(BlockDriver driver, uint type, ulong sector, params DriverBuffer[] more)
    {
        driver.Memory.Write(driver.Header, BlockDriver.Head(type, sector));
        return driver.Send([new DriverBuffer(driver.Header, 16), .. more]);
    }
}
