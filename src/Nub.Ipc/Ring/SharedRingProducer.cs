using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>The end of a <see cref="SharedRing"/> that writes. For one thread at a time.</summary>
/// <remarks>
/// A record is written in this order: its bytes, a 0 in the place of the next header unless one is there, and its header with release semantics,
/// which reveals it. A producer that dies before the header leaves no trace; one that takes over finds the place by following the headers from where the consumer is.
/// </remarks>
public sealed partial class SharedRingProducer : RingEnd
{
    // Zeroes are written for several headers at once. That also has the next lines in this core's cache before they are needed.
    private const ulong ZeroedAhead = 256;

    // Padding, a record, and the place behind them.
    private const int MostUncounted = 3;

    // Of [_position, _zeroedTo) every byte in the ring is 0; never beyond the end of the ring or what is free. 0 while a record is being written, so that one
    // that was given up half way (another thread took the memory exclusively) leaves nothing that is taken for a zero; and when nothing may be written.
    private ulong _zeroedTo;

    // The position at which the ring is full, by what the consumer said last.
    private ulong _limit;
    private ulong _consumerPosition;
    private bool _completed;

    internal SharedRingProducer(SharedRing ring) : base(ring, RingLayout.ProducerRequestOffset, RingLayout.ConsumerRequestOffset) =>
        TakeOver();

    private protected override string DebuggerDisplay => $"producer at {_position}{(_completed ? ", completed" : "")}{DescribeError()}";

    /// <summary>Writes a record if there is room for it.</summary>
    /// <param name="record">The record; it may be empty.</param>
    /// <returns>Whether it was written. <see cref="SharedEnd.Error"/> tells a full ring from a broken one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The record is longer than <see cref="SharedRing.MaxRecordLength"/>.</exception>
    /// <exception cref="InvalidOperationException">The producer has completed.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryWrite(ReadOnlySpan<byte> record)
    {
        if (!TryReserve((ulong)record.Length, nameof(record), out Reservation place))
        {
            return false;
        }

        return _memory.TryCopyFrom(_data + place.Offset + RingLayout.HeaderSize, record)
            ? Commit(place, RingLayout.Record | (uint)record.Length)
            : Lost(place.Offset, record.Length);
    }

    /// <summary>Writes a value as a record if there is room for it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <inheritdoc cref="TryWrite(ReadOnlySpan{byte})"/>
    public bool TryWrite<[AllValid] T>(in T value) where T : unmanaged
    {
        if (!TryReserve((ulong)Unsafe.SizeOf<T>(), nameof(value), out Reservation place))
        {
            return false;
        }

        return _memory.TryWrite(_data + place.Offset + RingLayout.HeaderSize, value)
            ? Commit(place, RingLayout.Record | (uint)Unsafe.SizeOf<T>())
            : Lost(place.Offset, Unsafe.SizeOf<T>());
    }

    /// <summary>
    /// Writes several values as a group, if there is room for all of it: they become visible at once, cost one header together, and are read one
    /// at a time or several at once, as the reader likes.
    /// </summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="values">The values, in this host's byte order. Nothing is written for none.</param>
    /// <returns>Whether all were written; otherwise none was.</returns>
    /// <exception cref="ArgumentOutOfRangeException">They are together, and with 8 bytes more, longer than <see cref="SharedRing.MaxRecordLength"/>.</exception>
    /// <inheritdoc cref="TryWrite(ReadOnlySpan{byte})"/>
    public bool TryWriteMany<[AllValid] T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        if (values.IsEmpty)
        {
            return true;
        }

        ulong size = (uint)Unsafe.SizeOf<T>();
        ulong length = RingLayout.HeaderSize + (size * (uint)values.Length);
        if (!TryReserve(length, nameof(values), out Reservation place))
        {
            return false;
        }

