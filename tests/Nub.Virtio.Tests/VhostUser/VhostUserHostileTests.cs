namespace Nub.Virtio.Tests.VhostUser;

/// <summary>A front end that breaks the protocol gets a typed refusal and a closed connection, and the next one is served. Alone, because descriptors are counted.</summary>
[Collection(Alone.Name)]
public sealed class VhostUserHostileTests
{
    public static TheoryData<string> Names => [.. HostileCases.All.Keys];

    [Fact]
    public void There_are_at_least_fifty_cases() => Assert.True(HostileCases.All.Count >= 50, $"{HostileCases.All.Count}");

    [Theory]
    [MemberData(nameof(Names))]
    public void A_broken_rule_is_refused_and_the_device_goes_on(string name)
    {
        (VhostUserError expected, Action<VhostUserFixture> play) = HostileCases.All[name];
        for (int round = 0; round < 2; round++)
        {
            Dictionary<string, int> before = CountDescriptors();
            using (var fixture = new VhostUserFixture())
            {
                fixture.Begin();
                play(fixture);
                VhostUserException? refusal = fixture.Front.Finish();
                Assert.Equal(expected, refusal?.Error);
                Assert.NotEmpty(refusal!.Message);
                fixture.Guest.Shorten(FrontEnd.MemorySize);
                fixture.Guest.Memory.Fill(0, FrontEnd.MemorySize, 0);
                fixture.Reconnect();
                fixture.Begin();
                TestRing ring = fixture.Start(fixture.Ring());
                ring.Exercise(5, 55);
                ring.Kick.Dispose();
                ring.Call.Dispose();
                Assert.Null(fixture.Front.Finish());
            }

            // The first round may open what the process keeps.
            if (round == 1)
            {
                AssertNoMore(before);
            }
        }
    }

    [Fact]
    public void A_refusal_that_is_waited_for_is_told_before_the_connection_is_closed()
    {
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        Assert.NotEqual(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetVringSize, FrontEnd.Bytes(9u, 8u)));
        Assert.Equal(VhostUserError.QueueIndexInvalid, fixture.Front.WaitForEnd()?.Error);
    }

    [Fact]
    public void A_refusal_that_is_waited_for_and_not_heard_is_reported_all_the_same()
    {
        Dictionary<string, long> before = MeterReadings.Of("Nub.Virtio");
        using var fixture = new VhostUserFixture();
        fixture.Begin();
        fixture.Front.StopReading();
        fixture.Front.SendRaw(FrontEnd.Message((uint)VhostUserRequest.SetVringSize, FrontEnd.Bytes(9u, 8u), flags: 1 | 8));
        Assert.Equal(VhostUserError.QueueIndexInvalid, fixture.Front.WaitForEnd()?.Error);
        Assert.Equal(1, MeterReadings.Since(before, "Nub.Virtio")["nub.virtio.vhost_user.refused"]);
    }

    [Fact]
    public void No_more_rings_are_offered_than_the_protocol_can_number()
    {
        using var fixture = new VhostUserFixture(queues: 1024);
        fixture.Begin();
        Assert.Equal(256ul, BitConverter.ToUInt64(fixture.Front.Ask(VhostUserRequest.GetQueueCount)));
        fixture.Start(fixture.Ring(index: 255)).Exercise(1, 1);
        Assert.NotEqual(0ul, fixture.Front.Acknowledge(VhostUserRequest.SetVringSize, FrontEnd.Bytes(256u, 8u)));
        Assert.Equal(VhostUserError.QueueIndexInvalid, fixture.Front.WaitForEnd()?.Error);
    }

    [Fact]
    public void A_front_end_that_says_half_a_message_and_nothing_more_does_not_keep_a_stop_waiting()
    {
        using var fixture = new VhostUserFixture();
        fixture.Front.SendRaw([1, 0, 0]);
        fixture.Backend.Dispose();
        Assert.Equal(VhostUserError.Truncated, fixture.Front.WaitForEnd()?.Error);
    }

    /// <summary>What descriptors stand for: of the kinds that a front end sends and a back end makes.</summary>
    private static Dictionary<string, int> CountDescriptors()
    {
        var found = new Dictionary<string, int>();
        foreach (FileInfo descriptor in new DirectoryInfo("/proc/self/fd").EnumerateFiles())
        {
            string? target = descriptor.LinkTarget;
            string? kind = target is null ? null
                : target.Contains("nub-vhost", StringComparison.Ordinal) ? "memory"
                : target.Contains("memfd:", StringComparison.Ordinal) ? "memfd"
                : target.Contains("[event", StringComparison.Ordinal) ? target
                : target.StartsWith("socket:", StringComparison.Ordinal) ? "socket"
                : target.StartsWith("pipe:", StringComparison.Ordinal) ? "pipe"
                : null;
            if (kind is not null)
            {
                found[kind] = found.GetValueOrDefault(kind) + 1;
            }
        }

        return found;
    }

    private static void AssertNoMore(Dictionary<string, int> before)
    {
        // The events that a case made for a ring of its own are closed by their finalizers.
        for (int patience = 0; ; patience++)
        {
            string[] more = [.. CountDescriptors().Where(one => one.Value > before.GetValueOrDefault(one.Key)).Select(one => $"{one.Value} {one.Key}, {before.GetValueOrDefault(one.Key)} before")];
            if (more.Length == 0)
            {
                return;
            }

            Assert.True(patience < 50, string.Join("; ", more));
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
