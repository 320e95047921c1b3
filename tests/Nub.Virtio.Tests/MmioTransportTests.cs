using System.Buffers.Binary;
using Nub.Virtio.Tests.VhostUser;

namespace Nub.Virtio.Tests;

/// <summary>The registers of a device for a virtual machine of one's own.</summary>
public sealed class MmioTransportTests : IDisposable
{
    private const ulong Version1 = 1ul << 32;

    // What a driver does in order: reset, acknowledge, driver, features, FEATURES_OK, queues, DRIVER_OK.
    private const uint Agreed = 1 | 2 | 8;
    private const uint Running = Agreed | 4;
    private const uint NeedsReset = 0x40;

    private readonly MemoryStorage _storage = new(1 << 20);
    private readonly GuestFile _guest = new();
    private readonly Nub.Memory.GuestAddressSpace _space = new();
    private readonly MmioTransport _transport;
    private readonly List<bool> _line = [];
    private readonly List<MmioQueueFailedEventArgs> _failures = [];

    public MmioTransportTests()
    {
        _space.Map(FrontEnd.GuestBase, _guest.Memory, 0, FrontEnd.MemorySize);
        _transport = Transport(new BlockDevice(_storage, new BlockDeviceOptions { QueueCount = 2 }));
    }

    public void Dispose()
    {
        _transport.Dispose();
        _space.Dispose();
        _guest.Dispose();
        _storage.Dispose();
    }

    [Fact]
    public void A_driver_finds_the_device()
    {
        Assert.Equal(0x7472_6976u, Read(0x000));
        Assert.Equal(2u, Read(0x004));
        Assert.Equal(2u, Read(0x008));
        Assert.Equal(256u, Read(0x034));
        Write(0x030, 2);
        Assert.Equal(0u, Read(0x034));
        Assert.Equal(uint.MaxValue, Read(0x0B0));
        byte[] capacity = new byte[8];
        _transport.Read(0x100, capacity);
        Assert.Equal((1ul << 20) / 512, BinaryPrimitives.ReadUInt64LittleEndian(capacity));
    }

    [Theory]
    [InlineData(Version1)]
    [InlineData(Version1 | 1ul << 29)]
    [InlineData(Version1 | 1ul << 34)]
    [InlineData(Version1 | 1ul << 34 | 1ul << 29)]
    public void Requests_are_served_when_the_driver_notifies(ulong features)
    {
        TestRing ring = Begin(features);
        for (byte i = 1; i < 20; i++)
        {
            ulong at = ring.Submit(1, i, i);
            Write(0x050, 0);
            ring.WaitForUsed();
            Assert.Equal(0, _guest.Memory.Read<byte>(at + 16 + 512));
        }

        byte[] sector = new byte[512];
        _storage.CopyTo(7 * 512, sector);
        Assert.All(sector, one => Assert.Equal(7, one));
        Assert.True(_line[^1]);
        Assert.Equal(1u, Read(0x060));
        Write(0x064, 1);
        Assert.False(_line[^1]);
        Assert.Equal(0u, Read(0x060));
    }

    [Fact]
    public void What_was_there_before_the_driver_was_ready_is_served_when_it_is()
    {
        TestRing ring = SetUp(Version1);
        ulong at = ring.Submit(1, 3, 3);
        Write(0x050, 0);
        Assert.Equal(0xEE, _guest.Memory.Read<byte>(at + 16 + 512));
        Write(0x070, Running);
        ring.WaitForUsed();
    }

    [Fact]
    public void Features_that_were_not_offered_are_not_agreed_on()
    {
        Choose(Version1 | 1ul << 33);
        Write(0x070, Agreed);
        Assert.Equal(3u, Read(0x070));
        Choose(0);
        Write(0x070, Running);
        Assert.Equal(3u, Read(0x070));
        Choose(Version1);
        Write(0x070, Agreed);
        Assert.Equal(Agreed, Read(0x070));

        // Agreed is agreed.
        Choose(Version1 | 1ul << 34);
        Write(0x070, Running);
        Assert.Equal(Running, Read(0x070));
    }

    [Fact]
    public void What_the_driver_has_set_in_the_status_is_cleared_by_a_reset_alone()
    {
        var device = new CountingDevice();
        using MmioTransport transport = Transport(device);
        SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
        WriteTo(transport, 0x070, Running);
        WriteTo(transport, 0x070, 1);
        Assert.Equal(Running, transport.Status);
        WriteTo(transport, 0x070, Running);
        Assert.Equal((1, 0), (device.Activations, device.Resets));
        WriteTo(transport, 0x070, 0);
        Assert.Equal((1, 1), (device.Activations, device.Resets));
    }

