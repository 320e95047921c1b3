using static Nub.Memory.Testing.Tests.Content;

#pragma warning disable NUB0010, NUB0011 // To read again is what these are about.

namespace Nub.Memory.Testing.Tests;

public class ScriptTests
{
    [Fact]
    public void A_length_shrinks_between_two_reads()
    {
        using HostileMemory memory = Create();
        memory.Script.AfterRead(Header, 4).Set(Header, 2u);
        (uint First, uint Second) seen = default;
        memory.Record(() => seen = (memory.Host.Read<uint>(Header), memory.Host.Read<uint>(Header)));
        Assert.Equal((8u, 2u), seen);

        // Each run begins with the honest content and the whole script.
        seen = default;
        memory.Record(() => seen = (memory.Host.Read<uint>(Header), memory.Host.Read<uint>(Header)));
        Assert.Equal((8u, 2u), seen);
    }

    [Fact]
    public void An_index_moves_at_each_poll()
    {
        using HostileMemory memory = Create();
        memory.Script.AfterRead(Indexes + 4, 4).EachTime().Add(Indexes + 4, 1u);
        var seen = new List<uint>();
        memory.Record(() =>
        {
            for (int poll = 0; poll < 4; poll++)
            {
                seen.Add(memory.Host.Read<uint>(Indexes + 4));
            }
        });
        Assert.Equal([3u, 4u, 5u, 6u], seen);
    }

    [Fact]
    public void An_addition_carries_and_loses_what_does_not_fit()
    {
        using HostileMemory memory = Create();
        memory.Write(0, 0xFFFF_FFFFu);
        memory.Write(4, 9u);
        memory.Script.AfterRead(0, 4).Add(0, 2u);
        memory.Record(() => memory.Host.Read<uint>(0));
        Assert.Equal(1u, memory.Host.Read<uint>(0));
        Assert.Equal(9u, memory.Host.Read<uint>(4));
    }

    [Fact]
    public void The_third_poll_is_answered()
    {
        using HostileMemory memory = Create();
        memory.Script.AfterRead(64, 4, nth: 3).Set(64, 77u).SetBytes(68, 1, 2);
        int polls = 0;
        AccessLedger ledger = memory.Record(() =>
        {
            while (memory.Host.Read<uint>(64) != 77)
            {
                polls++;
            }

            Assert.Equal(0x0201, memory.Host.Read<ushort>(68));
        });
        Assert.Equal(3, polls);
        ledger.AssertEndsWithin(5);
    }

    [Fact]
    public void A_write_is_answered_and_every_second_one_later_on()
    {
        using HostileMemory memory = Create();
        memory.Script.AfterWrite(64, 4).EachTime(2).Add(600, (byte)1);
        memory.Record(() =>
        {
            for (uint write = 0; write < 5; write++)
            {
                memory.Host.Write(64, write);
            }
        });
        Assert.Equal(3, memory.Host.Read<byte>(600));
    }

    [Fact]
    public void A_value_is_written_in_the_byte_order_of_its_type()
    {
        using HostileMemory memory = Create();
        memory.Script.AfterRead(Header, 1).Set(Network, new NetworkHeader { Kind = 0x0102, Length = 3, Sequence = 4 });
        memory.Record(() => memory.Host.Read<byte>(Header));
        Assert.Equal(1, memory.Host.Read<byte>(Network));
        Assert.Equal(2, memory.Host.Read<byte>(Network + 1));
        Assert.Equal(0x0102, memory.Host.Read<NetworkHeader>(Network).Kind);
    }

    [Fact]
    public void The_same_seed_scrambles_the_same()
    {
        using HostileMemory memory = Create();
        byte[] Run(ulong seed)
        {
            byte[] bytes = new byte[64];
            memory.Script.Scramble(seed, chance: 256);
            memory.Record(() =>
            {
                for (int turn = 0; turn < 8; turn++)
                {
                    memory.Host.CopyTo(0, bytes);
                }
            });
            return bytes;
        }

        byte[] first = Run(5);
        Assert.Equal(first, Run(5));
        Assert.NotEqual(first, Run(6));
        memory.Script.Clear();
        memory.Record(() => memory.Host.CopyTo(0, first));
        Assert.Equal(8, first[0]);
    }

    [Fact]
    public void What_leaves_the_memory_is_refused_when_it_is_written()
    {
        using HostileMemory memory = Create();
        Assert.Throws<SharedMemoryBoundsException>(() => memory.Script.AfterRead(Size, 1));
        Assert.Throws<SharedMemoryBoundsException>(() => memory.Script.AfterRead(0, 1).Set(Size - 3, 1u));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Script.AfterRead(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Script.AfterRead(0, 1, nth: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Script.AfterRead(0, 1).EachTime(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Script.Scramble(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.Script.Scramble(1, 257));
    }
}
