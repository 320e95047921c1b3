using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

// What is said of an access that did not take place.
internal sealed unsafe partial class LockedMapping
{
    /// <summary>Throws what a failure is, or nothing.</summary>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    public void ThrowIf(AccessFailure failure, ulong offset, ulong length)
    {
        if (failure != AccessFailure.None)
        {
            Throw(failure, offset, length);
        }
    }

    /// <summary>Turns a failure into what a <c>Try</c> form returns, and traces it. That the memory was disposed is none of these.</summary>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public bool Succeeded(AccessFailure failure, ulong offset, ulong length)
    {
        if (failure == AccessFailure.None)
        {
            return true;
        }

        if (failure == AccessFailure.Closed)
        {
            Throw(failure, offset, length);
        }

        return Refuse(offset, length);
    }

    [DoesNotReturn]
    private void Throw(AccessFailure failure, ulong offset, ulong length)
    {
        if (failure == AccessFailure.Closed)
        {
            ThrowClosed();
        }

        _ = Refuse(offset, length);
        throw failure == AccessFailure.Gone
            ? new SharedMemoryFaultException(offset, length)
            : new SharedMemoryBoundsException(offset, length, Size);
    }

    /// <exception cref="NotSupportedException">The memory was opened for reading.</exception>
    public void ThrowIfReadOnly()
    {
        if (IsReadOnly)
        {
            throw new NotSupportedException("The memory was opened for reading (SharedMemoryAccess.Read), and cannot be written.");
        }
    }
}
