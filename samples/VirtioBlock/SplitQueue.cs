using Nub.Memory;

namespace VirtioBlock;

/// <summary>
/// The device's side of a split virtqueue (virtio 1.2, section 2.7). The driver is not trusted: each of its numbers is read once, and
/// judged on the copy, before it becomes an index or a length. Nothing it does makes this throw, loop or allocate.
/// </summary>
internal sealed class SplitQueue(HostSharedMemory memory)
{
    /// <summary>The most descriptors of a queue.</summary>
    public const int MostDescriptors = 64;

    private readonly QueueDescriptor[] _chain = new QueueDescriptor[MostDescriptors];
    private ulong _descriptors;
    private ulong _available;
    private ulong _used;
    private int _size;
    private ushort _nextAvailable;
    private ushort _nextUsed;

    /// <summary>Takes the places of the queue's parts from the driver.</summary>
    public Refusal Configure(uint size, ulong descriptors, ulong available, ulong used)
    {
        _size = 0;
        if (size is 0 or > MostDescriptors || (size & (size - 1)) != 0)
        {
            return Refusal.QueueSizeImpossible;
        }

        if (!Fits(descriptors, size * QueueDescriptor.Layout.Size)
            || !Fits(available, RingHeader.Layout.Size + size * sizeof(ushort))
            || !Fits(used, RingHeader.Layout.Size + size * UsedElement.Layout.Size))
        {
            return Refusal.QueueOutsideMemory;
        }

        (_descriptors, _available, _used, _size) = (descriptors, available, used, (int)size);
        _nextAvailable = _nextUsed = 0;
        return Refusal.None;
    }

    /// <summary>Takes the next chain.</summary>
    /// <param name="head">Its first descriptor's index.</param>
    /// <param name="chain">Private copies of its descriptors, whose buffers lie in the memory; empty when there is none. Dead after the
    /// next call.</param>
    /// <returns>Why the queue was refused.</returns>
    public Refusal TryTake(out ushort head, out ReadOnlySpan<QueueDescriptor> chain)
    {
        head = 0;
        chain = default;
        if (_size == 0)
        {
            return Refusal.None;
        }

        ushort waiting = (ushort)(RingHeader.At(memory, _available).Index - _nextAvailable);
        if (waiting == 0)
        {
            return Refusal.None;
        }

        if (waiting > _size)
        {
            return Refusal.AvailableIndexJumped;
        }

        head = memory.Read<ushort>(_available + RingHeader.Layout.Size + (ulong)(_nextAvailable % _size) * sizeof(ushort));
        if (head >= _size)
        {
            return Refusal.HeadOutOfRange;
        }

        _nextAvailable++;
        return Follow(head, out chain);
    }

    /// <summary>Gives a chain back to the driver.</summary>
    public void GiveBack(ushort head, uint written)
    {
        ulong element = _used + RingHeader.Layout.Size + (ulong)(_nextUsed % _size) * UsedElement.Layout.Size;
        UsedElement.At(memory, element).Store(new UsedElement { Head = head, Length = written });

        // A release: the driver that sees the index sees the element too.
        _nextUsed++;
        RingHeader.View ring = RingHeader.At(memory, _used);
        ring.Index = _nextUsed;
    }

    private Refusal Follow(ushort head, out ReadOnlySpan<QueueDescriptor> chain)
    {
        chain = default;
        int index = head;
        for (int length = 0; length < _size; length++)
        {
            // The whole descriptor at once: what is judged here is what is used later, whatever the driver writes meanwhile.
            QueueDescriptor descriptor = QueueDescriptor.At(memory, _descriptors + (ulong)index * QueueDescriptor.Layout.Size).Load();
            if ((descriptor.Flags & QueueDescriptor.Indirect) != 0)
            {
                return Refusal.IndirectNotNegotiated;
            }

            if (!Fits(descriptor.Address, descriptor.Length))
            {
                return Refusal.BufferOutsideMemory;
            }

            _chain[length] = descriptor;
            if ((descriptor.Flags & QueueDescriptor.Next) == 0)
            {
                chain = _chain.AsSpan(0, length + 1);
                return Refusal.None;
            }

            index = descriptor.NextIndex;
            if (index >= _size)
            {
                return Refusal.NextOutOfRange;
            }
        }

        // More than there are: the chain comes back to itself.
        return Refusal.ChainLoops;
    }

    private bool Fits(ulong address, ulong length) => address <= memory.Size && length <= memory.Size - address;
}
