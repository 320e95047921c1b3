using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>
/// A type that is not AllValid reached a place where only AllValid types may be. The analyzer refuses it while you type
/// (NUB0001); this is for callers that no analyzer sees, such as reflection or another .NET language.
/// </summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the type it would say nothing.")]
public sealed class NotAllValidException : SharedMemoryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="type">The type that was refused.</param>
    /// <param name="required">The attribute that the place requires: <c>AllValid</c> or <c>ValidateOnRead</c>.</param>
    public NotAllValidException(Type type, string required = "AllValid")
        : base($"{type} must not cross the boundary here: it is not [{required}]. " +
               "Use a fixed-width integer, a floating-point type, char, an inline array of these, or a partial struct with the attribute.")
    {
        Type = type;
    }

    /// <summary>Of a type that has changed since its layout was generated.</summary>
    internal NotAllValidException(Type type, int declared, int size)
        : base($"{type} must not cross the boundary: its layout was generated for {declared} bytes, and it has {size}. " +
               "A struct of another assembly in it has changed since; build the assembly that declares it again.")
    {
        Type = type;
    }

    /// <summary>The type that was refused.</summary>
    public Type Type { get; }
}
