using Nub.Memory;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>A driver's side of one ring of a <see cref="FrontEnd"/>, split or packed, for requests of a block device one at a time.</summary>
internal sealed class TestRing(HostSharedMemory memory, bool isPacked, int size = 8, ulong offset = 0)
{
    private const ulong Descriptors = 0;
    private const ulong Available = 0x1000;
    private const ulong Used = 0x2000;
    private const ulong Buffers = 0x4000;
    private const ulong BuffersOfRequest = 0x1000;

    private int _available;
    private bool _availableWrap = true;
    private int _used;
    private bool _usedWrap = true;
    private int _requests;

    public int Size => size;

    /// <summary>What the driver knows the request by that was done last: its first descriptor, or its buffer id.</summary>
    public int UsedId { get; private set; }

    public EventDescriptor Kick { get; } = new();

    public EventDescriptor Call { get; } = new();

    public uint Index { get; init; }

    public byte[] SizeMessage => FrontEnd.Bytes(Index, (uint)size);

    public byte[] AddressMessage => FrontEnd.Bytes(
        Index, 0u, FrontEnd.UserBase + offset + Descriptors, FrontEnd.UserBase + offset + Used, FrontEnd.UserBase + offset + Available, FrontEnd.GuestBase + offset + Used);

    public byte[] BaseMessage => FrontEnd.Bytes(Index, isPacked ? Position(_used, _usedWrap) : (uint)(ushort)_used);

    public byte[] EventMessage => FrontEnd.Bytes((ulong)Index);

    public byte[] EnableMessage => FrontEnd.Bytes(Index, 1u);

    /// <summary>Makes a request available: a header, a buffer, a status.</summary>
    /// <returns>Where its buffers are; at most two requests are under way.</returns>
    public ulong Submit(uint type, ulong sector, byte fill = 0, int length = 512)
    {
        ulong at = offset + Buffers + ((ulong)(_requests++ % 4) * BuffersOfRequest);
        memory.Write(at, type);
        memory.Write(at + 8, sector);
        memory.Fill(at + 16, (ulong)length, fill);
        memory.Write(at + 16 + (ulong)length, (byte)0xEE);
        bool isRead = type == 0;
        (ulong Address, uint Length, uint Flags)[] parts =
        [
            (FrontEnd.GuestBase + at, 16, 0), (FrontEnd.GuestBase + at + 16, (uint)length, isRead ? 2u : 0), (FrontEnd.GuestBase + at + 16 + (ulong)length, 1, 2),
        ];
        if (isPacked)
        {
            SubmitPacked(parts);
        }
        else
        {
            SubmitSplit(parts);
        }

        return at;
    }

    /// <summary>Waits until the oldest request is done.</summary>
    [Reread(Justification = "each call waits for another request")]
    public void WaitForUsed()
    {
        long end = Environment.TickCount64 + 20_000;
        while (!IsUsed())
        {
            Assert.True(Environment.TickCount64 < end, $"Request {_used} was not done.");
            Thread.Yield();
        }

        if (isPacked)
        {
            UsedId = memory.Read<ushort>(offset + Descriptors + ((ulong)_used * 16) + 12);

            // The chains of these tests have three descriptors.
            Advance(ref _used, ref _usedWrap, 3);
        }
        else
        {
            UsedId = (int)memory.Read<uint>(offset + Used + 4 + ((ulong)(_used % size) * 8));
            _used++;
        }
    }

    /// <summary>A write and a read of a sector, verified.</summary>
    public void Exercise(ulong sector, byte value)
    {
        ulong written = Submit(1, sector, value);
        Kick.Signal();
        WaitForUsed();
        Assert.Equal(0, memory.Read<byte>(written + 16 + 512));
        ulong read = Submit(0, sector);
        Kick.Signal();
        WaitForUsed();
        Assert.Equal(0, memory.Read<byte>(read + 16 + 512));
        byte[] bytes = new byte[512];
        memory.CopyTo(read + 16, bytes);
        Assert.All(bytes, one => Assert.Equal(value, one));
    }

    private static uint Position(int index, bool wrap) => (uint)(index | (wrap ? 0x8000 : 0)) * 0x10001;

    private bool IsUsed()
    {
        if (!isPacked)
        {
            return memory.Read<ushort>(offset + Used + 2) != (ushort)_used;
        }

        ushort flags = memory.Read<ushort>(offset + Descriptors + ((ulong)_used * 16) + 14);
        return ((flags & 0x80) != 0) == _usedWrap && ((flags & 0x8000) != 0) == _usedWrap;
    }

    private void SubmitSplit((ulong Address, uint Length, uint Flags)[] parts)
    {
        // Two sets of descriptors in turn.
        int head = _available % 2 * 4;
        for (int i = 0; i < parts.Length; i++)
        {
            ulong at = offset + Descriptors + ((ulong)(head + i) * 16);
            memory.Write(at, parts[i].Address);
            memory.Write(at + 8, parts[i].Length);
            memory.Write(at + 12, (ushort)(parts[i].Flags | (i < parts.Length - 1 ? 1u : 0)));
            memory.Write(at + 14, (ushort)(head + i + 1));
        }

        memory.Write(offset + Available + 4 + ((ulong)(_available % size) * 2), (ushort)head);
        memory.Write(offset + Available + 2, (ushort)++_available);
    }

    private void SubmitPacked((ulong Address, uint Length, uint Flags)[] parts)
    {
        int first = _available;
        ushort firstFlags = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            ulong at = offset + Descriptors + ((ulong)_available * 16);
            memory.Write(at, parts[i].Address);
            memory.Write(at + 8, parts[i].Length);
            memory.Write(at + 12, (ushort)(first % 2));
            ushort flags = (ushort)(parts[i].Flags | (i < parts.Length - 1 ? 1u : 0) | (_availableWrap ? 0x80u : 0x8000u));
            if (i == 0)
            {
                firstFlags = flags;
            }
            else
            {
                memory.Write(at + 14, flags);
            }

            Advance(ref _available, ref _availableWrap, 1);
        }

        memory.Write(offset + Descriptors + ((ulong)first * 16) + 14, firstFlags);
    }

    private void Advance(ref int index, ref bool wrap, int count)
    {
        index += count;
        if (index >= size)
        {
            index -= size;
            wrap = !wrap;
        }
    }
}
