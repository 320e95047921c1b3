using System.Runtime.CompilerServices;

namespace Nub.Memory;

// Views by guest address: they lie in one region, and one that was bound without a lease dies with it.
public sealed partial class GuestAddressSpace : ISharedSource
{
    /// <summary>Binds a view: <c>space.At&lt;Foo.View&gt;(address)</c> is <c>Foo.At(space, address)</c>. Each use of the view locks the memory for itself.</summary>
    /// <typeparam name="TView">The view that was generated for a struct.</typeparam>
    /// <param name="guestAddress">The guest address of the first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value is not mapped, or not in one region.</exception>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public TView At<TView>(ulong guestAddress) where TView : ISharedView<TView>, allows ref struct => TView.BindAt(this, guestAddress);

    /// <summary>Binds a view if the value lies in one region.</summary>
    /// <typeparam name="TView">The view that was generated for a struct.</typeparam>
    /// <param name="guestAddress">The guest address of the first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value does not.</param>
    /// <returns>Whether it does.</returns>
    /// <exception cref="ObjectDisposedException">The space was disposed.</exception>
    public bool TryAt<TView>(ulong guestAddress, out TView view) where TView : ISharedView<TView>, allows ref struct => TView.TryBindAt(this, guestAddress, out view);

    Place ISharedSource.In(ulong offset, ulong length) => Place.In(this, offset, length);

    bool ISharedSource.TryIn(ulong offset, ulong length, out Place place) => Place.TryIn(this, offset, length, out place);

    ulong ISharedSource.Behind(Place place, ulong offset, ulong length) => place.BehindInRegion(length);
}

public readonly unsafe ref partial struct GuestAddressLease : ISharedSource
{
    /// <inheritdoc cref="GuestAddressSpace.At{TView}(ulong)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public TView At<TView>(ulong guestAddress) where TView : ISharedView<TView>, allows ref struct => TView.BindAt(in this, guestAddress);

    /// <inheritdoc cref="GuestAddressSpace.TryAt{TView}(ulong, out TView)"/>
    /// <exception cref="ObjectDisposedException">The lease was disposed.</exception>
    public bool TryAt<TView>(ulong guestAddress, out TView view) where TView : ISharedView<TView>, allows ref struct => TView.TryBindAt(in this, guestAddress, out view);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    Place ISharedSource.In(ulong offset, ulong length) => Place.In(in this, offset, length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool ISharedSource.TryIn(ulong offset, ulong length, out Place place) => Place.TryIn(in this, offset, length, out place);

    ulong ISharedSource.Behind(Place place, ulong offset, ulong length)
    {
        GuestRegion region = Live.Find(offset, length)!;
        return region.Length - (offset - region.Start) - length;
    }
}
