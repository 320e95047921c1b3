using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>
/// Bytes within the memory are gone: their owner, another process, shortened the file behind them. What is still there can be
/// accessed as before.
/// </summary>
/// <remarks>
/// The access may have been done in part: a copy has moved the bytes before the first that is gone, except up to the last 256 of them. It takes the
/// place of the signal SIGBUS (mmap(2): "Attempted access to a page of the buffer that lies beyond the end of the mapped file").
/// </remarks>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the numbers it would say nothing.")]
public sealed class SharedMemoryFaultException : SharedMemoryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="offset">The first byte that was asked for, in bytes from the start of the memory.</param>
    /// <param name="length">The number of bytes that were asked for, of which at least one is gone.</param>
    public SharedMemoryFaultException(ulong offset, ulong length)
        : base($"Of the {length} bytes at offset {offset} (0x{offset:X}) some are gone: the owner of the memory shortened what lies behind it.")
    {
        Offset = offset;
        Length = length;
    }

    /// <summary>The first byte that was asked for, in bytes from the start of the memory.</summary>
    public ulong Offset { get; }

    /// <summary>The number of bytes that were asked for.</summary>
    public ulong Length { get; }
}
