using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>The operating system refused to make or change a mapping.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the call and its code it would say nothing.")]
public sealed class SharedMemoryMapException : SharedMemoryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="call">The name of the call that failed, such as <c>mmap</c>.</param>
    /// <param name="nativeErrorCode">The system's code: <c>errno</c> on Linux, a Win32 error code on Windows.</param>
    /// <param name="attempt">What the call was to do, with the numbers.</param>
    public SharedMemoryMapException(string call, int nativeErrorCode, string attempt)
        : base($"{call} failed with error {nativeErrorCode} ({new Win32Exception(nativeErrorCode).Message}) on {attempt}.")
    {
        Call = call;
        NativeErrorCode = nativeErrorCode;
    }

    /// <summary>The name of the call that failed, such as <c>mmap</c>.</summary>
    public string Call { get; }

    /// <summary>The system's code: <c>errno</c> on Linux, a Win32 error code on Windows.</summary>
    public int NativeErrorCode { get; }
}
