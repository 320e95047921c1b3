using Nub.Memory;
using Nub.Virtio.Tests.VhostUser;

namespace Nub.Virtio.Tests;

/// <summary>What a device may do while a transport activates it, resets it or asks what it is, and what other processors find meanwhile.</summary>
public sealed class MmioTransportLifetimeTests : IDisposable
{
    private const ulong Version1 = 1ul << 32;
    private const uint Agreed = 1 | 2 | 8;
    private const uint Running = Agreed | 4;

    private readonly GuestFile _guest = new();
    private readonly GuestAddressSpace _space = new();
    private readonly CallingDevice _device = new(_ => { });

    public MmioTransportLifetimeTests() => _space.Map(FrontEnd.GuestBase, _guest.Memory, 0, FrontEnd.MemorySize);

    public void Dispose()
    {
        _space.Dispose();
        _guest.Dispose();
    }

    [Fact]
    public async Task A_device_may_wait_while_it_is_activated_and_reset_for_a_thread_that_uses_the_registers()
    {
        using var transport = new MmioTransport(_device, _space);
        var read = new List<uint>();
        _device.Activated = _device.Resetting = () => read.Add(OnAnother(() =>
        {
            Write(transport, 0x030, 1);
            return MmioTransportTests.ReadFrom(transport, 0x000);
        }));
        SetUp(transport);
        await Beside(() => Write(transport, 0x070, Running));
        Assert.Equal(Running, transport.Status);
        await Beside(() => Write(transport, 0x070, 0));
        Assert.Equal([0x7472_6976u, 0x7472_6976], read);
        Assert.Equal((0u, 0u), (transport.Status, MmioTransportTests.ReadFrom(transport, 0x070)));
    }

    [Fact]
    public async Task A_device_may_wait_while_its_generation_is_asked_for_a_thread_that_uses_the_registers()
    {
        using var transport = new MmioTransport(_device, _space);
        uint read = 0;
        _device.Asked = () => read = OnAnother(() => MmioTransportTests.ReadFrom(transport, 0x000));
        await Beside(() => MmioTransportTests.ReadFrom(transport, 0x0FC));
        Assert.Equal(0x7472_6976u, read);
    }

