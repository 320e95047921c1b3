using Nub.Memory;
using Nub.Virtio.Tests.VhostUser;

namespace Nub.Virtio.Tests;

/// <summary>A device for a virtual machine of one's own, with several of the guest's processors and the host at it at once. What hangs fails after some seconds.</summary>
public sealed class MmioTransportThreadTests : IDisposable
{
    private const ulong Version1 = 1ul << 32;
    private const ulong EventIndex = 1ul << 29;
    private const ulong Packed = 1ul << 34;
    private const ulong RingReset = 1ul << 40;
    private const uint Running = 1 | 2 | 8 | 4;
    private const int Turn = 64;
    private const ulong SecondRing = 0x2_0000;


    private readonly GuestFile _guest = new();
    private readonly GuestAddressSpace _space = new();
    private readonly List<MmioQueueFailedEventArgs> _failures = [];

    public MmioTransportThreadTests() => _space.Map(FrontEnd.GuestBase, _guest.Memory, 0, FrontEnd.MemorySize);

    public void Dispose()
    {
        _space.Dispose();
        _guest.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_disk_that_feeds_itself_keeps_no_processor_and_not_the_host(bool atDriverOk)
    {
        // Each sector that is read is written over the header and the available ring: it asks for the next sector, and makes that request available.
        using var storage = new MemoryStorage(65536 * 512);
        byte[] sector = new byte[512];
        for (uint i = 0; i < 65536; i++)
        {
            BitConverter.TryWriteBytes(sector.AsSpan(8), (ulong)(ushort)(i + 1));
            BitConverter.TryWriteBytes(sector.AsSpan(18), (ushort)(i + 2));
            storage.CopyFrom(i * 512, sector);
        }

        Describe(0, 0xFF0, 16, 1, 1);
        Describe(1, 0xFF0, 512, 2 | 1, 2);
        Describe(2, 0x3000, 1, 2, 0);
        MmioTransport transport = Transport(new BlockDevice(storage));
        MmioTransportTests.SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
        if (!atDriverOk)
        {
            Write(transport, 0x070, Running);
        }

        _guest.Memory.Write(0x1002, (ushort)1);
        try
        {
            await Beside(() => Write(transport, atDriverOk ? 0x070ul : 0x050, atDriverOk ? Running : 0));
            await Beside(() => Assert.Equal(Running, MmioTransportTests.ReadFrom(transport, 0x070)));
            for (int i = 0; i < 5; i++)
            {
                // It goes on all the same.
                ushort used = _guest.Memory.Read<ushort>(0x2002);
                WaitUntil(() => _guest.Memory.Read<ushort>(0x2002) != used);
            }

            await Beside(transport.Dispose);
        }
        finally
        {
            // Descriptors of no bytes end it, whatever else does not.
            _guest.Memory.Fill(0, 0x80, 0);
            await Beside(transport.Dispose);
        }

        void Describe(ulong index, ulong at, uint length, ushort flags, ushort next)
        {
            _guest.Memory.Write(16 * index, FrontEnd.GuestBase + at);
            _guest.Memory.Write(16 * index + 8, length | (ulong)flags << 32 | (ulong)next << 48);
        }
    }

    [Theory]
    [InlineData(Version1)]
    [InlineData(Version1 | EventIndex)]
    [InlineData(Version1 | Packed)]
    [InlineData(Version1 | Packed | EventIndex)]
    public void What_a_driver_adds_while_it_is_served_is_served_beyond_a_turn_on_another_thread(ulong features)
    {
        const int requests = 30 * Turn;
        var ring = new TestRing(_guest.Memory, (features & Packed) != 0);
        int processor = Environment.CurrentManagedThreadId;
        int here = 0;
        int all = 0;
        using MmioTransport transport = Transport(new CallingDevice(queue =>
        {
            here += Environment.CurrentManagedThreadId == processor ? 1 : 0;
            ring.WaitForUsed();
            if (Interlocked.Increment(ref all) < requests)
            {
                _ = ring.Submit(1, 1);
            }
        }));
        MmioTransportTests.SetUpOn(transport, features, ring);
        Write(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        Write(transport, 0x050, 0);
        Assert.Equal(Turn, here);

        // None of it with another notification.
        WaitUntil(() => Volatile.Read(ref all) == requests);
        Assert.Empty(_failures);
    }

    [Fact]
    public void Registers_can_be_used_while_the_device_works_at_DRIVER_OK()
    {
        bool wasRead = false;
        MmioTransport transport = null!;
        transport = Transport(new CallingDevice(_ => wasRead = Task.Run(() => MmioTransportTests.ReadFrom(transport, 0x070)).Wait(Patience.Limit)));
        var ring = new TestRing(_guest.Memory, isPacked: false);
        MmioTransportTests.SetUpOn(transport, Version1, ring);
        _ = ring.Submit(1, 1);
        Write(transport, 0x070, Running);
        Assert.True(wasRead);
        transport.Dispose();
    }

    [Fact]
    public async Task A_console_s_output_may_dispose_the_transport_while_another_processor_resets_it()
    {
        using var inside = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        MmioTransport transport = null!;
        transport = Transport(new ConsoleDevice(_ =>
        {
            inside.Set();
            Assert.True(goesOn.Wait(Patience.Limit));
            transport.Dispose();
        }));
        var ring = new TestRing(_guest.Memory, isPacked: false);
        MmioTransportTests.SetUpOn(transport, Version1, ring, queue: 1);
        Write(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        Task printing = Beside(() => Write(transport, 0x050, 1));
        Assert.True(inside.Wait(Patience.Limit));
        Thread? other = null;
        Task resetting = Beside(() =>
        {
            Volatile.Write(ref other, Thread.CurrentThread);
            Write(transport, 0x070, 0);
        });
        WaitUntil(() => Volatile.Read(ref other) is { } thread && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0);
        goesOn.Set();
        await printing;
        await resetting;
        await Beside(transport.Dispose);
        Assert.Equal(0u, transport.Status);
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task An_emergency_write_may_dispose_the_transport_while_another_processor_prints()
    {
        MmioTransport transport = null!;
        Task printing = Task.CompletedTask;
        transport = Transport(new ConsoleDevice(_ =>
        {
            if (printing == Task.CompletedTask)
            {
                // Prints are one at a time: the other processor is at the queue, and waits.
                Thread? other = null;
                printing = Beside(() =>
                {
                    Volatile.Write(ref other, Thread.CurrentThread);
                    Write(transport, 0x050, 1);
                });
                WaitUntil(() => Volatile.Read(ref other) is { } thread && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0);
                transport.Dispose();
            }
        }));
        var ring = new TestRing(_guest.Memory, isPacked: false);
        MmioTransportTests.SetUpOn(transport, Version1, ring, queue: 1);
        Write(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        await Beside(() => Write(transport, 0x108, 'q'));
        await printing;
        await Beside(transport.Dispose);
        Assert.Equal(0u, transport.Status);
    }

    [Theory]
    [InlineData(0x044, 0)]
    [InlineData(0x0C0, 1)]
    public async Task A_queue_that_is_taken_away_ends_after_the_request_that_the_device_is_at(ulong register, uint value)
    {
        using var inside = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        int answered = 0;
        using MmioTransport transport = Transport(new CallingDevice(_ =>
        {
            answered++;
            inside.Set();
            Assert.True(goesOn.Wait(Patience.Limit));
        }));
        var ring = new TestRing(_guest.Memory, isPacked: false);
        MmioTransportTests.SetUpOn(transport, Version1 | RingReset, ring);
        Write(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        _ = ring.Submit(1, 2);
        Task serving = Beside(() => Write(transport, 0x050, 0));
        Assert.True(inside.Wait(Patience.Limit));
        Thread? other = null;
        Task ending = Beside(() =>
        {
            Volatile.Write(ref other, Thread.CurrentThread);
            Write(transport, register, value);
        });
        WaitUntil(() => MmioTransportTests.ReadFrom(transport, 0x044) == 0);
        WaitUntil(() => Volatile.Read(ref other) is { } thread && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0);
        Assert.False(ending.IsCompleted);
        goesOn.Set();
        await serving;
        await ending;
        Assert.Equal(1, answered);

        // Another can be set up in its place.
        _guest.Memory.Fill(0, 0x4000, 0);
        var again = new TestRing(_guest.Memory, isPacked: false);
        _ = again.Submit(1, 1);
        MmioTransportTests.AddressOn(transport, again.Size);
        again.WaitForUsed();
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task Two_queues_at_work_may_dispose_their_transport_at_once_and_the_device_is_reset_when_both_have_come_back()
    {
        using var both = new Barrier(2);
        MmioTransport transport = null!;
        var device = new CallingDevice(_ =>
        {
            Assert.True(both.SignalAndWait(Patience.Limit));
            transport.Dispose();
            Assert.True(both.SignalAndWait(Patience.Limit));
        });
        transport = Transport(device);
        await AtWorkOnBoth(transport);
        WaitUntil(() => transport.Status == 0);
        await Beside(transport.Dispose);
        Assert.Equal(0, Assert.Single(device.Resets));
        Assert.Empty(_failures);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_device_that_ends_its_driver_while_it_is_activated_is_reset(bool disposes)
    {
        var device = new CallingDevice(_ => { });
        MmioTransport transport = Transport(device);
        device.Activated = disposes ? transport.Dispose : () => Write(transport, 0x070, 0);
        MmioTransportTests.SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
        Write(transport, 0x070, Running);
        WaitUntil(() => transport.Status == 0);
        await Beside(transport.Dispose);
        Assert.Equal((1, 0u), (device.Activations, transport.Status));
        Assert.Single(device.Resets);
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task Two_queues_whose_work_is_work_for_the_other_do_not_wait_for_one_another()
    {
        using var both = new Barrier(2);
        int rounds = 0;
        CallingDevice device = null!;
        device = new CallingDevice(queue =>
        {
            Assert.True(both.SignalAndWait(Patience.Limit));
            device.Ask(1 - queue);
            Interlocked.Increment(ref rounds);
        });
        MmioTransport transport = Transport(device);
        await AtWorkOnBoth(transport);
        Assert.Equal(2, rounds);
        await Beside(transport.Dispose);
    }

    [Fact]
    public void A_disposed_transport_reads_as_zeroes_and_takes_nothing()
    {
        var device = new CallingDevice(_ => { });
        MmioTransport transport = Transport(device);
        transport.Dispose();
        var ring = new TestRing(_guest.Memory, isPacked: false);
        MmioTransportTests.SetUpOn(transport, Version1, ring);
        Write(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        Write(transport, 0x050, 0);
        device.Ask(0);
        Assert.Equal((0, 0u), (device.Activations, transport.Status));
        Assert.Equal("no driver, 0 queues run", transport.GetHealth().ToString());
        Assert.Equal(0u, MmioTransportTests.ReadFrom(transport, 0x000));

        bool printed = false;
        MmioTransport console = Transport(new ConsoleDevice(_ => printed = true));
        console.Dispose();
        Assert.Equal(0u, MmioTransportTests.ReadFrom(console, 0x100));
        Write(console, 0x108, 'A');
        Assert.False(printed);
    }

    [Fact]
    public void A_queue_in_a_space_that_was_disposed_is_a_failure_and_throws_nothing_at_the_guest()
    {
        using var space = new GuestAddressSpace();
        using var transport = new MmioTransport(new CallingDevice(_ => { }), space);
        transport.QueueFailed += (_, e) => _failures.Add(e);
        space.Dispose();
        var ring = new TestRing(_guest.Memory, isPacked: false);
        MmioTransportTests.SetUpOn(transport, Version1, ring);
        Write(transport, 0x044, 1);
        Assert.IsType<ObjectDisposedException>(Assert.Single(_failures).Exception);
        Assert.Equal(0u, MmioTransportTests.ReadFrom(transport, 0x044));
        Assert.Equal(1u | 2 | 8 | 0x40, transport.Status);
    }

    private static void Write(MmioTransport transport, ulong offset, uint value) => MmioTransportTests.WriteTo(transport, offset, value);

    // On a thread of its own, as a processor of the guest's.
    private static Task Beside(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Patience.Limit);

    private static void WaitUntil(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Patience.Limit));

    private async Task AtWorkOnBoth(MmioTransport transport)
    {
        TestRing[] rings = [new(_guest.Memory, isPacked: false), new(_guest.Memory, isPacked: false, offset: SecondRing)];
        MmioTransportTests.SetUpOn(transport, Version1, rings[0]);
        MmioTransportTests.AddressOn(transport, rings[1].Size, queue: 1, SecondRing);
        Write(transport, 0x070, Running);
        Array.ForEach(rings, static ring => _ = ring.Submit(1, 1));
        Task first = Beside(() => Write(transport, 0x050, 0));
        Task second = Beside(() => Write(transport, 0x050, 1));
        await first;
        await second;
    }

    private MmioTransport Transport(VirtioDevice device)
    {
        var transport = new MmioTransport(device, _space);
        transport.QueueFailed += (_, e) => _failures.Add(e);
        return transport;
    }
}
