using Nub.Memory;
using Nub.Virtio;

// What a driver finds at the beginning of the configuration space.
[AllValid]
public partial struct SquareConfiguration
{
    public uint Limit;
}

// A device that answers each request, a number, with its square. Replace the id, the configuration and what Process does with your device's.
public sealed class SquareDevice(uint limit) : VirtioDevice<SquareConfiguration>(new SquareConfiguration { Limit = limit })
{
    public override uint DeviceId => 0xFF;

    public override int QueueCount => 1;

    public override void Process(int queueIndex, VirtQueue queue)
    {
        while (queue.TryTake(out DescriptorChain chain))
        {
            // Read once, and judged on the copy. Whatever the driver broke, the chain goes back.
            if (chain.Readable.TryRead(out uint number) && number <= Configuration.Limit)
            {
                _ = chain.Writable.TryWrite((ulong)number * number);
            }

            queue.Return(chain);
        }
    }
}
