using System.Diagnostics;
using System.Numerics;
using System.Text;

namespace Nub.Virtio;

/// <summary>A virtio block device (virtio 1.2, section 5.2): read, write, flush, discard, write zeroes and get id, over a <see cref="BlockStorage"/>.</summary>
/// <remarks>
/// A request that breaks a rule is answered with an I/O error, or as unsupported, where it has a byte for that; the device goes on. It takes a request's layout from its bytes alone: the driver may
/// divide header, data and status as it likes (2.7.4).
/// </remarks>
public sealed class BlockDevice : VirtioDevice<BlockConfiguration>
{
    /// <summary>The bytes of a sector, whatever the block size.</summary>
    public const int SectorSize = 512;

    // 10 µs: about what a notification costs both sides. A driver that waits for one of many requests does not wait for the others.
    private static readonly long s_notifyAfter = Stopwatch.Frequency / 100_000;

    private const int IdLength = 20;
    private const uint MostRanges = 16;
    private const uint MostDiscardSectors = 1 << 22;

    // 16 MiB: where zeroes have to be written one by one, a request is over in a moment all the same.
    private const uint MostZeroSectors = 1 << 15;

    private readonly BlockStorage _storage;
    private readonly BlockDeviceOptions _options;
    private readonly byte[] _id = new byte[IdLength];
    private ulong _negotiated = ulong.MaxValue;

    /// <summary>Creates a device.</summary>
    /// <param name="storage">What stands behind it; it stays the caller's to dispose.</param>
    /// <param name="options">What it says of itself.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public BlockDevice(BlockStorage storage, BlockDeviceOptions? options = null) : base(Configure(storage, options ??= new()))
    {
        _storage = storage;
        _options = options;
        Encoding.ASCII.GetBytes(options.SerialNumber, _id);
    }

    /// <summary>The features of a block device that this one may offer.</summary>
    [Flags]
    private enum Feature : ulong
    {
        SegMax = 1 << 2,
        ReadOnly = 1 << 5,
        BlockSize = 1 << 6,
        Flush = 1 << 9,
        Topology = 1 << 10,
        MultipleQueues = 1 << 12,
        Discard = 1 << 13,
        WriteZeroes = 1 << 14,
    }

    /// <inheritdoc/>
    public override uint DeviceId => 2;

    /// <inheritdoc/>
    public override ulong DeviceFeatures => (ulong)(Feature.SegMax | Feature.BlockSize | Feature.Flush | Feature.Topology
        | (_options.QueueCount > 1 ? Feature.MultipleQueues : 0)
        | (_storage.IsReadOnly ? Feature.ReadOnly : Feature.Discard | Feature.WriteZeroes));

    /// <inheritdoc/>
    public override int QueueCount => _options.QueueCount;

    /// <inheritdoc/>
    public override int MaxQueueSize => _options.MaxQueueSize;

    /// <inheritdoc/>
    public override void Activate(ulong negotiatedFeatures) => _negotiated = negotiatedFeatures;

    /// <inheritdoc/>
    public override void Reset() => _negotiated = ulong.MaxValue;

    /// <inheritdoc/>
    public override void Process(int queueIndex, VirtQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        long told = Stopwatch.GetTimestamp();
        while (queue.TryTake(out DescriptorChain chain))
        {
            Serve(chain.Readable, chain.Writable);
            queue.Return(chain);
            long now = Stopwatch.GetTimestamp();
            if (now - told > s_notifyAfter)
            {
                queue.Notify();
                told = now;
            }
        }
    }

    private static BlockConfiguration Configure(BlockStorage storage, BlockDeviceOptions options)
    {
        ArgumentNullException.ThrowIfNull(storage);
        CheckRange(options.QueueCount, 1, 1024, nameof(options.QueueCount));
        CheckRange(options.MaxSegments, 1, 1022, nameof(options.MaxSegments));
        CheckRange(options.MaxQueueSize, 1, (int)VirtQueue.MaxSize, nameof(options.MaxQueueSize));
        CheckRange(options.BlockSize, SectorSize, 65536, nameof(options.BlockSize));
        if (!BitOperations.IsPow2(options.MaxQueueSize) || !BitOperations.IsPow2(options.BlockSize)
            || options.SerialNumber.Length > IdLength || !Ascii.IsValid(options.SerialNumber))
        {
            throw new ArgumentException($"Queue and block sizes are powers of two, and a serial number has at most {IdLength} ASCII characters: {options}.", nameof(options));
        }

        return new BlockConfiguration
        {
            Capacity = storage.Size / SectorSize,
            SegMax = (uint)options.MaxSegments,
            BlockSize = (uint)options.BlockSize,
            MinIoSize = 1,
            OptIoSize = 1,
            QueueCount = (ushort)options.QueueCount,
            MaxDiscardSectors = MostDiscardSectors,
            MaxDiscardSegments = MostRanges,
            DiscardSectorAlignment = (uint)options.BlockSize / SectorSize,
            MaxWriteZeroesSectors = MostZeroSectors,
            MaxWriteZeroesSegments = MostRanges,
            WriteZeroesMayUnmap = 1,
        };

        static void CheckRange(int value, int least, int most, string name)
        {
            if (value < least || value > most)
            {
                throw new ArgumentException($"{name} is {value}; it may be {least} to {most}.", nameof(options));
            }
        }
    }