        ulong at = _data + place.Offset + RingLayout.HeaderSize;
        return _memory.TryWrite(at, size | (ulong)values.Length << 32) && _memory.TryWriteArray(at + RingLayout.HeaderSize, values)
            ? Commit(place, RingLayout.Group | length)
            : Lost(place.Offset, (int)length);
    }

    /// <summary>
    /// Says that no record follows: the consumer's waiting forms end when they have read the rest. There is always room for it. A producer that takes over, or
    /// a <see cref="Reset"/>, takes it back.
    /// </summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Complete()
    {
        if (_completed || _broken)
        {
            return;
        }

        _completed = _memory.TryWrite(_data + _offset, RingLayout.MarkOf(_position) | RingLayout.End);
        _zeroedTo = 0;
        WakePeer(_position + RingLayout.HeaderSize);
    }

    /// <summary>
    /// Says that no record follows, for a thread that may have stopped in the middle of writing one: its memory was disposed, and what it had done before is visible
    /// (<see cref="Interlocked.MemoryBarrierProcessWide"/>). No record is lost: the end is put only where no header stands. A header that the thread's last access stores
    /// afterwards stands over it; then the peer learns of the end from the link.
    /// </summary>
    /// <param name="memory">Another owner of the memory.</param>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    internal void CompleteFor(HostSharedMemory memory)
    {
        // The thread may have stored a header and not counted it yet, with padding before. The headers say where the next one goes, as to a producer that takes over.
        ulong position = Volatile.Read(ref _position);
        for (int i = 0; i < MostUncounted && !_broken; i++)
        {
            ulong offset = position % _capacity;
            if (!memory.TryCompareExchange(_data + offset, RingLayout.MarkOf(position) | RingLayout.End, 0UL, out ulong header)
                || header == 0
                || !RecordHeader.TryParse(header, position, _capacity - offset, Ring.MaxRecordLength, out RecordHeader record, out _)
                || record.Kind == RingLayout.End)
            {
                return;
            }

            position += record.Span;
        }
    }

    /// <summary>
    /// Forgets what the peer broke, and what was not read, and begins where the consumer says that it is. To repair a ring, reset the
    /// consumer first.
    /// </summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Reset()
    {
        Mend();
        _completed = false;
        if (AdoptConsumerPosition() && !_memory.TryWrite(_data + _offset, 0UL))
        {
            Lost(_offset, 8);
        }
    }

    /// <summary>Finds the end of what an earlier producer wrote: the first header from the consumer's position on that is 0.</summary>
    private void TakeOver()
    {
        if (!AdoptConsumerPosition())
        {
            return;
        }

        // Each step is at least a header, so it ends; sums cannot overflow below PositionLimit and a capacity.
        ulong end = _position + _capacity;
        while (true)
        {
            if (!_memory.TryRead(_data + _offset, out ulong header))
            {
                Lost(_offset, 8);
                return;
            }

            if (header == 0)
            {
                break;
            }

            if (!RecordHeader.TryParse(header, _position, _capacity - _offset, Ring.MaxRecordLength, out RecordHeader record, out RingRefusal refusal))
            {
                Fail(refusal);
                return;
            }

            if (record.Kind == RingLayout.End)
            {
                // An earlier producer has completed, and this one goes on.
                if (!_memory.TryWrite(_data + _offset, 0UL))
                {
                    Lost(_offset, 8);
                    return;
                }

                break;
            }

            if (_position + record.Span + RingLayout.HeaderSize > end)
            {
                Fail(new RingRefusal(SharedRingError.RecordTooLong, _position, record.Length, end - _position));
                return;
            }

            MoveTo(_position + record.Span);
        }

        _zeroedTo = _position + RingLayout.HeaderSize;
    }

    private bool AdoptConsumerPosition()
    {
        if (!_memory.TryRead(_base + RingLayout.ConsumerPositionOffset, out ulong position))
        {
            return Lost(0, 8);
        }

        if (!IsPlausible(position))
        {
            return Fail(new RingRefusal(SharedRingError.ConsumerPositionInvalid, 0, position, RingLayout.PositionLimit));
        }

        MoveTo(position);
        _consumerPosition = position;
        _limit = position + _capacity;
        _zeroedTo = position + RingLayout.HeaderSize;
        return true;
    }

    /// <summary>Finds room for a record, and has the place of the header after it zeroed. Changes nothing that a reader sees.</summary>
    /// <param name="length">The record's bytes.</param>
    /// <param name="parameter">What the caller gave, for the exception.</param>
    /// <param name="place">Where it goes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryReserve(ulong length, string parameter, out Reservation place)
    {
        ulong span = RingLayout.SpanOf(length);
        ulong tail = _capacity - _offset;
        ulong zeroedTo = _zeroedTo;
        place = span <= tail
            ? new Reservation(_offset, _position, _position + span, 0, zeroedTo)
            : new Reservation(0, _position + tail, _position + tail + span, tail, zeroedTo);

        // What fits into what is zeroed is no longer than a record may be.
        if (place.End + RingLayout.HeaderSize > zeroedTo)
        {
            return TryMakeRoom(length, parameter, ref place);
        }

        _zeroedTo = 0;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryMakeRoom(ulong length, string parameter, ref Reservation place)
    {
        if (length > (uint)Ring.MaxRecordLength)
        {
            throw new ArgumentOutOfRangeException(
                parameter, length, $"A record of this ring of {_capacity} bytes has at most {Ring.MaxRecordLength} bytes.");
        }

        if (_completed)
        {
            throw new InvalidOperationException("The producer has completed; Reset begins anew.");
        }

        ulong wanted = place.End + RingLayout.HeaderSize;
        if (_broken || (wanted > _limit && (!TryReadConsumerPosition() || wanted > _limit)))
        {
            return NotNow();
        }

        // From the place of the next header on: not across the end of the ring, and not into what may be unread.
        ulong offset = place.Offset + (place.End - place.Start);
        offset = offset == _capacity ? 0 : offset;
        ulong zeroed = Math.Min(Math.Min(ZeroedAhead, _capacity - offset), _limit - place.End);
        _zeroedTo = 0;
        place = place with { ZeroedTo = place.End + zeroed };
        return _memory.TryFill(_data + offset, zeroed, 0) || Lost(offset, (int)zeroed);
    }

    /// <summary>Reads once how far the consumer is, and judges it: not back, and not beyond what was written.</summary>
    private bool TryReadConsumerPosition()
    {
        if (!_memory.TryRead(_base + RingLayout.ConsumerPositionOffset, out ulong position))
        {
            return Lost(0, 8);
        }

        if (position < _consumerPosition || position > _position || position % 8 != 0)
        {
            return Fail(new RingRefusal(SharedRingError.ConsumerPositionInvalid, _position, position, _consumerPosition));
        }

        _consumerPosition = position;
        _limit = position + _capacity;
        return true;
    }

    /// <summary>Reveals a record whose bytes and whose next header are in place. Nothing was changed before that this end relies on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Commit(in Reservation place, ulong kindAndLength)
    {
        // The record behind padding cannot be reached before the padding's header is stored, which reveals both.
        if (!_memory.TryWrite(_data + place.Offset, RingLayout.MarkOf(place.Start) | kindAndLength)
            || (place.Padding != 0 && !_memory.TryWrite(_data + _offset, RingLayout.MarkOf(_position) | RingLayout.Padding | (place.Padding - RingLayout.HeaderSize))))
        {
            return Lost(place.Offset, 8);
        }

        _offset = place.Offset + (place.End - place.Start);
        _position = place.End;
        _zeroedTo = place.ZeroedTo;
        if (_offset == _capacity || place.Padding != 0)
        {
            _offset = _offset == _capacity ? 0 : _offset;
            EndLap();
        }

        WakePeer(_position);
        return true;
    }

    private bool Lost(ulong offset, int length) => Fail(new RingRefusal(SharedRingError.MemoryLost, _position, (uint)length, offset));

    private bool Fail(in RingRefusal refusal)
    {
        _zeroedTo = 0;
        return Break(refusal);
    }

    /// <summary>Where a record is to go.</summary>
    /// <param name="Offset">Of its header, in the ring's data.</param>
    /// <param name="Start">Its position.</param>
    /// <param name="End">The position behind it.</param>
    /// <param name="Padding">The bytes between the producer's position and the record: 0, or all that are left of the ring.</param>
    /// <param name="ZeroedTo">To what position there are zeroes once the record is written.</param>
    private readonly record struct Reservation(ulong Offset, ulong Start, ulong End, ulong Padding, ulong ZeroedTo);
}
