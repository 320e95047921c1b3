using System.Text;

namespace Nub.Virtio.Tests;

public sealed class BlockDeviceTests
{
    private const ulong Sectors = 4096;

    public static TheoryData<VirtQueueFormat, bool> Storages() => new()
    {
        { VirtQueueFormat.Split, false }, { VirtQueueFormat.Split, true }, { VirtQueueFormat.Packed, false }, { VirtQueueFormat.Packed, true },
    };

    [Theory]
    [MemberData(nameof(Storages))]
    public void Random_requests_leave_the_disk_as_a_plain_array_would_be(VirtQueueFormat format, bool isFile)
    {
        string path = Path.GetTempFileName();
        using (BlockStorage storage = Create(path, isFile))
        using (var driver = new BlockDriver(new BlockDevice(storage), format))
        {
            byte[] model = new byte[Sectors * 512];
            var random = new Random(11);
            for (int round = 0; round < 1500; round++)
            {
                int count = random.Next(1, 40);
                ulong sector = (ulong)random.NextInt64((long)Sectors - count + 1);
                Span<byte> part = model.AsSpan((int)sector * 512, count * 512);
                byte[] data = new byte[part.Length];
                switch (random.Next(6))
                {
                    case 0 or 1:
                        random.NextBytes(data);
                        data.CopyTo(part);
                        Assert.Equal(0, driver.WriteData(sector, data));
                        Assert.Equal(1u, driver.LastWritten);
                        break;
                    case 2:
                        Assert.Equal(0, driver.Ranges(BlockDriver.WriteZeroes, (sector, (uint)count, (uint)random.Next(2))));
                        part.Clear();
                        break;
                    case 3:
                        Assert.Equal(0, driver.Request(BlockDriver.Flush, 0, 0, false));
                        break;
                    default:
                        Assert.Equal(0, driver.ReadData(sector, data));
                        Assert.True(part.SequenceEqual(data), $"round {round}");
                        Assert.Equal((uint)data.Length + 1, driver.LastWritten);
                        break;
                }
            }

            Assert.Equal(0, driver.Ranges(BlockDriver.Discard, (0, 64, 0), (128, 64, 0)));
            byte[] kept = new byte[64 * 512];
            Assert.Equal(0, driver.ReadData(64, kept));
            Assert.Equal(model[(64 * 512)..(128 * 512)], kept);
        }

        File.Delete(path);
    }

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void A_request_may_be_divided_anywhere(VirtQueueFormat format)
    {
        using var storage = new MemoryStorage(Sectors * 512);
        byte[] content = new byte[1024];
        new Random(2).NextBytes(content);
        storage.CopyFrom(512, content);
        using var driver = new BlockDriver(new BlockDevice(storage), format);
        var random = new Random(4);
        for (int round = 0; round < 300; round++)
        {
            // Header, data and status, each in pieces, and the status in one piece with the end of the data.
            driver.Memory.Write(driver.Header, BlockDriver.Head(BlockDriver.Read, 1));
            driver.Memory.Write(driver.Data, new byte[1025]);
            driver.Send([.. Cut(random, driver.Header, 16, false), .. Cut(random, driver.Data, 1025, true)]);
            Assert.Equal((byte[])[.. content, 0], driver.Memory[driver.Data, 1025]);
            Assert.Equal(1025u, driver.LastWritten);

            // Header and data in common pieces.
            byte[] written = new byte[1024];
            random.NextBytes(written);
            ulong request = driver.Data + 8192;
            driver.Memory.Write(request, [.. BlockDriver.Head(BlockDriver.Write, 100), .. written]);
            driver.Send([.. Cut(random, request, 16 + 1024, false), new DriverBuffer(driver.Data + 2048, 1, true)]);
            Assert.Equal(0, driver.Memory.Read<byte>(driver.Data + 2048));
            byte[] stored = new byte[1024];
            storage.CopyTo(100 * 512, stored);
            Assert.Equal(written, stored);
        }
    }

