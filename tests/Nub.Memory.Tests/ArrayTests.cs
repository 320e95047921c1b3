using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Nub.Memory.Tests;

/// <summary>Arrays of values through each kind of source: a memory, its lease, a space of two regions, and its lease.</summary>
public sealed partial class ArrayTests : IDisposable
{
    // So that an array of the tests runs from one region into the next.
    private const ulong Border = 0x2000;

    private static readonly ulong s_size = 4 * Pair.Page;

    private readonly Pair _low = new(4);
    private readonly Pair _high = new(4);
    private readonly GuestAddressSpace _space = new();

    public ArrayTests()
    {
        _space.Map(Border - s_size + 0x1_0000, _low.Host, 0, s_size);
        _space.Map(Border + 0x1_0000, _high.Host, 0, s_size);
    }

    /// <summary>Fewer than are turned at a time, as many, and more.</summary>
    [Theory, Reread(Justification = "Nothing else writes; the same bytes are to come by each way to read.")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(341)]
    [InlineData(342)]
    [InlineData(1000)]
    public void Values_come_back_as_they_were_written_and_stand_in_their_own_byte_order(int count)
    {
        Packet[] packets = [.. Enumerable.Range(1, count).Select(i => new Packet { Address = (ulong)i << 40 | (uint)i, Port = (ushort)(i * 7), Rest = (ushort)i })];
        byte[] expected = new byte[12 * count];
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(expected.AsSpan(12 * i), packets[i].Address);
            BinaryPrimitives.WriteUInt16BigEndian(expected.AsSpan(12 * i + 8), packets[i].Port);
            BinaryPrimitives.WriteUInt16LittleEndian(expected.AsSpan(12 * i + 10), packets[i].Rest);
        }

        var read = new Packet[count];
        byte[] bytes = new byte[expected.Length];
        ulong across = Border + 0x1_0000 - 13;
        _low.Host.WriteArray<Packet>(5, packets);
        _low.Host.CopyTo(5, bytes);
        Assert.Equal(expected, bytes);
        _low.Host.ReadArray(5, read.AsSpan());
        Assert.Equal(packets, read);
        using (HostLease lease = _high.Host.Enter())
        {
            lease.WriteArray<Packet>(3, packets);
            Array.Clear(read);
            Assert.True(lease.TryReadArray(3, read.AsSpan()));
            Assert.Equal(packets, read);
            Assert.True(lease.TryWriteArray<Packet>(4, packets));
            lease.ReadArray(4, read.AsSpan());
            Assert.Equal(packets, read);
        }

