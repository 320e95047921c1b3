using System.Runtime.CompilerServices;

namespace Nub.Memory;

// Views, and structs that are checked before they are written.
public readonly unsafe ref partial struct HostLease : ISharedSource
{
    /// <summary>Binds a view: <c>access.At&lt;Foo.View&gt;(offset)</c> is <c>Foo.At(in access, offset)</c>. The lease must be live at each use of the view.</summary>
    /// <typeparam name="TView">The view that was generated for a struct.</typeparam>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public TView At<TView>(ulong offset) where TView : ISharedView<TView>, allows ref struct => TView.BindAt(in this, offset);

    /// <summary>Binds a view if the value lies within the memory.</summary>
    /// <typeparam name="TView">The view that was generated for a struct.</typeparam>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value would leave the memory.</param>
    /// <returns>Whether the value lies within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryAt<TView>(ulong offset, out TView view) where TView : ISharedView<TView>, allows ref struct => TView.TryBindAt(in this, offset, out view);

    /// <inheritdoc cref="HostSharedMemory.WriteValidated{T}(ulong, in T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public void WriteValidated<[ValidateOnRead] T>(ulong offset, in T value) where T : unmanaged
    {
        T copy = value;
        CopyFrom(offset, Validation<T>.Encode(ref copy));
    }

    /// <inheritdoc cref="HostSharedMemory.TryWriteValidated{T}(ulong, in T)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryWriteValidated<[ValidateOnRead] T>(ulong offset, in T value) where T : unmanaged
    {
        T copy = value;
        return TryCopyFrom(offset, Validation<T>.Encode(ref copy));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    Place ISharedSource.In(ulong offset, ulong length) => Place.In(in this, offset, length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool ISharedSource.TryIn(ulong offset, ulong length, out Place place) => Place.TryIn(in this, offset, length, out place);

    ulong ISharedSource.Behind(Place place, ulong offset, ulong length) => Live.Size - offset - length;
}
