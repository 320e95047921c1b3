using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

public sealed partial class SharedRingConsumer
{
    // How many empty records one call passes over for those to whom records are bytes: a peer that writes no others must not hold the caller for ever.
    private const int EmptyTolerated = 16;

    // How much of the next record was read by parts.
    private uint _partRead;

    private protected override ulong WantedPosition => _position + _padding + RingLayout.HeaderSize;

    /// <summary>Waits until there is a record.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="false"/> when the producer has completed and everything was read.</returns>
    /// <exception cref="SharedRingException">The peer broke a rule.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed, or the ring during the wait.</exception>
    public bool WaitToRead(CancellationToken cancellationToken = default) => WaitToRead(Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Waits until there is a record, at most for a time.</summary>
    /// <param name="timeout">The longest time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there is a record; not when the time is over, or the producer has completed and everything was read.</returns>
    /// <inheritdoc cref="WaitToRead(CancellationToken)"/>
    public bool WaitToRead(TimeSpan timeout, CancellationToken cancellationToken = default) => Wait(timeout, cancellationToken) && Outcome();

    /// <summary>Waits until there is a record, without a thread.</summary>
    /// <returns>When there is one; <see langword="false"/> when the producer has completed and everything was read.</returns>
    /// <inheritdoc cref="WaitToRead(CancellationToken)"/>
    /// <exception cref="InvalidOperationException">This end is awaited already.</exception>
    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => WaitAsync(cancellationToken);

    /// <summary>Reads the next record, and waits for it.</summary>
    /// <param name="destination">Where to copy it to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The record's length in bytes.</returns>
    /// <exception cref="SharedRingException">The peer broke a rule, or the record is longer than the destination; then it stays in the ring.</exception>
    /// <exception cref="EndOfStreamException">The producer has completed and everything was read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed, or the ring during the wait.</exception>
    public int Read(Span<byte> destination, CancellationToken cancellationToken = default)
    {
        int length;
        while (!TryRead(destination, out length))
        {
            ThrowIfError();
            ThrowIfEnded(WaitToRead(cancellationToken));
        }

        return length;
    }

    /// <summary>Reads the next record as a value, and waits for it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The value, in this host's byte order.</returns>
    /// <exception cref="SharedRingException">The peer broke a rule, or the record has another size; then it stays in the ring.</exception>
    /// <inheritdoc cref="Read(Span{byte}, CancellationToken)"/>
    public T Read<[AllValid] T>(CancellationToken cancellationToken = default) where T : unmanaged
    {
        T value;
        while (!TryRead(out value))
        {
            ThrowIfError();
            ThrowIfEnded(WaitToRead(cancellationToken));
        }

        return value;
    }

    /// <summary>Reads the next record, and waits for it without a thread.</summary>
    /// <returns>The record's length in bytes.</returns>
    /// <inheritdoc cref="Read(Span{byte}, CancellationToken)"/>
    public ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default) =>
        TryRead(destination.Span, out int length) ? new ValueTask<int>(length) : ReadSlowAsync(destination, cancellationToken);

    /// <summary>Reads the next record as a value, and waits for it without a thread.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <returns>The value, in this host's byte order.</returns>
    /// <inheritdoc cref="Read{T}(CancellationToken)"/>
    public ValueTask<T> ReadAsync<[AllValid] T>(CancellationToken cancellationToken = default) where T : unmanaged =>
        TryRead(out T value) ? new ValueTask<T>(value) : ReadSlowAsync<T>(cancellationToken);

    /// <summary>Reads records as values until the producer completes, and waits for them without a thread.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The values. To be enumerated once; a second enumeration goes on where the first stopped.</returns>
    /// <inheritdoc cref="Read{T}(CancellationToken)"/>
    public IAsyncEnumerable<T> ReadAllAsync<[AllValid] T>(CancellationToken cancellationToken = default) where T : unmanaged =>
        new RingRecords<T>(this, cancellationToken);

    /// <inheritdoc/>
    internal override bool IsReady() => _hasRecord || TryFind() || _completed || _broken || PeerHasGone;

    /// <inheritdoc/>
    internal override bool Outcome()
    {
        // The peer may have written a record and gone between the two looks of IsReady.
        bool found = _hasRecord || (PeerHasGone && TryFind());
        return _broken ? throw GetException()! : found;
    }

    /// <summary>Reads what there is of the next record, or its rest: for those to whom records are no more than bytes.</summary>
    /// <returns>Whether there was a byte to read; not while empty records come, of which each call takes some.</returns>
    internal bool TryReadPart(Span<byte> destination, out int read)
    {
        read = 0;
        if (destination.IsEmpty)
        {
            return true;
        }

        for (int empty = 0; empty < EmptyTolerated && TryPeek(out ulong offset, out uint length); empty++)
        {
            int some = (int)Math.Min(length - _partRead, (uint)destination.Length);
            if (!_memory.TryCopyTo(_data + offset + _partRead, destination[..some]))
            {
                return Lost(offset, some);
            }

            if (_partRead + (uint)some < length)
            {
                _partRead += (uint)some;
            }
            else if (!Consume())
            {
                return false;
            }

            if (some != 0)
            {
                read = some;
                return true;
            }
        }

        return false;
    }

    private void ThrowIfError()
    {
        if (Error != SharedRingError.None)
        {
            throw GetException()!;
        }
    }

    private static void ThrowIfEnded(bool hasRecord)
    {
        if (!hasRecord)
        {
            throw new EndOfStreamException("The producer has completed, and every record was read.");
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadSlowAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int length;
        do
        {
            ThrowIfError();
            ThrowIfEnded(await WaitAsync(cancellationToken).ConfigureAwait(false));
        }
        while (!TryRead(destination.Span, out length));
        return length;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T> ReadSlowAsync<[AllValid] T>(CancellationToken cancellationToken) where T : unmanaged
    {
        T value;
        do
        {
            ThrowIfError();
            ThrowIfEnded(await WaitAsync(cancellationToken).ConfigureAwait(false));
        }
        while (!TryRead(out value));
        return value;
    }
}
