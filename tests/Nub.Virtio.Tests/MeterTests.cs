using Nub.Memory;
using Nub.Virtio.Tests.VhostUser;

namespace Nub.Virtio.Tests;

[Collection(Alone.Name)]
public sealed class MeterTests
{
    private const string Meter = "Nub.Virtio";

    [Fact]
    public void Whoever_listens_keeps_nobody_from_making_a_queue() =>
        Assert.Equal((4, 4), FreshMeter.MakeUnderAListenerThatThrows(typeof(VirtQueue).Assembly, "Nub.Virtio.NubVirtioMeter", Meter));

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Requests_are_told_when_there_is_nothing_left_to_take_and_after_64(VirtQueueFormat format)
    {
        using var memory = new TestMemory();
        TestDriver driver = TestDriver.Create(memory, format, 256, QueueTests.Of(format));
        VirtQueue queue = driver.CreateQueue();
        Dictionary<string, long> before = MeterReadings.Of(Meter);
        for (int i = 0; i < 70; i++)
        {
            driver.Add(new DriverBuffer(driver.Data, 16));
        }

        for (int i = 0; i < 70; i++)
        {
            Assert.True(queue.TryTake(out _));
        }

        Assert.Equal(new() { ["nub.virtio.requests{0}"] = 64 }, MeterReadings.Since(before, Meter));
        Assert.False(queue.TryTake(out _));
        Assert.Equal(new() { ["nub.virtio.requests{0}"] = 70 }, MeterReadings.Since(before, Meter));
    }

    [Fact]
    public void A_front_end_its_requests_and_what_it_breaks_are_counted()
    {
        Dictionary<string, long> before = MeterReadings.Of(Meter);
        using (var fixture = new VhostUserFixture())
        {
            fixture.Begin();
            TestRing ring = fixture.Start(fixture.Ring());
            // Each writes a sector and reads it back.
            for (byte i = 1; i <= 9; i++)
            {
                ring.Exercise(i, i);
            }

            // Its thread has been told to end, so what it has taken was told.
            fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
            Assert.Equal(new() { ["nub.virtio.requests{block}"] = 18, ["nub.virtio.vhost_user.connections"] = 1 }, MeterReadings.Since(before, Meter));
            fixture.Front.Send((VhostUserRequest)999);
            Assert.NotNull(fixture.Front.Finish());
        }

        Assert.Equal(new() { ["nub.virtio.requests{block}"] = 18, ["nub.virtio.vhost_user.refused"] = 1 }, MeterReadings.Since(before, Meter));
    }

    [Fact]
    public void A_queue_that_a_driver_sets_up_wrongly_is_counted()
    {
        using var space = new GuestAddressSpace();
        using var storage = new MemoryStorage(1 << 20);
        using var transport = new MmioTransport(new BlockDevice(storage), space);
        Dictionary<string, long> before = MeterReadings.Of(Meter);

        // Version 1 of the features, FEATURES_OK, and a queue of 8 entries where no memory is.
        foreach ((ulong register, uint value) in ((ulong, uint)[])[(0x24, 1), (0x20, 1), (0x70, 1 | 2 | 8), (0x38, 8), (0x80, 0x1000), (0x90, 0x2000), (0xa0, 0x3000), (0x44, 1)])
        {
            transport.Write(register, BitConverter.GetBytes(value));
        }

        Assert.Equal((1, VirtQueueError.AreaNotMapped), (transport.GetHealth().FailedQueues, transport.GetHealth().Error));
        Assert.Equal(new() { ["nub.virtio.queues.broken{AreaNotMapped}"] = 1 }, MeterReadings.Since(before, Meter));
    }

    [Fact]
    public async Task Queues_that_stand_still_are_counted_by_the_reason_and_the_device_says_so()
    {
        Dictionary<string, long> before = MeterReadings.Of(Meter);
        using (var fixture = new VhostUserFixture())
        {
            var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            fixture.Backend.QueueFailed += (_, _) => failed.TrySetResult();
            fixture.Begin();
            TestRing ring = fixture.Start(fixture.Ring());
            ring.Exercise(1, 1);

            // A request may be answered before the message that started the ring is done with; when this is answered it is.
            fixture.Front.Ask(VhostUserRequest.GetFeatures);
            Assert.Equal("a driver, 1 queues run", fixture.Backend.GetHealth().ToString());
            fixture.Guest.Memory.Write(0x1002, (ushort)999);
            ring.Kick.Signal();
            await failed.Task.WaitAsync(Patience.Limit);
            VirtioHealth health = fixture.Backend.GetHealth();
            Assert.Equal((true, 0, 1, VirtQueueError.AvailableIndexJumped, null), (health.HasDriver, health.RunningQueues, health.FailedQueues, health.Error, health.Exception));
            Assert.Equal("a driver, 0 queues run, 1 failed: AvailableIndexJumped", health.ToString());

            // The driver starts again.
            fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
            fixture.Guest.Memory.Fill(0, 0x4000, 0);
            fixture.Start(fixture.Ring()).Exercise(1, 2);
            fixture.Front.Ask(VhostUserRequest.GetFeatures);
            Assert.Equal("a driver, 1 queues run", fixture.Backend.GetHealth().ToString());
            Assert.Null(fixture.Front.Finish());
            Assert.Equal("no driver, 0 queues run", fixture.Backend.GetHealth().ToString());
        }

        using (var fixture = new VhostUserFixture(device: new ThrowingDevice()))
        {
            var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            fixture.Backend.QueueFailed += (_, _) => failed.TrySetResult();
            fixture.Begin();
            _ = fixture.Start(fixture.Ring());
            await failed.Task.WaitAsync(Patience.Limit);
            Assert.IsType<NotImplementedException>(fixture.Backend.GetHealth().Exception);
            Assert.Null(fixture.Front.Finish());
        }

        Dictionary<string, long> since = MeterReadings.Since(before, Meter);
        Assert.Equal((1, 1), (since["nub.virtio.queues.broken{AvailableIndexJumped}"], since["nub.virtio.queues.broken{Exception}"]));
    }
}
