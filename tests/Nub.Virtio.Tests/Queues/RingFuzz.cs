using System.Globalization;
using System.Runtime.InteropServices;
using Nub.Memory;
using Xunit.Abstractions;

namespace Nub.Virtio.Tests;

/// <summary>
/// Rings that were in order and then mutated, from a seed. Whatever comes of it, the queue ends, throws nothing, and no byte changes but those of the device's area and of writable buffers that
/// some descriptor names.
/// </summary>
[Trait("Kind", "hostile")]
public sealed class RingFuzz(ITestOutputHelper output)
{
    private const int MemorySize = 8192;
    private const uint QueueSize = 8;
    private const ulong Table = TestMemory.Base + 0x200;
    private const ulong Data = TestMemory.Base + 0x800;
    private const int DescribedBytes = 0x800;

    /// <summary>How many rings: NUB_VIRTIO_RINGS, or few.</summary>
    private static int Rings => int.TryParse(Environment.GetEnvironmentVariable("NUB_VIRTIO_RINGS"), CultureInfo.InvariantCulture, out int rings) ? rings : 40_000;

    [Theory]
    [InlineData(VirtQueueFormat.Split)]
    [InlineData(VirtQueueFormat.Packed)]
    public void Mutated_rings_reach_nothing_but_the_buffers(VirtQueueFormat format)
    {
        var counts = new long[Enum.GetValues<VirtQueueError>().Length];
        long chains = 0;
        var fuzz = new Fuzz(format);
        for (int seed = 0; seed < Rings / 2; seed++)
        {
            fuzz.Run(seed, counts, ref chains);
        }

        output.WriteLine($"{format}: {Rings / 2} rings, {chains} chains taken");
        foreach (VirtQueueError error in Enum.GetValues<VirtQueueError>())
        {
            output.WriteLine($"  {error}: {counts[(int)error]}");
        }

        fuzz.Dispose();
        Assert.True(chains > Rings / 8);
    }

    private sealed class Fuzz : IDisposable
    {
        private static readonly ulong[] s_addresses =
            [0, Data, Data + 0x7FF, TestMemory.Base, TestMemory.Base + 0xFFC, TestMemory.Base + 0x1000, TestMemory.Base + MemorySize - 8, TestMemory.Base + MemorySize, ulong.MaxValue - 15,
                ulong.MaxValue, Table, Table + 0x80, 1ul << 63];

        private static readonly uint[] s_lengths = [0, 1, 15, 16, 17, 32, 48, 128, 4096, 8192, 65536, 0x7FFF_FFFF, 0xFFFF_FFF0, 0xFFFF_FFFF];

        private readonly TestMemory _memory = new(MemorySize);
        private readonly VirtQueueFormat _format;
        private readonly GuestAddressSpace _space = new();
        private readonly byte[] _ring = new byte[DescribedBytes];
        private readonly byte[] _before = new byte[MemorySize];
        private readonly byte[] _after = new byte[MemorySize];
        private readonly byte[] _scratch = new byte[MemorySize];
        private readonly DescriptorChain[] _chains = new DescriptorChain[2 * QueueSize];

        public Fuzz(VirtQueueFormat format)
        {
            _format = format;

            // Two regions that follow one another, over which a buffer may run.
            _space.Map(TestMemory.Base, _memory.Host, 0, 4096);
            _space.Map(TestMemory.Base + 4096, _memory.Host, 4096, 4096);
        }

        public void Dispose()
        {
            _space.Dispose();
            _memory.Dispose();
        }

        public void Run(int seed, long[] counts, ref long taken)
        {
            var random = new Random(seed);
            VirtioFeatures features = QueueTests.Of(_format) | (random.Next(4) != 0 ? VirtioFeatures.IndirectDescriptors : 0)
                | (random.Next(2) != 0 ? VirtioFeatures.EventIndex : 0) | (random.Next(4) == 0 ? VirtioFeatures.InOrder : 0);
            var layout = new VirtQueueLayout(QueueSize, TestMemory.Base, TestMemory.Base + 0x80, TestMemory.Base + 0xC0);
            BuildRing(random);
            Mutate(random);
            _memory.Write(TestMemory.Base, _ring);
            if (!VirtQueue.TryCreate(_space, layout, features, null, out VirtQueue? queue, out VirtQueueError error))
            {
                counts[(int)error]++;
                return;
            }

            // All are taken before anything is written, so that what the driver wrote is what names the buffers.
            int count = 0;
            while (queue.TryTake(out _chains[count]))
            {
                count++;
            }

            Assert.True(count <= QueueSize, $"seed {seed}: {count} chains");
            _memory.Snapshot(_before);
            taken += count;
            counts[(int)queue.Error]++;
            random.Shuffle(_chains.AsSpan(0, count));
            foreach (DescriptorChain chain in _chains.AsSpan(0, count))
            {
                Use(chain, random);
                queue.Return(chain);
            }

            queue.EnableKicks();
            queue.ShouldNotify();
            Assert.True(queue.InFlight == 0, $"seed {seed}: {queue}");
            Check(seed);
        }

