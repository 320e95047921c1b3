using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

public sealed partial class SharedRingProducer
{
    // What the wait in progress wants to write, in bytes.
    private ulong _wantedLength;

    private protected override ulong WantedPosition => EndOf(_wantedLength) + RingLayout.HeaderSize - _capacity;

    /// <summary>Waits until there is room for a record.</summary>
    /// <param name="recordLength">The length of the record in bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The record is longer than <see cref="SharedRing.MaxRecordLength"/>.</exception>
    /// <exception cref="SharedRingException">The peer broke a rule, or has gone (<see cref="SharedRingError.PeerGone"/>; of a channel only), also where there is room.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed, or the ring during the wait.</exception>
    public void WaitToWrite(int recordLength, CancellationToken cancellationToken = default) =>
        WaitToWrite(recordLength, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Waits until there is room for a record, at most for a time.</summary>
    /// <inheritdoc cref="WaitToWrite(int, CancellationToken)"/>
    /// <param name="recordLength">The length of the record in bytes.</param>
    /// <param name="timeout">The longest time, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether there is room.</returns>
    public bool WaitToWrite(int recordLength, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        Want(recordLength);
        return Wait(timeout, cancellationToken) && Outcome();
    }

    /// <summary>Waits until there is room for a record, without a thread.</summary>
    /// <returns>When there is room.</returns>
    /// <inheritdoc cref="WaitToWrite(int, CancellationToken)"/>
    /// <exception cref="InvalidOperationException">This end is awaited already.</exception>
    public ValueTask<bool> WaitToWriteAsync(int recordLength, CancellationToken cancellationToken = default)
    {
        Want(recordLength);
        return WaitAsync(cancellationToken);
    }

    /// <summary>Writes a record, and waits until there is room for it.</summary>
    /// <param name="record">The record; it may be empty.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was written then.</param>
    /// <exception cref="ArgumentOutOfRangeException">The record is longer than <see cref="SharedRing.MaxRecordLength"/>.</exception>
    /// <exception cref="InvalidOperationException">The producer has completed.</exception>
    /// <exception cref="SharedRingException">The peer broke a rule, or has gone (<see cref="SharedRingError.PeerGone"/>; of a channel only), also where there is room.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed, or the ring during the wait.</exception>
    public void Write(ReadOnlySpan<byte> record, CancellationToken cancellationToken = default)
    {
        while (PeerHasGone || !TryWrite(record))
        {
            WaitToWrite(record.Length, cancellationToken);
        }
    }

    /// <summary>Writes a value as a record, and waits until there is room for it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was written then.</param>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, CancellationToken)"/>
    public void Write<[AllValid] T>(in T value, CancellationToken cancellationToken = default) where T : unmanaged
    {
        while (PeerHasGone || !TryWrite(value))
        {
            WaitToWrite(Unsafe.SizeOf<T>(), cancellationToken);
        }
    }

    /// <summary>Writes a record, and waits without a thread until there is room for it.</summary>
    /// <returns>When it is written.</returns>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, CancellationToken)"/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken = default) =>
        !PeerHasGone && TryWrite(record.Span) ? default : WriteSlowAsync(record, cancellationToken);

    /// <summary>Writes a value as a record, and waits without a thread until there is room for it.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was written then.</param>
    /// <returns>When it is written.</returns>
    /// <inheritdoc cref="Write(ReadOnlySpan{byte}, CancellationToken)"/>
    public ValueTask WriteAsync<[AllValid] T>(T value, CancellationToken cancellationToken = default) where T : unmanaged =>
        !PeerHasGone && TryWrite(value) ? default : WriteSlowAsync(value, cancellationToken);

    /// <inheritdoc/>
    internal override bool IsReady()
    {
        ulong wanted = EndOf(_wantedLength) + RingLayout.HeaderSize;
        return _broken || PeerHasGone || wanted <= _limit || !TryReadConsumerPosition() || wanted <= _limit;
    }

    /// <inheritdoc/>
    internal override bool Outcome() => _broken ? throw GetException()!
        : PeerHasGone ? throw new SharedRingException(new RingRefusal(SharedRingError.PeerGone, _position, 0, 0))
        : true;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteSlowAsync(ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        do
        {
            await WaitToWriteAsync(record.Length, cancellationToken).ConfigureAwait(false);
        }
        while (!TryWrite(record.Span));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteSlowAsync<[AllValid] T>(T value, CancellationToken cancellationToken) where T : unmanaged
    {
        do
        {
            await WaitToWriteAsync(Unsafe.SizeOf<T>(), cancellationToken).ConfigureAwait(false);
        }
        while (!TryWrite(value));
    }

    private void Want(int recordLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(recordLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(recordLength, Ring.MaxRecordLength);
        _wantedLength = (uint)recordLength;
    }

    /// <summary>The position behind a record that is written now, with the padding before it.</summary>
    private ulong EndOf(ulong length)
    {
        ulong span = RingLayout.SpanOf(length);
        ulong tail = _capacity - _offset;
        return _position + span + (span <= tail ? 0 : tail);
    }
}
