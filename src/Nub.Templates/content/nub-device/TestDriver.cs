using Nub.Memory;
using Nub.Virtio;

// A driver that tries the device without a guest. A split queue is three tables in memory (virtio 1.2, section 2.7).
internal sealed class TestDriver : IDisposable
{
    private const ulong Descriptors = 0x1000;
    private const ulong Available = 0x2000;
    private const ulong Used = 0x3000;
    private const ulong Request = 0x4000;
    private const ulong Answer = 0x5000;
    private const uint Size = 4;

    private readonly HostSharedMemory _host;
    private readonly GuestSharedMemory _guest;
    private readonly GuestAddressSpace _space = new();
    private readonly VirtioDevice _device;
    private readonly VirtQueue _queue;
    private ushort _index;

    public TestDriver(VirtioDevice device)
    {
        _device = device;
        (_host, _guest) = new ExclusiveSharedMemory(0x10000).Build();
        _space.Map(0, _host, 0, _host.Size);
        _queue = VirtQueue.Create(_space, new VirtQueueLayout(Size, Descriptors, Available, Used), VirtioFeatures.Version1);
    }

    // What the device answers to a request of 4 bytes; null where it wrote nothing.
    public ulong? Ask(uint number)
    {
        _host.Write(Request, number);
        Describe(0, Request, length: 4, flags: 1, next: 1); // 4 bytes to read, and on to descriptor 1
        Describe(1, Answer, length: 8, flags: 2, next: 0);  // 8 bytes to write
        ulong slot = _index % Size;
        _host.Write(Available + 4 + 2 * slot, (ushort)0);   // a chain that begins at descriptor 0
        _host.Write(Available + 2, ++_index);
        _device.Process(0, _queue);
        return _host.Read<uint>(Used + 8 + 8 * slot) == 8 ? _host.Read<ulong>(Answer) : null;
    }

    public void Dispose()
    {
        _space.Dispose();
        _guest.Dispose();
        _host.Dispose();
    }

    private void Describe(ulong number, ulong address, ulong length, ulong flags, ulong next)
    {
        _host.Write(Descriptors + 16 * number, address);
        _host.Write(Descriptors + 16 * number + 8, length | (flags << 32) | (next << 48));
    }
}