        private void BuildRing(Random random)
        {
            Array.Clear(_ring);
            int count = random.Next(1, 5);
            uint entry = 0;
            for (int i = 0; i < count && entry < QueueSize; i++)
            {
                bool isIndirect = random.Next(3) == 0;
                int length = isIndirect ? random.Next(1, 8) : random.Next(1, (int)Math.Min(4, QueueSize - entry) + 1);
                int readable = random.Next(length + 1);
                ulong table = Table + (ulong)(i * 0x80);
                if (_format == VirtQueueFormat.Split)
                {
                    Put<ushort>(0x80 + 4 + 2 * i, (ushort)entry);
                    Put<ushort>(0x82, (ushort)(i + 1));
                }

                if (isIndirect)
                {
                    Describe(16 * (int)entry, table, (uint)length * 16, TestDriver.Indirect | RingBits(), 0, (uint)i);
                    entry++;
                }

                for (int j = 0; j < length; j++)
                {
                    uint flags = (j >= readable ? TestDriver.Write : 0) | (j + 1 < length ? TestDriver.Next : 0);
                    ulong address = Data + (ulong)random.Next(0x1800 - 600);
                    if (isIndirect)
                    {
                        Describe((int)(table - TestMemory.Base) + 16 * j, address, (uint)random.Next(1, 600), flags, (uint)j + 1, 0);
                    }
                    else
                    {
                        Describe(16 * (int)entry, address, (uint)random.Next(1, 600), flags | RingBits(), entry + 1, (uint)i);
                        entry++;
                    }
                }
            }
        }

        private uint RingBits() => _format == VirtQueueFormat.Packed ? 0x80u : 0;

        private void Describe(int at, ulong address, uint length, uint flags, uint next, uint id)
        {
            Put(at, address);
            Put(at + 8, _format == VirtQueueFormat.Split ? length | (ulong)flags << 32 | (ulong)next << 48 : length | (ulong)id << 32 | (ulong)flags << 48);
        }

        private void Put<T>(int at, T value) where T : unmanaged => MemoryMarshal.Write(_ring.AsSpan(at), value);

        private void Mutate(Random random)
        {
            for (int i = random.Next(0, 6); i > 0; i--)
            {
                int slot = random.Next(2) == 0 ? random.Next(8) * 16 : 0x200 + random.Next(32) * 16;
                switch (random.Next(9))
                {
                    case 0:
                        Put(slot, s_addresses[random.Next(s_addresses.Length)]);
                        break;
                    case 1:
                        Put(slot + 8, s_lengths[random.Next(s_lengths.Length)]);
                        break;
                    case 2:
                        Put(slot + (_format == VirtQueueFormat.Split ? 12 : 14), (ushort)((uint)random.Next(8) | RingBits()));
                        break;
                    case 3:
                        Put(slot + (_format == VirtQueueFormat.Split ? 14 : 12), (ushort)random.Next(-2, 12));
                        break;
                    case 4:
                        Put(slot, random.NextInt64());
                        break;
                    case 5:
                        Put(slot + 8, random.NextInt64());
                        break;
                    case 6:
                        _ring[random.Next(0x100)] ^= (byte)(1 << random.Next(8));
                        break;
                    case 7:
                        _ring[0x80 + random.Next(0x20)] = (byte)random.Next(256);
                        break;
                    default:
                        _ring[random.Next(DescribedBytes)] = (byte)random.Next(256);
                        break;
                }
            }
        }

        private void Use(DescriptorChain chain, Random random)
        {
            ChainReader reader = chain.Readable;
            ChainWriter writer = chain.Writable;
            for (int i = 0; i < 3; i++)
            {
                _ = random.Next(3) switch
                {
                    0 => reader.TryRead(out ulong _),
                    1 => reader.TryCopyTo(_scratch.AsSpan(0, (int)Math.Min((ulong)random.Next(MemorySize), reader.Remaining))),
                    _ => reader.TrySkip((ulong)random.Next(100)),
                };
                _ = random.Next(4) switch
                {
                    0 => writer.TryWrite(random.NextInt64()),
                    1 => writer.TryCopyFrom(_scratch.AsSpan(0, (int)Math.Min((ulong)random.Next(MemorySize), writer.Remaining))),
                    2 => writer.TryFill(random.Next(2) == 0 ? writer.Remaining : (ulong)random.Next(600), 0xA5),
                    _ => writer.TrySkip((ulong)random.Next(100)),
                };
            }
        }

        /// <summary>Every place that could be a descriptor allows its buffer to be written; of the rest, the device's area and, packed, the ring.</summary>
        private void Check(int seed)
        {
            _memory.Snapshot(_after);
            Allow(0xC0, _format == VirtQueueFormat.Split ? 6 + 8 * (int)QueueSize : 4);
            if (_format == VirtQueueFormat.Packed)
            {
                Allow(0, 16 * (int)QueueSize);
            }

            for (int at = 0; at < DescribedBytes && !_after.AsSpan().SequenceEqual(_before); at += 16)
            {
                ulong address = MemoryMarshal.Read<ulong>(_ring.AsSpan(at)) - TestMemory.Base;
                uint length = MemoryMarshal.Read<uint>(_ring.AsSpan(at + 8));
                uint flags = MemoryMarshal.Read<ushort>(_ring.AsSpan(at + (_format == VirtQueueFormat.Split ? 12 : 14)));
                if ((flags & TestDriver.Write) != 0 && address < MemorySize)
                {
                    Allow((int)address, (int)Math.Min(length, MemorySize - address));
                }
            }

            Assert.True(_after.AsSpan().SequenceEqual(_before), $"seed {seed}: a byte outside of the buffers was written, at 0x{_after.AsSpan().CommonPrefixLength(_before):X}.");
        }

        private void Allow(int at, int length) => _after.AsSpan(at, length).CopyTo(_before.AsSpan(at));
    }
}
