using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>The end of a <see cref="SharedRing"/> that reads. For one thread at a time.</summary>
/// <remarks>
/// A header is read once, with acquire semantics, and judged on the copy; then the record's bytes are copied, once; then the position behind it is stored
/// with release semantics, which gives its room back.
/// </remarks>
public sealed partial class SharedRingConsumer : RingEnd
{
    // The record at _position, once its header was read and judged: so that a peek and the read after it go by the same length.
    private bool _hasRecord;
    private bool _completed;

    // After Reset: what stands at the position may be a record that the producer wrote before it knew of the reset.
    private bool _awaitsProducer;
    private ulong _padding;
    private RecordHeader _record;

    // Of a group: the size of an element, how many are left to read, and where in the data the next one is.
    private uint _elementLength;
    private uint _elementsLeft;
    private ulong _elementOffset;

    internal SharedRingConsumer(SharedRing ring) : base(ring, RingLayout.ConsumerRequestOffset, RingLayout.ProducerRequestOffset)
    {
        if (!_memory.TryRead(_base + RingLayout.ConsumerPositionOffset, out ulong position))
        {
            Lost(0, 8);
        }
        else if (!IsPlausible(position))
        {
            Break(new RingRefusal(SharedRingError.ConsumerPositionInvalid, 0, position, RingLayout.PositionLimit));
        }
        else
        {
            MoveTo(position);
        }
    }

    /// <summary>Whether the producer has completed and everything was read.</summary>
    public bool IsCompleted => _completed;

    private protected override string DebuggerDisplay => $"consumer at {_position}{(_completed ? ", completed" : "")}{DescribeError()}";

    /// <summary>Reads the next record if there is one.</summary>
    /// <param name="destination">Where to copy it to. What lies behind its length stays as it was.</param>
    /// <param name="length">
    /// The record's length in bytes. When the result is <see langword="false"/>: 0, or the length of a record that the destination is too small for
    /// (<see cref="SharedRingError.DestinationTooSmall"/>), which stays in the ring.
    /// </param>
    /// <returns>Whether a record was read. <see cref="SharedEnd.Error"/> tells an empty ring from a broken one.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryRead(Span<byte> destination, out int length)
    {
        if (!TryPeek(out ulong offset, out uint found))
        {
            length = 0;
            return false;
        }

        length = (int)found;
        if (found > (uint)destination.Length)
        {
            return Refuse(SharedRingError.DestinationTooSmall, found, (uint)destination.Length);
        }

        return _memory.TryCopyTo(_data + offset, destination[..length]) ? Consume() : Lost(offset, length);
    }

    /// <summary>Reads the next record as a value if there is one, and it has the value's size.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order; 0 when the result is <see langword="false"/>.</param>
    /// <returns>
    /// Whether a record was read. One of another size stays in the ring, and is <see cref="SharedRingError.RecordSizeMismatch"/>.
    /// </returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryRead<[AllValid] T>(out T value) where T : unmanaged
    {
        if (!TryPeek(out ulong offset, out uint length))
        {
            value = default;
            return false;
        }

        if (length != (uint)Unsafe.SizeOf<T>())
        {
            value = default;
            return Refuse(SharedRingError.RecordSizeMismatch, length, (uint)Unsafe.SizeOf<T>());
        }

        return _memory.TryRead(_data + offset, out value) ? Consume() : Lost(offset, Unsafe.SizeOf<T>());
    }

    /// <summary>Tells the length of the next record if there is one. The read that follows goes by the same length, whatever the peer writes meanwhile.</summary>
    /// <param name="length">The length in bytes; 0 when the result is <see langword="false"/>.</param>
    /// <returns>Whether there is a record.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryPeekLength(out int length)
    {
        bool found = TryPeek(out _, out uint bytes);
        length = (int)bytes;
        return found;
    }

    /// <summary>Passes over the next record if there is one.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TrySkip() => TryPeek(out _, out _) && Consume();

