using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

// What is different where another process has the bytes as well: no lock of ours keeps it out.
internal sealed partial class LockedMapping
{
    private volatile bool _wasHandedOn;

    /// <summary>Refuses a span: of bytes that another process may write or take away it would promise nothing.</summary>
    /// <exception cref="NotSupportedException">Another process made the memory, or got a handle on it.</exception>
    public void ThrowIfNoSpan()
    {
        if (_wasHandedOn || _mapping.OthersCanWrite || _mapping.CanGo)
        {
            ThrowNoSpan();
        }
    }

    /// <summary>Another handle on what lies behind the mapping. There are no spans of it from then on.</summary>
    /// <exception cref="NotSupportedException">The memory is private.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody holds the memory exclusively, and may have a span of it.</exception>
    public SafeHandle DuplicateHandle()
    {
        // A lease, so that what lies behind stays open for the length of a system call.
        EnterLease();
        try
        {
            SafeHandle handle = _mapping.DuplicateHandle();
            _wasHandedOn = true;
            return handle;
        }
        finally
        {
            LeaveLease();
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowNoSpan() => throw new NotSupportedException(
        "Another process may write this memory or take it away, so that a span of it would promise nothing. Use CopyTo, CopyFrom or the reads and writes.");
}