        _space.WriteArray<Packet>(across, packets);
        _space.CopyTo(across, bytes);
        Assert.Equal(expected, bytes);
        Array.Clear(read);
        Assert.True(_space.TryReadArray(across, read.AsSpan()));
        Assert.Equal(packets, read);
        using GuestAddressLease held = _space.Enter();
        Assert.True(held.TryWriteArray<Packet>(across - 1, packets));
        held.ReadArray(across - 1, read.AsSpan());
        Assert.Equal(packets, read);
    }

    [Fact]
    public void An_array_that_leaves_the_memory_is_refused_and_nothing_of_it_is_written()
    {
        var packets = new Packet[1000];
        packets.AsSpan().Fill(new Packet { Address = ulong.MaxValue });
        byte[] before = _high.Contents();
        ulong late = s_size - 11_999;
        Assert.Throws<SharedMemoryBoundsException>(() => _high.Host.WriteArray<Packet>(late, packets));
        Assert.Throws<SharedMemoryBoundsException>(() => _high.Host.ReadArray(late, packets.AsSpan()));
        Assert.False(_high.Host.TryWriteArray<Packet>(late, packets));
        Assert.False(_high.Host.TryReadArray(late, packets.AsSpan()));
        Assert.Throws<SharedMemoryBoundsException>(() => _space.WriteArray<Packet>(Border + 0x1_0000 + late, packets));
        Assert.Throws<SharedMemoryBoundsException>(() => _space.ReadArray(Border + 0x1_0000 + late, packets.AsSpan()));
        Assert.False(_space.TryWriteArray<Packet>(Border + 0x1_0000 + late, packets));
        Assert.False(_space.TryReadArray(Border + 0x1_0000 + late, packets.AsSpan()));
        using (HostLease lease = _high.Host.Enter())
        {
            Assert.False(lease.TryWriteArray<Packet>(late, packets));
            Assert.False(lease.TryReadArray(late, packets.AsSpan()));
        }

        using (GuestAddressLease held = _space.Enter())
        {
            Assert.False(held.TryWriteArray<Packet>(Border + 0x1_0000 + late, packets));
            Assert.False(held.TryReadArray(Border + 0x1_0000 + late, packets.AsSpan()));
        }

        Assert.Equal(before, _high.Contents());
    }

    /// <summary>2 GiB, which no span of bytes has: judged as a range, and not by an exception that a span's length makes.</summary>
    [Fact, Reread(Justification = "Nothing is read.")]
    public void An_array_of_more_bytes_than_a_span_has_is_refused_as_any_other()
    {
        // Sound: all of it leaves the memory, so that nothing of it is touched.
        ulong one = 0;
        Span<ulong> values = MemoryMarshal.CreateSpan(ref one, 1 << 28);
        Assert.False(_high.Host.TryReadArray(0, values));
        Assert.False(_space.TryReadArray(Border + 0x1_0000, values));
        Assert.Equal((0UL, 1UL << 31), Bounds(() => _high.Host.ReadArray(0, Long())));
        Assert.Equal((Border, 1UL << 31), Bounds(() => _space.ReadArray(Border, Long())));
        using HostLease lease = _high.Host.Enter();
        using GuestAddressLease held = _space.Enter();
        Assert.False(lease.TryReadArray(0, values));
        Assert.False(held.TryReadArray(Border + 0x1_0000, values));
        bool isRefused = false;
        try
        {
            lease.ReadArray(0, values);
        }
        catch (SharedMemoryBoundsException)
        {
            isRefused = true;
        }

        Assert.True(isRefused);
        isRefused = false;
        try
        {
            held.ReadArray(0, values);
        }
        catch (SharedMemoryBoundsException)
        {
            isRefused = true;
        }

        Assert.True(isRefused);
        Assert.Equal(0UL, one);

        static Span<ulong> Long() => MemoryMarshal.CreateSpan(ref (new ulong[1])[0], 1 << 28);

        static (ulong, ulong) Bounds(Action read)
        {
            SharedMemoryBoundsException refusal = Assert.Throws<SharedMemoryBoundsException>(read);
            return (refusal.Offset, refusal.Length);
        }
    }

    /// <summary>What a longer array is read by, in parts that a test can afford.</summary>
    [Theory]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(24)]
    [InlineData(120)]
    public void An_array_is_read_by_parts_as_in_one(int mostBytes)
    {
        Packet[] packets = [.. Enumerable.Range(1, 10).Select(i => new Packet { Address = (ulong)i << 40 | (uint)i, Port = (ushort)(i * 7), Rest = (ushort)i })];
        ulong across = Border + 0x1_0000 - 13;
        _space.WriteArray<Packet>(across, packets);
        _high.Host.WriteArray<Packet>(201, packets);
        Packet[] read = new Packet[10];
        Assert.Equal(AccessFailure.None, ArrayTransfer.ReadParts(_space, across, read.AsSpan(), mostBytes));
        Assert.Equal(packets, read);
        Array.Clear(read);
        Assert.Equal(AccessFailure.None, ArrayTransfer.ReadParts(_high.Host, 201, read.AsSpan(), mostBytes));
        Assert.Equal(packets, read);
        Array.Clear(read);
        using HostLease lease = _high.Host.Enter();
        Assert.Equal(AccessFailure.None, ArrayTransfer.ReadParts(in lease, 201, read.AsSpan(), mostBytes));
        Assert.Equal(packets, read);
        using GuestAddressLease held = _space.Enter();
        Array.Clear(read);
        Assert.Equal(AccessFailure.None, ArrayTransfer.ReadParts(in held, across, read.AsSpan(), mostBytes));
        Assert.Equal(packets, read);

        // Nothing is read of an array whose last part leaves the memory.
        _high.Host.Fill(s_size - 119, 119, 7);
        Array.Clear(read);
        Assert.Equal(AccessFailure.OutOfBounds, ArrayTransfer.ReadParts(in lease, s_size - 119, read.AsSpan(), mostBytes));
        Assert.Equal(AccessFailure.OutOfBounds, ArrayTransfer.ReadParts(in held, Border + 0x1_0000 + s_size - 119, read.AsSpan(), mostBytes));
        Assert.Equal(new Packet[10], read);
    }

    [Fact]
    public void A_struct_that_is_checked_is_written_across_regions_or_not_at_all()
    {
        ulong across = Border + 0x1_0000 - 3;
        var legal = new Flagged { Length = 77, Last = true };
        _space.WriteValidated(across, in legal);
        Assert.True(_space.TryReadValidated(across, out Flagged read));
        Assert.Equal(77U, read.Length);
        using GuestAddressLease lease = _space.Enter();
        Assert.True(lease.TryWriteValidated(across + 16, in legal));
        Assert.True(lease.TryReadValidated(across + 16, out read));
        Assert.True(read.Last);
        lease.WriteValidated(across + 32, in legal);
        Assert.False(lease.TryWriteValidated(Border + 0x1_0000 + s_size - 7, in legal));
        Assert.False(_space.TryWriteValidated(Border + 0x1_0000 + s_size - 7, in legal));

        // A bool of 2, which only unsafe code can make.
        Flagged illegal = MemoryMarshal.Read<Flagged>([1, 0, 0, 0, 2, 0, 0, 0]);
        Assert.Throws<ArgumentException>(() => _space.WriteValidated(across, in illegal));
        Assert.Throws<ArgumentException>(() => _space.TryWriteValidated(across, in illegal));
    }

    public void Dispose()
    {
        _space.Dispose();
        _low.Dispose();
        _high.Dispose();
    }

    [AllValid]
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal partial struct Packet
    {
        public ulong Address;
        [BigEndian] public ushort Port;
        public ushort Rest;
    }

    [ValidateOnRead]
    internal partial struct Flagged
    {
        public uint Length;
        public bool Last;
        public byte A;
        public ushort B;
    }
}
