namespace Nub.Virtio;

/// <summary>Where the device's side of a queue is: what it takes next, and what it returns to next.</summary>
/// <param name="Available">Split: how many chains have been taken, modulo 65536. Packed: the ring's entry that is looked at next.</param>
/// <param name="Used">Split: how many chains have been returned, modulo 65536. Packed: the ring's entry that is written next.</param>
/// <param name="AvailableWrap">Packed: the driver's wrap counter at <paramref name="Available"/>, which begins as 1.</param>
/// <param name="UsedWrap">Packed: the device's wrap counter at <paramref name="Used"/>, which begins as 1.</param>
public readonly record struct VirtQueuePosition(ushort Available, ushort Used, bool AvailableWrap = true, bool UsedWrap = true)
{
    private const uint WrapBit = 0x8000;

    /// <summary>Where a queue begins that was just set up.</summary>
    public static VirtQueuePosition Start => new(0, 0);

    /// <summary>
    /// The position in the form of vhost-user's vring base. Split: <see cref="Available"/> alone; packed: <see cref="Available"/> in bits 0 to 14 and its wrap counter in bit 15,
    /// <see cref="Used"/> in bits 16 to 30 and its wrap counter in bit 31.
    /// </summary>
    /// <param name="format">The queue's format.</param>
    /// <returns>The base.</returns>
    public uint ToVringBase(VirtQueueFormat format) => format == VirtQueueFormat.Split
        ? Available
        : Half(Available, AvailableWrap) | Half(Used, UsedWrap) << 16;

    /// <summary>The position that a vring base says. For a split queue, <see cref="Used"/> is the same as <see cref="Available"/>: everything taken has been returned.</summary>
    /// <param name="vringBase">The base.</param>
    /// <param name="format">The queue's format.</param>
    /// <returns>The position, not judged: the queue judges it against its size.</returns>
    public static VirtQueuePosition FromVringBase(uint vringBase, VirtQueueFormat format) => format == VirtQueueFormat.Split
        ? new((ushort)vringBase, (ushort)vringBase)
        : new((ushort)(vringBase & 0x7FFF), (ushort)(vringBase >> 16 & 0x7FFF), (vringBase & WrapBit) != 0, vringBase >> 31 != 0);

    private static uint Half(ushort entry, bool wrap) => (entry & 0x7FFFu) | (wrap ? WrapBit : 0);
}
