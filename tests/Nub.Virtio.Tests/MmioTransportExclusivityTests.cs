using System.Collections.Concurrent;
using Nub.Memory;
using Nub.Virtio.Tests.VhostUser;
using static Nub.Virtio.Tests.MmioTransportTests;

namespace Nub.Virtio.Tests;

/// <summary>A device for a virtual machine of one's own whose guest's memory is held exclusively for a moment.</summary>
public sealed class MmioTransportExclusivityTests : IDisposable
{
    private const ulong Version1 = 1ul << 32;
    private const ulong Packed = 1ul << 34;
    private const uint Running = 1 | 2 | 8 | 4;

    private readonly GuestFile _guest = new();
    private readonly GuestAddressSpace _space = new();
    private readonly ConcurrentQueue<MmioQueueFailedEventArgs> _failures = [];

    public MmioTransportExclusivityTests() => _space.Map(FrontEnd.GuestBase, _guest.Memory, 0, FrontEnd.MemorySize);

    public void Dispose()
    {
        _space.Dispose();
        _guest.Dispose();
    }

    [Fact]
    public void Work_that_arrives_while_somebody_has_the_memory_alone_is_done_afterwards()
    {
        var console = new ConsoleDevice(_ => { });
        using MmioTransport transport = Transport(console);
        var ring = new TestRing(_guest.Memory, isPacked: false);
        SetUpOn(transport, Version1, ring);
        WriteTo(transport, 0x070, Running);
        ulong at = ring.Submit(0, 0);
        _guest.Memory.WithExclusivity(_ =>
        {
            Assert.True(console.TryWrite("hello"u8));
            WriteTo(transport, 0x050, 0);

            // The delay grows meanwhile, and is over some time.
            Thread.Sleep(100);
        });
        Assert.Equal(Running, transport.Status);
        Assert.Empty(_failures);
        ring.WaitForUsed();
        byte[] bytes = new byte[5];
        _guest.Memory.CopyTo(at + 16, bytes);
        Assert.Equal("hello"u8, bytes);
    }

    [Theory]
    [InlineData(Version1)]
    [InlineData(Version1 | Packed)]
    public void A_queue_that_is_made_ready_while_somebody_has_the_memory_alone_is_set_up_afterwards(ulong features)
    {
        using MmioTransport transport = Transport(new CallingDevice(_ => { }));
        var ring = new TestRing(_guest.Memory, (features & Packed) != 0);
        _ = ring.Submit(1, 1);
        _guest.Memory.WithExclusivity(_ =>
        {
            SetUpOn(transport, features, ring);
            Assert.Equal(1u, ReadFrom(transport, 0x044));

            // A ready queue does not move.
            WriteTo(transport, 0x038, 7);
            WriteTo(transport, 0x070, Running);
        });
        Assert.Equal(Running, transport.Status);

        // Without a notification.
        ring.WaitForUsed();
        Assert.Empty(_failures);
    }

    [Fact]
    public void A_queue_that_is_made_ready_and_taken_back_while_somebody_has_the_memory_alone_is_not_set_up()
    {
        using MmioTransport transport = Transport(new CallingDevice(_ => { }));
        _guest.Memory.WithExclusivity(_ =>
        {
            SetUpOn(transport, Version1, new TestRing(_guest.Memory, isPacked: false, size: 7));
            WriteTo(transport, 0x044, 0);
            Assert.Equal(0u, ReadFrom(transport, 0x044));
        });

        // Another thread was to look at it afterwards, and finds nothing to set up.
        Patience.WaitUntil(() => !transport.IsServedLater(0));
        Assert.Empty(_failures);
        WriteTo(transport, 0x044, 1);
        Patience.WaitUntil(() => !_failures.IsEmpty);
        Assert.Equal(VirtQueueError.SizeInvalid, Assert.Single(_failures).Error);
    }

    [Fact]
    public void Who_wants_the_memory_alone_while_the_device_works_is_refused()
    {
        bool refused = false;
        using MmioTransport transport = Transport(new CallingDevice(_ =>
        {
            Assert.Throws<SharedMemoryLockedException>(() => _guest.Memory.WithExclusivity(_ => { }));
            refused = true;
        }));
        var ring = new TestRing(_guest.Memory, isPacked: false);
        SetUpOn(transport, Version1, ring);
        WriteTo(transport, 0x070, Running);
        _ = ring.Submit(1, 1);
        WriteTo(transport, 0x050, 0);
        Assert.True(refused);
        Assert.Empty(_failures);

        // Not afterwards.
        _guest.Memory.WithExclusivity(_ => { });
    }

    private MmioTransport Transport(VirtioDevice device)
    {
        var transport = new MmioTransport(device, _space);
        transport.QueueFailed += (_, e) => _failures.Enqueue(e);
        return transport;
    }
}
