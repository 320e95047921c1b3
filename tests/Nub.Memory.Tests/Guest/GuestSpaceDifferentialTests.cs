using Xunit.Abstractions;

namespace Nub.Memory.Tests.Guest;

/// <summary>
/// Random operations on a space beside a byte model, while another thread maps and unmaps regions that the model leaves out. How many is
/// in NUB_GUEST_OPERATIONS: ten million by hand.
/// </summary>
[Trait("Kind", "slow")]
public class GuestSpaceDifferentialTests(ITestOutputHelper output)
{
    private const int Regions = 6;
    private const int RegionSize = 96;
    private const int Span = 1024;

    [Fact]
    public void A_space_does_what_bytes_do_while_other_regions_come_and_go()
    {
        int operations = int.TryParse(Environment.GetEnvironmentVariable("NUB_GUEST_OPERATIONS"), out int wanted) ? wanted : 300_000;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("NUB_SEED"), out int given) ? given : Environment.TickCount;
        output.WriteLine($"seed {seed}, {operations} operations");
        var random = new Random(seed);
        using var one = new Pair();
        using var two = new Pair();
        using var space = new GuestAddressSpace();
        byte?[] model = new byte?[Span + 16];
        var starts = new List<int>();
        bool stop = false;
        long changes = 0;
        var mapper = new Thread(() =>
        {
            // Far from what the model has, so that only the map changes under the accesses.
            for (ulong i = 0; !Volatile.Read(ref stop); i++)
            {
                ulong address = 0x10000 + i % 5 * 0x1000;
                space.Map(address, i % 2 == 0 ? one.Host : two.Host, 0, 16);
                space.Unmap(address);
                changes++;
            }
        });
        mapper.Start();
        try
        {
            for (int i = 0; i < operations; i++)
            {
                if (i % 64 == 0)
                {
                    Remap(random, space, one, two, model, starts);
                }

                int address = random.Next(Span);
                int length = random.Next(0, 200);
                byte[] bytes = new byte[length];
                bool isMapped = IsMapped(model, starts, address, length);
                switch (random.Next(8))
                {
                    case 0:
                        Assert.Equal(isMapped, space.TryCopyTo((ulong)address, bytes));
                        Assert.Equal(isMapped ? Expected(model, address, length) : new byte[length], bytes);
                        break;
                    case 1:
                        random.NextBytes(bytes);
                        Assert.Equal(isMapped, space.TryCopyFrom((ulong)address, bytes));
                        Set(model, address, isMapped ? bytes : []);
                        break;
                    case 2:
                        byte filled = (byte)random.Next(256);
                        Assert.Equal(isMapped, space.TryFill((ulong)address, (ulong)length, filled));
                        Set(model, address, isMapped ? [.. Enumerable.Repeat(filled, length)] : []);
                        break;
                    case 3:
                        bool inOne = InOneRegion(starts, address, 8);
                        Assert.Equal(inOne, space.TryRead((ulong)address, out ulong value));
                        Assert.Equal(inOne ? BitConverter.ToUInt64(Expected(model, address, 8)) : 0, value);
                        break;
                    case 4:
                        uint written = (uint)random.Next();
                        Assert.Equal(InOneRegion(starts, address, 4), space.TryWrite((ulong)address, written));
                        Set(model, address, InOneRegion(starts, address, 4) ? BitConverter.GetBytes(written) : []);
                        break;
                    case 5:
                        using (GuestAddressLease lease = space.Enter())
                        {
                            Assert.Equal(isMapped, lease.TryCopyTo((ulong)address, bytes));
                            Assert.Equal(isMapped ? Expected(model, address, length) : new byte[length], bytes);
                        }

                        break;
                    case 6:
                        bool isAtomic = InOneRegion(starts, address, 4) && Offset(starts, address) % 4 == 0;
                        Assert.Equal(isAtomic, space.TryAdd((ulong)address, 3U, out uint sum));
                        if (isAtomic)
                        {
                            Assert.Equal(unchecked(BitConverter.ToUInt32(Expected(model, address, 4)) + 3), sum);
                            Set(model, address, BitConverter.GetBytes(sum));
                        }

                        break;
                    default:
                        Assert.Equal(isMapped, space.Contains((ulong)address, (ulong)length));
                        break;
                }
            }
        }
        finally
        {
            Volatile.Write(ref stop, true);
            mapper.Join();
        }

        output.WriteLine($"{changes} regions came and went beside");
        Assert.True(changes > 0);
    }

    /// <summary>Replaces all regions of the model: each has bytes of its own, so that no write is seen twice.</summary>
    private static void Remap(Random random, GuestAddressSpace space, Pair one, Pair two, byte?[] model, List<int> starts)
    {
        starts.ForEach(start => space.Unmap((ulong)start));
        starts.Clear();
        Array.Clear(model);
        int at = random.Next(100);
        for (int i = 0; i < Regions && at + RegionSize <= Span; i++)
        {
            Pair pair = i % 2 == 0 ? one : two;
            ulong offset = 1024 + (ulong)i * RegionSize;
            space.Map((ulong)at, pair.Host, offset, RegionSize);
            byte[] bytes = new byte[RegionSize];
            pair.Host.CopyTo(offset, bytes);
            Set(model, at, bytes);
            starts.Add(at);
            at += RegionSize + (random.Next(2) == 0 ? 0 : random.Next(1, 90));
        }
    }

    private static bool IsMapped(byte?[] model, List<int> starts, int address, int length) => length == 0
        ? model[address] is not null || starts.Contains(address - RegionSize)
        : Enumerable.Range(address, length).All(at => at < model.Length && model[at] is not null);

    private static bool InOneRegion(List<int> starts, int address, int size) => starts.Exists(start => address >= start && address + size <= start + RegionSize);

    private static int Offset(List<int> starts, int address)
    {
        int index = starts.FindIndex(start => address >= start && address < start + RegionSize);
        return 1024 + index * RegionSize + (address - starts[index]);
    }

    private static byte[] Expected(byte?[] model, int address, int length) => [.. model.Skip(address).Take(length).Select(one => one!.Value)];

    private static void Set(byte?[] model, int address, byte[] bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            model[address + i] = bytes[i];
        }
    }
}
