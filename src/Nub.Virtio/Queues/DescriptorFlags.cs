namespace Nub.Virtio;

/// <summary>The flags of a descriptor, the same bits in both formats (virtio 1.2, sections 2.7.5 and 2.8.13).</summary>
internal static class DescriptorFlags
{
    public const uint Next = 1;
    public const uint Write = 2;
    public const uint Indirect = 4;

    /// <summary>Packed: equals the driver's wrap counter once the descriptor was made available.</summary>
    public const uint Available = 1 << 7;

    /// <summary>Packed: equals the device's wrap counter once the descriptor was used.</summary>
    public const uint Used = 1 << 15;

    /// <summary>The bytes of a descriptor, of either format, in a table or in a ring.</summary>
    public const uint Size = 16;

    /// <summary>
    /// The longest chain in an indirect table where the queue itself is shorter. The specification's limit is the queue's size (2.7.5.3.1, 2.8.19); Linux goes by what the device says
    /// of segments instead, and counts on this much.
    /// </summary>
    public const uint MostInTable = 1024;

    /// <summary>Packed: whether a descriptor with these flags was made available in the lap of a wrap counter, and not used since (2.8.1).</summary>
    public static bool IsAvailable(uint flags, bool wrap) => (flags & (Available | Used)) == (wrap ? Available : Used);
}