    [Fact]
    public void The_configuration_says_what_the_device_is()
    {
        using var storage = new MemoryStorage(Sectors * 512);
        var device = new BlockDevice(storage, new BlockDeviceOptions { QueueCount = 4, BlockSize = 4096, SerialNumber = "disk 1" });
        Assert.Equal((2u, 4, 256, 72), (device.DeviceId, device.QueueCount, device.MaxQueueSize, device.ConfigurationSize));
        Assert.Equal(1ul << 2 | 1ul << 6 | 1ul << 9 | 1ul << 10 | 1ul << 12 | 1ul << 13 | 1ul << 14, device.DeviceFeatures);
        byte[] bytes = new byte[100];
        bytes.AsSpan().Fill(0xFF);
        device.ReadConfiguration(0, bytes);
        Assert.Equal(Sectors, BitConverter.ToUInt64(bytes));
        Assert.Equal(126u, BitConverter.ToUInt32(bytes, 12));
        Assert.Equal(4096u, BitConverter.ToUInt32(bytes, 20));
        Assert.Equal(4, BitConverter.ToUInt16(bytes, 34));
        Assert.Equal(1, bytes[56]);
        Assert.Equal(new byte[28], bytes[72..]);

        // Any offset that a driver may think of.
        foreach (int offset in new[] { -1, int.MinValue, 72, 73, int.MaxValue })
        {
            bytes.AsSpan().Fill(0xFF);
            device.ReadConfiguration(offset, bytes);
            Assert.Equal(new byte[100], bytes);
            device.WriteConfiguration(offset, bytes);
        }

        device.ReadConfiguration(7, bytes.AsSpan(0, 2));
        device.WriteConfiguration(0, [1, 2, 3]);
        Assert.Equal(Sectors, device.Configuration.Capacity);
        using var readOnly = new MemoryStorage(512, isReadOnly: true);
        Assert.Equal(1ul << 2 | 1ul << 5 | 1ul << 6 | 1ul << 9 | 1ul << 10, new BlockDevice(readOnly).DeviceFeatures);
    }

    [Fact]
    public void The_serial_number_is_told_to_whoever_asks()
    {
        using var storage = new MemoryStorage(512);
        using var driver = new BlockDriver(new BlockDevice(storage, new BlockDeviceOptions { SerialNumber = "disk 1" }), VirtQueueFormat.Split);
        Assert.Equal(0, driver.Request(BlockDriver.GetId, 0, 20, true));
        Assert.Equal("disk 1".PadRight(20, '\0'), Encoding.ASCII.GetString(driver.Memory[driver.Data, 20]));
        Assert.Equal(21u, driver.LastWritten);
        Assert.Equal(0, driver.Request(BlockDriver.GetId, 0, 3, true));
        Assert.Equal("dis", Encoding.ASCII.GetString(driver.Memory[driver.Data, 3]));
    }

    [Fact]
    public void Options_that_no_device_has_are_refused()
    {
        using var storage = new MemoryStorage(512);
        foreach (BlockDeviceOptions options in new BlockDeviceOptions[]
        {
            new() { QueueCount = 0 }, new() { QueueCount = 1025 }, new() { MaxQueueSize = 3 }, new() { MaxQueueSize = 65536 }, new() { MaxSegments = 0 }, new() { BlockSize = 513 },
            new() { BlockSize = 256 }, new() { SerialNumber = new string('x', 21) }, new() { SerialNumber = "ä" },
        })
        {
            Assert.Throws<ArgumentException>(() => new BlockDevice(storage, options));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryStorage(513));
    }

