using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>An end of a <see cref="SharedBroadcast"/> that reads. For one thread at a time. It writes the memory only to be woken, and does without where it may not.</summary>
public sealed class SharedBroadcastConsumer : WaitingEnd, IDisposable
{
    // How often in one call a record is looked for behind one that was overwritten: a producer that is always faster must not hold the caller for ever.
    private const int Patience = 8;

    private readonly SharedBroadcast _broadcast;
    private ulong _next;
    private ulong _index;
    private ulong _lost;
    private bool _canBeWoken = Futex.IsSupported && SystemBarrier.IsAvailable;

    internal SharedBroadcastConsumer(SharedBroadcast broadcast) : base(broadcast.Memory, broadcast.Offset + SharedBroadcast.RequestOffset)
    {
        _broadcast = broadcast;
        Reset();
    }

    /// <summary>The number of the record that is read next: how many were written before it since the broadcast was made.</summary>
    public ulong Next => _next;

    private protected override string DebuggerDisplay => $"consumer at record {_next}{DescribeError()}";

    /// <inheritdoc/>
    internal override bool CanBeWoken => _canBeWoken;

    /// <summary>Reads the next record if there is one.</summary>
    /// <param name="destination">Where to copy it to. After <see langword="false"/> it may hold parts of a record that was overwritten meanwhile.</param>
    /// <param name="length">The record's length in bytes; as in <see cref="SharedRingConsumer.TryRead(Span{byte}, out int)"/> when the result is <see langword="false"/>.</param>
    /// <param name="lost">How many records were overwritten since the last one that was read, before skipped ones too. 0 when the result is <see langword="false"/>.</param>
    /// <returns>Whether a record was read.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryRead(Span<byte> destination, out int length, out ulong lost)
    {
        for (int tries = 0; TryFind(tries, out ulong slot, out ulong mark);)
        {
            // Beyond the slot are other records, and bytes that are none of the broadcast's.
            bool fits = false;
            if (!Memory.TryRead(slot + 8, out ulong found)
                || ((fits = found <= (uint)Math.Min(destination.Length, _broadcast.MaxRecordLength)) && !Memory.TryCopyTo(slot + SharedBroadcast.SlotHeader, destination[..(int)found])))
            {
                Gone(slot);
                break;
            }

            // The bytes are read before the mark is looked at again.
            Volatile.ReadBarrier();
            if (!IsStill(slot, mark))
            {
                tries++;
                continue;
            }

            if (fits)
            {
                length = (int)found;
                lost = Pass();
                return true;
            }

            lost = 0;
            length = found <= (uint)_broadcast.MaxRecordLength ? (int)found : 0;
            return length != 0
                ? Refuse(new RingRefusal(SharedRingError.DestinationTooSmall, _next, found, (uint)destination.Length))
                : Break(new RingRefusal(SharedRingError.RecordTooLong, _next, found, (uint)_broadcast.MaxRecordLength));
        }

        length = 0;
        lost = 0;
        return NotNow();
    }

    /// <summary>Reads the next record as a value if there is one, and it has the value's size.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order; 0 when the result is <see langword="false"/>.</param>
    /// <param name="lost">How many records were overwritten since the last one that was read, before skipped ones too. 0 when the result is <see langword="false"/>.</param>
    /// <returns>Whether a record was read. One of another size is <see cref="SharedRingError.RecordSizeMismatch"/>, and can be skipped.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryRead<[AllValid] T>(out T value, out ulong lost) where T : unmanaged
    {
        // A type that no slot holds would be read beyond it.
        bool fits = Unsafe.SizeOf<T>() <= _broadcast.MaxRecordLength;
        value = default;
        for (int tries = 0; TryFind(tries, out ulong slot, out ulong mark);)
        {
            if (!Memory.TryRead(slot + 8, out ulong length) || (fits && !Memory.TryRead(slot + SharedBroadcast.SlotHeader, out value)))
            {
                Gone(slot);
                break;
            }

            Volatile.ReadBarrier();
            if (!IsStill(slot, mark))
            {
                tries++;
                continue;
            }

            if (fits && length == (uint)Unsafe.SizeOf<T>())
            {
                lost = Pass();
                return true;
            }

            value = default;
            lost = 0;
            return length <= (uint)_broadcast.MaxRecordLength
                ? Refuse(new RingRefusal(SharedRingError.RecordSizeMismatch, _next, length, (uint)Unsafe.SizeOf<T>()))
                : Break(new RingRefusal(SharedRingError.RecordTooLong, _next, length, (uint)_broadcast.MaxRecordLength));
        }

        value = default;
        lost = 0;
        return NotNow();
    }