    [Fact]
    public void A_device_is_asked_once_what_it_is_and_how_large_its_queues_may_be()
    {
        using var transport = new MmioTransport(_device, _space);
        _device.Asked = () => throw new HandlerException("asked again");
        Assert.Equal((42u, 256u), (MmioTransportTests.ReadFrom(transport, 0x008), MmioTransportTests.ReadFrom(transport, 0x034)));
        SetUp(transport);
        Assert.Equal(1u, MmioTransportTests.ReadFrom(transport, 0x044));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Whoever_ends_the_driver_waits_until_the_device_was_activated_and_is_reset(bool disposes)
    {
        using var transport = new MmioTransport(_device, _space);
        using var inside = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        _device.Activated = () =>
        {
            inside.Set();
            Assert.True(goesOn.Wait(Patience.Limit));
            Assert.Empty(_device.Resets);
        };
        SetUp(transport);
        Task activating = Beside(() => Write(transport, 0x070, Running));
        Assert.True(inside.Wait(Patience.Limit));
        Task ending = BesideAsleep(() => End(transport, disposes));
        Assert.False(ending.IsCompleted);
        goesOn.Set();
        await activating;
        await ending;
        Assert.Equal((1, 0u), (_device.Activations, transport.Status));
        Assert.Single(_device.Resets);
    }

    [Fact]
    public async Task Whoever_ends_the_driver_second_waits_until_the_device_is_reset_once()
    {
        using var transport = new MmioTransport(_device, _space);
        using var inside = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        _device.Resetting = () =>
        {
            inside.Set();
            Assert.True(goesOn.Wait(Patience.Limit));
        };
        SetUp(transport);
        Write(transport, 0x070, Running);
        Task first = Beside(() => Write(transport, 0x070, 0));
        Assert.True(inside.Wait(Patience.Limit));

        // What a driver writes before its reset is done is ignored.
        SetUp(transport);
        Assert.Equal(Agreed, transport.Status);
        Task second = BesideAsleep(transport.Dispose);
        Assert.False(second.IsCompleted);
        goesOn.Set();
        await first;
        await second;
        Assert.Single(_device.Resets);
        Assert.Equal(0u, transport.Status);
    }

    [Fact]
    public async Task Two_processors_that_are_ready_at_once_activate_the_device_once()
    {
        using var transport = new MmioTransport(_device, _space);
        using var inside = new ManualResetEventSlim();
        using var goesOn = new ManualResetEventSlim();
        _device.Activated = () =>
        {
            inside.Set();
            Assert.True(goesOn.Wait(Patience.Limit));

            // The device may write the same status while it is activated.
            Write(transport, 0x070, Running);
        };
        SetUp(transport);
        Task first = Beside(() => Write(transport, 0x070, Running));
        Assert.True(inside.Wait(Patience.Limit));
        Task second = BesideAsleep(() => Write(transport, 0x070, Running));
        goesOn.Set();
        await first;
        await second;
        Assert.Equal((1, Running), (_device.Activations, transport.Status));
    }

    [Fact]
    public void A_device_that_throws_when_it_is_activated_or_reset_can_be_activated_again()
    {
        using var transport = new MmioTransport(_device, _space);
        _device.Activated = _device.Resetting = () => throw new HandlerException("device");
        SetUp(transport);
        Assert.Throws<HandlerException>(() => Write(transport, 0x070, Running));
        Assert.Equal(Agreed, transport.Status);

        // One that was not activated is not reset.
        Write(transport, 0x070, 0);
        Assert.Equal((0u, 0), (transport.Status, _device.Resets.Count));
        _device.Activated = null;
        SetUp(transport);
        Write(transport, 0x070, Running);
        Assert.Throws<HandlerException>(() => Write(transport, 0x070, 0));
        Assert.Equal(0u, transport.Status);
        _device.Resetting = null;
        SetUp(transport);
        Write(transport, 0x070, Running);
        Assert.Equal((3, Running), (_device.Activations, transport.Status));
    }

    private static void Write(MmioTransport transport, ulong offset, uint value) => MmioTransportTests.WriteTo(transport, offset, value);

    private static void End(MmioTransport transport, bool disposes)
    {
        if (disposes)
        {
            transport.Dispose();
        }
        else
        {
            Write(transport, 0x070, 0);
        }
    }

    /// <summary>As a processor comes that was stopped after it had written DRIVER_OK for the driver before.</summary>
    [Fact]
    public void A_driver_that_has_not_said_that_it_is_ready_is_not_made_ready_by_one_that_was_reset()
    {
        using var transport = new MmioTransport(_device, _space);
        SetUp(transport);
        transport.Begin();
        Assert.Equal((0, Agreed), (_device.Activations, transport.Status));
        Write(transport, 0x070, Running);
        Assert.Equal((1, Running), (_device.Activations, transport.Status));
        Write(transport, 0x070, 0);
        SetUp(transport);
        transport.Begin();
        Assert.Equal((1, Agreed), (_device.Activations, transport.Status));
    }

    // What the device waits for, with an error where it never comes.
    private static T OnAnother<T>(Func<T> what)
    {
        Task<T> other = Task.Factory.StartNew(what, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(other.Wait(Patience.Limit), "The registers are held.");
        return other.Result;
    }

    // On a thread of its own, as a processor of the guest's.
    private static Task Beside(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Patience.Limit);

    // Returns when that thread waits, or is done.
    private static Task BesideAsleep(Action action)
    {
        Thread? thread = null;
        Task task = Beside(() =>
        {
            Volatile.Write(ref thread, Thread.CurrentThread);
            action();
        });
        Patience.WaitUntil(() => task.IsCompleted || (Volatile.Read(ref thread) is { } other && (other.ThreadState & ThreadState.WaitSleepJoin) != 0));
        return task;
    }

    private void SetUp(MmioTransport transport)
    {
        _guest.Memory.Fill(0, 0x4000, 0);
        MmioTransportTests.SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false));
    }
}
