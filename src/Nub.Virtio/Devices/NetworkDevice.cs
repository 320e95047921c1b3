using System.Buffers.Binary;
using System.Net.NetworkInformation;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>A virtio network device of one pair of queues, without offloads (virtio 1.2, section 5.1), over an <see cref="INetworkPort"/>.</summary>
/// <remarks>
/// What comes from the network waits in a buffer for 256 frames until the driver offers room; a frame that finds it full is dropped and counted, as a wire would. So is one of the driver's that is shorter
/// than an Ethernet header or longer than the MTU allows.
/// </remarks>
public sealed class NetworkDevice : VirtioDevice<NetworkConfiguration>
{
    private const int ReceiveQueue = 0;
    private const int WaitingFrames = 256;

    // Two addresses and a type; and the tag of a virtual network, which the MTU does not count either.
    private const int LeastFrame = 14;
    private const int EthernetOverhead = 18;
    private const ushort LinkUp = 1;
    private const ulong MtuFeature = 1 << 3;
    private const ulong AddressFeature = 1 << 5;
    private const ulong StatusFeature = 1 << 16;

    private readonly INetworkPort _port;
    private readonly Lock _lock = new();
    private readonly byte[] _waiting;
    private readonly int[] _lengths = new int[WaitingFrames];
    private readonly byte[] _sending;
    private readonly byte[] _receiving;
    private int _first;
    private int _count;
    private long _droppedFromDriver;
    private long _droppedFromPort;

    /// <summary>Creates a device, and plugs it in.</summary>
    /// <param name="port">What it is plugged into.</param>
    /// <param name="address">Its address, of 6 bytes.</param>
    /// <param name="mtu">The most bytes that a frame carries: 68 to 65535.</param>
    /// <exception cref="ArgumentException">The address does not have 6 bytes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The MTU is out of its range.</exception>
    public NetworkDevice(INetworkPort port, PhysicalAddress address, int mtu = 1500) : base(Configure(address, mtu))
    {
        ArgumentNullException.ThrowIfNull(port);
        MaxFrame = mtu + EthernetOverhead;
        _waiting = new byte[WaitingFrames * MaxFrame];
        _sending = new byte[MaxFrame];
        _receiving = new byte[MaxFrame];
        _port = port;
        port.Attach(this);
    }

    /// <inheritdoc/>
    public override uint DeviceId => 1;

    /// <inheritdoc/>
    public override ulong DeviceFeatures => MtuFeature | AddressFeature | StatusFeature;

    /// <inheritdoc/>
    public override int QueueCount => 2;

    /// <summary>The longest frame in bytes.</summary>
    public int MaxFrame { get; }

    /// <summary>Frames of the driver's that were dropped, because they are too short or too long, ask for an offload, or are not there.</summary>
    public long DroppedFromDriver => Interlocked.Read(ref _droppedFromDriver);

    /// <summary>Frames of the network's that were dropped, because too many were waiting or the driver's buffer was too small.</summary>
    public long DroppedFromPort => Interlocked.Read(ref _droppedFromPort);

    /// <summary>Whether the link is up. To set it notifies the driver.</summary>
    public bool IsLinkUp
    {
        get => (Configuration.Status & LinkUp) != 0;
        set => Configuration = Configuration with { Status = value ? LinkUp : (ushort)0 };
    }

    /// <summary>Hands a frame from the network to the driver. From any thread.</summary>
    /// <param name="frame">The frame, from the destination's address on, without the checksum.</param>
    /// <returns>Whether it waits for the driver now; otherwise it was dropped.</returns>
    public bool TryDeliver(ReadOnlySpan<byte> frame)
    {
        lock (_lock)
        {
            if (frame.Length < LeastFrame || frame.Length > MaxFrame || _count == WaitingFrames)
            {
                Interlocked.Increment(ref _droppedFromPort);
                return false;
            }

            int slot = (_first + _count++) % WaitingFrames;
            frame.CopyTo(_waiting.AsSpan(slot * MaxFrame));
            _lengths[slot] = frame.Length;
        }

        OnWorkArrived(ReceiveQueue);
        return true;
    }

    /// <inheritdoc/>
    public override void Process(int queueIndex, VirtQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        if (queueIndex == ReceiveQueue)
        {
            Receive(queue);
        }
        else
        {
            Send(queue);
        }
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        lock (_lock)
        {
            _first = _count = 0;
        }
    }

    private static NetworkConfiguration Configure(PhysicalAddress address, int mtu)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentOutOfRangeException.ThrowIfLessThan(mtu, 68);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtu, ushort.MaxValue);
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length != 6)
        {
            throw new ArgumentException($"An Ethernet address has 6 bytes; this one has {bytes.Length}.", nameof(address));
        }

        return new NetworkConfiguration
        {
            AddressStart = BinaryPrimitives.ReadUInt32BigEndian(bytes),
            AddressEnd = BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(4)),
            Status = LinkUp,
            MaxQueuePairs = 1,
            Mtu = (ushort)mtu,
        };
    }

    private void Receive(VirtQueue queue)
    {
        while (HasWaiting() && queue.TryTake(out DescriptorChain chain))
        {
            // Copied before it is written: the port goes on while the driver's memory is touched.
            Span<byte> frame = _receiving.AsSpan(0, Take());
            ChainWriter writer = chain.Writable;
            bool fits = writer.Remaining >= (ulong)(FrameHeader.Layout.Size + frame.Length);
            if (!fits || !writer.TryWrite(new FrameHeader { BufferCount = 1 }) || !writer.TryCopyFrom(frame))
            {
                Interlocked.Increment(ref _droppedFromPort);
                queue.Return(chain, 0);
                continue;
            }

            queue.Return(chain);
        }
    }

    private void Send(VirtQueue queue)
    {
        while (queue.TryTake(out DescriptorChain chain))
        {
            ChainReader reader = chain.Readable;
            if (reader.TryRead(out FrameHeader header) && header.Flags == 0 && header.SegmentType == 0
                && reader.Remaining >= LeastFrame && reader.Remaining <= (ulong)MaxFrame)
            {
                Span<byte> frame = _sending.AsSpan(0, (int)reader.Remaining);
                bool isThere = reader.TryCopyTo(frame);
                queue.Return(chain, 0);
                if (isThere)
                {
                    _port.Send(frame);
                    continue;
                }
            }
            else
            {
                queue.Return(chain, 0);
            }

            Interlocked.Increment(ref _droppedFromDriver);
        }
    }

    private bool HasWaiting()
    {
        lock (_lock)
        {
            return _count != 0;
        }
    }

    /// <summary>Takes the frame that has waited longest; of length 0 where a reset was faster.</summary>
    private int Take()
    {
        lock (_lock)
        {
            if (_count == 0)
            {
                return 0;
            }

            int length = _lengths[_first];
            _waiting.AsSpan(_first * MaxFrame, length).CopyTo(_receiving);
            _first = (_first + 1) % WaitingFrames;
            _count--;
            return length;
        }
    }
}

/// <summary>The header before a frame in both directions (virtio 1.2, section 5.1.6).</summary>
[AllValid]
internal partial struct FrameHeader
{
    public byte Flags;
    public byte SegmentType;
    public ushort HeaderLength;
    public ushort SegmentSize;
    public ushort ChecksumStart;
    public ushort ChecksumOffset;
    public ushort BufferCount;
}
