using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// The accesses by guest address, for a space and for its lease alike. Each touches each shared byte exactly once, marks what it wrote, and says why it did not
/// take place instead of throwing.
/// </summary>
/// <remarks>
/// Without a lease, each part of an access enters the memory that it is in. Where that has been released, because the region was unmapped meanwhile,
/// <see cref="AccessFailure.OutOfBounds"/> is the answer, as it is a moment later.
/// </remarks>
internal static unsafe class GuestAccess
{
    public static AccessFailure Load<T>(GuestMap map, bool isHeld, ulong address, out T value) where T : unmanaged
    {
        if (map.Find(address, (ulong)sizeof(T)) is not { } region)
        {
            value = default;
            return AccessFailure.OutOfBounds;
        }

        LockedMapping mapping = region.Mapping;
        ulong at = address - region.Start;
        if (isHeld)
        {
            return mapping.LoadHeld(region.Offset + at, out value);
        }

        AccessSlot slot = mapping.Publish();
        AccessFailure failure = AccessFailure.None;
        if (mapping.MayRead)
        {
            // Sound: the value lies in the region, the region in the mapping, and the mapping is held until the access is left.
            value = Representation<T>.Convert(mapping.Leave(slot, SingleFetch.Load<T>(region.Address + at)));
        }
        else
        {
            failure = mapping.LoadSlow(slot, region.Offset + at, out value);
        }

        GC.KeepAlive(region.Memory);
        return OfMap(failure);
    }

    public static AccessFailure Store<T>(GuestMap map, bool isHeld, ulong address, T value) where T : unmanaged
    {
        if (map.Find(address, (ulong)sizeof(T)) is not { } region)
        {
            return AccessFailure.OutOfBounds;
        }

        LockedMapping mapping = region.Mapping;
        ulong at = address - region.Start;
        AccessFailure failure = AccessFailure.None;
        if (mapping.IsReadOnly)
        {
            return AccessFailure.ReadOnly;
        }

        if (isHeld)
        {
            failure = mapping.StoreHeld(region.Offset + at, value);
        }
        else
        {
            T stored = Representation<T>.Convert(value);
            AccessSlot slot = mapping.Publish();
            if (mapping.MayWrite)
            {
                // Sound: as in Load.
                SingleFetch.Store(region.Address + at, stored);
                mapping.Leave(slot);
            }
            else
            {
                failure = mapping.StoreSlow(slot, region.Offset + at, stored);
            }

            GC.KeepAlive(region.Memory);
        }

        map.MarkWritten(region, address, (ulong)sizeof(T));
        return OfMap(failure);
    }

    public static AccessFailure Atomic<T>(GuestMap map, bool isHeld, AtomicOperation operation, ulong address, T value, T comparand, out T result)
        where T : unmanaged
    {
        result = default;
        LockedMapping.ThrowIfNoAtomics<T>();
        if (map.Find(address, (ulong)sizeof(T)) is not { } region)
        {
            return AccessFailure.OutOfBounds;
        }

        LockedMapping mapping = region.Mapping;
        ulong offset = region.Offset + (address - region.Start);
        if (!mapping.IsAtomic<T>(offset))
        {
            return AccessFailure.Misaligned;
        }

        if (mapping.IsReadOnly)
        {
            return AccessFailure.ReadOnly;
        }

        AccessFailure failure = isHeld
            ? mapping.AtomicHeld(operation, offset, value, comparand, out result)
            : mapping.AtomicSlow(mapping.Publish(), operation, offset, value, comparand, out result);
        GC.KeepAlive(region.Memory);
        map.MarkWritten(region, address, (ulong)sizeof(T));
        return OfMap(failure);
    }

    public static AccessFailure CopyOut(GuestMap map, bool isHeld, ulong address, Span<byte> destination)
    {
        if (!map.Contains(address, (ulong)destination.Length))
        {
            return AccessFailure.OutOfBounds;
        }

        while (!destination.IsEmpty)
        {
            GuestRegion region = map.Find(address)!;
            ulong at = address - region.Start;
            Span<byte> part = destination[..(int)Math.Min((ulong)destination.Length, region.Length - at)];
            ref byte to = ref MemoryMarshal.GetReference(part);
            LockedMapping mapping = region.Mapping;
            AccessFailure failure = isHeld
                ? mapping.CopyOutHeld(ref to, region.Offset + at, (nuint)part.Length)
                : mapping.CopyOutSlow(mapping.Publish(), ref to, region.Offset + at, (nuint)part.Length);
            GC.KeepAlive(region.Memory);

            if (failure != AccessFailure.None)
            {
                return OfMap(failure);
            }

            address += (ulong)part.Length;
            destination = destination[part.Length..];
        }

        return AccessFailure.None;
    }

    public static AccessFailure CopyIn(GuestMap map, bool isHeld, ulong address, ReadOnlySpan<byte> source)
    {
        AccessFailure failure = CheckWritable(map, address, (ulong)source.Length);
        while (failure == AccessFailure.None && !source.IsEmpty)
        {
            GuestRegion region = map.Find(address)!;
            ulong at = address - region.Start;
            ReadOnlySpan<byte> part = source[..(int)Math.Min((ulong)source.Length, region.Length - at)];
            ref byte from = ref MemoryMarshal.GetReference(part);
            LockedMapping mapping = region.Mapping;
            failure = isHeld
                ? mapping.CopyInHeld(region.Offset + at, ref from, (nuint)part.Length)
                : mapping.CopyInSlow(mapping.Publish(), region.Offset + at, ref from, (nuint)part.Length);
            GC.KeepAlive(region.Memory);

            // Where bytes are gone, those before them were written.
            map.MarkWritten(region, address, (ulong)part.Length);
            address += (ulong)part.Length;
            source = source[part.Length..];
        }

        return OfMap(failure);
    }

