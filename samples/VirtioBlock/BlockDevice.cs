using Nub.Memory;

namespace VirtioBlock;

/// <summary>A disk that a driver reads and writes through a <see cref="SplitQueue"/> (virtio 1.2, section 5.2).</summary>
internal sealed class BlockDevice(HostSharedMemory memory, SplitQueue queue, byte[] disk)
{
    public const int SectorSize = 512;

    private const byte StatusOk = 0;
    private const byte StatusError = 1; // VIRTIO_BLK_S_IOERR
    private const byte StatusUnsupported = 2; // VIRTIO_BLK_S_UNSUPP

    /// <summary>The size of the disk.</summary>
    public ulong Sectors => (ulong)disk.Length / SectorSize;

    /// <summary>How many requests were carried out.</summary>
    public int Served { get; private set; }

    /// <summary>Carries out what is waiting in the queue.</summary>
    /// <returns>What was refused last; after those that need a reset the rest of the queue was left alone.</returns>
    public Refusal Serve()
    {
        var refused = Refusal.None;
        while (true)
        {
            Refusal broken = queue.TryTake(out ushort head, out ReadOnlySpan<QueueDescriptor> chain);
            if (broken != Refusal.None || chain.IsEmpty)
            {
                return broken != Refusal.None ? broken : refused;
            }

            broken = Check(chain);
            if (broken != Refusal.None)
            {
                return broken;
            }

            refused = CarryOut(chain, out uint written);
            queue.GiveBack(head, written);
        }
    }

    /// <summary>A request is a header that the device reads, whole sectors, and a byte that the device writes.</summary>
    private static Refusal Check(ReadOnlySpan<QueueDescriptor> chain)
    {
        if (chain.Length < 2)
        {
            return Refusal.RequestTooShort;
        }

        if ((chain[0].Flags & QueueDescriptor.DeviceWrites) != 0 || chain[0].Length < RequestHeader.Layout.Size)
        {
            return Refusal.HeaderNotReadable;
        }

        return (chain[^1].Flags & QueueDescriptor.DeviceWrites) == 0 || chain[^1].Length == 0 ? Refusal.StatusNotWritable : Refusal.None;
    }

    private Refusal CarryOut(ReadOnlySpan<QueueDescriptor> chain, out uint written)
    {
        RequestHeader header = RequestHeader.At(memory, chain[0].Address).Load();
        written = 0;
        Refusal refusal = header.Type is RequestHeader.Read or RequestHeader.Write
            ? Transfer(header, chain[1..^1], ref written)
            : Refusal.UnknownRequest;
        byte status = refusal switch
        {
            Refusal.None => StatusOk,
            Refusal.UnknownRequest => StatusUnsupported,
            _ => StatusError,
        };
        memory.Write(chain[^1].Address, status);
        written++;
        Served += refusal == Refusal.None ? 1 : 0;
        return refusal;
    }

    private Refusal Transfer(RequestHeader header, ReadOnlySpan<QueueDescriptor> buffers, ref uint written)
    {
        // Judged as a whole before the first byte is moved. A buffer lies in the memory, so the sum of at most 64 cannot overflow.
        bool toGuest = header.Type == RequestHeader.Read;
        ulong length = 0;
        foreach (QueueDescriptor buffer in buffers)
        {
            if ((buffer.Flags & QueueDescriptor.DeviceWrites) != 0 != toGuest)
            {
                return Refusal.WrongDirection;
            }

            length += buffer.Length;
        }

        if (length % SectorSize != 0)
        {
            return Refusal.NotWholeSectors;
        }

        if (header.Sector > Sectors || length / SectorSize > Sectors - header.Sector)
        {
            return Refusal.BeyondTheDisk;
        }

        int position = (int)(header.Sector * SectorSize);
        foreach (QueueDescriptor buffer in buffers)
        {
            Span<byte> sectors = disk.AsSpan(position, (int)buffer.Length);
            if (toGuest)
            {
                memory.CopyFrom(buffer.Address, sectors);
                written += buffer.Length;
            }
            else
            {
                memory.CopyTo(buffer.Address, sectors);
            }

            position += (int)buffer.Length;
        }

        return Refusal.None;
    }
}
