namespace Nub.Virtio.Tests;

/// <summary>The driver's side of a split queue (virtio 1.2, section 2.7.13).</summary>
internal sealed class SplitDriver : TestDriver
{
    private readonly Stack<ushort> _free = new();
    private readonly ushort[][] _chains;
    private ushort _available;
    private ushort _kicked;
    private ushort _used;

    public SplitDriver(TestMemory memory, uint size, VirtioFeatures features, VirtQueuePosition start)
        : base(memory, LayoutOf(size), features, LayoutOf(size).DeviceArea + 6 + 8 * size)
    {
        _chains = new ushort[size][];
        for (int i = (int)size - 1; i >= 0; i--)
        {
            _free.Push((ushort)i);
        }

        (_available, _kicked, _used) = (start.Available, start.Available, start.Used);
        memory.Write(Layout.DriverArea + 2, _available);
        memory.Write(Layout.DeviceArea + 2, _used);
    }

    public override ushort Add(ReadOnlySpan<DriverBuffer> buffers, bool isIndirect = false)
    {
        ushort[] chain = new ushort[isIndirect ? 1 : buffers.Length];
        for (int i = 0; i < chain.Length; i++)
        {
            chain[i] = _free.Pop();
        }

        if (isIndirect)
        {
            ulong table = TableOf(chain[0]);
            WriteTable(table, buffers);
            Describe(chain[0], table, (uint)buffers.Length * 16, Indirect, 0);
        }
        else
        {
            for (int i = 0; i < chain.Length; i++)
            {
                bool isLast = i + 1 == chain.Length;
                Describe(chain[i], buffers[i].Address, buffers[i].Length, (buffers[i].IsWritable ? Write : 0) | (isLast ? 0 : Next), isLast ? (ushort)0 : chain[i + 1]);
            }
        }

        _chains[chain[0]] = chain;
        Offer(chain[0]);
        return chain[0];
    }

    public override bool TryGetUsed(out ushort id, out uint written)
    {
        id = 0;
        written = 0;
        if (Memory.Read<ushort>(Layout.DeviceArea + 2) == _used)
        {
            return false;
        }

        ulong element = Memory.Read<ulong>(Layout.DeviceArea + 4 + 8 * (ulong)(_used % Size));
        id = (ushort)element;
        written = (uint)(element >> 32);
        if (id >= Size)
        {
            Assert.Fail($"The device returned {id} of {Size}.");
        }

        Assert.True(_chains[id] is not null, $"The device returned {id}, which was not in flight.");
        foreach (ushort one in _chains[id].Reverse())
        {
            _free.Push(one);
        }

        _chains[id] = null!;
        _used++;
        return true;
    }

    public override bool ShouldKick()
    {
        ushort added = (ushort)(_available - _kicked);
        ushort old = _kicked;
        _kicked = _available;
        Thread.MemoryBarrier();
        return Features.HasFlag(VirtioFeatures.EventIndex)
            ? (ushort)(Memory.Read<ushort>(Layout.DeviceArea + 4 + 8 * (ulong)Size) - old) < added
            : (Memory.Read<ushort>(Layout.DeviceArea) & 1) == 0;
    }

    public override void WantInterrupts(bool wanted) => Memory.Write(Layout.DriverArea, wanted ? (ushort)0 : (ushort)1);

    public override void WantInterruptAfter(int entries) => Memory.Write(Layout.DriverArea + 4 + 2 * (ulong)Size, (ushort)(_used + entries - 1));

    public override void WriteDescriptor(ulong at, ulong address, uint length, uint flags, uint nextOrId)
    {
        Memory.Write(at, address);
        Memory.Write(at + 8, length | (ulong)flags << 32 | (ulong)nextOrId << 48);
    }

    /// <summary>Writes an entry of the descriptor table.</summary>
    public void Describe(uint index, ulong address, uint length, uint flags, uint next) => WriteDescriptor(Layout.DescriptorArea + 16 * (ulong)index, address, length, flags, next);

    /// <summary>Puts a head into the available ring, whether it is one or not.</summary>
    public void Offer(ushort head)
    {
        Memory.Write(Layout.DriverArea + 4 + 2 * (ulong)(_available % Size), head);
        SetIndex((ushort)(_available + 1));
    }

    /// <summary>Moves the driver's index.</summary>
    public void SetIndex(int index)
    {
        _available = (ushort)index;
        Memory.Write(Layout.DriverArea + 2, _available);
    }

    public int Index => _available;

    private static VirtQueueLayout LayoutOf(uint size)
    {
        ulong driver = TestMemory.Base + 16 * (ulong)size;
        return new VirtQueueLayout(size, TestMemory.Base, driver, (driver + 6 + 2 * (ulong)size + 3) & ~3ul);
    }
}
