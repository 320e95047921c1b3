namespace Nub.Virtio.Tests.VhostUser;

/// <summary>What handlers and devices throw ends neither the process nor a queue that is not theirs.</summary>
[Collection(Alone.Name)]
public sealed class ThrowingHandlerTests
{
    [Fact]
    public void A_handler_of_a_failed_queue_is_called_once_and_the_other_queues_run_on()
    {
        using var fixture = new VhostUserFixture(queues: 2);
        Dictionary<string, long> before = MeterReadings.Of("Nub.Virtio");
        int calls = 0;
        using var called = new ManualResetEventSlim();
        fixture.Backend.QueueFailed += (_, e) =>
        {
            int call = Interlocked.Increment(ref calls);
            called.Set();
            throw new HandlerException($"call {call}: {e.Error}");
        };
        fixture.Begin();
        TestRing broken = fixture.Start(fixture.Ring());
        TestRing whole = fixture.Start(fixture.Ring(offset: 0x4_0000, index: 1));
        broken.Exercise(1, 1);
        whole.Exercise(2, 2);
        fixture.Guest.Memory.Write(0x1002, (ushort)999);
        broken.Kick.Signal();
        Assert.True(called.Wait(Patience.Limit));
        whole.Exercise(3, 3);
        fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        fixture.Guest.Memory.Fill(0, 0x4000, 0);
        fixture.Start(fixture.Ring()).Exercise(1, 4);
        Assert.Null(fixture.Front.Finish());
        Assert.Equal("call 1: AvailableIndexJumped", fixture.Front.Thrown?.Message);
        Assert.Equal(1, calls);
        Assert.DoesNotContain("nub.virtio.queues.broken{Exception}", MeterReadings.Since(before, "Nub.Virtio"));
    }

    [Theory]
    [InlineData("Connected")]
    [InlineData("Negotiated")]
    [InlineData("Disconnected")]
    public void What_a_handler_throws_is_what_the_serving_ends_with_when_the_front_end_has_gone(string name)
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        fixture.Start(fixture.Ring()).Exercise(1, 1);

        // A handler that is there from the start needs a second front end.
        EventHandler<VhostUserConnectionEventArgs> handler = (_, _) => throw new HandlerException(name);
        fixture.Backend.Connected += name == "Connected" ? handler : null;
        fixture.Backend.Negotiated += name == "Negotiated" ? handler : null;
        Assert.Null(fixture.Front.Finish());
        fixture.Reconnect();
        fixture.Backend.Disconnected += name == "Disconnected" ? handler : null;
        fixture.Guest.Memory.Fill(0, 0x4000, 0);
        fixture.Begin();
        fixture.Start(fixture.Ring()).Exercise(2, 2);
        Assert.Null(fixture.Front.Finish());
        Assert.Equal(name, fixture.Front.Thrown?.Message);
        Assert.NotNull(fixture.Front.Ended);
    }

    [Fact]
    public void A_device_that_throws_when_its_driver_goes_still_has_the_connection_closed()
    {
        using var fixture = new VhostUserFixture(device: new UnwillingDevice());
        fixture.Begin();
        _ = fixture.Start(fixture.Ring());
        fixture.Front.Ask(VhostUserRequest.GetFeatures);
        Assert.Null(fixture.Front.Finish());
        Assert.Equal("Reset", fixture.Front.Thrown?.Message);
        Assert.NotNull(fixture.Front.Ended);
        Assert.Null(fixture.Front.Answer(VhostUserRequest.GetFeatures, null));
    }

    [Fact]
    public async Task Work_may_arrive_while_the_front_end_stops_the_queue()
    {
        var device = new UnwillingDevice();
        using var fixture = new VhostUserFixture(device: device);
        fixture.Begin();
        TestRing ring = fixture.Start(fixture.Ring());
        using var ends = new CancellationTokenSource();
        Task work = Task.Run(() =>
        {
            while (!ends.IsCancellationRequested)
            {
                device.Work();
            }
        });
        for (int i = 0; i < 300 && !work.IsCompleted; i++)
        {
            fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
            _ = fixture.Start(ring);
        }

        await ends.CancelAsync();
        await work;
        Assert.Null(fixture.Front.Finish());
    }
}