    [Theory]
    [InlineData(Version1)]
    [InlineData(Version1 | 1ul << 29)]
    [InlineData(Version1 | 1ul << 34)]
    public void Buffers_for_what_has_not_come_yet_are_no_work(ulong features)
    {
        var device = new CountingDevice();
        using MmioTransport transport = Transport(device);
        var ring = new TestRing(_guest.Memory, (features & 1ul << 34) != 0);
        SetUpOn(transport, features, ring);
        WriteTo(transport, 0x070, Running);
        int before = device.Calls;
        _ = ring.Submit(1, 1, 1);
        WriteTo(transport, 0x050, 0);
        Assert.InRange(device.Calls - before, 1, 2);

        // One is served when the device says so, and what it asks for meanwhile is looked at before it ends.
        device.Takes = 1;
        device.AsksAgain = true;
        device.Ask();
        ring.WaitForUsed();
    }

    [Fact]
    public void A_queue_that_cannot_be_set_up_needs_a_reset()
    {
        Choose(Version1);
        Write(0x070, Agreed);
        Write(0x038, 7);
        Write(0x044, 1);
        Assert.Equal(0u, Read(0x044));
        Assert.Equal(Agreed | NeedsReset, Read(0x070));
        Assert.Equal(VirtQueueError.SizeInvalid, Assert.Single(_failures).Error);
        Assert.Equal("no driver, 0 queues run, 1 failed: SizeInvalid", _transport.GetHealth().ToString());
        Write(0x070, 0);
        Assert.Equal(0u, Read(0x070));
        Assert.Equal(512, ExerciseOnce(Begin(Version1)));
    }

    [Fact]
    public void A_queue_that_the_driver_breaks_needs_a_reset_and_then_works_again()
    {
        TestRing ring = Begin(Version1);
        _guest.Memory.Write(0x1002, (ushort)999);
        Write(0x050, 0);
        Assert.Equal(Running | NeedsReset, Read(0x070));
        Assert.Equal(VirtQueueError.AvailableIndexJumped, Assert.Single(_failures).Error);
        Assert.Equal(2u, Read(0x060) & 2);
        Assert.Equal("a driver, 0 queues run, 1 failed: AvailableIndexJumped", _transport.GetHealth().ToString());
        Write(0x050, 0);
        Assert.Single(_failures);
        Write(0x070, 0);
        Assert.False(_line[^1]);
        Assert.Equal("no driver, 0 queues run", _transport.GetHealth().ToString());
        _guest.Memory.Fill(0, 0x4000, 0);
        Assert.Equal(512, ExerciseOnce(Begin(Version1)));
        Assert.Equal("a driver, 1 queues run", _transport.GetHealth().ToString());
        _ = ring;
    }

    [Fact]
    public void One_queue_is_reset_alone()
    {
        TestRing ring = Begin(Version1 | 1ul << 40);
        Assert.Equal(512, ExerciseOnce(ring));
        Write(0x030, 0);
        Write(0x0C0, 1);
        Assert.Equal(0u, Read(0x0C0));
        Assert.Equal(0u, Read(0x044));
        Assert.Equal(Running, Read(0x070));
        _guest.Memory.Fill(0, 0x4000, 0);
        TestRing again = new(_guest.Memory, isPacked: false);
        Address(again.Size);
        Assert.Equal(512, ExerciseOnce(again));
    }

    [Fact]
    public void A_ready_queue_does_not_move()
    {
        TestRing ring = Begin(Version1);
        Write(0x038, 4);
        Write(0x080, 0xDEAD_0000);
        Write(0x044, 1);
        Assert.Equal(512, ExerciseOnce(ring));
    }

    [Fact]
    public void Anything_can_be_read_and_written_anywhere()
    {
        var random = new Random(7);
        byte[] data = new byte[8];
        for (int i = 0; i < 200_000; i++)
        {
            ulong offset = random.Next(50) == 0 ? (ulong)random.NextInt64(long.MinValue, long.MaxValue) : (ulong)random.Next(0x210);
            Span<byte> part = data.AsSpan(0, 1 << random.Next(4));
            if (random.Next(2) == 0)
            {
                _transport.Read(offset, part);
            }
            else
            {
                random.NextBytes(part);
                if (random.Next(3) != 0)
                {
                    part.Clear();
                    part[0] = (byte)random.Next(16);
                }

                _transport.Write(offset, part);
            }
        }

        Write(0x070, 0);
        _failures.Clear();
        _guest.Memory.Fill(0, 0x4000, 0);
        Assert.Equal(512, ExerciseOnce(Begin(Version1)));
        Assert.Empty(_failures);
    }

    [Fact]
    public void A_device_that_throws_needs_a_reset()
    {
        using MmioTransport transport = Transport(new ThrowingDevice());
        SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
        WriteTo(transport, 0x070, Running);
        Assert.IsType<NotImplementedException>(Assert.Single(_failures).Exception);
        Assert.Equal(Running | NeedsReset, transport.Status);
    }