    /// <summary>
    /// Reads as many values as there are and as the destination takes. Their room is given back together: a consumer that takes over after a crash in the middle
    /// gets all of them again.
    /// </summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="destination">Where to put the values.</param>
    /// <returns>
    /// How many were read; 0 for an empty ring, a broken one, or a next record that has another size (<see cref="SharedEnd.Error"/>).
    /// </returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public int ReadMany<[AllValid] T>(Span<T> destination) where T : unmanaged
    {
        // Under a lease: no thread can take the memory exclusively between the reading of values and the giving back of their room.
        using HostLease lease = _memory.Enter();
        int count = 0;
        while (count < destination.Length && TryPeek(out ulong offset, out uint length))
        {
            if (length != (uint)Unsafe.SizeOf<T>())
            {
                Refuse(SharedRingError.RecordSizeMismatch, length, (uint)Unsafe.SizeOf<T>());
                break;
            }

            // A single record is a group of one here.
            int some = _elementsLeft == 0 ? 1 : (int)Math.Min(_elementsLeft, (uint)(destination.Length - count));
            if (!lease.TryReadArray(_data + offset, destination.Slice(count, some)))
            {
                Lost(offset, some * Unsafe.SizeOf<T>());
                break;
            }

            count += some;
            Pass((uint)some);
        }

        if (count != 0)
        {
            Publish();
        }

        return count;
    }

    /// <summary>
    /// Reads as many records as there are and as the destination takes, one behind the other. Their room is given back together.
    /// </summary>
    /// <param name="destination">Where to copy the records to.</param>
    /// <param name="lengths">Where to put the length of each in bytes.</param>
    /// <returns>
    /// How many were read. 0 for an empty ring, a broken one, or a next record that does not fit the destination (<see cref="SharedEnd.Error"/>).
    /// </returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public int ReadMany(Span<byte> destination, Span<int> lengths)
    {
        using HostLease lease = _memory.Enter();
        int count = 0;
        while (count < lengths.Length && TryPeek(out ulong offset, out uint length))
        {
            if (length > (uint)destination.Length)
            {
                Refuse(SharedRingError.DestinationTooSmall, length, (uint)destination.Length);
                break;
            }

            if (!lease.TryCopyTo(_data + offset, destination[..(int)length]))
            {
                Lost(offset, (int)length);
                break;
            }

            destination = destination[(int)length..];
            lengths[count++] = (int)length;
            Pass(1);
        }

        if (count != 0)
        {
            Publish();
        }

        return count;
    }

    /// <summary>
    /// Forgets what the peer broke, and what was not read, and begins at a new place. The producer then finds this end where it cannot have read to, and
    /// goes on after a <see cref="SharedRingProducer.Reset"/> of its own.
    /// </summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Reset()
    {
        // Beyond everything that can have been written, and where the ring begins.
        ulong position = _position > RingLayout.PositionLimit - (3 * _capacity) ? 0 : ((_position / _capacity) + 2) * _capacity;
        Mend();
        _hasRecord = _completed = false;
        _elementsLeft = 0;
        _padding = 0;
        _partRead = 0;
        _awaitsProducer = true;
        MoveTo(position);
        if (!_memory.TryWrite(_data + _offset, 0UL) || !_memory.TryWrite(_base + RingLayout.ConsumerPositionOffset, _position))
        {
            Lost(_offset, 8);
        }

        WakePeer(_position);
    }

    /// <summary>Finds the next record, or the next of a group.</summary>
    /// <param name="offset">Of its first byte in the ring's data.</param>
    /// <param name="length">Its length; with the offset it was judged to lie within the ring.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPeek(out ulong offset, out uint length)
    {
        if (!_hasRecord && !TryFind())
        {
            offset = 0;
            length = 0;
            return false;
        }

        (offset, length) = _elementsLeft == 0 ? (_offset + RingLayout.HeaderSize, _record.Length) : (_elementOffset, _elementLength);
        return true;
    }

    /// <summary>Reads the header at the position once, and judges it.</summary>
    private bool TryFind()
    {
        ulong header = 0;
        if (_broken || (_memory.TryRead(_data + _offset, out header) ? header == 0 : !Lost(_offset, 8)))
        {
            // A producer that was reset takes its completion back.
            _completed &= _broken;
            return NotNow();
        }

        return !_broken && TryAccept(header);
    }

