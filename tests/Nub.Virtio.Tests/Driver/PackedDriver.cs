namespace Nub.Virtio.Tests;

/// <summary>The driver's side of a packed queue (virtio 1.2, section 2.8.21).</summary>
internal sealed class PackedDriver : TestDriver
{
    private readonly Stack<ushort> _ids = new();
    private readonly int[] _slots;
    private uint _next;
    private bool _wrap;
    private uint _used;
    private bool _usedWrap;
    private uint _added;

    public PackedDriver(TestMemory memory, uint size, VirtioFeatures features, VirtQueuePosition start)
        : base(memory, LayoutOf(size), features, LayoutOf(size).DeviceArea + 4)
    {
        _slots = new int[size];
        for (int i = (int)size - 1; i >= 0; i--)
        {
            _ids.Push((ushort)i);
        }

        (_next, _wrap, _used, _usedWrap) = (start.Available, start.AvailableWrap, start.Used, start.UsedWrap);

        // What is not available at the start: entries ahead of the position carry the other lap's bits, in both.
        for (uint i = 0; i < size; i++)
        {
            bool wrap = i < _next ? _wrap : !_wrap;
            memory.Write(Layout.DescriptorArea + 16 * (ulong)i + 8, (ulong)(wrap ? 0x8080u : 0) << 48);
        }
    }

    public uint NextEntry => _next;

    public bool NextWrap => _wrap;

    /// <summary>The bits of an entry that is available in this lap.</summary>
    public uint AvailableBits => _wrap ? 1u << 7 : 1u << 15;

    public override ushort Add(ReadOnlySpan<DriverBuffer> buffers, bool isIndirect = false)
    {
        ushort id = _ids.Pop();
        _slots[id] = isIndirect ? 1 : buffers.Length;
        if (isIndirect)
        {
            ulong table = TableOf(id);
            WriteTable(table, buffers);
            Put(table, (uint)buffers.Length * 16, Indirect, id);
            return id;
        }

        // The first entry last: with it the driver makes all of them available.
        (uint first, uint firstBits) = (_next, AvailableBits);
        Advance();
        for (int i = 1; i < buffers.Length; i++)
        {
            Put(buffers[i].Address, buffers[i].Length, (buffers[i].IsWritable ? Write : 0) | (i + 1 < buffers.Length ? Next : 0), id);
        }

        WriteDescriptor(EntryAt(first), buffers[0].Address, buffers[0].Length, (buffers[0].IsWritable ? Write : 0) | (buffers.Length > 1 ? Next : 0) | firstBits, id);
        return id;
    }

    public override bool TryGetUsed(out ushort id, out uint written)
    {
        ulong rest = Memory.Read<ulong>(EntryAt(_used) + 8);
        id = (ushort)(rest >> 32);
        uint flags = (uint)(rest >> 48);
        written = (flags & Write) != 0 ? (uint)rest : 0;
        if ((flags & 0x8080) != (_usedWrap ? 0x8080u : 0))
        {
            return false;
        }

        Assert.True(id < Size && _slots[id] != 0, $"The device returned {id}, which was not in flight.");
        _used += (uint)_slots[id];
        if (_used >= Size)
        {
            _used -= Size;
            _usedWrap = !_usedWrap;
        }

        _slots[id] = 0;
        _ids.Push(id);
        return true;
    }

    public override bool ShouldKick()
    {
        uint added = _added;
        _added = 0;
        Thread.MemoryBarrier();
        uint wanted = Memory.Read<uint>(Layout.DeviceArea);
        if ((wanted >> 16 & 3) != 2)
        {
            return (wanted >> 16 & 3) == 0;
        }

        // Counted back from the next entry, over two laps.
        uint at = (wanted & 0x7FFF) + ((wanted & 0x8000) != 0 ? 0 : Size);
        uint now = _next + (_wrap ? 0 : Size);
        uint back = (now + 2 * Size - at) % (2 * Size);
        return back != 0 && back <= added;
    }

    public override void WantInterrupts(bool wanted) => Memory.Write(Layout.DriverArea, wanted ? 0u : 1u << 16);

    public override void WantInterruptAfter(int entries)
    {
        uint at = _used + (uint)entries - 1;
        bool wrap = at >= Size ? !_usedWrap : _usedWrap;
        Memory.Write(Layout.DriverArea, at % Size | (wrap ? 0x8000u : 0) | 2u << 16);
    }

    public override void WriteDescriptor(ulong at, ulong address, uint length, uint flags, uint nextOrId)
    {
        Memory.Write(at, address);
        Memory.Write(at + 8, length | (ulong)nextOrId << 32 | (ulong)flags << 48);
    }

    /// <summary>Puts an entry into the ring and goes on to the next one; its bits are those of this lap unless the flags have some.</summary>
    public void Put(ulong address, uint length, uint flags, ushort id)
    {
        WriteDescriptor(EntryAt(_next), address, length, flags | AvailableBits, id);
        Advance();
    }

    /// <summary>Leaves an entry as it is.</summary>
    public void Advance()
    {
        _added++;
        if (++_next == Size)
        {
            _next = 0;
            _wrap = !_wrap;
        }
    }

    public ulong EntryAt(uint entry) => Layout.DescriptorArea + 16 * (ulong)entry;

    private static VirtQueueLayout LayoutOf(uint size)
    {
        ulong driver = TestMemory.Base + 16 * (ulong)size;
        return new VirtQueueLayout(size, TestMemory.Base, driver, driver + 4);
    }
}
