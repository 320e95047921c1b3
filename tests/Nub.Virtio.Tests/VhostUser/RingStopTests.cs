namespace Nub.Virtio.Tests.VhostUser;

/// <summary>Rings that are stopped and started while the device has chains in hand, or finds work.</summary>
public sealed class RingStopTests
{
    private const ulong Packed = FrontEnd.BasicFeatures | VhostUserFixture.Packed;

    private static readonly byte[] s_region = FrontEnd.Bytes(0ul, FrontEnd.Region(FrontEnd.GuestBase, FrontEnd.MemorySize, FrontEnd.UserBase));

    private static readonly Dictionary<string, Action<VhostUserFixture, TestRing>> s_stops = new()
    {
        ["all memory is told again"] = (f, _) => Assert.Equal(0ul, f.Front.Acknowledge(VhostUserRequest.SetMemoryTable, VhostUserFixture.WholeTable, f.Guest.Handle)),
        ["its memory goes and comes back"] = (f, _) =>
        {
            Assert.Equal(0ul, f.Front.Acknowledge(VhostUserRequest.RemoveMemoryRegion, s_region));
            Assert.Equal(0ul, f.Front.Acknowledge(VhostUserRequest.AddMemoryRegion, s_region, f.Guest.Handle));
        },
        ["it gets another kick"] = (f, ring) => Assert.Equal(0ul, f.Front.Acknowledge(VhostUserRequest.SetVringKick, ring.EventMessage, ring.Kick.Handle)),
        ["it is disabled and enabled"] = (f, ring) =>
        {
            Assert.Equal(0ul, f.Front.Acknowledge(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 0u)));
            Assert.Equal(0ul, f.Front.Acknowledge(VhostUserRequest.SetVringEnable, ring.EnableMessage));
        },
    };

    public static TheoryData<string, ulong> Stops()
    {
        var all = new TheoryData<string, ulong>();
        foreach (string name in s_stops.Keys)
        {
            all.Add(name, FrontEnd.BasicFeatures);
            all.Add(name, Packed);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public void What_a_device_has_in_hand_stays_there_while(string name, ulong features)
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        TestRing ring = ReturnSecondOfTwo(fixture, device);
        s_stops[name](fixture, ring);
        device.GiveBack(0);
        ring.WaitForUsed();
        Assert.Equal((2, 0), (device.Taken, ring.UsedId));
        _ = ring.Submit(1, 3);
        ring.Kick.Signal();
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 3);
        device.GiveBack(2);
        ring.WaitForUsed();
        Assert.Null(fixture.Front.Finish());
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures, false)]
    [InlineData(FrontEnd.BasicFeatures, true)]
    [InlineData(Packed, false)]
    [InlineData(Packed, true)]
    public async Task A_ring_is_stopped_when_the_device_has_returned_what_it_has(ulong features, bool isDisabledFirst)
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        TestRing ring = ReturnSecondOfTwo(fixture, device);
        if (isDisabledFirst)
        {
            // As QEMU does.
            Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 0u)));
        }

        int calls = Volatile.Read(ref device.Calls);
        Task<byte[]> asked = Task.Run(() => fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u)));
        Patience.WaitUntil(() => asked.IsCompleted || Volatile.Read(ref device.Calls) > calls);
        device.GiveBack(0);
        Assert.Equal(features == Packed ? 0x8006_8006u : 2u, BitConverter.ToUInt32(await asked, 4));
        ring.WaitForUsed();
        Assert.Equal((2, 0), (device.Taken, ring.UsedId));
        fixture.Start(ring);
        _ = ring.Submit(1, 3);
        ring.Kick.Signal();
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 3);
        device.GiveBack(2);
        ring.WaitForUsed();
        Assert.Null(fixture.Front.Finish());
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void What_the_device_returned_before_something_that_it_still_has_is_not_taken_again(ulong features)
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        TestRing ring = ReturnSecondOfTwo(fixture, device);
        byte[] where = fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        Assert.Equal(features == Packed ? 0x8003_8006u : 2u, BitConverter.ToUInt32(where, 4));
        fixture.Front.Send(VhostUserRequest.SetVringBase, where);
        Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetVringKick, ring.EventMessage, ring.Kick.Handle));
        device.GiveBack(0);
        ring.WaitForUsed();
        Assert.Equal((2, 0), (device.Taken, ring.UsedId));
        Assert.Null(fixture.Front.Finish());
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void What_the_device_took_last_and_does_not_return_is_taken_again(ulong features)
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        fixture.Begin();
        TestRing ring = fixture.Ring();
        _ = ring.Submit(1, 1);
        _ = ring.Submit(1, 2);
        fixture.Start(ring);
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 2);
        device.GiveBack(0);
        ring.WaitForUsed();
        byte[] where = fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        Assert.Equal(ring.BaseMessage, where);
        fixture.Start(ring);
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 3);

        // What is left of the old ring has no effect on the new one.
        device.GiveBack(1);
        device.GiveBack(2);
        ring.WaitForUsed();
        Assert.Equal(features == Packed ? 1 : 4, ring.UsedId);
        _ = ring.Submit(1, 3);
        ring.Kick.Signal();
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 4);
        device.GiveBack(3);
        ring.WaitForUsed();
        Assert.Null(fixture.Front.Finish());
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void A_driver_that_begins_anew_gets_nothing_back_that_the_one_before_had_given(ulong features)
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        fixture.Begin();
        TestRing old = fixture.Start(fixture.Ring());
        _ = old.Submit(1, 1);
        old.Kick.Signal();
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 1);
        Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 0u)));
        fixture.Guest.Memory.Fill(0, 0x4000, 0);
        TestRing ring = fixture.Ring();
        _ = ring.Submit(1, 1);
        _ = ring.Submit(1, 2);
        fixture.Start(ring);
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 3);
        device.GiveBack(0);
        device.GiveBack(2);
        ring.WaitForUsed();
        Assert.Equal(features == Packed ? 1 : 4, ring.UsedId);
        Assert.Null(fixture.Front.Finish());
    }

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

    /// <summary>A ring of which the device has taken two requests and returned the second.</summary>
    private static TestRing ReturnSecondOfTwo(VhostUserFixture fixture, KeepingDevice device)
    {
        fixture.Begin();
        TestRing ring = fixture.Ring();
        _ = ring.Submit(1, 1);
        _ = ring.Submit(1, 2);
        fixture.Start(ring);
        Patience.WaitUntil(() => Volatile.Read(ref device.Taken) == 2);
        device.GiveBack(1);
        ring.WaitForUsed();
        Assert.Equal((fixture.Features & VhostUserFixture.Packed) != 0 ? 1 : 4, ring.UsedId);
        return ring;
    }
}