    [Theory]
    [InlineData(0x044, 0)]
    [InlineData(0x0C0, 1)]
    public void What_a_device_throws_at_a_queue_that_was_taken_away_is_told_to_the_host_and_not_to_the_driver(ulong register, uint value)
    {
        Action? inside = null;
        using MmioTransport transport = Transport(new CallingDevice(_ => inside?.Invoke()));
        inside = () =>
        {
            inside = null;
            WriteTo(transport, register, value);
            throw new HandlerException("device");
        };
        var ring = new TestRing(_guest.Memory, isPacked: false);
        SetUpOn(transport, Version1 | 1ul << 40, ring);
        WriteTo(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        WriteTo(transport, 0x050, 0);
        Assert.Equal("device", Assert.Single(_failures).Exception?.Message);
        Assert.Equal((Running, 0u), (transport.Status, ReadFrom(transport, 0x060) & 2));

        // Another in its place has not failed.
        _guest.Memory.Fill(0, 0x4000, 0);
        ring = new TestRing(_guest.Memory, isPacked: false);
        AddressOn(transport, ring.Size);
        _ = ring.Submit(1, 1);
        WriteTo(transport, 0x050, 0);
        ring.WaitForUsed();
        Assert.Single(_failures);
    }

    [Fact]
    public void What_a_handler_or_the_interrupt_line_throws_reaches_no_guest_and_shows_in_the_health()
    {
        _transport.QueueFailed += (_, _) => throw new HandlerException("handler");
        _ = Begin(Version1);
        _guest.Memory.Write(0x1002, (ushort)999);
        Write(0x050, 0);
        Assert.Equal(Running | NeedsReset, Read(0x070));
        Assert.Equal((VirtQueueError.AvailableIndexJumped, "handler"), (_transport.GetHealth().Error, _transport.GetHealth().Exception?.Message));
        Write(0x070, 0);
        _guest.Memory.Fill(0, 0x4000, 0);
        Assert.Equal(512, ExerciseOnce(Begin(Version1)));

        using var transport = new MmioTransport(new ThrowingDevice(), _space, high => _ = high ? throw new HandlerException("line") : 0);
        transport.QueueFailed += (_, e) => _failures.Add(e);
        SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
        WriteTo(transport, 0x070, Running);
        Assert.IsType<NotImplementedException>(_failures[^1].Exception);
        Assert.Equal(Running | NeedsReset, transport.Status);
    }

    [Fact]
    public void A_changed_configuration_interrupts_a_driver_that_is_ready()
    {
        var device = new ChangingDevice();
        using MmioTransport transport = Transport(device);
        device.Change(1);
        Assert.DoesNotContain(true, _line);
        SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
        WriteTo(transport, 0x070, Running);
        device.Change(2);
        Assert.True(_line[^1]);
    }

    private MmioTransport Transport(VirtioDevice device)
    {
        var transport = new MmioTransport(device, _space, _line.Add);
        transport.QueueFailed += (_, e) => _failures.Add(e);
        return transport;
    }

    private TestRing Begin(ulong features)
    {
        TestRing ring = SetUp(features);
        Write(0x070, Running);
        return ring;
    }

    private TestRing SetUp(ulong features)
    {
        var ring = new TestRing(_guest.Memory, (features & 1ul << 34) != 0);
        SetUpOn(_transport, features, ring);
        Assert.Equal(1u, Read(0x044));
        return ring;
    }

    internal static void SetUpOn(MmioTransport transport, ulong features, TestRing ring, uint queue = 0, ulong offset = 0)
    {
        WriteTo(transport, 0x024, 0);
        WriteTo(transport, 0x020, (uint)features);
        WriteTo(transport, 0x024, 1);
        WriteTo(transport, 0x020, (uint)(features >> 32));
        WriteTo(transport, 0x070, Agreed);
        AddressOn(transport, ring.Size, queue, offset);
    }

    internal static void AddressOn(MmioTransport transport, int size, uint queue = 0, ulong offset = 0)
    {
        WriteTo(transport, 0x030, queue);
        WriteTo(transport, 0x038, (uint)size);
        WriteTo(transport, 0x080, (uint)(FrontEnd.GuestBase + offset));
        WriteTo(transport, 0x084, 0);
        WriteTo(transport, 0x090, (uint)(FrontEnd.GuestBase + offset) + 0x1000);
        WriteTo(transport, 0x094, 0);
        WriteTo(transport, 0x0A0, (uint)(FrontEnd.GuestBase + offset) + 0x2000);
        WriteTo(transport, 0x0A4, 0);
        WriteTo(transport, 0x044, 1);
    }

    internal static void WriteTo(MmioTransport transport, ulong offset, uint value) => transport.Write(offset, BitConverter.GetBytes(value));

    private void Address(int size) => AddressOn(_transport, size);

    private void Choose(ulong features)
    {
        Write(0x024, 0);
        Write(0x020, (uint)features);
        Write(0x024, 1);
        Write(0x020, (uint)(features >> 32));
    }

    private int ExerciseOnce(TestRing ring)
    {
        ulong at = ring.Submit(0, 9);
        Write(0x050, 0);
        ring.WaitForUsed();
        return _guest.Memory.Read<byte>(at + 16 + 512) == 0 ? 512 : 0;
    }

    internal static uint ReadFrom(MmioTransport transport, ulong offset)
    {
        byte[] data = new byte[4];
        transport.Read(offset, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    private uint Read(ulong offset) => ReadFrom(_transport, offset);

    private void Write(ulong offset, uint value) => WriteTo(_transport, offset, value);
}
