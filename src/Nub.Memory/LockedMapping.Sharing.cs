using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

// What is different where another process has the bytes as well, which no lock of ours keeps out, and where spans of them are out, which no lock covers.
internal sealed partial class LockedMapping
{
    private volatile bool _wasHandedOn;

    /// <summary>
    /// Whether a span over the bytes was handed out that no lock covers. Then a finalizer, which cannot know whether the
    /// span is still used, must not unmap.
    /// </summary>
    public bool SpanEscaped => Volatile.Read(ref _hasSpan);

    /// <summary>
    /// Refuses a span: of bytes that another process may write or take away it would promise nothing. Final while the caller is exclusive: to hand the
    /// memory on takes a lease.
    /// </summary>
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
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively, and may have a span of it.</exception>
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

    /// <summary>Notes that a span is handed out that is dead after <see cref="EndSpan"/> or the last owner's end. The caller is inside.</summary>
    /// <exception cref="InvalidOperationException">A guest may write the bytes.</exception>
    public void ClaimSpan() => Claim(ref _hasSpan);

    /// <summary>The same of a span that is dead after <see cref="EndLentSpan"/>, of memory that is lent.</summary>
    /// <exception cref="InvalidOperationException">A guest may write the bytes.</exception>
    public void ClaimLentSpan() => Claim(ref _hasLentSpan);

    /// <summary>Notes that the spans of an exclusive memory are dead.</summary>
    public void EndSpan() => End(ref _hasSpan);

    /// <summary>Notes that the spans of a lent memory are dead.</summary>
    public void EndLentSpan() => End(ref _hasLentSpan);

    /// <summary>Refuses a span where a guest may write the bytes. None can begin to while the caller holds a lease.</summary>
    /// <exception cref="InvalidOperationException">A guest may write the bytes.</exception>
    public void ThrowIfWrittenThrough()
    {
        if (_mapping.IsWrittenThrough)
        {
            ThrowWrittenThrough();
        }
    }

    private void Claim(ref bool hasSpan)
    {
        if (Volatile.Read(ref hasSpan))
        {
            return;
        }

        // The mapping counts the spans of both kinds, each kind once.
        if (!_mapping.TryAddSpan())
        {
            ThrowWrittenThrough();
        }

        if (Interlocked.Exchange(ref hasSpan, true))
        {
            _mapping.RemoveSpan();
        }
    }

    private void End(ref bool hasSpan)
    {
        if (Volatile.Read(ref hasSpan) && Interlocked.Exchange(ref hasSpan, false))
        {
            _mapping.RemoveSpan();
        }
    }

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowWrittenThrough() => throw new InvalidOperationException(
        "A writable mapping of this memory, or of the snapshot that it is a view of, was handed out, so a guest may be writing the bytes under the span. Use CopyTo.");

    [DoesNotReturn]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowNoSpan() => throw new NotSupportedException(
        "Another process may write this memory or take it away, so that a span of it would promise nothing. Use CopyTo, CopyFrom or the reads and writes.");
}