    private bool TryAccept(ulong header)
    {
        ulong position = _position + _padding;
        if (!RecordHeader.TryParse(header, position, _capacity - _offset, Ring.MaxRecordLength, out RecordHeader record, out RingRefusal refusal))
        {
            return _awaitsProducer && refusal.Error == SharedRingError.RecordOutOfPlace ? NotNow() : Break(refusal);
        }

        _awaitsProducer = false;
        _completed = record.Kind == RingLayout.End;
        switch (record.Kind)
        {
            case RingLayout.End:
                return NotNow();
            case RingLayout.Padding:
                return TryPassPadding(record);
            case RingLayout.Group:
                return TryOpenGroup(record);
            default:
                _record = record;
                return _hasRecord = true;
        }
    }

    /// <summary>Goes to the beginning of the ring, where a record stands that the padding's header has revealed.</summary>
    private bool TryPassPadding(RecordHeader padding)
    {
        if (_padding != 0)
        {
            return Break(new RingRefusal(SharedRingError.PaddingInvalid, _position + _padding, padding.Length, 0));
        }

        if (!_memory.TryRead(_data, out ulong header))
        {
            return Lost(0, 8);
        }

        _padding = padding.Span;
        _offset = 0;
        EndLap();
        return header == 0
            ? Break(new RingRefusal(SharedRingError.PaddingInvalid, _position, padding.Length, padding.Length))
            : TryAccept(header);
    }

    private bool TryOpenGroup(RecordHeader group)
    {
        if (!_memory.TryRead(_data + _offset + RingLayout.HeaderSize, out ulong sizes))
        {
            return Lost(_offset, 8);
        }

        // Both are of 32 bits, so the product cannot overflow. Elements of no bytes would be any number for nothing.
        ulong elementLength = (uint)sizes;
        ulong count = sizes >> 32;
        if (group.Length < RingLayout.HeaderSize || elementLength == 0 || count == 0 || elementLength * count != group.Length - RingLayout.HeaderSize)
        {
            return Break(new RingRefusal(SharedRingError.GroupInvalid, _position + _padding, sizes, group.Length));
        }

        _record = group;
        _elementLength = (uint)elementLength;
        _elementsLeft = (uint)count;
        _elementOffset = _offset + (2 * RingLayout.HeaderSize);
        return _hasRecord = true;
    }

    /// <summary>
    /// Gives back the room of what was read, and goes on behind it. In this order: when the store is refused, because another thread took the memory
    /// exclusively, the record is still to be read; once it took place, nothing is refused any more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Consume()
    {
        if (_elementsLeft > 1)
        {
            Pass(1);
            return true;
        }

        ulong position = _position + _padding + _record.Span;
        if (!_memory.TryWrite(_base + RingLayout.ConsumerPositionOffset, position))
        {
            return Lost(0, 8);
        }

        Pass(1);
        WakePeer(position);
        return true;
    }

    /// <summary>Goes on behind what was read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pass(uint count)
    {
        _partRead = 0;
        if (_elementsLeft > count)
        {
            _elementsLeft -= count;
            _elementOffset += (ulong)count * _elementLength;
            return;
        }

        ulong span = _record.Span;
        _position += _padding + span;
        _offset += span;
        _elementsLeft = 0;
        _padding = 0;
        _hasRecord = false;
        if (_offset == _capacity)
        {
            _offset = 0;
            EndLap();
        }
    }

    /// <summary>Gives back the room of all that was passed, under the lease of who read it.</summary>
    private void Publish()
    {
        if (_memory.TryWrite(_base + RingLayout.ConsumerPositionOffset, _position))
        {
            WakePeer(_position);
        }
        else
        {
            Lost(0, 8);
        }
    }

    private bool Lost(ulong offset, int length) => Break(new RingRefusal(SharedRingError.MemoryLost, _position, (uint)length, offset));
}
