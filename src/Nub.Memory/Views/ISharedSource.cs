namespace Nub.Memory;

/// <summary>
/// What views can be bound to: a memory, which each access then locks for itself, or a lease, which the view is used under. Only
/// the types of this library implement it, because a view relies on the bounds that they have checked.
/// </summary>
/// <remarks>
/// Methods take it as <c>in TSource where TSource : ISharedSource, allows ref struct</c>, so that a class and a lease, which is a
/// <see langword="ref"/> struct, go through the same method without a conversion.
/// </remarks>
public interface ISharedSource
{
    /// <summary>A range, checked.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    internal Place In(ulong offset, ulong length);

    /// <summary>A range, if it lies within the memory.</summary>
    /// <returns>Whether it does; otherwise the place is <see langword="default"/>.</returns>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    internal bool TryIn(ulong offset, ulong length, out Place place);

    /// <summary>How many bytes stand behind a range that this has found to be within it: to the end of the memory, or of the region.</summary>
    /// <param name="place">The range, as <see cref="In"/> or <see cref="TryIn"/> gave it.</param>
    /// <param name="offset">Where the range begins.</param>
    /// <param name="length">The length of the range in bytes.</param>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    internal ulong Behind(Place place, ulong offset, ulong length);

    /// <summary>Whether all of a range is there, in one region or several.</summary>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    internal bool Covers(ulong offset, ulong length);

    /// <summary>Copies out of a range that is there (<see cref="Covers"/>), in one region or several.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    internal AccessFailure CopyOut(ulong offset, scoped Span<byte> destination);

    /// <summary>Copies into a range that is there (<see cref="Covers"/>), in one region or several.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory or the lease was disposed.</exception>
    internal AccessFailure CopyIn(ulong offset, scoped ReadOnlySpan<byte> source);
}
