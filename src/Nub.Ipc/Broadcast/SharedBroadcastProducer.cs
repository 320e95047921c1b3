using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>The end of a <see cref="SharedBroadcast"/> that writes. For one thread at a time; it never waits.</summary>
public sealed class SharedBroadcastProducer : SharedEnd
{
    private readonly SharedBroadcast _broadcast;
    private readonly HostSharedMemory _memory;
    private ulong _next;
    private ulong _index;

    internal SharedBroadcastProducer(SharedBroadcast broadcast)
    {
        _broadcast = broadcast;
        _memory = broadcast.Memory;
        _ = SystemBarrier.IsAvailable;
        TakeOver(clears: false);
    }

    /// <summary>How many records were written since the broadcast was made.</summary>
    public ulong Written => _next;

    private protected override string DebuggerDisplay => $"producer at record {_next}{DescribeError()}";

    /// <summary>Writes a record, over the oldest one.</summary>
    /// <param name="record">The record; it may be empty.</param>
    /// <returns>
    /// Whether it was written; otherwise <see cref="SharedEnd.Error"/> says why: the bytes have gone, or marks that a consumer can write contradicted one another when this end took over.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The record is longer than <see cref="SharedBroadcast.MaxRecordLength"/>.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryWrite(ReadOnlySpan<byte> record) =>
        TryBegin(record.Length, nameof(record), out ulong slot) && (_memory.TryCopyFrom(slot + SharedBroadcast.SlotHeader, record) ? End(slot) : Lost());

    /// <summary>Writes a value as a record, over the oldest one.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <inheritdoc cref="TryWrite(ReadOnlySpan{byte})"/>
    public bool TryWrite<[AllValid] T>(in T value) where T : unmanaged =>
        TryBegin(Unsafe.SizeOf<T>(), nameof(value), out ulong slot) && (_memory.TryWrite(slot + SharedBroadcast.SlotHeader, value) ? End(slot) : Lost());

    /// <summary>
    /// Forgets what was wrong, and goes on behind the latest record that stands there or that this end has written. Marks that stand where they do not belong are taken away.
    /// </summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Reset()
    {
        Mend();
        TakeOver(clears: true);
    }

    private void TakeOver(bool clears)
    {
        if (!_broadcast.TryFindNext(clears, out ulong next, out RingRefusal refusal))
        {
            Break(refusal);
            return;
        }

        _next = Math.Max(_next, next);
        _index = _next % _broadcast.Capacity;
    }

    private bool TryBegin(int length, string parameter, out ulong slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _broadcast.MaxRecordLength, parameter);
        slot = _broadcast.SlotAt(_index);
        if (_broken)
        {
            return false;
        }

        if (!_memory.TryWrite(slot, (2 * _next) + 1))
        {
            return Lost();
        }

        // A consumer that sees a byte of the new record sees the mark that says so.
        Volatile.WriteBarrier();
        return _memory.TryWrite(slot + 8, (ulong)length) || Lost();
    }

    /// <summary>Reveals the record. What fails before leaves the number as it is: the slot is written again.</summary>
    private bool End(ulong slot)
    {
        if (!_memory.TryWrite(slot, (2 * _next) + 2))
        {
            return Lost();
        }

        _next++;
        _index = _index + 1 == _broadcast.Capacity ? 0 : _index + 1;
        try
        {
            if (_memory.TryRead(_broadcast.Offset + SharedBroadcast.RequestOffset, out ulong request) && request != 0)
            {
                WakeConsumers();
            }
        }
        catch (Exception e) when (e is SharedMemoryLockedException or ObjectDisposedException)
        {
            // The record is there, and must not be written again. A sleeping consumer finds it when it looks by itself.
        }

        return true;
    }

    /// <summary>Wakes all sleeping consumers. The order is that of a ring (<see cref="RingEnd"/>); a sleeper issues the system barrier, or the request stays.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WakeConsumers()
    {
        ulong request = _broadcast.Offset + SharedBroadcast.RequestOffset;
        if (_memory.TryExchange(request, 0UL, out ulong asked) && asked != 0)
        {
            WakeSleepers(_memory, request);
        }
    }

    private bool Lost() => Break(new RingRefusal(SharedRingError.MemoryLost, _next, _broadcast.SlotSize, _index));
}
