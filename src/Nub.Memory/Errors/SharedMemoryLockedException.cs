namespace Nub.Memory;

/// <summary>
/// Exclusive access was requested while an access, a lease or a guest is inside the memory, or an access was requested while the memory is
/// held exclusively. The call may be tried again. Calls without a patience never wait; one with a patience has waited for accesses, and never for leases.
/// </summary>
public sealed class SharedMemoryLockedException : SharedMemoryException
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public SharedMemoryLockedException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, and who holds the memory.</param>
    public SharedMemoryLockedException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, and who holds the memory.</param>
    /// <param name="innerException">What caused it.</param>
    public SharedMemoryLockedException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
