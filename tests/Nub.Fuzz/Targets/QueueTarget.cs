using System.Runtime.InteropServices;
using Nub.Fuzz.Engine;
using Nub.Memory;
using Nub.Virtio;

namespace Nub.Fuzz.Targets;

/// <summary>
/// The device's side of a virtqueue, split or packed, on rings that a driver writes as it likes, before and between the device's steps: no step throws, no more chains are in flight than the ring has entries,
/// no byte is written but those of the device's area and of buffers that some descriptor says are writable, and a split chain has the bytes that <see cref="SplitWalk"/> counts.
/// </summary>
internal sealed class QueueTarget : FuzzTarget
{
    private const ulong Base = 0x4000_0000;
    private const int MemorySize = 8192;
    private const int Driver = 0x80;
    private const int Device = 0xC0;
    private const int Tables = 0x200;
    private const int MaxSteps = 48;
    private static readonly ulong[] s_addresses =
        [Base + 0x800, Base + 0x1000, Base + 0xFF8, Base, Base + Tables, Base + MemorySize - 8, Base + MemorySize, ulong.MaxValue - 15, ulong.MaxValue, 0, 1UL << 63];

    private readonly HostSharedMemory _host;
    private readonly GuestAddressSpace _space;
    private readonly byte[] _model = new byte[MemorySize];
    private readonly byte[] _after = new byte[MemorySize];
    private readonly byte[] _zeros = new byte[MemorySize];
    private readonly byte[] _scratch = new byte[MemorySize];
    private readonly bool[] _allowed = new bool[MemorySize];
    private readonly List<DescriptorChain> _chains = [];

    public QueueTarget()
    {
        _host = OwnMemory(MemorySize);
        _space = Own(new GuestAddressSpace());

        // Two regions that follow one another, over which a buffer may run.
        _space.Map(Base, _host, 0, 4096);
        _space.Map(Base + 4096, _host, 4096, 4096);
    }

    public override string Name => "queue";

    public override int MaxLength => 400;

    public override IEnumerable<byte[]> Seeds =>
    [
        // A chain of two descriptors that is taken, used and returned; split, and packed.
        [8, 3, 0, 0, 0, 64, 0, 0, 1, 1, 0, 1, 1, 32, 0, 2, 0, 1, 0, 0, 2, 1, 3, 0, 1, 0, 4, 0, 5],
        [9, 3, 0, 0, 0, 64, 0, 0, 0x81, 0, 0, 1, 1, 32, 0, 0x82, 0, 1, 3, 0, 1, 0, 4, 0, 5],

        // An indirect table.
        [10, 3, 0, 4, 0, 32, 0, 0, 4, 0, 0, 32, 0, 16, 0, 0, 1, 1, 0, 33, 0, 16, 0, 0, 2, 0, 1, 0, 0, 2, 1, 3, 4, 0],
    ];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte kind = input.Byte();
        bool isPacked = (kind & 1) != 0;
        VirtioFeatures features = (isPacked ? VirtioFeatures.RingPacked : 0) | ((kind & 2) != 0 ? VirtioFeatures.IndirectDescriptors : 0)
            | ((kind & 4) != 0 ? VirtioFeatures.EventIndex : 0) | ((kind & 16) != 0 ? VirtioFeatures.InOrder : 0);
        uint size = input.Byte() switch { 1 => 1, 2 => 4, 3 => 8, 4 => 2, 5 => isPacked ? 7u : 8u, var other => other };
        VirtQueuePosition? start = (kind & 32) != 0 ? new VirtQueuePosition(input.Word(), input.Word(), input.Bool(), input.Bool()) : null;
        _host.CopyFrom(0, _zeros);
        Array.Clear(_model);
        Array.Clear(_allowed);
        _chains.Clear();
        var layout = new VirtQueueLayout(size, Base, Base + Driver, Base + Device);
        if (!VirtQueue.TryCreate(_space, layout, features, start, out VirtQueue? queue, out VirtQueueError error))
        {
            Require(error != VirtQueueError.None, "a refusal says why");
            return;
        }

        AllowDevice(isPacked, size);
        int steps = 0;
        for (; steps < MaxSteps && !input.IsEmpty; steps++)
        {
            Step(ref input, queue, isPacked);
            Require(queue.InFlight <= queue.Size && queue.InFlight >= _chains.Count, "no more are in flight than the ring has entries");
            CheckWritten();
        }

        foreach (DescriptorChain chain in _chains)
        {
            queue.Return(chain);
        }

