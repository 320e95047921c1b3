using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>Moves consecutive values, for a memory, a space and their leases alike: one copy where a span of bytes can have them and they stand as on this host, and by parts where not.</summary>
internal static unsafe class ArrayTransfer
{
    // Bytes that are turned at a time, on the stack.
    private const int Part = 4096;

    public static AccessFailure Write<T, TSource>(scoped in TSource target, ulong offset, ReadOnlySpan<T> source)
        where T : unmanaged
        where TSource : ISharedSource, allows ref struct
    {
        Representation<T>.ThrowIfNotAllValid();
        if (!target.Covers(offset, Length(source)))
        {
            return AccessFailure.OutOfBounds;
        }

        bool isForeign = Representation<T>.IsForeign;
        Span<T> converted = isForeign ? sizeof(T) <= Part ? stackalloc T[Part / sizeof(T)] : new T[1] : [];

        // More than a span of bytes can have is copied in parts, too.
        int most = isForeign ? converted.Length : int.MaxValue / sizeof(T);
        AccessFailure failure = AccessFailure.None;
        while (!source.IsEmpty && failure == AccessFailure.None)
        {
            ReadOnlySpan<T> part = source[..Math.Min(source.Length, most)];
            if (isForeign)
            {
                // Turned in private memory: what the other side sees has its order.
                part.CopyTo(converted);
                Representation<T>.ConvertAll(converted[..part.Length]);
                failure = target.CopyIn(offset, MemoryMarshal.AsBytes(converted[..part.Length]));
            }
            else
            {
                failure = target.CopyIn(offset, MemoryMarshal.AsBytes(part));
            }

            offset += Length(part);
            source = source[part.Length..];
        }

        return failure;
    }

    /// <summary>Whether values have more bytes than a span can have.</summary>
    public static bool IsLong<T>(Span<T> values) where T : unmanaged => Length<T>(values) > int.MaxValue;

    /// <summary>Reads values by parts. Nothing is read where some of the range is not there.</summary>
    /// <param name="source">What to read from.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="destination">Where the values go, in this host's byte order.</param>
    /// <param name="mostBytes">The most bytes of a part: what a span can have, or less in tests.</param>
    public static AccessFailure ReadParts<T, TSource>(scoped in TSource source, ulong offset, Span<T> destination, int mostBytes = int.MaxValue)
        where T : unmanaged
        where TSource : ISharedSource, allows ref struct
    {
        Representation<T>.ThrowIfNotAllValid();
        if (!source.Covers(offset, Length<T>(destination)))
        {
            return AccessFailure.OutOfBounds;
        }

        AccessFailure failure = AccessFailure.None;
        while (!destination.IsEmpty && failure == AccessFailure.None)
        {
            Span<T> part = destination[..Math.Min(destination.Length, mostBytes / sizeof(T))];
            failure = source.CopyOut(offset, MemoryMarshal.AsBytes(part));
            if (failure == AccessFailure.None)
            {
                Representation<T>.ConvertAll(part);
            }

            offset += Length<T>(part);
            destination = destination[part.Length..];
        }

        return failure;
    }

    /// <summary>The bytes of values that are to be read over: whatever comes is legal, since T is AllValid.</summary>
    /// <exception cref="NotAllValidException">T is not AllValid, and no analyzer saw it.</exception>
    /// <exception cref="OverflowException">They are more than a span can have (<see cref="IsLong"/>).</exception>
    public static Span<byte> AsBytes<T>(Span<T> values) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        return MemoryMarshal.AsBytes(values);
    }

    public static ulong Length<T>(ReadOnlySpan<T> values) where T : unmanaged => (ulong)values.Length * (uint)sizeof(T);
}
