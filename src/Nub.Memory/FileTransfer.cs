using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// Moves bytes between a file and shared memory by the kernel (<see cref="FileCalls"/>; ReadFile and WriteFile), which touches each once. The memory is held by
/// a lease meanwhile: a system call may take long.
/// </summary>
internal static unsafe class FileTransfer
{
    /// <summary>Reads from a file. The caller has judged the range of the memory.</summary>
    public static AccessFailure Read(HostSharedMemory owner, LockedMapping mapping, SafeFileHandle file, long position, ulong offset, ulong length, out ulong moved)
    {
        mapping.ThrowIfReadOnly();
        return Move(owner, mapping, file, position, offset, length, isRead: true, out moved);
    }

    /// <summary>Writes to a file. The caller has judged the range of the memory.</summary>
    public static AccessFailure Write(HostSharedMemory owner, LockedMapping mapping, SafeFileHandle file, long position, ulong offset, ulong length, out ulong moved) =>
        Move(owner, mapping, file, position, offset, length, isRead: false, out moved);

    private static AccessFailure Move(
        HostSharedMemory owner, LockedMapping mapping, SafeFileHandle file, long position, ulong offset, ulong length, bool isRead, out ulong moved)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        moved = 0;
        mapping.EnterLease();
        try
        {
            GC.KeepAlive(owner);
            bool isSought = true;
            while (moved < length)
            {
                // Sound: in bounds, and mapped for as long as the lease is held. No code of ours touches the bytes.
                byte* bytes = mapping.Base + offset + moved;
                int size = (int)Math.Min(length - moved, FileCalls.MostBytes);
                bool isGone = false;
                if (OperatingSystem.IsLinux())
                {
                    var vector = new IoVector { Base = bytes, Length = (nuint)size };
                    size = (int)FileCalls.Move(file, &vector, 1, position + (long)moved, isRead, mapping.Mapping.CanGo, ref isSought, out isGone);
                }
                else if (isRead)
                {
                    size = RandomAccess.Read(file, new Span<byte>(bytes, size), position + (long)moved);
                }
                else
                {
                    RandomAccess.Write(file, new ReadOnlySpan<byte>(bytes, size), position + (long)moved);
                }

                moved += (ulong)size;
                if (isGone)
                {
                    return AccessFailure.Gone;
                }

                if (size == 0)
                {
                    // The file has ended.
                    break;
                }
            }

            return AccessFailure.None;
        }
        finally
        {
            mapping.LeaveLease();
        }
    }
}
