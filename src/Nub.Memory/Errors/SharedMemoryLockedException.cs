namespace Nub.Memory;

/// <summary>
/// Exclusive access was requested while an access, a lease or a guest is inside the memory, or an access was requested while the memory is
/// held exclusively. Unless it was given time to wait, the call fails at once; it may be tried again.
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
