using Nub.Fuzz.Engine;
using Nub.Ipc;
using Nub.Memory;

namespace Nub.Fuzz.Targets;

/// <summary>
/// The consumer of a ring whose producer is hostile, a producer whose consumer is, and the consumer of a broadcast: no call throws, what is read are the bytes that <see cref="RingModel"/> finds by the rules
/// of the layout, and what it calls broken is broken.
/// </summary>
internal sealed class RingTarget : FuzzTarget
{
    private const ulong Capacity = 512;
    private const int MaxSteps = 64;

    private readonly HostSharedMemory _host;
    private readonly byte[] _zeros = new byte[4096];
    private readonly byte[] _memory = new byte[4096];
    private readonly byte[] _buffer = new byte[Capacity];
    private readonly int[] _lengths = new int[32];
    private readonly long[] _values = new long[32];

    public RingTarget() => _host = OwnMemory(4096);

    public override string Name => "ring";

    public override int MaxLength => 320;

    public override IEnumerable<byte[]> Seeds =>
    [
        // Records, a group and padding, as an honest producer writes them.
        [0, 0, 12, 0, 0, 3, 0, 0, 1, 0, 17, 2, 3, 200, 0, 1, 1],
        [0, 1, 3, 8, 0, 3, 0, 3, 0, 200, 3, 0, 4, 3, 0, 240, 0, 0, 240, 0, 3, 0, 3, 0, 0, 240, 3, 0],

        // Headers that a hostile one writes.
        [0, 5, 0, 0, 8, 0, 3, 0, 5, 0, 1, 24, 0, 6, 0, 8, 2, 0, 0, 0, 8, 0, 0, 0, 3, 0],
        [1, 0, 8, 1, 4, 2, 5, 1, 2, 3, 4, 5, 6, 7],
        [2, 0, 3, 1, 2, 3, 0, 1, 3],
    ];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        _host.CopyFrom(0, _zeros);
        switch (input.Below(3))
        {
            case 0:
                Consume(ref input);
                break;
            case 1:
                Produce(ref input);
                break;
            default:
                Listen(ref input);
                break;
        }
    }

    private void Consume(ref FuzzInput input)
    {
        SharedRing ring = SharedRing.Create(_host, 0, RingModel.Data + Capacity);
        SharedRingProducer producer = ring.Producer;
        SharedRingConsumer consumer = ring.Consumer;
        var model = new RingModel(Capacity, ring.MaxRecordLength);
        for (int i = 0; i < MaxSteps && !input.IsEmpty; i++)
        {
            switch (input.Below(9))
            {
                case 0:
                    producer.TryWrite(_buffer.AsSpan(0, Math.Min((int)input.Byte(), ring.MaxRecordLength)));
                    break;
                case 1:
                    producer.TryWriteMany<long>(_values.AsSpan(0, input.Byte() % 30));
                    break;
                case 2:
                    producer.TryWrite(input.Quad());
                    break;
                case 3:
                    Read(consumer, model, input.Byte() is < 200 and var room ? room : (int)Capacity);
                    break;
                case 4:
                    // A header at the place, and with the mark, that the consumer looks at next, or close to it.
                    ulong near = unchecked(model.Next + (ulong)(8 * (sbyte)input.Byte()));
                    Poke((int)(near % Capacity), RingModel.Mark(near) | ((ulong)input.Byte() << 30 & 0xC000_0000) | input.Hostile(Capacity - (near % Capacity) - 8) & 0x3FFF_FFFF);
                    break;
                case 5:
                    Poke(8 * (input.Byte() % 64), input.Quad());
                    break;
                case 6:
                    // The sizes of a group.
                    Poke((int)((model.Next + 8) % Capacity), input.Byte() | (ulong)input.Byte() << 32);
                    break;
                case 7:
                    Step(consumer, ref input, model);
                    break;
                default:
                    _host.TryWrite(RingModel.ConsumerPosition, input.Hostile(model.Next));
                    break;
            }
        }
    }

    private void Read(SharedRingConsumer consumer, RingModel model, int room)
    {
        _host.CopyTo(0, _memory);
        RingModel.Outcome expected = model.Read(_memory, room, out ReadOnlySpan<byte> record);
        bool isRead = consumer.TryRead(_buffer.AsSpan(0, room), out int length);
        Require(isRead == (expected == RingModel.Outcome.Record), $"whether a record is read: {expected}, {consumer.Error}");
        Require(consumer.IsBroken == (expected == RingModel.Outcome.Broken), $"whether the ring is broken: {expected}, {consumer.Error}");
        Require(expected == RingModel.Outcome.End ? consumer.IsCompleted : !isRead || !consumer.IsCompleted, "whether the producer has completed");
        Require(isRead || expected == RingModel.Outcome.TooLong == (consumer.Error == SharedRingError.DestinationTooSmall), "whether the destination is too small");
        if (isRead)
        {
            Require(_buffer.AsSpan(0, length).SequenceEqual(record), "the bytes of a record");
        }
        else
        {
            Require(length == 0 || (length > room && length <= (int)Capacity), "the length of what was not read");
        }
    }

    // The other ways to read, each of which the model follows by reading as many records.
    private void Step(SharedRingConsumer consumer, ref FuzzInput input, RingModel model)
    {
        _host.CopyTo(0, _memory);
        switch (input.Below(4))
        {
            case 0:
                bool isThere = consumer.TryPeekLength(out int length);
                Require(isThere == (model.Peek(_memory, out int expected) == RingModel.Outcome.Record) && length == expected, "the length of the next record");
                break;
            case 1:
                Require(consumer.TrySkip() == (model.Read(_memory, (int)Capacity, out _) == RingModel.Outcome.Record), "whether a record is passed over");
                break;
            case 2:
                int count = consumer.ReadMany(_buffer, _lengths);
                int total = 0;
                for (int i = 0; i < count; i++)
                {
                    Require(model.Read(_memory, (int)Capacity - total, out ReadOnlySpan<byte> record) == RingModel.Outcome.Record && record.Length == _lengths[i], "how long the records are");
                    Require(record.SequenceEqual(_buffer.AsSpan(total, record.Length)), "the bytes of the records");
                    total += record.Length;
                }

                Require(count == _lengths.Length || model.Read(_memory, (int)Capacity - total, out _) != RingModel.Outcome.Record, "whether there were more records");
                break;
            default:
                int wanted = input.Byte() % 32;
                int read = consumer.ReadMany(_values.AsSpan(0, wanted));
                for (int i = 0; i < read; i++)
                {
                    Require(model.Read(_memory, (int)Capacity, out ReadOnlySpan<byte> record) == RingModel.Outcome.Record && record.SequenceEqual(BitConverter.GetBytes(_values[i])), "the values");
                }

                // It has looked at the header of the next.
                Require(read == wanted || model.Peek(_memory, out int other) != RingModel.Outcome.Record || other != sizeof(long), "whether there were more values");

                break;
        }
    }

    private void Produce(ref FuzzInput input)
    {
        SharedRing ring = SharedRing.Create(_host, 0, RingModel.Data + Capacity);
        ulong written = 0;
        SharedRingProducer producer = ring.Producer;
        for (int i = 0; i < MaxSteps && !input.IsEmpty; i++)
        {
            switch (input.Below(6))
            {
                case 0 or 1:
                    int length = input.Byte();
                    written += producer.TryWrite(_buffer.AsSpan(0, Math.Min(length, ring.MaxRecordLength))) ? 1UL : 0;
                    break;
                case 2:
                    producer.TryWriteMany<long>(_values.AsSpan(0, input.Byte() % 30));
                    break;
                case 3:
                    _host.Write(RingModel.ConsumerPosition, input.Hostile(written * 16));
                    break;
                case 4:
                    producer = SharedRing.TryOpen(_host, 0, RingModel.Data + Capacity, out SharedRing? again) ? again!.Producer : producer;
                    break;
                default:
                    Poke(8 * (input.Byte() % 64), input.Quad());
                    break;
            }

            Require(producer.IsBroken == producer.Error is SharedRingError.ConsumerPositionInvalid or SharedRingError.RecordOutOfPlace or SharedRingError.RecordTooLong or SharedRingError.PaddingInvalid
                || !producer.IsBroken, "a broken end says what broke it");
        }

        _host.CopyTo(0, _memory);
        Require(!_memory.AsSpan((int)(RingModel.Data + Capacity)).ContainsAnyExcept((byte)0), "nothing behind the ring is written");
    }

    private void Listen(ref FuzzInput input)
    {
        SharedBroadcast broadcast = SharedBroadcast.Create(_host, 0, 2048, 56);
        SharedBroadcastProducer producer = broadcast.Producer;
        using SharedBroadcastConsumer consumer = broadcast.CreateConsumer();
        ulong passedOver = 0;
        for (int i = 0; i < MaxSteps && !input.IsEmpty; i++)
        {
            switch (input.Below(5))
            {
                case 0:
                    producer.TryWrite(_buffer.AsSpan(0, input.Byte() % 57));
                    break;
                case 1:
                    ulong next = consumer.Next;
                    int room = input.Byte() % 64;
                    bool isRead = consumer.TryRead(_buffer.AsSpan(0, room), out int length, out ulong lost);
                    Require(!isRead || (length <= room && length <= 56), "a record fits");
                    Count(isRead, next, lost);
                    break;
                case 2:
                    next = consumer.Next;
                    Count(consumer.TryRead(out long _, out lost), next, lost);
                    break;
                case 3:
                    ulong place = 8 * (ulong)(input.Byte() % 256);
                    _host.Write(place, input.Hostile((2 * consumer.Next) + 2));
                    break;
                default:
                    next = consumer.Next;
                    bool isSkipped = consumer.TrySkip();
                    passedOver += consumer.Next - next - (isSkipped ? 1UL : 0);
                    break;
            }

            if (consumer.IsBroken)
            {
                Require(!consumer.TryRead(_buffer, out _, out _) && consumer.Error != SharedRingError.None, "what is broken stays broken");
                consumer.Reset();
                passedOver = 0;
            }
        }

        // What was overwritten while others were skipped, or none was read, is said by the next read.
        void Count(bool isRead, ulong from, ulong lost)
        {
            passedOver += consumer.Next - from - (isRead ? 1UL : 0);
            Require(lost == (isRead ? passedOver : 0), "how many were lost");
            passedOver = isRead ? 0 : passedOver;
        }
    }

    private void Poke(int at, ulong value) => _host.Write(RingModel.Data + (ulong)at, value);
}
