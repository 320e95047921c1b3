using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// Records in shared memory from one producer, which never waits, to any number of consumers, each of which may be so slow that records are overwritten before it has read
/// them. It then learns how many. Consumers need not be able to write the memory, and disturb neither the producer nor one another.
/// </summary>
/// <remarks>
/// <para>The memory is slots of one size, and record n stands in slot n modulo their number. A slot begins with a mark of 8 bytes: 2n + 1 while record n is being written,
/// 2n + 2 when it is complete. Then 8 bytes of length, then the record. A consumer that wants record n copies it when the mark is 2n + 2, and looks at the mark once more: if it
/// is another by then, the copy is thrown away, and the mark tells by how much the producer is ahead.</para>
/// <para>What the producer writes is judged as in a <see cref="SharedRing"/>, and broken rules are the same typed errors.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class SharedBroadcast : IDisposable
{
    /// <summary>"NubCast1", little-endian: the version is the last byte.</summary>
    private const ulong Magic = 0x3174_7361_4362_754E;
    private const ulong ShapeOffset = 8;
    internal const ulong RequestOffset = 256;
    internal const ulong DataOffset = 512;
    internal const ulong SlotHeader = 16;

    // Those that are still used: one that is let go of without a Dispose is not kept by this.
    private readonly ConditionalWeakTable<SharedBroadcastConsumer, object> _consumers = new();
    private SharedBroadcastProducer? _producer;
    private volatile bool _disposed;

    private SharedBroadcast(HostSharedMemory memory, ulong offset, ulong slotSize, ulong count, int maxRecordLength)
    {
        Memory = memory;
        Offset = offset;
        SlotSize = slotSize;
        Capacity = count;
        MaxRecordLength = maxRecordLength;
    }

    /// <summary>The memory that the records stand in.</summary>
    public HostSharedMemory Memory { get; }

    /// <summary>The first byte of the broadcast in the memory.</summary>
    public ulong Offset { get; }

    /// <summary>The number of slots: how many records behind a consumer can be without losing one.</summary>
    public ulong Capacity { get; }

    /// <summary>The longest record in bytes.</summary>
    public int MaxRecordLength { get; }

    /// <summary>The end that writes, for one thread at a time. The first use takes over where an earlier producer stopped.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The broadcast or the memory was disposed.</exception>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public SharedBroadcastProducer Producer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _producer ?? Interlocked.CompareExchange(ref _producer, new SharedBroadcastProducer(this), null) ?? _producer;
        }
    }

    internal ulong SlotSize { get; }

    // Of this object's own fields, as SharedEnd's.
    private string DebuggerDisplay => $"broadcast of {Capacity} records of up to {MaxRecordLength} bytes at {Offset}{(_disposed ? ", disposed" : "")}";

    /// <summary>The bytes of memory that a broadcast needs.</summary>
    /// <param name="maxRecordLength">The longest record in bytes.</param>
    /// <param name="count">The number of slots, at least 2.</param>
    /// <returns>The size for <see cref="Create"/>, in bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, or there are fewer than 2 slots.</exception>
    public static ulong SizeFor(int maxRecordLength, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRecordLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        return DataOffset + (SlotSizeOf(maxRecordLength) * (uint)count);
    }

    /// <summary>Makes a broadcast without records in a range of a memory.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte, a multiple of 128.</param>
    /// <param name="size">The size in bytes: 512, and at least two slots of 16 bytes and the longest record, rounded up to a multiple of 8.</param>
    /// <param name="maxRecordLength">The longest record in bytes.</param>
    /// <returns>The broadcast.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not a multiple of 128, the length is negative, or the size is too small for two slots.</exception>
    /// <exception cref="ArgumentException">The memory begins at an address that is not a multiple of 8.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static SharedBroadcast Create(HostSharedMemory memory, ulong offset, ulong size, int maxRecordLength)
    {
        SharedBroadcast broadcast = At(memory, offset, size, maxRecordLength);
        memory.Fill(offset, DataOffset + (broadcast.SlotSize * broadcast.Capacity), 0);
        memory.Write(offset + ShapeOffset, broadcast.Shape);
        memory.Write(offset, Magic);
        return broadcast;
    }

    /// <summary>Opens the broadcast that another process made in the same range with the same longest record.</summary>
    /// <inheritdoc cref="Create"/>
    /// <exception cref="SharedRingException">What stands there is not a broadcast of this version and shape.</exception>
    public static SharedBroadcast Open(HostSharedMemory memory, ulong offset, ulong size, int maxRecordLength) =>
        TryOpen(memory, offset, size, maxRecordLength, out SharedBroadcast? broadcast, out RingRefusal refusal) ? broadcast : throw new SharedRingException(refusal);

    /// <summary>Opens the broadcast that another process made in the same range with the same longest record, if there is one.</summary>
    /// <inheritdoc cref="Open"/>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte, a multiple of 128.</param>
    /// <param name="size">The size in bytes that the broadcast was made with.</param>
    /// <param name="maxRecordLength">The longest record in bytes that it was made with.</param>
    /// <param name="broadcast">The broadcast, or <see langword="null"/>.</param>
    /// <returns>Whether a broadcast of this version and shape stands there.</returns>
    public static bool TryOpen(HostSharedMemory memory, ulong offset, ulong size, int maxRecordLength, [NotNullWhen(true)] out SharedBroadcast? broadcast) =>
        TryOpen(memory, offset, size, maxRecordLength, out broadcast, out _);

    /// <summary>Makes a consumer, for one thread at a time. It begins with the next record that is written.</summary>
    /// <returns>The consumer. Any number may exist.</returns>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The broadcast or the memory was disposed.</exception>
    public SharedBroadcastConsumer CreateConsumer()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var consumer = new SharedBroadcastConsumer(this);
        _consumers.Add(consumer, this);

        // Either this sees that the broadcast was disposed, or Dispose sees the consumer.
        Interlocked.MemoryBarrier();
        if (_disposed)
        {
            consumer.Dispose();
            throw new ObjectDisposedException(nameof(SharedBroadcast));
        }

        return consumer;
    }

    /// <summary>
    /// Ends waits of its consumers in progress, with <see cref="ObjectDisposedException"/>, and lets go of what they needed: as <see cref="SharedBroadcastConsumer.Dispose"/> of each.
    /// The memory and what stands in it remain. The ends can no longer be had here, and a consumer that is kept no longer waits.
    /// </summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.MemoryBarrier();
        foreach ((SharedBroadcastConsumer consumer, _) in _consumers)
        {
            consumer.Dispose();
        }
    }

    /// <summary>Where a record's slot begins in the memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong SlotAt(ulong index) => Offset + DataOffset + (index * SlotSize);

    /// <summary>Finds the number of the next record: behind the latest mark.</summary>
    /// <param name="clears">Whether a mark in a slot that it does not belong to is taken away, instead of refused.</param>
    /// <param name="next">The number.</param>
    /// <param name="refusal">Why there is none.</param>
    /// <returns><see langword="false"/> when a mark stands in a slot that it does not belong to, or the bytes are gone.</returns>
    internal bool TryFindNext(bool clears, out ulong next, out RingRefusal refusal)
    {
        next = 0;
        refusal = default;
        for (ulong index = 0; index < Capacity; index++)
        {
            if (!Memory.TryRead(SlotAt(index), out ulong mark))
            {
                refusal = new RingRefusal(SharedRingError.MemoryLost, index, 8, 0);
                return false;
            }

            // A record that a producer has died in is written again.
            ulong record = mark / 2;
            if (mark != 0 && ((mark - 1) / 2 % Capacity != index || mark > RingLayout.PositionLimit))
            {
                if (!clears)
                {
                    refusal = new RingRefusal(SharedRingError.RecordOutOfPlace, index, mark, index);
                    return false;
                }

                if (!Memory.TryWrite(SlotAt(index), 0UL))
                {
                    refusal = new RingRefusal(SharedRingError.MemoryLost, index, 8, 0);
                    return false;
                }

                continue;
            }

            next = Math.Max(next, record);
        }

        return true;
    }

    private ulong Shape => SlotSize | Capacity << 32;

    private static ulong SlotSizeOf(int maxRecordLength) => SlotHeader + ((uint)maxRecordLength + 7UL & ~7UL);

    private static bool TryOpen(
        HostSharedMemory memory, ulong offset, ulong size, int maxRecordLength, [NotNullWhen(true)] out SharedBroadcast? broadcast, out RingRefusal refusal)
    {
        SharedBroadcast found = At(memory, offset, size, maxRecordLength);
        if (!memory.TryRead(offset, out ulong magic) || !memory.TryRead(offset + ShapeOffset, out ulong shape))
        {
            refusal = new RingRefusal(SharedRingError.MemoryLost, 0, DataOffset, 0);
        }
        else if (magic != Magic)
        {
            refusal = new RingRefusal(SharedRingError.LayoutMismatch, 0, magic, Magic);
        }
        else if (shape != found.Shape)
        {
            refusal = new RingRefusal(SharedRingError.LayoutMismatch, ShapeOffset, shape, found.Shape);
        }
        else
        {
            refusal = default;
            broadcast = found;
            return true;
        }

        broadcast = null;
        return false;
    }

    private static SharedBroadcast At(HostSharedMemory memory, ulong offset, ulong size, int maxRecordLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxRecordLength);
        ulong slotSize = SlotSizeOf(maxRecordLength);
        RingLayout.CheckPlace(memory, offset, size, DataOffset + (2 * slotSize), "A broadcast");
        return new SharedBroadcast(memory, offset, slotSize, Math.Min((size - DataOffset) / slotSize, uint.MaxValue), maxRecordLength);
    }
}