    /// <summary>Passes over the next record if there is one.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TrySkip()
    {
        if (!TryFind(0, out _, out _))
        {
            return NotNow();
        }

        Advance();
        return true;
    }

    /// <summary>Waits until there is a record.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="true"/>: a broadcast has no end.</returns>
    /// <exception cref="SharedRingException">The producer broke a rule.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed, or this consumer or the broadcast during the wait.</exception>
    public bool WaitToRead(CancellationToken cancellationToken = default) => WaitToRead(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Waits until there is a record, at most for a time.</summary>
    /// <param name="timeout">The longest time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there is one; <see langword="false"/> when the time is over.</returns>
    /// <inheritdoc cref="WaitToRead(CancellationToken)"/>
    public bool WaitToRead(TimeSpan timeout, CancellationToken cancellationToken = default) => Wait(timeout, cancellationToken) && Outcome();

    /// <summary>Waits until there is a record, without a thread.</summary>
    /// <returns>When there is one.</returns>
    /// <inheritdoc cref="WaitToRead(CancellationToken)"/>
    /// <exception cref="InvalidOperationException">This end is awaited already.</exception>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => WaitAsync(cancellationToken);

    /// <summary>Forgets what the producer broke, and begins with the next record that is written.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Reset()
    {
        Mend();
        if (!_broadcast.TryFindNext(clears: false, out _next, out RingRefusal refusal))
        {
            Break(refusal);
        }

        _index = _next % _broadcast.Capacity;
        _lost = 0;
    }

    /// <summary>Ends a wait in progress, with <see cref="ObjectDisposedException"/>, and lets go of what it needed. Needed only after an async form was used.</summary>
    public void Dispose() => EndWaiting();

    /// <inheritdoc/>
    internal override bool IsReady() => _broken || TryFind(0, out _, out _) || _broken;

    /// <inheritdoc/>
    internal override bool Outcome() => _broken ? throw GetException()! : true;

    /// <inheritdoc/>
    internal override uint Arm(bool byLink = false)
    {
        Memory.TryRead(FutexOffset, out uint futex);
        if (_canBeWoken)
        {
            try
            {
                _canBeWoken = Memory.TryWrite(RequestOffset, 1UL) && SystemBarrier.Issue();
            }
            catch (NotSupportedException)
            {
                // A memory that was opened for reading: this end looks every millisecond.
                _canBeWoken = false;
            }
        }

        return futex;
    }

    /// <inheritdoc/>
    internal override void Disarm()
    {
        // The request may be another consumer's too; a wake for nothing does no harm.
    }

    /// <summary>Finds the slot of the next record, or of a later one when that was overwritten.</summary>
    private bool TryFind(int tries, out ulong slot, out ulong mark)
    {
        mark = 0;
        for (slot = _broadcast.SlotAt(_index); !_broken && tries < Patience; tries++, slot = _broadcast.SlotAt(_index))
        {
            if (!Memory.TryRead(slot, out mark))
            {
                return Gone(slot);
            }

            if (mark <= (2 * _next) + 2)
            {
                return mark == (2 * _next) + 2;
            }

            // Record `ahead` stands, or is being written, where the next one stood: all older ones by a ring are gone. Half a ring later there is time to read.
            ulong ahead = (mark - 1) / 2;
            if (mark > RingLayout.PositionLimit || (ahead - _next) % _broadcast.Capacity != 0)
            {
                return Break(new RingRefusal(SharedRingError.RecordOutOfPlace, _next, mark, (2 * _next) + 2));
            }

            ulong resume = ahead - (_broadcast.Capacity / 2);
            _lost += resume - _next;
            _next = resume;
            _index = resume % _broadcast.Capacity;
        }

        return false;
    }

    [Reread(Justification = "The mark is read again to see whether it is another by now.")]
    private bool IsStill(ulong slot, ulong mark) => Memory.TryRead(slot, out ulong now) && now == mark;

    private ulong Pass()
    {
        ulong lost = _lost;
        _lost = 0;
        Advance();
        return lost;
    }

    private void Advance()
    {
        _next++;
        _index = _index + 1 == _broadcast.Capacity ? 0 : _index + 1;
    }

    private bool Gone(ulong slot) => Break(new RingRefusal(SharedRingError.MemoryLost, _next, _broadcast.SlotSize, slot));
}
