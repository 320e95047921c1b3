using System.ComponentModel;

namespace Nub.Memory;

/// <summary>
/// A view of one value in shared memory, as the generator writes it for a struct. It is what <see cref="HostSharedMemory.At{TView}(ulong)"/>
/// takes; the members are for that.
/// </summary>
/// <typeparam name="TSelf">The view itself.</typeparam>
public interface ISharedView<TSelf> where TSelf : ISharedView<TSelf>, allows ref struct
{
    /// <summary>Binds a view to a place.</summary>
    /// <typeparam name="TSource">A memory or a lease.</typeparam>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <returns>The view.</returns>
    /// <exception cref="SharedMemoryBoundsException">The value would leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    static abstract TSelf BindAt<TSource>(scoped in TSource source, ulong offset) where TSource : ISharedSource, allows ref struct;

    /// <summary>Binds a view to a place if the value lies within the memory.</summary>
    /// <typeparam name="TSource">A memory or a lease.</typeparam>
    /// <param name="source">The memory or the lease.</param>
    /// <param name="offset">The first byte; any alignment.</param>
    /// <param name="view">The view; <see langword="default"/> where the value would leave the memory.</param>
    /// <returns>Whether the value lies within the memory.</returns>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    static abstract bool TryBindAt<TSource>(scoped in TSource source, ulong offset, out TSelf view) where TSource : ISharedSource, allows ref struct;
}

/// <summary>A view of a value of a certain struct: what <see cref="SharedViews{T, TView}"/> makes of each element.</summary>
/// <typeparam name="TSelf">The view itself.</typeparam>
/// <typeparam name="T">The struct.</typeparam>
public interface ISharedView<TSelf, T> : ISharedView<TSelf>
    where TSelf : ISharedView<TSelf, T>, allows ref struct
    where T : unmanaged
{
    /// <summary>Gives the fields of a value their names.</summary>
    /// <param name="value">The place of the value, whose bounds were checked when it was bound.</param>
    /// <returns>The view.</returns>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    static abstract TSelf Bind(SharedPlace<T> value);

    /// <summary>Whether elements follow the struct, so that a view is bound with what stands behind it.</summary>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    static virtual bool HasTail => false;

    /// <summary>Gives the fields of a value that elements follow their names.</summary>
    /// <param name="value">The place of the value, whose bounds were checked when it was bound.</param>
    /// <returns>The view.</returns>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    static virtual TSelf Bind(SharedTailedPlace<T> value) => TSelf.Bind(value.Value);

    static TSelf ISharedView<TSelf>.BindAt<TSource>(scoped in TSource source, ulong offset) => SharedViews.At<T, TSelf, TSource>(in source, offset);

    static bool ISharedView<TSelf>.TryBindAt<TSource>(scoped in TSource source, ulong offset, out TSelf view) =>
        SharedViews.TryAt<T, TSelf, TSource>(in source, offset, out view);
}
