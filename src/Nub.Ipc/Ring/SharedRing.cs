using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// A queue of records in shared memory, from one producer to one consumer that need not trust one another: two threads, or two
/// processes that have the same memory. Records have any size up to half the ring.
/// </summary>
/// <remarks>
/// <para>Every length and position that the other side writes is read once and judged on the copy. The worst that a hostile peer can do is to
/// send what it likes, or to break a rule: that is a <see cref="SharedRingError"/>, never an exception from a <c>Try</c> form, and
/// never a byte outside the ring. After <c>Reset</c> of both ends the ring can be used again.</para>
/// <para>A record becomes visible as a whole or not at all, whenever the producer dies. A consumer publishes how far it has read
/// after it has copied: one that takes over after a crash may get once more what its predecessor had in hand, and nothing else is
/// lost or repeated.</para>
/// <para>Each end is for one thread at a time. The ring is a view: it does not own the memory, and disposing the memory ends it. Waiting forms take a lease
/// of the memory while they sleep.</para>
/// </remarks>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class SharedRing : IDisposable
{
    private readonly Lock _making = new();
    private SharedRingProducer? _producer;
    private SharedRingConsumer? _consumer;
    private volatile bool _disposed;

    private SharedRing(HostSharedMemory memory, ulong offset, ulong capacity)
    {
        Memory = memory;
        Offset = offset;
        Capacity = capacity;
        MaxRecordLength = RingLayout.MaxRecordLengthOf(capacity);
    }

    /// <summary>The memory that the ring stands in.</summary>
    public HostSharedMemory Memory { get; }

    /// <summary>The first byte of the ring in the memory.</summary>
    public ulong Offset { get; }

    /// <summary>The bytes for records. Each takes 8 for its header, is rounded up to a multiple of 8, and 8 are always free.</summary>
    public ulong Capacity { get; }

    /// <summary>The longest record in bytes: about half the capacity, so that it fits an empty ring wherever it begins.</summary>
    public int MaxRecordLength { get; }

    /// <summary>The end that writes. The first use takes over where an earlier producer stopped.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The ring or the memory was disposed.</exception>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public SharedRingProducer Producer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _producer ?? Make(ref _producer, static ring => new SharedRingProducer(ring));
        }
    }

    /// <summary>The end that reads. The first use takes over where an earlier consumer stopped.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The ring or the memory was disposed.</exception>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public SharedRingConsumer Consumer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _consumer ?? Make(ref _consumer, static ring => new SharedRingConsumer(ring));
        }
    }

    // Of this object's own fields, as SharedEnd's.
    private string DebuggerDisplay => $"ring of {Capacity} bytes at {Offset}{(_disposed ? ", disposed" : "")}";

    /// <summary>
    /// Ends waits in progress, with <see cref="ObjectDisposedException"/>, and lets go of what they needed. Needed only where an async form was
    /// used; the memory and what stands in it remain. The ends can no longer be had here, and an end that is kept no longer waits.
    /// </summary>
    public void Dispose()
    {
        lock (_making)
        {
            _disposed = true;
        }

        _producer?.EndWaiting();
        _consumer?.EndWaiting();
    }

    /// <summary>The bytes of memory that a ring needs to hold a number of records of a length at once, wherever they begin.</summary>
    /// <param name="recordLength">The length of a record in bytes.</param>
    /// <param name="count">The number of records.</param>
    /// <returns>The size for <see cref="Create"/>, in bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative, the count is not positive, or a record is too long for any ring.</exception>
    public static ulong SizeFor(int recordLength, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(recordLength);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)recordLength, RingLayout.LengthMask - 7, nameof(recordLength));

        // Besides the records: padding that is less than one of them, and the next header.
        ulong span = RingLayout.SpanOf((ulong)recordLength);
        ulong capacity = (span * ((ulong)count + 1)) + RingLayout.HeaderSize + 63 & ~63UL;
        return RingLayout.DataOffset + Math.Max(capacity, RingLayout.LeastCapacity);
    }

    /// <summary>Makes an empty ring in a range of a memory. While it is used, no other ring may be made in the range.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte, a multiple of 128.</param>
    /// <param name="size">The size in bytes, at least 1024: 512 are the ring's own, the rest, rounded down to a multiple of 64, is for records.</param>
    /// <returns>The ring.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is not a multiple of 128, or the size is less than 1024.</exception>
    /// <exception cref="ArgumentException">The memory begins at an address that is not a multiple of 8.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static SharedRing Create(HostSharedMemory memory, ulong offset, ulong size)
    {
        SharedRing ring = At(memory, offset, size);
        memory.Fill(offset, RingLayout.DataOffset + RingLayout.HeaderSize, 0);
        memory.Write(offset + RingLayout.CapacityOffset, ring.Capacity);
        memory.Write(offset + RingLayout.MagicOffset, RingLayout.Magic);
        return ring;
    }

    /// <summary>Opens the ring that another process made in the same range.</summary>
    /// <remarks>The size is what the caller says, and not what the memory says: the peer can change neither.</remarks>
    /// <inheritdoc cref="Create"/>
    /// <exception cref="SharedRingException">What stands there is not a ring of this version and size.</exception>
    public static SharedRing Open(HostSharedMemory memory, ulong offset, ulong size) =>
        TryOpen(memory, offset, size, out SharedRing? ring, out RingRefusal refusal) ? ring : throw new SharedRingException(refusal);

    /// <summary>Opens the ring that another process made in the same range, if there is one.</summary>
    /// <inheritdoc cref="Open"/>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte, a multiple of 128.</param>
    /// <param name="size">The size in bytes that the ring was made with.</param>
    /// <param name="ring">The ring, or <see langword="null"/>.</param>
    /// <returns>Whether a ring of this version and size stands there.</returns>
    public static bool TryOpen(HostSharedMemory memory, ulong offset, ulong size, [NotNullWhen(true)] out SharedRing? ring) =>
        TryOpen(memory, offset, size, out ring, out _);

    private static bool TryOpen(HostSharedMemory memory, ulong offset, ulong size, [NotNullWhen(true)] out SharedRing? ring, out RingRefusal refusal)
    {
        SharedRing found = At(memory, offset, size);
        ring = null;
        if (!memory.TryRead(offset + RingLayout.MagicOffset, out ulong magic) || !memory.TryRead(offset + RingLayout.CapacityOffset, out ulong capacity))
        {
            refusal = new RingRefusal(SharedRingError.MemoryLost, 0, RingLayout.DataOffset, RingLayout.DataOffset);
            return false;
        }

        if (magic != RingLayout.Magic)
        {
            refusal = new RingRefusal(SharedRingError.LayoutMismatch, RingLayout.MagicOffset, magic, RingLayout.Magic);
            return false;
        }

        if (capacity != found.Capacity)
        {
            refusal = new RingRefusal(SharedRingError.LayoutMismatch, RingLayout.CapacityOffset, capacity, found.Capacity);
            return false;
        }

        refusal = default;
        ring = found;
        return true;
    }

    /// <summary>Makes an end, once: a producer that takes over writes, so that a second one would write over what the first one has written by then.</summary>
    private T Make<T>(ref T? end, Func<SharedRing, T> make) where T : RingEnd
    {
        lock (_making)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (end is null)
            {
                // Seen by others when all of it is.
                Volatile.Write(ref end, make(this));
            }

            return end;
        }
    }

    private static SharedRing At(HostSharedMemory memory, ulong offset, ulong size)
    {
        RingLayout.CheckPlace(memory, offset, size, RingLayout.DataOffset + RingLayout.LeastCapacity, "A ring");
        return new SharedRing(memory, offset, RingLayout.CapacityOf(size));
    }
}
