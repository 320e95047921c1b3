using System.Net.NetworkInformation;
using System.Text;

namespace Nub.Virtio.Tests;

/// <summary>Entropy, console and network, with drivers that keep to the rules and drivers that do not.</summary>
public sealed class OtherDevices
{
    private const ulong Unmapped = 4096;

    public static TheoryData<VirtQueueFormat> Formats() => [VirtQueueFormat.Split, VirtQueueFormat.Packed];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Entropy_fills_what_is_writable_and_no_more(VirtQueueFormat format)
    {
        using var side = new Side(format);
        var device = new EntropyDevice();
        Assert.Equal((4u, 1, 0), (device.DeviceId, device.QueueCount, device.ConfigurationSize));
        TestDriver driver = side.Driver;
        ulong at = driver.Data;

        // Of the requests, what is wrong with them if anything, and how much each gets.
        (DriverBuffer[] Buffers, uint Written)[] requests =
        [
            ([new(at, 64, true)], 64),
            ([new(at, 8), new(at, 64, true), new(at + 100, 3000, true)], 3064),
            ([new(at, 64)], 0),
            ([new(Unmapped, 64, true)], 0),
            ([new(TestMemory.Base + side.Memory.Size - 1000, 2000, true)], 0),
            ([new(at, 200_000, true)], EntropyDevice.MaxRequest),
            ([new(at, 0xFFFF_FFFF, true)], EntropyDevice.MaxRequest),
        ];
        foreach ((DriverBuffer[] buffers, uint expected) in requests)
        {
            side.Memory.Write(at, new byte[4096]);
            Assert.Equal(expected, side.Send(device, 0, buffers));
            byte[] bytes = side.Memory[at, 64];
            Assert.Equal(expected >= 64, bytes.Any(one => one != 0));
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_console_prints_and_is_typed_at(VirtQueueFormat format)
    {
        using var output = new Side(format);
        using var input = new Side(format);
        var printed = new StringBuilder();
        var device = new ConsoleDevice(bytes => printed.Append(Encoding.ASCII.GetString(bytes)), 132, 50);
        var woken = new List<int>();
        device.WorkArrived += (_, queue) => woken.Add(queue);
        Assert.Equal((3u, 2, 12), (device.DeviceId, device.QueueCount, device.ConfigurationSize));

        output.Memory.Write(output.Driver.Data, "hello, world"u8);
        Assert.Equal(0u, output.Send(device, 1, new DriverBuffer(output.Driver.Data, 5), new DriverBuffer(output.Driver.Data + 5, 7)));
        Assert.Equal("hello, world", printed.ToString());
        device.WriteConfiguration(8, "!\0\0\0"u8);
        device.WriteConfiguration(0, "?"u8);
        device.WriteConfiguration(8, []);
        Assert.Equal("hello, world!", printed.ToString());

        // Without room the driver's, what is typed waits, and the room waits for what is typed.
        Assert.True(device.TryWrite("abc"u8));
        Assert.True(device.TryWrite("defgh"u8));
        Assert.Equal([0, 0], woken);
        Assert.Equal(4u, input.Send(device, 0, new DriverBuffer(input.Driver.Data, 4, true)));
        Assert.Equal(4u, input.Send(device, 0, new DriverBuffer(input.Driver.Data + 4, 100, true)));
        Assert.Equal("abcdefgh", Encoding.ASCII.GetString(input.Memory[input.Driver.Data, 8]));
        input.Driver.Add(new DriverBuffer(input.Driver.Data, 100, true));
        device.Process(0, input.Queue);
        Assert.False(input.Driver.TryGetUsed(out _, out _));
        Assert.True(device.TryWrite("x"u8));
        device.Process(0, input.Queue);
        Assert.True(input.Driver.TryGetUsed(out _, out uint written));
        Assert.Equal(1u, written);

        Assert.False(device.TryWrite(new byte[ConsoleDevice.MaxWaiting + 1]));
        Assert.True(device.TryWrite(new byte[ConsoleDevice.MaxWaiting]));
        Assert.False(device.TryWrite("x"u8));
        device.Reset();
        Assert.True(device.TryWrite("x"u8));

        int changes = 0;
        device.ConfigurationChanged += (_, _) => changes++;
        uint generation = device.ConfigurationGeneration;
        device.Resize(10, 20);
        Assert.Equal((1, 10, 20), (changes, device.Configuration.Columns, device.Configuration.Rows));
        Assert.NotEqual(generation, device.ConfigurationGeneration);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_console_outlives_what_a_hostile_driver_sends(VirtQueueFormat format)
    {
        long printed = 0;
        var device = new ConsoleDevice(bytes => printed += bytes.Length);
        using var side = new Side(format);
        ulong at = side.Driver.Data;

        // Nothing to read; what is not mapped; what is half mapped; much more than there is.
        side.Send(device, 1, new DriverBuffer(at, 8, true));
        side.Send(device, 1, new DriverBuffer(Unmapped, 8));
        side.Send(device, 1, new DriverBuffer(TestMemory.Base + side.Memory.Size - 4, 8));
        Assert.Equal(0, printed);
        side.Send(device, 1, [.. Enumerable.Repeat(new DriverBuffer(at, 1 << 18), 10)]);
        Assert.Equal(ConsoleDevice.MaxRequest, printed);

        // Nothing to write; what cannot be written keeps what is typed for the next.
        Assert.True(device.TryWrite("abc"u8));
        Assert.Equal(0u, side.Send(device, 0, new DriverBuffer(at, 8)));
        Assert.Equal(0u, side.Send(device, 0, new DriverBuffer(Unmapped, 8, true)));
        Assert.Equal(3u, side.Send(device, 0, new DriverBuffer(at, 8, true)));
        Assert.Equal("abc", Encoding.ASCII.GetString(side.Memory[at, 3]));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Frames_go_out_and_come_in(VirtQueueFormat format)
    {
        using var transmit = new Side(format);
        using var receive = new Side(format);
        var port = new Port();
        var device = new NetworkDevice(port, PhysicalAddress.Parse("525400123456"));
        Assert.Same(device, port.Device);
        byte[] configuration = new byte[12];
        device.ReadConfiguration(0, configuration);
        Assert.Equal((1u, 2, 1518), (device.DeviceId, device.QueueCount, device.MaxFrame));
        Assert.Equal([0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0xDC, 5], configuration);
        var random = new Random(8);
        foreach (int length in new[] { 14, 60, 100, 1514, 1518 })
        {
            byte[] frame = new byte[length];
            random.NextBytes(frame);
            transmit.Memory.Write(transmit.Driver.Data, (byte[])[.. new byte[12], .. frame]);
            transmit.Send(device, 1, new DriverBuffer(transmit.Driver.Data, 7), new DriverBuffer(transmit.Driver.Data + 7, (uint)length + 5));
            Assert.Equal(frame, port.Frames.Dequeue());

            Assert.True(device.TryDeliver(frame));
            Assert.Equal((uint)length + 12, receive.Send(device, 0, new DriverBuffer(receive.Driver.Data, 20, true), new DriverBuffer(receive.Driver.Data + 20, 1520, true)));
            Assert.Equal((byte[])[.. new byte[10], 1, 0, .. frame], receive.Memory[receive.Driver.Data, 12 + length]);
        }

        Assert.Equal((0L, 0L), (device.DroppedFromDriver, device.DroppedFromPort));
        Assert.True(device.IsLinkUp);
        device.IsLinkUp = false;
        Assert.Equal(0, device.Configuration.Status);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Frames_that_are_none_are_dropped_and_counted(VirtQueueFormat format)
    {
        using var side = new Side(format);
        var port = new Port();
        var device = new NetworkDevice(port, PhysicalAddress.Parse("525400123456"));
        ulong at = side.Driver.Data;
        DriverBuffer[][] frames =
        [
            [new(at, 12)], [new(at, 25)], [new(at, 12 + 1519)], [new(at, 11)], [new(at, 0xFFFF_FFFF)], [new(at, 100, true)], [new(Unmapped, 100)],
            [new(at, 12), new(Unmapped, 100)], [new(TestMemory.Base + side.Memory.Size - 50, 100)],
        ];
        long dropped = 0;
        foreach (DriverBuffer[] frame in frames)
        {
            side.Send(device, 1, frame);
            Assert.Equal(++dropped, device.DroppedFromDriver);
        }

        // An offload that was never agreed on.
        side.Memory.Write(at, (ushort)1);
        side.Send(device, 1, new DriverBuffer(at, 100));
        side.Memory.Write(at, (ushort)0x100);
        side.Send(device, 1, new DriverBuffer(at, 100));
        Assert.Equal(dropped + 2, device.DroppedFromDriver);
        side.Memory.Write(at, (ushort)0);
        Assert.Empty(port.Frames);
        side.Send(device, 1, new DriverBuffer(at, 100));
        Assert.Single(port.Frames);

        // Room that is too small, not there, or none; then room.
        Assert.False(device.TryDeliver(new byte[13]));
        Assert.False(device.TryDeliver(new byte[1519]));
        Assert.Equal(2, device.DroppedFromPort);
        foreach (DriverBuffer room in new DriverBuffer[] { new(at, 71, true), new(at, 200), new(Unmapped, 200, true) })
        {
            Assert.True(device.TryDeliver(new byte[60]));
            Assert.Equal(0u, side.Send(device, 0, room));
        }

        Assert.Equal(5, device.DroppedFromPort);
        for (int i = 0; i < 256; i++)
        {
            Assert.True(device.TryDeliver(new byte[60]));
        }

        Assert.False(device.TryDeliver(new byte[60]));
        Assert.Equal(6, device.DroppedFromPort);
        Assert.Equal(72u, side.Send(device, 0, new DriverBuffer(at, 200, true)));
        device.Reset();
        Assert.True(device.TryDeliver(new byte[60]));
    }

    [Fact]
    public void A_network_device_needs_an_address_and_an_mtu()
    {
        var port = new Port();
        Assert.Throws<ArgumentException>(() => new NetworkDevice(port, PhysicalAddress.Parse("5254001234")));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkDevice(port, PhysicalAddress.Parse("525400123456"), 67));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NetworkDevice(port, PhysicalAddress.Parse("525400123456"), 65536));
    }

    private sealed class Port : INetworkPort
    {
        public NetworkDevice? Device { get; private set; }

        public Queue<byte[]> Frames { get; } = new();

        public void Attach(NetworkDevice device) => Device = device;

        public void Send(ReadOnlySpan<byte> frame) => Frames.Enqueue(frame.ToArray());
    }

    /// <summary>A queue of a device and its driver.</summary>
    private sealed class Side : IDisposable
    {
        public Side(VirtQueueFormat format)
        {
            Driver = TestDriver.Create(Memory, format, 32, QueueTests.Of(format));
            Queue = Driver.CreateQueue();
        }

        public TestMemory Memory { get; } = new();

        public TestDriver Driver { get; }

        public VirtQueue Queue { get; }

        public uint Send(VirtioDevice device, int queueIndex, params DriverBuffer[] buffers)
        {
            ushort id = Driver.Add(buffers);
            device.Process(queueIndex, Queue);
            Assert.Equal((VirtQueueError.None, 0), (Queue.Error, Queue.InFlight));
            Assert.True(Driver.TryGetUsed(out ushort used, out uint written));
            Assert.Equal(id, used);
            return written;
        }

        public void Dispose() => Memory.Dispose();
    }
}
