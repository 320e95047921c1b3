using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Virtio;

// What both formats judge alike.
public abstract partial class VirtQueue
{
    /// <summary>Judges the areas of a queue: mapped, apart from one another, and the device's writable: its first bytes become 0, which asks for kicks.</summary>
    private protected static VirtQueueError JudgeAreas(
        GuestAddressSpace memory, in VirtQueueLayout layout, ulong descriptorBytes, ulong driverBytes, ulong deviceBytes, int eventBytes)
    {
        if (!memory.Contains(layout.DescriptorArea, descriptorBytes) || !memory.Contains(layout.DriverArea, driverBytes)
            || !memory.Contains(layout.DeviceArea, deviceBytes))
        {
            return VirtQueueError.AreaNotMapped;
        }

        if (Overlap(layout.DescriptorArea, descriptorBytes, layout.DriverArea, driverBytes)
            || Overlap(layout.DescriptorArea, descriptorBytes, layout.DeviceArea, deviceBytes)
            || Overlap(layout.DriverArea, driverBytes, layout.DeviceArea, deviceBytes))
        {
            return VirtQueueError.AreasOverlap;
        }

        bool isWritable = eventBytes == sizeof(uint) ? memory.TryWrite(layout.DeviceArea, 0u) : memory.TryWrite(layout.DeviceArea, (ushort)0);
        return isWritable ? VirtQueueError.None : VirtQueueError.AreaNotMapped;

        // Both lie in memory that is mapped, so neither end is beyond 2^64; the last addresses instead of the ends, which may be 2^64.
        static bool Overlap(ulong first, ulong firstBytes, ulong second, ulong secondBytes) =>
            first <= second + (secondBytes - 1) && second <= first + (firstBytes - 1);
    }

    /// <summary>Judges an indirect descriptor (2.7.5.3, 2.8.7).</summary>
    private protected static VirtQueueError JudgeTable(bool isNegotiated, ulong table, uint length) =>
        !isNegotiated ? VirtQueueError.IndirectNotNegotiated
        : length == 0 || length % DescriptorFlags.Size != 0 ? VirtQueueError.IndirectTableSizeInvalid
        : table > ulong.MaxValue - length ? VirtQueueError.IndirectTableNotMapped
        : VirtQueueError.None;

    /// <summary>Reads a descriptor of either format, once: its address, and the eight bytes behind that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected bool TryReadDescriptor(ulong at, out ulong address, out ulong rest)
    {
        bool isThere = _memory.TryRead(at, out UInt128 descriptor);
        address = (ulong)descriptor;
        rest = (ulong)(descriptor >> 64);
        return isThere;
    }

    /// <summary>Writes what the driver looks at; where that is not there any more, the queue is broken.</summary>
    /// <returns>Whether it was written.</returns>
    private protected bool Store<[AllValid] T>(ulong at, T value) where T : unmanaged => _memory.TryWrite(at, value) || Break(VirtQueueError.AreaGone) is not null;
}
