namespace Nub.Virtio;

/// <summary>Takes what a driver prints. From any thread, and one at a time.</summary>
/// <param name="bytes">Some bytes, at least one; a private copy that is dead after the call.</param>
public delegate void ConsoleOutput(ReadOnlySpan<byte> bytes);

/// <summary>A virtio console of one port (virtio 1.2, section 5.3).</summary>
/// <remarks>What was written to the driver waits in a buffer until it offers room; the buffer is bounded, and <see cref="TryWrite"/> says when it is full.</remarks>
public sealed class ConsoleDevice : VirtioDevice<ConsoleConfiguration>
{
    /// <summary>The most bytes that wait for the driver.</summary>
    public const int MaxWaiting = 64 * 1024;

    /// <summary>The most bytes that one request prints; what it has beyond is left out.</summary>
    public const int MaxRequest = 1024 * 1024;

    private const int ReceiveQueue = 0;
    private const int ChunkSize = 1024;
    private const int EmergencyOffset = 8;
    private const ulong SizeFeature = 1;
    private const ulong EmergencyFeature = 4;

    // A driver may write to the queue and to the emergency field at once, from several processors.
    private readonly Lock _printing = new();
    private readonly ConsoleOutput _output;
    private readonly Lock _lock = new();
    private readonly byte[] _waiting = new byte[MaxWaiting];
    private int _first;
    private int _count;

    /// <summary>Creates a console.</summary>
    /// <param name="output">Takes what the driver prints: on the queue's thread, and for an emergency write on the transport's. What it throws ends the queue; of an emergency write it ends a vhost-user connection, and leaves <see cref="MmioTransport.Write"/>.</param>
    /// <param name="columns">The width in characters.</param>
    /// <param name="rows">The height in characters.</param>
    public ConsoleDevice(ConsoleOutput output, ushort columns = 80, ushort rows = 25)
        : base(new ConsoleConfiguration { Columns = columns, Rows = rows, MaxPorts = 1 })
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
    }

    /// <inheritdoc/>
    public override uint DeviceId => 3;

    /// <inheritdoc/>
    public override ulong DeviceFeatures => SizeFeature | EmergencyFeature;

    /// <inheritdoc/>
    public override int QueueCount => 2;

    /// <summary>Writes to the driver. From any thread.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>Whether there was room for all; otherwise none was taken.</returns>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (bytes.Length > MaxWaiting - _count)
            {
                return false;
            }

            int at = (_first + _count) % MaxWaiting;
            int part = Math.Min(bytes.Length, MaxWaiting - at);
            bytes[..part].CopyTo(_waiting.AsSpan(at));
            bytes[part..].CopyTo(_waiting);
            _count += bytes.Length;
        }

        OnWorkArrived(ReceiveQueue);
        return true;
    }

    /// <summary>Changes the size, and notifies the driver.</summary>
    /// <param name="columns">The width in characters.</param>
    /// <param name="rows">The height in characters.</param>
    public void Resize(ushort columns, ushort rows) => Configuration = Configuration with { Columns = columns, Rows = rows };

    /// <inheritdoc/>
    public override void WriteConfiguration(int offset, ReadOnlySpan<byte> source)
    {
        // 5.3.4: the low byte of a write to the field is a character.
        if (offset == EmergencyOffset && !source.IsEmpty)
        {
            byte character = source[0];
            lock (_printing)
            {
                _output([character]);
            }
        }
    }

    /// <inheritdoc/>
    public override void Process(int queueIndex, VirtQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        if (queueIndex == ReceiveQueue)
        {
            Deliver(queue);
        }
        else
        {
            Print(queue);
        }
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        lock (_lock)
        {
            _first = _count = 0;
        }
    }

    private void Deliver(VirtQueue queue)
    {
        Span<byte> bytes = stackalloc byte[ChunkSize];
        while (HasWaiting() && queue.TryTake(out DescriptorChain chain))
        {
            ChainWriter writer = chain.Writable;
            while (writer.Remaining != 0)
            {
                Span<byte> part = bytes[..(int)Math.Min(ChunkSize, writer.Remaining)];
                part = part[..Peek(part)];
                if (part.IsEmpty || !writer.TryCopyFrom(part))
                {
                    break;
                }

                Drop(part.Length);
            }

            queue.Return(chain);
        }
    }

    private void Print(VirtQueue queue)
    {
        Span<byte> bytes = stackalloc byte[ChunkSize];
        while (queue.TryTake(out DescriptorChain chain))
        {
            ChainReader reader = chain.Readable;
            ulong left = Math.Min(MaxRequest, reader.Remaining);
            while (left != 0)
            {
                Span<byte> part = bytes[..(int)Math.Min(ChunkSize, left)];
                if (!reader.TryCopyTo(part))
                {
                    break;
                }

                lock (_printing)
                {
                    _output(part);
                }
                left -= (uint)part.Length;
            }

            queue.Return(chain, 0);
        }
    }

    private bool HasWaiting()
    {
        lock (_lock)
        {
            return _count != 0;
        }
    }

    private int Peek(Span<byte> destination)
    {
        lock (_lock)
        {
            int length = Math.Min(destination.Length, _count);
            int part = Math.Min(length, MaxWaiting - _first);
            _waiting.AsSpan(_first, part).CopyTo(destination);
            _waiting.AsSpan(0, length - part).CopyTo(destination[part..]);
            return length;
        }
    }

    private void Drop(int length)
    {
        lock (_lock)
        {
            _first = (_first + length) % MaxWaiting;
            _count -= length;
        }
    }
}