    public static AccessFailure Fill(GuestMap map, bool isHeld, ulong address, ulong length, byte value)
    {
        AccessFailure failure = CheckWritable(map, address, length);
        while (failure == AccessFailure.None && length != 0)
        {
            GuestRegion region = map.Find(address)!;
            ulong at = address - region.Start;
            ulong part = Math.Min(length, region.Length - at);
            LockedMapping mapping = region.Mapping;
            failure = isHeld
                ? mapping.FillHeld(region.Offset + at, (nuint)part, value)
                : mapping.FillSlow(mapping.Publish(), region.Offset + at, (nuint)part, value);
            GC.KeepAlive(region.Memory);

            map.MarkWritten(region, address, part);
            address += part;
            length -= part;
        }

        return OfMap(failure);
    }

    /// <summary>Moves bytes between a file and the guest's pages, region by region.</summary>
    public static AccessFailure Transfer(
        GuestMap map, SafeFileHandle file, long position, ulong address, ulong length, bool isRead, out ulong moved)
    {
        moved = 0;
        AccessFailure failure = isRead ? CheckWritable(map, address, length)
            : map.Contains(address, length) ? AccessFailure.None : AccessFailure.OutOfBounds;
        while (failure == AccessFailure.None && moved < length)
        {
            GuestRegion region = map.Find(address + moved)!;
            ulong at = address + moved - region.Start;
            ulong part = Math.Min(length - moved, region.Length - at);
            ulong done = 0;
            try
            {
                failure = isRead
                    ? FileTransfer.Read(region.Memory, region.Mapping, file, position + (long)moved, region.Offset + at, part, out done)
                    : FileTransfer.Write(region.Memory, region.Mapping, file, position + (long)moved, region.Offset + at, part, out done);
            }
            catch (ObjectDisposedException) when (!file.IsClosed)
            {
                failure = AccessFailure.OutOfBounds;
            }
            finally
            {
                // All of the part, for a call that failed in the middle of it.
                if (isRead)
                {
                    map.MarkWritten(region, address + moved, part);
                }
            }

            moved += done;
            if (done < part)
            {
                break;
            }
        }

        return failure;
    }

    /// <summary>Judges whether all of a range is mapped and can be written.</summary>
    public static AccessFailure CheckWritable(GuestMap map, ulong address, ulong length)
    {
        if (!map.Contains(address, length))
        {
            return AccessFailure.OutOfBounds;
        }

        if (map.IsReadOnly)
        {
            for (ulong at = 0; at < length;)
            {
                GuestRegion region = map.Find(address + at)!;
                if (region.IsReadOnly)
                {
                    return AccessFailure.ReadOnly;
                }

                at += Math.Min(length - at, region.Length - (address + at - region.Start));
            }
        }

        return AccessFailure.None;
    }

    /// <summary>Throws what a failure is, or nothing.</summary>
    /// <exception cref="SharedMemoryBoundsException">Some of the range is not mapped, or a value is in two regions.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="NotSupportedException">The region was opened for reading.</exception>
    /// <exception cref="ArgumentException">The place of an atomic is not a multiple of its size.</exception>
    public static void ThrowIf(AccessFailure failure, GuestMap map, ulong address, ulong length)
    {
        if (failure != AccessFailure.None)
        {
            Throw(failure, map, address, length);
        }
    }

    /// <summary>Turns a failure into what a <c>Try</c> form returns, and counts and traces it.</summary>
    public static bool Succeeded(AccessFailure failure, GuestMap map, ulong address, ulong length)
    {
        if (failure == AccessFailure.None)
        {
            return true;
        }

        MemoryCounts.Refuse();
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.AccessRefused(address, length, map.MappedBytes);
        }

        return false;
    }

    [DoesNotReturn]
    private static void Throw(AccessFailure failure, GuestMap map, ulong address, ulong length)
    {
        _ = Succeeded(failure, map, address, length);
        throw failure switch
        {
            AccessFailure.Gone => new SharedMemoryFaultException(address, length),
            AccessFailure.ReadOnly => new NotSupportedException(
                $"A region in the {length} bytes at guest address 0x{address:X} was opened for reading (SharedMemoryAccess.Read), and cannot be written."),
            AccessFailure.Misaligned => new ArgumentException(
                $"An atomic of {length} bytes must stand at a multiple of {length}; guest address 0x{address:X} does not, in this process: its region may begin anywhere in its memory.", nameof(address)),
            _ => SharedMemoryBoundsException.OfGuest(address, length, map.MappedBytes, map.Contains(address, length)),
        };
    }

    // A mapping that is closed was unmapped since the map was read.
    private static AccessFailure OfMap(AccessFailure failure) => failure == AccessFailure.Closed ? AccessFailure.OutOfBounds : failure;
}
