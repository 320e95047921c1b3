using System.Runtime.InteropServices;

namespace Nub.Memory;

public sealed unsafe partial class HostSharedMemory
{
    /// <summary>Reads consecutive values, at the speed of a copy where they stand as on this host. Every shared byte is read exactly once; the whole may be torn.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte of the first value; any alignment.</param>
    /// <param name="destination">Where the values go, in this host's byte order; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. The destination is as it was.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been copied.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public void ReadArray<[AllValid] T>(ulong offset, Span<T> destination) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        CopyTo(offset, AsBytes(destination));
        Representation<T>.ConvertAll(destination);
    }

    /// <summary>Reads consecutive values if the range lies within the memory.</summary>
    /// <inheritdoc cref="ReadArray{T}(ulong, Span{T})"/>
    /// <returns>Whether the range lies within the memory and is still there.</returns>
    public bool TryReadArray<[AllValid] T>(ulong offset, Span<T> destination) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        if (!TryCopyTo(offset, AsBytes(destination)))
        {
            return false;
        }

        Representation<T>.ConvertAll(destination);
        return true;
    }

    /// <summary>Writes consecutive values, at the speed of a copy where they stand as on this host. Every shared byte is written exactly once.</summary>
    /// <typeparam name="T">An AllValid type: without padding that could carry the host's secrets.</typeparam>
    /// <param name="offset">The first byte of the first value; any alignment.</param>
    /// <param name="source">The values, in this host's byte order.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been written.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively.</exception>
    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid, and no analyzer saw it.</exception>
    public void WriteArray<[AllValid] T>(ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)source.Length * (uint)sizeof(T));
        mapping.ThrowIf(WriteAll(mapping, offset, source), offset, (ulong)source.Length * (uint)sizeof(T));
    }

    /// <summary>Writes consecutive values if the range lies within the memory.</summary>
    /// <inheritdoc cref="WriteArray{T}(ulong, ReadOnlySpan{T})"/>
    /// <returns>Whether the range lies within the memory and is still there; where it leaves the memory nothing was written.</returns>
    public bool TryWriteArray<[AllValid] T>(ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        LockedMapping mapping = Live;
        ulong length = (ulong)source.Length * (uint)sizeof(T);
        return mapping.Contains(offset, length)
            ? mapping.Succeeded(WriteAll(mapping, offset, source), offset, length)
            : mapping.Refuse(offset, length);
    }

    private AccessFailure WriteAll<T>(LockedMapping mapping, ulong offset, ReadOnlySpan<T> source) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        if (!Representation<T>.IsForeign)
        {
            // More than a span of bytes can have is copied in parts.
            AccessFailure failure = AccessFailure.None;
            int most = int.MaxValue / sizeof(T);
            while (!source.IsEmpty && failure == AccessFailure.None)
            {
                ReadOnlySpan<T> part = source[..Math.Min(source.Length, most)];
                failure = CopyIn(mapping, offset, MemoryMarshal.AsBytes(part));
                offset += (ulong)part.Length * (uint)sizeof(T);
                source = source[part.Length..];
            }

            return failure;
        }

        // In parts that were reversed in private memory: what the guest sees has its order.
        const int Part = 4096;
        Span<T> converted = sizeof(T) <= Part ? stackalloc T[Part / sizeof(T)] : new T[1];
        while (!source.IsEmpty)
        {
            Span<T> part = converted[..Math.Min(source.Length, converted.Length)];
            source[..part.Length].CopyTo(part);
            Representation<T>.ConvertAll(part);
            AccessFailure failure = CopyIn(mapping, offset, MemoryMarshal.AsBytes(part));
            if (failure != AccessFailure.None)
            {
                return failure;
            }

            offset += (ulong)part.Length * (uint)sizeof(T);
            source = source[part.Length..];
        }

        return AccessFailure.None;
    }

    // Sound: T is AllValid, so whatever bytes come are legal values; AsBytes refuses what more than a span of bytes would be.
    private static Span<byte> AsBytes<T>(Span<T> values) where T : unmanaged => MemoryMarshal.AsBytes(values);
}
