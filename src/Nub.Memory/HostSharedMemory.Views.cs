namespace Nub.Memory;

// Views, and structs that are checked before they are written.
public sealed unsafe partial class HostSharedMemory : ISharedSource
{
    /// <summary>Binds a view: <c>host.At&lt;Foo.View&gt;(offset)</c> is <c>Foo.At(host, offset)</c>. Each use of the view locks the memory for itself.</summary>
    /// <typeparam name="TView">The view that was generated for a struct.</typeparam>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public TView At<TView>(ulong offset) where TView : ISharedView<TView>, allows ref struct => TView.BindAt(this, offset);

    /// <summary>Binds a view if the value lies within the memory.</summary>
    /// <typeparam name="TView">The view that was generated for a struct.</typeparam>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value would leave the memory.</param>
    /// <returns>Whether the value lies within the memory.</returns>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public bool TryAt<TView>(ulong offset, out TView view) where TView : ISharedView<TView>, allows ref struct => TView.TryBindAt(this, offset, out view);

    /// <summary>
    /// Writes a struct some of whose bit patterns are illegal, if it is legal: the check runs on a private copy, a <c>Validate</c> of
    /// the type's own included, before the first byte is written. Every shared byte is written exactly once; padding becomes 0.
    /// </summary>
    /// <typeparam name="T">A <see cref="ValidateOnReadAttribute"/> struct.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <exception cref="ArgumentException">The value is not legal. Nothing was written.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> was not generated, and no analyzer saw it.</exception>
    public void WriteValidated<[ValidateOnRead] T>(ulong offset, in T value) where T : unmanaged
    {
        T copy = value;
        CopyFrom(offset, Validation<T>.Encode(ref copy));
    }

    /// <summary>Writes a struct some of whose bit patterns are illegal, if it is legal and the range lies within the memory.</summary>
    /// <typeparam name="T">A <see cref="ValidateOnReadAttribute"/> struct.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <returns>
    /// Whether the range lies within the memory and is still there. Where it leaves the memory nothing was written; where some of it is gone, what comes before that may have been.
    /// </returns>
    /// <exception cref="ArgumentException">The value is not legal. Nothing was written.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> was not generated, and no analyzer saw it.</exception>
    public bool TryWriteValidated<[ValidateOnRead] T>(ulong offset, in T value) where T : unmanaged
    {
        T copy = value;
        return TryCopyFrom(offset, Validation<T>.Encode(ref copy));
    }

    Place ISharedSource.In(ulong offset, ulong length) => Place.In(this, offset, length);

    bool ISharedSource.TryIn(ulong offset, ulong length, out Place place) => Place.TryIn(this, offset, length, out place);

    ulong ISharedSource.Behind(Place place, ulong offset, ulong length) => Live.Size - offset - length;
}
