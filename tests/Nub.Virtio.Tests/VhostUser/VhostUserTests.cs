namespace Nub.Virtio.Tests.VhostUser;

/// <summary>What a front end that keeps to the protocol gets.</summary>
public sealed class VhostUserTests
{
    private const ulong Packed = FrontEnd.BasicFeatures | VhostUserFixture.Packed;

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(FrontEnd.BasicFeatures | 1ul << 29)]
    [InlineData(Packed)]
    [InlineData(Packed | 1ul << 29)]
    [InlineData(1ul << 32)]
    public void A_ring_serves_requests_and_calls_the_driver(ulong features)
    {
        using var fixture = new VhostUserFixture(features);
        fixture.Begin();
        TestRing ring = fixture.Start(fixture.Ring());
        for (byte i = 1; i < 40; i++)
        {
            ring.Exercise(i, i);
        }

        Assert.True(ring.Call.Wait());
        Assert.Null(fixture.Front.Finish());
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(FrontEnd.BasicFeatures | 1ul << 29)]
    [InlineData(Packed)]
    public void Buffers_for_what_has_not_come_yet_are_no_work(ulong features)
    {
        var device = new CountingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        fixture.Begin();
        TestRing ring = fixture.Start(fixture.Ring());
        _ = ring.Submit(1, 1, 1);
        ring.Kick.Signal();
        for (int i = 0; i < 200; i++)
        {
            fixture.Front.Ask(VhostUserRequest.GetFeatures);
        }

        // As the ring starts and after the kick, each time with kicks off and on again.
        Assert.InRange(device.Calls, 0, 4);
        device.Takes = 1;
        device.Ask();
        ring.WaitForUsed();
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void The_messages_of_a_ring_may_come_in_any_order()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        int[] order = [0, 1, 2, 3, 4, 5];
        byte value = 0;
        int orders = 0;
        do
        {
            // Each time a new ring, since the driver of a ring that is set up anew begins anew.
            fixture.Guest.Memory.Fill(0, 0x4000, 0);
            TestRing ring = fixture.Ring();
            foreach (int step in order)
            {
                switch (step)
                {
                    case 0: fixture.Front.Send(VhostUserRequest.SetVringSize, ring.SizeMessage); break;
                    case 1: fixture.Front.Send(VhostUserRequest.SetVringBase, ring.BaseMessage); break;
                    case 2: fixture.Front.Send(VhostUserRequest.SetVringAddresses, ring.AddressMessage); break;
                    case 3: fixture.Front.Send(VhostUserRequest.SetVringKick, ring.EventMessage, ring.Kick.Handle); break;
                    case 4: fixture.Front.Send(VhostUserRequest.SetVringCall, ring.EventMessage, ring.Call.Handle); break;
                    default: fixture.Front.Send(VhostUserRequest.SetVringEnable, ring.EnableMessage); break;
                }
            }

            // When this is answered all of the others were understood.
            fixture.Front.Ask(VhostUserRequest.GetFeatures);
            ring.Exercise(3, ++value);
            orders++;
            fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
            fixture.Front.Send(VhostUserRequest.ResetDevice);
            ring.Kick.Dispose();
            ring.Call.Dispose();
        }
        while (NextPermutation(order));

        Assert.Equal(720, orders);
        Assert.Null(fixture.Front.Finish());
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void A_ring_that_is_stopped_goes_on_where_its_base_says(ulong features)
    {
        using var fixture = new VhostUserFixture(features);
        fixture.Begin();
        TestRing ring = fixture.Start(fixture.Ring());
        for (byte i = 1; i <= 5; i++)
        {
            ring.Exercise(i, i);
        }

        byte[] where = fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        Assert.Equal(ring.BaseMessage, where);
        Assert.Equal(features == Packed ? 0x8000_8000u ^ 0x8000_8000u ^ Laps(30) : 10u, BitConverter.ToUInt32(where, 4));

        // Nothing is done meanwhile.
        ulong at = ring.Submit(0, 1);
        ring.Kick.Signal();
        Thread.Sleep(50);
        Assert.Equal(0xEE, fixture.Guest.Memory.Read<byte>(at + 16 + 512));
        fixture.Start(ring);
        ring.WaitForUsed();
        ring.Exercise(7, 9);
        Assert.Null(fixture.Front.Finish());

        // 30 entries of a ring of 8: the fourth lap's sixth, whose wrap counter is 0.
        static uint Laps(int entries) => (uint)(entries % 8 | (entries / 8 % 2 == 0 ? 0x8000 : 0)) * 0x10001;
    }

    [Fact]
    public void A_ring_without_a_kick_is_looked_at_again_and_again()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        TestRing ring = fixture.Ring();
        fixture.Front.Send(VhostUserRequest.SetVringSize, ring.SizeMessage);
        fixture.Front.Send(VhostUserRequest.SetVringAddresses, ring.AddressMessage);
        fixture.Front.Send(VhostUserRequest.SetVringKick, FrontEnd.Bytes(0x100ul));
        fixture.Front.Send(VhostUserRequest.SetVringCall, FrontEnd.Bytes(0x100ul));
        fixture.Front.Send(VhostUserRequest.SetVringEnable, ring.EnableMessage);
        for (byte i = 0; i < 5; i++)
        {
            ulong at = ring.Submit(1, i, i);
            ring.WaitForUsed();
            Assert.Equal(0, fixture.Guest.Memory.Read<byte>(at + 16 + 512));
        }

        Assert.False(ring.Kick.Wait(0));
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void Disabled_rings_stand_still_until_they_are_enabled()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        TestRing ring = fixture.Start(fixture.Ring());
        ring.Exercise(1, 1);
        Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetVringEnable, FrontEnd.Bytes(0u, 0u)));
        ulong at = ring.Submit(0, 1);
        ring.Kick.Signal();
        Thread.Sleep(50);
        Assert.Equal(0xEE, fixture.Guest.Memory.Read<byte>(at + 16 + 512));
        fixture.Front.Send(VhostUserRequest.SetVringEnable, ring.EnableMessage);
        ring.WaitForUsed();
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void Several_queues_run_beside_one_another()
    {
        using var fixture = new VhostUserFixture(queues: 4);
        fixture.Begin();
        Assert.Equal(FrontEnd.Bytes(4ul), fixture.Front.Ask(VhostUserRequest.GetQueueCount));
        TestRing[] rings = [.. Enumerable.Range(0, 4).Select(i => fixture.Start(fixture.Ring(offset: (ulong)i * 0x20000, index: (uint)i)))];
        Parallel.ForEach(rings, ring =>
        {
            for (byte i = 1; i < 50; i++)
            {
                ring.Exercise((ring.Index * 100) + i, i);
            }
        });
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void The_configuration_is_read_by_parts_and_beyond_its_end()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        byte[] all = fixture.Front.Ask(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(0u, 256u, 0u, new byte[256]));
        Assert.Equal(12 + 256, all.Length);
        Assert.Equal((1ul << 20) / 512, BitConverter.ToUInt64(all, 12));
        Assert.All(all[(12 + fixture.Device.ConfigurationSize)..], one => Assert.Equal(0, one));
        byte[] part = fixture.Front.Ask(VhostUserRequest.GetConfiguration, FrontEnd.Bytes(2u, 4u, 0u, 0u));
        Assert.Equal(all[14..18], part[12..]);
        Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetConfiguration, FrontEnd.Bytes(0u, 4u, 0u, 0u)));
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void Regions_are_added_and_removed_while_a_ring_runs()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        Assert.Equal(FrontEnd.Bytes(32ul), fixture.Front.Ask(VhostUserRequest.GetMaxMemorySlots));
        TestRing ring = fixture.Start(fixture.Ring());
        using var more = new GuestFile();
        for (uint i = 0; i < 31; i++)
        {
            byte[] region = FrontEnd.Bytes(0ul, FrontEnd.Region(FrontEnd.GuestBase + (FrontEnd.MemorySize * (i + 1)), FrontEnd.MemorySize, FrontEnd.UserBase + (FrontEnd.MemorySize * (i + 1))));
            Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.AddMemoryRegion, region, more.Handle));
            ring.Exercise(i, (byte)(i + 1));
        }

        for (uint i = 0; i < 31; i++)
        {
            byte[] region = FrontEnd.Bytes(0ul, FrontEnd.Region(FrontEnd.GuestBase + (FrontEnd.MemorySize * (i + 1)), FrontEnd.MemorySize, FrontEnd.UserBase + (FrontEnd.MemorySize * (i + 1))));
            Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.RemoveMemoryRegion, region));
            ring.Exercise(i, (byte)(i + 2));
        }

        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void A_ring_waits_for_memory_that_is_taken_away_and_comes_back()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        TestRing ring = fixture.Start(fixture.Ring());
        ring.Exercise(1, 1);
        byte[] region = FrontEnd.Bytes(0ul, FrontEnd.Region(FrontEnd.GuestBase, FrontEnd.MemorySize, FrontEnd.UserBase));
        Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.RemoveMemoryRegion, region));
        _ = ring.Submit(1, 2, 2);
        ring.Kick.Signal();
        Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.AddMemoryRegion, region, fixture.Guest.Handle));
        ring.WaitForUsed();
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void What_the_device_writes_is_logged()
    {
        using var fixture = new VhostUserFixture(FrontEnd.BasicFeatures | 1ul << 26);
        fixture.Begin();
        using var log = new GuestFile(1 << 20);
        Assert.Equal(FrontEnd.Bytes(0ul), fixture.Front.Ask(VhostUserRequest.SetLogBase, FrontEnd.Bytes(1ul << 20, 0ul), log.Handle));
        TestRing ring = fixture.Start(fixture.Ring());
        ulong at = ring.Submit(0, 3);
        ring.Kick.Signal();
        ring.WaitForUsed();
        fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));
        Assert.True(IsLogged(FrontEnd.GuestBase + at), "the buffer's page");
        Assert.True(IsLogged(FrontEnd.GuestBase + 0x2000), "the used ring's page");
        Assert.False(IsLogged(FrontEnd.GuestBase + 0x1000), "the available ring's page");
        Assert.Null(fixture.Front.Finish());

        bool IsLogged(ulong address) => (log.Memory.Read<byte>(address / 4096 / 8) & 1 << (int)(address / 4096 % 8)) != 0;
    }

    [Theory]
    [InlineData(FrontEnd.BasicFeatures)]
    [InlineData(Packed)]
    public void What_a_device_has_in_hand_stays_there_while_the_logging_begins_and_ends(ulong features)
    {
        var device = new KeepingDevice();
        using var fixture = new VhostUserFixture(features, device: device);
        fixture.Begin();
        using var log = new GuestFile(1 << 20);
        TestRing ring = fixture.Start(fixture.Ring());
        _ = ring.Submit(1, 1, 1);
        ring.Kick.Signal();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref device.Taken) == 1, 20_000));
        for (int i = 0; i < 3; i++)
        {
            fixture.Front.Ask(VhostUserRequest.SetLogBase, FrontEnd.Bytes(1ul << 20, 0ul), log.Handle);
            fixture.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(features | 1ul << 26));
            fixture.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(features));
            fixture.Front.Ask(VhostUserRequest.GetFeatures);
        }

        device.GiveBack(0);
        ring.WaitForUsed();
        Assert.Equal(1, device.Taken);
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public async Task A_ring_that_stands_still_goes_on_doing_so_when_the_logging_begins()
    {
        using var fixture = new VhostUserFixture(device: new ThrowingDevice());
        int failures = 0;
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Backend.QueueFailed += (_, _) =>
        {
            Interlocked.Increment(ref failures);
            failed.TrySetResult();
        };
        fixture.Begin();
        _ = fixture.Start(fixture.Ring());
        await failed.Task.WaitAsync(Patience.Limit);
        using var log = new GuestFile(1 << 20);
        fixture.Front.Ask(VhostUserRequest.SetLogBase, FrontEnd.Bytes(1ul << 20, 0ul), log.Handle);
        fixture.Front.Send(VhostUserRequest.SetFeatures, FrontEnd.Bytes(FrontEnd.BasicFeatures | 1ul << 26));
        fixture.Front.Ask(VhostUserRequest.GetFeatures);
        Assert.Equal((0, 1), (fixture.Backend.GetHealth().RunningQueues, fixture.Backend.GetHealth().FailedQueues));
        Assert.Null(fixture.Front.Finish());
        Assert.Equal(1, failures);
    }

    [Fact]
    public void A_changed_configuration_is_told()
    {
        var device = new ChangingDevice();
        using var fixture = new VhostUserFixture(device: device);
        fixture.Begin();
        (System.Net.Sockets.Socket near, System.Net.Sockets.Socket far) = FrontEnd.Pair();
        using (near)
        using (far)
        {
            Assert.Equal(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetBackendRequests, default, far.SafeHandle));
            device.Change(7);
            near.ReceiveTimeout = (int)Patience.Limit.TotalMilliseconds;
            byte[] told = new byte[12];
            Assert.Equal(12, near.Receive(told));
            Assert.Equal(FrontEnd.Message(2, default), told);
        }

        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public void A_front_end_that_dies_makes_room_for_the_next()
    {
        using var fixture = new VhostUserFixture();
        for (byte i = 0; i < 5; i++)
        {
            fixture.Begin();
            fixture.Guest.Memory.Fill(0, 0x4000, 0);
            TestRing ring = fixture.Start(fixture.Ring());
            ring.Exercise(i, i);
            fixture.Reconnect();
        }
    }

    [Fact]
    public async Task Memory_that_is_shortened_stops_the_ring_and_nothing_else()
    {
        using var fixture = new VhostUserFixture();
        var failed = new TaskCompletionSource<VirtQueueError>();
        fixture.Backend.QueueFailed += (_, e) => failed.TrySetResult(e.Error);
        fixture.Begin();
        TestRing ring = fixture.Ring();
        using var error = new EventDescriptor();
        fixture.Front.Send(VhostUserRequest.SetVringError, FrontEnd.Bytes(0ul), error.Handle);
        fixture.Start(ring);
        ring.Exercise(1, 1);
        fixture.Guest.Shorten(0);
        ring.Kick.Signal();
        Assert.Equal(VirtQueueError.AreaGone, await failed.Task.WaitAsync(Patience.Limit));
        Assert.True(error.Wait());
        fixture.Front.Ask(VhostUserRequest.GetVringBase, FrontEnd.Bytes(0u, 0u));

        // The guest's memory is back, the guest starts again.
        fixture.Guest.Shorten(FrontEnd.MemorySize);
        fixture.Start(fixture.Ring()).Exercise(1, 2);
        Assert.Null(fixture.Front.Finish());
    }

    [Fact]
    public async Task A_device_that_throws_loses_its_queue_and_nothing_else()
    {
        using var fixture = new VhostUserFixture(device: new ThrowingDevice());
        var failed = new TaskCompletionSource<Exception?>();
        fixture.Backend.QueueFailed += (_, e) => failed.TrySetResult(e.Exception);
        fixture.Begin();
        _ = fixture.Start(fixture.Ring());
        Assert.IsType<NotImplementedException>(await failed.Task.WaitAsync(Patience.Limit));
        Assert.Null(fixture.Front.Finish());
    }

    private static bool NextPermutation(int[] order)
    {
        int i = order.Length - 2;
        while (i >= 0 && order[i] > order[i + 1])
        {
            i--;
        }

        if (i < 0)
        {
            return false;
        }

        int j = Array.FindLastIndex(order, one => one > order[i]);
        (order[i], order[j]) = (order[j], order[i]);
        Array.Reverse(order, i + 1, order.Length - i - 1);
        return true;
    }
}
