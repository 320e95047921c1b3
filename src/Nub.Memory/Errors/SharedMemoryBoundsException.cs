using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>An access would leave the memory. Nothing was read or written.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the numbers it would say nothing.")]
public sealed class SharedMemoryBoundsException : SharedMemoryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="offset">The first byte that was asked for, in bytes from the start of the memory.</param>
    /// <param name="length">The number of bytes that were asked for.</param>
    /// <param name="memorySize">The size of the memory in bytes.</param>
    public SharedMemoryBoundsException(ulong offset, ulong length, ulong memorySize)
        : base($"Access to {length} bytes at offset {offset} (0x{offset:X}) leaves the memory of {memorySize} bytes (0x{memorySize:X}).")
    {
        Offset = offset;
        Length = length;
        MemorySize = memorySize;
    }

    private SharedMemoryBoundsException(string message, ulong guestAddress, ulong length, ulong mapped) : base(message)
    {
        Offset = guestAddress;
        Length = length;
        MemorySize = mapped;
    }

    /// <summary>The first byte that was asked for, in bytes from the start of the memory; by guest address, the address.</summary>
    public ulong Offset { get; }

    /// <summary>The number of bytes that were asked for.</summary>
    public ulong Length { get; }

    /// <summary>The size of the memory in bytes; by guest address, how many bytes are mapped in all.</summary>
    public ulong MemorySize { get; }

    internal static SharedMemoryBoundsException OfGuest(ulong address, ulong length, ulong mapped, bool isAcross) => new(
        isAcross
            ? $"{length} bytes at guest address 0x{address:X} run from one region into the next: a value lies in one, and only a copy may run through several."
            : $"{length} bytes at guest address 0x{address:X} are not all mapped in the guest address space of {mapped} bytes.",
        address, length, mapped);
}