    [Fact]
    public void Without_the_flush_feature_a_write_is_lasting_at_once()
    {
        using var storage = new CountingStorage();
        using var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split);
        driver.Device.Activate(1ul << 9);
        Assert.Equal(0, driver.Request(BlockDriver.Write, 0, 512, false));
        Assert.Equal(0, storage.Flushes);
        driver.Device.Activate(0);
        Assert.Equal(0, driver.Request(BlockDriver.Write, 0, 512, false));
        Assert.Equal(1, storage.Flushes);
        driver.Device.Reset();
        Assert.Equal(0, driver.Request(BlockDriver.Write, 0, 512, false));
        Assert.Equal(1, storage.Flushes);
    }

    [Fact]
    public void A_storage_that_fails_is_an_io_error()
    {
        using var storage = new CountingStorage { Fails = true };
        using var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split);
        Assert.Equal(1, driver.Request(BlockDriver.Read, 0, 512, true));
        Assert.Equal(0u, driver.LastWritten);
        Assert.Equal(1, driver.Request(BlockDriver.Write, 0, 512, false));
        Assert.Equal(1, driver.Request(BlockDriver.Flush, 0, 0, false));
        Assert.Equal(1, driver.Ranges(BlockDriver.WriteZeroes, (0, 1, 0)));
        Assert.Equal(1, driver.Ranges(BlockDriver.Discard, (0, 1, 0)));
    }

    [Fact]
    public void A_file_that_was_shortened_is_an_io_error()
    {
        string path = Path.GetTempFileName();
        using (BlockStorage storage = Create(path, isFile: true))
        using (var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split))
        {
            using (var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                RandomAccess.SetLength(file, 1024);
            }

            Assert.Equal(1, driver.Request(BlockDriver.Read, 1, 1024, true));
            Assert.Equal(512u, driver.LastWritten);
            driver.AssertAlive();
        }

        File.Delete(path);
    }

    [SkippableFact]
    public void A_block_device_of_the_host_is_a_disk_of_its_size()
    {
        string losetup = Installed.FindOrSkip("losetup");
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[Sectors * 512]);
        try
        {
            ChildProcess attached = ChildProcess.Run(ChildProcess.Piped(losetup, "--find", "--show", path));
            Skip.If(attached.ExitCode != 0, $"There is no loop device to be had here: {attached.Errors.Trim()}");
            string device = attached.Output.Trim();
            BlockStorage storage;
            try
            {
                storage = new FileStorage(device);
            }
            finally
            {
                // It goes when it is closed.
                ChildProcess.RunWell(losetup, ["--detach", device]);
            }

            using (storage)
            {
                Assert.Equal(Sectors * 512, storage.Size);
                using var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split);
                driver.AssertAlive();
                byte[] data = new byte[1024];
                new Random(5).NextBytes(data);
                Assert.Equal(0, driver.WriteData(Sectors - 2, data));
                Assert.Equal(0, driver.Request(BlockDriver.Flush, 0, 0, false));
                Assert.Equal(data, File.ReadAllBytes(path)[^1024..]);
                Assert.Equal(0, driver.Ranges(BlockDriver.WriteZeroes, (Sectors - 1, 1, 0)));
                Assert.Equal(0, driver.ReadData(Sectors - 2, data));
                Assert.Equal(new byte[512], data[512..]);
                Assert.NotEqual(0, driver.Request(BlockDriver.Read, Sectors, 512, true));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_driver_that_changes_everything_while_it_is_read_gets_answers_and_no_more()
    {
        using var storage = new MemoryStorage(16 * 512);
        using var driver = new BlockDriver(new BlockDevice(storage), VirtQueueFormat.Split);
        ulong guard = driver.Data + 64 * 1024;
        byte[] guarded = new byte[4096];
        new Random(9).NextBytes(guarded);
        driver.Memory.Write(guard, guarded);
        bool stop = false;
        var hostile = new Thread(() =>
        {
            // Header, descriptors, lengths: a right value and a wrong one in turns, as fast as it goes.
            for (uint i = 0; !Volatile.Read(ref stop); i++)
            {
                driver.Memory.Write(driver.Header, i % 3 == 0 ? BlockDriver.Read : BlockDriver.Write);
                driver.Memory.Write(driver.Header + 8, i % 2 == 0 ? 3ul : 1ul << 55);
                for (ulong d = 0; d < 3; d++)
                {
                    ulong at = driver.Driver.Layout.DescriptorArea + 16 * d;
                    driver.Memory.Write(at, i % 5 == 0 ? ulong.MaxValue : driver.Data + d * 512);
                    driver.Memory.Write(at + 8, i % 7 == 0 ? uint.MaxValue : 512u);
                }
            }
        });
        hostile.Start();
        long taken = 0;
        for (int round = 0; round < 20_000; round++)
        {
            // A new queue each time: the last may be broken.
            var split = new SplitDriver(driver.Memory, 64, VirtioFeatures.IndirectDescriptors, VirtQueuePosition.Start);
            VirtQueue queue = split.CreateQueue();
            split.Describe(0, driver.Header, 16, TestDriver.Next, 1);
            split.Describe(1, driver.Data, 512, TestDriver.Next | (round % 2 == 0 ? TestDriver.Write : 0), 2);
            split.Describe(2, driver.Status, 1, TestDriver.Write, 0);
            split.Offer(0);
            driver.Device.Process(0, queue);
            taken += queue.Error == VirtQueueError.None ? 1 : 0;
            Assert.Equal(0, queue.InFlight);
        }

        Volatile.Write(ref stop, true);
        hostile.Join();
        Assert.Equal(guarded, driver.Memory[guard, guarded.Length]);
        Assert.True(taken > 0);
    }

    internal static BlockStorage Create(string path, bool isFile)
    {
        if (!isFile)
        {
            return new MemoryStorage(Sectors * 512);
        }

        File.WriteAllBytes(path, new byte[Sectors * 512 + 100]);
        return new FileStorage(path);
    }

    private static DriverBuffer[] Cut(Random random, ulong address, int length, bool isWritable)
    {
        var pieces = new List<DriverBuffer>();
        while (length > 0)
        {
            int piece = pieces.Count == 20 ? length : Math.Min(length, random.Next(1, Math.Max(2, length / 2)));
            pieces.Add(new DriverBuffer(address, (uint)piece, isWritable));
            address += (ulong)piece;
            length -= piece;
        }

        return [.. pieces];
    }

    private sealed class CountingStorage : BlockStorage
    {
        public int Flushes { get; private set; }

        public bool Fails { get; init; }

        public override ulong Size => 512 * 64;

        public override bool TryRead(ulong position, ChainWriter destination, ulong length) => !Fails;

        public override bool TryWrite(ulong position, ChainReader source, ulong length) => !Fails;

        public override bool TryFlush()
        {
            Flushes++;
            return !Fails;
        }

        public override bool TryDiscard(ulong position, ulong length) => !Fails;

        public override bool TryWriteZeroes(ulong position, ulong length, bool mayUnmap) => !Fails;
    }
}
