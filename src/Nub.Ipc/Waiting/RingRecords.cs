using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>A ring's records as a sequence to be awaited. Nothing is allocated for a record.</summary>
internal sealed class RingRecords<[AllValid] T>(SharedRingConsumer consumer, CancellationToken cancellationToken) : IAsyncEnumerable<T>, IAsyncEnumerator<T>
    where T : unmanaged
{
    private T _current;
    private CancellationToken _token = cancellationToken;
    private CancellationTokenSource? _both;

    public T Current => _current;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.CanBeCanceled && cancellationToken != _token)
        {
            _both = CancellationTokenSource.CreateLinkedTokenSource(_token, cancellationToken);
            _token = _both.Token;
        }

        return this;
    }

    public ValueTask<bool> MoveNextAsync() => consumer.TryRead(out _current) ? new ValueTask<bool>(true) : MoveSlowAsync();

    public ValueTask DisposeAsync()
    {
        _both?.Dispose();
        _both = null;
        return default;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> MoveSlowAsync()
    {
        do
        {
            if (consumer.Error != SharedRingError.None)
            {
                throw consumer.GetException()!;
            }

            if (!await consumer.WaitToReadAsync(_token).ConfigureAwait(false))
            {
                return false;
            }
        }
        while (!consumer.TryRead(out _current));
        return true;
    }
}
