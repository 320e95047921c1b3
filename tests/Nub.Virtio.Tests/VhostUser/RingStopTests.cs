namespace Nub.Virtio.Tests.VhostUser;

/// <summary>Rings that are stopped and started while the device has chains in hand, or finds work.</summary>
public sealed class RingStopTests
{
    [Fact]
    public void Work_that_arrives_while_the_ring_starts_is_looked_at()
    {
        var device = new CountingDevice();
        using var fixture = new VhostUserFixture(device: device);
        fixture.Begin();
        TestRing ring = fixture.Ring();
        for (int i = 0; i < 300; i++)
        {
            // Found at the first look of the ring's thread, and so to be seen at another.
            device.AsksAgain = true;
            int calls = Volatile.Read(ref device.Calls);
            fixture.Start(ring);
            Patience.WaitUntil(() => Volatile.Read(ref device.Calls) >= calls + 2);
            fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        }

        Assert.Null(fixture.Front.Finish());
    }
}