        Require(queue.InFlight == 0, "all that was taken was returned");
        CheckWritten();
    }

    private void Step(ref FuzzInput input, VirtQueue queue, bool isPacked)
    {
        switch (input.Below(8))
        {
            case 0:
                Describe(ref input, isPacked, 16 * (input.Byte() % 64));
                break;
            case 1 or 2:
                Offer(ref input, isPacked);
                break;
            case 3:
                Take(queue);
                break;
            case 4:
                if (_chains.Count != 0)
                {
                    int index = input.Below(_chains.Count);
                    Use(ref input, _chains[index]);
                    queue.Return(_chains[index]);
                    Require(!_chains[index].IsInFlight, "a chain that was returned is dead");
                    _chains.RemoveAt(index);
                }

                break;
            case 5:
                queue.ShouldNotify();
                break;
            case 6:
                if (input.Bool())
                {
                    queue.DisableKicks();
                }
                else
                {
                    queue.EnableKicks();
                }

                break;
            default:
                int at = input.Word() % MemorySize;
                DriverWrites(at, input.Take(Math.Min(8, MemorySize - at)));
                break;
        }
    }

    private void Take(VirtQueue queue)
    {
        // What the device has written may be read as descriptors from now on.
        AllowDescribed(0, MemorySize);
        VirtQueuePosition before = queue.Position;
        if (!queue.TryTake(out DescriptorChain chain))
        {
            return;
        }

        _chains.Add(chain);
        Require(chain.IsInFlight && chain.Count > 0, "a chain has a buffer");
        if (queue.Format == VirtQueueFormat.Split)
        {
            ushort head = MemoryMarshal.Read<ushort>(_model.AsSpan(Driver + 4 + (2 * (before.Available % (int)queue.Size))));
            (ulong readable, ulong writable, int count) = SplitWalk.Count(_model, Base, queue.Size, head);
            Require(chain.Head == head && chain.Count == count, "a chain has the descriptors that the driver has linked");
            Require(chain.Readable.Remaining == readable && chain.Writable.Remaining == writable, "a chain has the bytes that its descriptors say");
        }
    }

    private void Use(ref FuzzInput input, DescriptorChain chain)
    {
        ChainReader reader = chain.Readable;
        ChainWriter writer = chain.Writable;
        for (int i = input.Below(3); i > 0; i--)
        {
            ulong readable = reader.Remaining;
            ulong writable = writer.Remaining;
            ulong length = input.Hostile(input.Bool() ? readable : writable);
            bool isDone = input.Below(6) switch
            {
                0 => reader.TryRead(out ulong _),
                1 => reader.TryCopyTo(_scratch.AsSpan(0, (int)Math.Min(length, MemorySize))),
                2 => reader.TrySkip(length),
                3 => writer.TryWrite(length),
                4 => writer.TryFill(length, 0xA5),
                _ => writer.TryCopyFrom(_scratch.AsSpan(0, (int)Math.Min(length, MemorySize))),
            };
            Require(reader.Remaining <= readable && writer.Remaining <= writable, "what is left never grows");
            Require(isDone || (reader.Remaining == readable && writer.Remaining == writable), "what was refused has consumed nothing");
        }
    }

    // A whole descriptor: an address, a length, flags, and what is next, as a driver would choose them or not.
    private void Describe(ref FuzzInput input, bool isPacked, int at)
    {
        ulong address = input.Byte() is < 200 and var near ? Base + (near * 16UL) : input.Pick<ulong>(s_addresses);
        uint length = input.Byte() is < 240 and var small ? small : (uint)input.Hostile(uint.MaxValue);
        ulong flags = input.Byte();
        ulong next = input.Byte();
        flags = isPacked ? ((flags & 0x80) << 8) | ((flags & 0x40) << 1) | (flags & 7) : flags & 7;
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, address);
        MemoryMarshal.Write(bytes[8..], isPacked ? length | (next << 32) | (flags << 48) : length | (flags << 32) | (next << 48));
        DriverWrites(at, bytes);
    }

    // The next entry of the available ring, or of the packed ring with the bits that make it available.
    private void Offer(ref FuzzInput input, bool isPacked)
    {
        byte head = input.Byte();
        if (isPacked)
        {
            DriverWrites(Math.Min((head * 16) + 14, MemorySize - 2), [input.Byte(), (byte)(input.Bool() ? 0x80 : 0)]);
            return;
        }

        ushort index = MemoryMarshal.Read<ushort>(_model.AsSpan(Driver + 2));
        DriverWrites(Driver + 4 + (2 * (index % 8)), [head, 0]);
        ushort next = (ushort)(index + (input.Byte() is < 8 and var jump ? jump : 1));
        DriverWrites(Driver + 2, BitConverter.GetBytes(next));
    }

    private void DriverWrites(int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_model.AsSpan(at));
        _host.CopyFrom((ulong)at, bytes);
        AllowDescribed(Math.Max(0, at - 15), Math.Min(at + bytes.Length, MemorySize));
    }

    private void AllowDevice(bool isPacked, uint size)
    {
        Allow(Device, isPacked ? 4 : 6 + (8 * (int)size));
        if (isPacked)
        {
            Allow(0, 16 * (int)size);
        }
    }

    // Whatever could be a descriptor, of either format, allows its buffer to be written if it says so.
    private void AllowDescribed(int from, int to)
    {
        for (int at = from; at < to && at + 16 <= MemorySize; at++)
        {
            ulong address = MemoryMarshal.Read<ulong>(_model.AsSpan(at)) - Base;
            if (address < MemorySize && ((_model[at + 12] | _model[at + 14]) & 2) != 0)
            {
                Allow((int)address, (int)Math.Min(MemoryMarshal.Read<uint>(_model.AsSpan(at + 8)), MemorySize - address));
            }
        }
    }

    private void Allow(int at, int length) => _allowed.AsSpan(at, Math.Clamp(length, 0, MemorySize - at)).Fill(true);

    private void CheckWritten()
    {
        _host.CopyTo(0, _after);
        for (int at = _after.AsSpan().CommonPrefixLength(_model); at < MemorySize; at += 1 + _after.AsSpan(at + 1).CommonPrefixLength(_model.AsSpan(at + 1)))
        {
            Require(_allowed[at], $"the byte at 0x{at:X} is no device's to write");
        }

        _after.CopyTo(_model, 0);
    }
}
