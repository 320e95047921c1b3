namespace Nub.Virtio.Tests;

/// <summary>A buffer as a driver hands it out.</summary>
internal readonly record struct DriverBuffer(ulong Address, uint Length, bool IsWritable = false);

/// <summary>The driver's side of a queue, as the specification describes it, with the doors left open through which a hostile one goes.</summary>
internal abstract class TestDriver
{
    public const uint Next = 1;
    public const uint Write = 2;
    public const uint Indirect = 4;

    private const ulong TableSpan = 2048;

    protected TestDriver(TestMemory memory, VirtQueueLayout layout, VirtioFeatures features, ulong end)
    {
        Memory = memory;
        Layout = layout;
        Features = features;
        Tables = (end + 4095) & ~4095ul;
        Data = Tables + 16 * TableSpan;
    }

    public TestMemory Memory { get; }

    public VirtQueueLayout Layout { get; set; }

    public VirtioFeatures Features { get; set; }

    /// <summary>Room for indirect tables: sixteen of 128 entries.</summary>
    public ulong Tables { get; }

    /// <summary>Room for buffers, to the end of the memory.</summary>
    public ulong Data { get; }

    protected uint Size => Layout.Size;

    public static TestDriver Create(TestMemory memory, VirtQueueFormat format, uint size = 16, VirtioFeatures features = VirtioFeatures.None, VirtQueuePosition? start = null)
    {
        VirtQueuePosition position = start ?? VirtQueuePosition.Start;
        return format == VirtQueueFormat.Split ? new SplitDriver(memory, size, features, position) : new PackedDriver(memory, size, features, position);
    }

    /// <summary>The device's side of it.</summary>
    public VirtQueue CreateQueue(VirtQueuePosition? start = null) => VirtQueue.Create(Memory.Space, Layout, Features, start);

    /// <summary>Makes a chain available.</summary>
    /// <returns>What it will come back as.</returns>
    public abstract ushort Add(ReadOnlySpan<DriverBuffer> buffers, bool isIndirect = false);

    /// <summary>Looks for what was used, and takes it back.</summary>
    public abstract bool TryGetUsed(out ushort id, out uint written);

    /// <summary>Whether the device wants a kick for what was added since this was last asked.</summary>
    public abstract bool ShouldKick();

    /// <summary>Asks for interrupts, or for none; without the event index.</summary>
    public abstract void WantInterrupts(bool wanted);

    /// <summary>Asks for an interrupt when this many more entries were used; with the event index.</summary>
    public abstract void WantInterruptAfter(int entries);

    /// <summary>Writes an entry of a table or of the ring.</summary>
    public abstract void WriteDescriptor(ulong at, ulong address, uint length, uint flags, uint nextOrId);

    public ulong TableOf(int number) => Tables + (ulong)(number % 16) * TableSpan;

    public ushort Add(params DriverBuffer[] buffers) => Add(buffers.AsSpan());

    protected void WriteTable(ulong table, ReadOnlySpan<DriverBuffer> buffers)
    {
        for (int i = 0; i < buffers.Length; i++)
        {
            WriteDescriptor(table + 16 * (ulong)i, buffers[i].Address, buffers[i].Length,
                (buffers[i].IsWritable ? Write : 0) | (i + 1 < buffers.Length ? Next : 0), (uint)i + 1);
        }
    }
}
