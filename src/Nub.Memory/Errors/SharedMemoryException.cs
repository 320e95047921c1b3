namespace Nub.Memory;

/// <summary>The base of every error that shared memory itself raises.</summary>
public class SharedMemoryException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public SharedMemoryException()
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, the limit it broke, and the numbers.</param>
    public SharedMemoryException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, the limit it broke, and the numbers.</param>
    /// <param name="innerException">What caused it.</param>
    public SharedMemoryException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
