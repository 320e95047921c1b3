namespace Nub.Virtio;

/// <summary>What stands behind a <see cref="BlockDevice"/>. Called from several threads at once when the device has several queues.</summary>
/// <remarks>
/// Positions and lengths are in bytes, multiples of 512, and within <see cref="Size"/>: the device has judged them. <see langword="false"/> is an I/O error for the driver; an exception is the host's
/// own mistake, and reaches the transport.
/// </remarks>
public abstract class BlockStorage : IDisposable
{
    /// <summary>The size in bytes, a multiple of 512.</summary>
    public abstract ulong Size { get; }

    /// <summary>Whether it can be read only.</summary>
    public virtual bool IsReadOnly => false;

    /// <summary>Reads into a chain's buffers.</summary>
    /// <param name="position">The first byte.</param>
    /// <param name="destination">The chain's writer, which has at least so many bytes left.</param>
    /// <param name="length">The number of bytes.</param>
    /// <returns>Whether all were read.</returns>
    public abstract bool TryRead(ulong position, ChainWriter destination, ulong length);

    /// <summary>Writes from a chain's buffers.</summary>
    /// <param name="position">The first byte.</param>
    /// <param name="source">The chain's reader, which has at least so many bytes left.</param>
    /// <param name="length">The number of bytes.</param>
    /// <returns>Whether all were written.</returns>
    public abstract bool TryWrite(ulong position, ChainReader source, ulong length);

    /// <summary>Makes what was written lasting.</summary>
    /// <returns>Whether it is.</returns>
    public virtual bool TryFlush() => true;

    /// <summary>The driver does not need the bytes any more; they may read as anything afterwards.</summary>
    /// <param name="position">The first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <returns>Whether it was noted.</returns>
    public virtual bool TryDiscard(ulong position, ulong length) => true;

    /// <summary>Sets bytes to 0.</summary>
    /// <param name="position">The first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="mayUnmap">Whether the storage may be given back.</param>
    /// <returns>Whether all are.</returns>
    public abstract bool TryWriteZeroes(ulong position, ulong length, bool mayUnmap);

    /// <summary>Lets go of what it holds.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of what it holds.</summary>
    /// <param name="disposing">Always <see langword="true"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