    private void Serve(ChainReader reader, ChainWriter writer)
    {
        // The status is the last writable byte. Without one there is no way to answer, and nothing to do that could be known to have been done.
        if (writer.Remaining == 0)
        {
            return;
        }

        byte status = reader.TryRead(out BlockRequest request) ? Execute(request, reader, writer) : BlockRequest.IoError;
        _ = writer.TrySkip(writer.Remaining - 1) && writer.TryWrite(status);
    }

    private byte Execute(in BlockRequest request, ChainReader reader, ChainWriter writer)
    {
        switch (request.Type)
        {
            case BlockRequest.Read:
                ulong wanted = writer.Remaining - 1;
                return IsWithin(request.Sector, wanted) && _storage.TryRead(request.Sector * SectorSize, writer, wanted) ? BlockRequest.Ok : BlockRequest.IoError;
            case BlockRequest.Write:
                ulong given = reader.Remaining;
                return !_storage.IsReadOnly && IsWithin(request.Sector, given) && _storage.TryWrite(request.Sector * SectorSize, reader, given) && Settle()
                    ? BlockRequest.Ok : BlockRequest.IoError;
            case BlockRequest.Flush:
                return _storage.TryFlush() ? BlockRequest.Ok : BlockRequest.IoError;
            case BlockRequest.GetId:
                return writer.TryCopyFrom(_id.AsSpan(0, (int)Math.Min(IdLength, writer.Remaining - 1))) ? BlockRequest.Ok : BlockRequest.IoError;
            case BlockRequest.Discard when Has(Feature.Discard):
            case BlockRequest.WriteZeroes when Has(Feature.WriteZeroes):
                return Clear(request.Type == BlockRequest.Discard, reader);
            default:
                return BlockRequest.Unsupported;
        }
    }

    private bool Has(Feature feature) => (_negotiated & DeviceFeatures & (ulong)feature) != 0;

    // 5.2.6.2: a driver that cannot flush counts on what is written to last.
    private bool Settle() => Has(Feature.Flush) || _storage.TryFlush();

    private bool IsWithin(ulong sector, ulong length)
    {
        ulong capacity = _storage.Size / SectorSize;
        return length % SectorSize == 0 && sector <= capacity && length / SectorSize <= capacity - sector;
    }

    /// <summary>Discards ranges, or sets them to 0. All are judged before anything is done (5.2.6.2).</summary>
    private byte Clear(bool isDiscard, ChainReader reader)
    {
        Span<BlockRange> ranges = stackalloc BlockRange[(int)MostRanges];
        ulong count = reader.Remaining / (ulong)BlockRange.Layout.Size;
        if (reader.Remaining % (ulong)BlockRange.Layout.Size != 0 || count is 0 or > MostRanges)
        {
            return BlockRequest.IoError;
        }

        for (int i = 0; i < (int)count; i++)
        {
            if (!reader.TryRead(out BlockRange range))
            {
                return BlockRequest.IoError;
            }

            if ((range.Flags & ~(isDiscard ? 0 : BlockRange.Unmap)) != 0)
            {
                return BlockRequest.Unsupported;
            }

            if (range.SectorCount > (isDiscard ? MostDiscardSectors : MostZeroSectors) || !IsWithin(range.Sector, (ulong)range.SectorCount * SectorSize))
            {
                return BlockRequest.IoError;
            }

            ranges[i] = range;
        }

        foreach (ref readonly BlockRange range in ranges[..(int)count])
        {
            ulong position = range.Sector * SectorSize;
            ulong length = (ulong)range.SectorCount * SectorSize;
            if (!(isDiscard ? _storage.TryDiscard(position, length) : _storage.TryWriteZeroes(position, length, (range.Flags & BlockRange.Unmap) != 0)))
            {
                return BlockRequest.IoError;
            }
        }

        return Settle() ? BlockRequest.Ok : BlockRequest.IoError;
    }
}
