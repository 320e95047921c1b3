using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>The end of a <see cref="SharedBroadcast"/> that writes. For one thread at a time; it never waits.</summary>
public sealed class SharedBroadcastProducer
{
    private readonly SharedBroadcast _broadcast;
    private readonly HostSharedMemory _memory;
    private ulong _next;
    private ulong _index;
    private RingRefusal _refusal;

    internal SharedBroadcastProducer(SharedBroadcast broadcast)
    {
        _broadcast = broadcast;
        _memory = broadcast.Memory;
        _ = SystemBarrier.IsAvailable;
        if (broadcast.TryFindNext(out _next, out _refusal))
        {
            _index = _next % broadcast.Capacity;
        }
    }

    /// <summary>How many records were written since the broadcast was made.</summary>
    public ulong Written => _next;

    /// <summary>Why a record was not written: the bytes have gone, or marks that a consumer can write contradict one another.</summary>
    public SharedRingError Error => _refusal.Error;

    /// <summary>Writes a record, over the oldest one.</summary>
    /// <param name="record">The record; it may be empty.</param>
    /// <returns>Whether it was written; otherwise <see cref="Error"/> says why.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The record is longer than <see cref="SharedBroadcast.MaxRecordLength"/>.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public bool TryWrite(ReadOnlySpan<byte> record) =>
        TryBegin(record.Length, out ulong slot) && (_memory.TryCopyFrom(slot + SharedBroadcast.SlotHeader, record) ? End(slot) : Lost());

    /// <summary>Writes a value as a record, over the oldest one.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <inheritdoc cref="TryWrite(ReadOnlySpan{byte})"/>
    public bool TryWrite<[AllValid] T>(in T value) where T : unmanaged =>
        TryBegin(Unsafe.SizeOf<T>(), out ulong slot) && (_memory.TryWrite(slot + SharedBroadcast.SlotHeader, value) ? End(slot) : Lost());

    private bool TryBegin(int length, out ulong slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _broadcast.MaxRecordLength, "record");
        slot = _broadcast.SlotAt(_index);
        if (_refusal.Error != SharedRingError.None)
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
        catch (SharedMemoryLockedException)
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
        if (_memory.TryExchange(request, 0UL, out ulong asked) && asked != 0
            && _memory.TryAdd(request + RingLayout.FutexFromRequest, 1U, out uint _) && Futex.IsSupported)
        {
            // The lease keeps the word mapped during the call.
            using HostLease lease = _memory.Enter();
            Futex.Wake(_memory.BaseAddress + (nint)(request + RingLayout.FutexFromRequest));
        }
    }

    private bool Lost()
    {
        _refusal = new RingRefusal(SharedRingError.MemoryLost, _next, _broadcast.SlotSize, _index);
        return false;
    }
}
