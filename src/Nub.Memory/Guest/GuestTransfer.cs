using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// Moves bytes between a file and ranges of guest addresses, as many in one system call as there are (preadv(2), pwritev(2)). The memories that they are in are held by leases
/// meanwhile: a system call may take long.
/// </summary>
internal static unsafe class GuestTransfer
{
    // IOV_MAX is 1024; this many are 4 KiB of stack, and more than a request has.
    private const int MostVectors = 256;

    /// <summary>Moves up to <paramref name="length"/> bytes. All that it would touch is judged before anything moves.</summary>
    [SkipLocalsInit]
    public static AccessFailure Move(
        GuestMap map, SafeFileHandle file, long position, ReadOnlySpan<GuestRange> ranges, ulong length, bool isRead, out ulong moved)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        moved = 0;
        AccessFailure failure = Judge(map, ranges, ref length, isRead);
        if (failure != AccessFailure.None || !OperatingSystem.IsLinux())
        {
            return failure != AccessFailure.None ? failure : MoveOneByOne(map, file, position, ranges, length, isRead, ref moved);
        }

        // Sound: as many vectors as a batch counts to, which the kernel reads while the batch's memories are held.
        IoVector* vectors = stackalloc IoVector[MostVectors];
        bool isSought = true;
        while (moved < length)
        {
            Batch batch = default;
            try
            {
                batch.Gather(map, ranges, moved, length, isRead, vectors);
                if (batch.Count == 0)
                {
                    // A memory went away since it was judged, because its region was unmapped; or the caller's ranges became others.
                    return AccessFailure.OutOfBounds;
                }

                nint done = FileCalls.Move(file, vectors, batch.Count, position + (long)moved, isRead, batch.CanGo, ref isSought, out bool isGone);
                moved += (ulong)done;
                if (isGone)
                {
                    return AccessFailure.Gone;
                }

                if (done == 0)
                {
                    // The file has ended.
                    return AccessFailure.None;
                }
            }
            finally
            {
                // All of the batch, for a call that failed in the middle of it.
                batch.End(isRead ? map.Bitmap : null, map, vectors);
            }
        }

        return AccessFailure.None;
    }

    /// <summary>Judges the ranges, and makes the length what they have if that is less.</summary>
    private static AccessFailure Judge(GuestMap map, ReadOnlySpan<GuestRange> ranges, ref ulong length, bool isRead)
    {
        ulong left = length;
        foreach (GuestRange range in ranges)
        {
            ulong part = Math.Min(left, range.Length);
            if (part == 0)
            {
                continue;
            }

            AccessFailure failure = isRead ? GuestAccess.CheckWritable(map, range.Address, part)
                : map.Contains(range.Address, part) ? AccessFailure.None : AccessFailure.OutOfBounds;
            if (failure != AccessFailure.None)
            {
                return failure;
            }

            left -= part;
        }

        length -= left;
        return AccessFailure.None;
    }

    // Where there are no such calls.
    private static AccessFailure MoveOneByOne(
        GuestMap map, SafeFileHandle file, long position, ReadOnlySpan<GuestRange> ranges, ulong length, bool isRead, ref ulong moved)
    {
        ulong skipped = moved;
        foreach (GuestRange range in ranges)
        {
            ulong skip = Math.Min(skipped, range.Length);
            skipped -= skip;
            ulong part = Math.Min(range.Length - skip, length - moved);
            if (part == 0)
            {
                // What the length leaves out is not looked at.
                continue;
            }

            AccessFailure failure = GuestAccess.Transfer(map, file, position + (long)moved, range.Address + skip, part, isRead, out ulong done);
            moved += done;
            if (failure != AccessFailure.None || done < part)
            {
                return failure;
            }
        }

        return AccessFailure.None;
    }

    /// <summary>What one call moves, and the leases that hold it in place.</summary>
    private struct Batch
    {
        private const int MostMappings = 8;

        private Mappings _held;
        private int _heldCount;

        public int Count { get; private set; }

        /// <summary>Whether some of the bytes may be gone.</summary>
        public bool CanGo { get; private set; }

        /// <summary>Gathers the bytes of ranges from the one numbered <paramref name="from"/> on, as far as a call goes, and as far as the ranges still are what they were judged to be.</summary>
        public void Gather(GuestMap map, ReadOnlySpan<GuestRange> ranges, ulong from, ulong length, bool isRead, IoVector* vectors)
        {
            ulong skip = from;
            ulong left = Math.Min(length - from, FileCalls.MostBytes);
            foreach (GuestRange range in ranges)
            {
                if (skip >= range.Length)
                {
                    skip -= range.Length;
                    continue;
                }

                // A range may run through several regions that follow one another.
                ulong address = range.Address + skip;
                ulong rest = Math.Min(range.Length - skip, left);
                skip = 0;
                while (rest != 0)
                {
                    // Another thread may have changed the caller's ranges since; a region alone says what may be touched.
                    if (Count == MostVectors || map.Find(address) is not { } region || (isRead && region.IsReadOnly) || !TryHold(region.Mapping))
                    {
                        return;
                    }

                    ulong at = address - region.Start;
                    ulong part = Math.Min(rest, region.Length - at);

                    // Sound: the part lies in the region, and its mapping is held until the batch ends.
                    vectors[Count++] = new IoVector { Base = region.Address + at, Length = (nuint)part };
                    address += part;
                    rest -= part;
                    left -= part;
                }

                if (left == 0)
                {
                    return;
                }
            }
        }

        /// <summary>Marks what may have been written, and lets go of the memories.</summary>
        public readonly void End(DirtyBitmap? bitmap, GuestMap map, IoVector* vectors)
        {
            for (int i = 0; bitmap is not null && i < Count; i++)
            {
                map.MarkWritten(vectors[i].Base, vectors[i].Length);
            }

            for (int i = 0; i < _heldCount; i++)
            {
                _held[i]!.LeaveLease();
            }
        }

        private bool TryHold(LockedMapping mapping)
        {
            for (int i = 0; i < _heldCount; i++)
            {
                if (ReferenceEquals(_held[i], mapping))
                {
                    return true;
                }
            }

            if (_heldCount == MostMappings)
            {
                return false;
            }

            try
            {
                mapping.EnterLease();
            }
            catch (ObjectDisposedException)
            {
                return false;
            }

            _held[_heldCount++] = mapping;
            CanGo |= mapping.Mapping.CanGo;
            return true;
        }

        [InlineArray(MostMappings)]
        private struct Mappings
        {
            private LockedMapping? _first;
        }
    }
}
