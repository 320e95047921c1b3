using Nub.Virtio;

namespace VhostUserBlock;

/// <summary>Another storage, and how often it is asked.</summary>
internal sealed class CountingStorage(BlockStorage inner) : BlockStorage
{
    private ulong _requests;
    private ulong _bytes;

    public override ulong Size => inner.Size;

    public override bool IsReadOnly => inner.IsReadOnly;

    /// <summary>The requests so far, and their bytes.</summary>
    public (ulong Requests, ulong Bytes) Totals => (Volatile.Read(ref _requests), Volatile.Read(ref _bytes));

    public override bool TryRead(ulong position, ChainWriter destination, ulong length)
    {
        Count(length);
        return inner.TryRead(position, destination, length);
    }

    public override bool TryWrite(ulong position, ChainReader source, ulong length)
    {
        Count(length);
        return inner.TryWrite(position, source, length);
    }

    public override bool TryFlush()
    {
        Count(0);
        return inner.TryFlush();
    }

    public override bool TryDiscard(ulong position, ulong length)
    {
        Count(0);
        return inner.TryDiscard(position, length);
    }

    public override bool TryWriteZeroes(ulong position, ulong length, bool mayUnmap)
    {
        Count(length);
        return inner.TryWriteZeroes(position, length, mayUnmap);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Count(ulong bytes)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _bytes, bytes);
    }
}
