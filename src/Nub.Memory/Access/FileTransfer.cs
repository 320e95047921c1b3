using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// Moves bytes between a file and shared memory by the kernel (pread(2), pwrite(2); ReadFile and WriteFile), which touches each once. The memory is held by
/// a lease meanwhile: a system call may take long.
/// </summary>
internal static unsafe class FileTransfer
{
    // One call moves no more, and no less than any device does at once.
    private const ulong Most = 1 << 30;

    // errno(3), of x86-64 and arm64 alike.
    private const int BadAddress = 14;

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
            while (moved < length)
            {
                // Sound: in bounds, and mapped for as long as the lease is held. No code of ours touches what is under the span.
                int size = (int)Math.Min(length - moved, Most);
                var bytes = new Span<byte>(mapping.Base + offset + moved, size);
                if (isRead)
                {
                    size = RandomAccess.Read(file, bytes, position + (long)moved);
                    if (size == 0)
                    {
                        break;
                    }
                }
                else
                {
                    RandomAccess.Write(file, bytes, position + (long)moved);
                }

                moved += (ulong)size;
            }

            return AccessFailure.None;
        }
        catch (IOException failure) when (mapping.IsIndirect && failure.HResult == BadAddress)
        {
            return AccessFailure.Gone;
        }
        finally
        {
            mapping.LeaveLease();
        }
    }
}
