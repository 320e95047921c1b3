using Nub.Memory;

namespace Nub.Virtio.Tests;

/// <summary>Queues that a driver wants to stand where none can.</summary>
public sealed class HostileLayouts
{
    private const ulong End = TestMemory.Base + (1 << 20);

    private static readonly VirtQueueLayout s_split = new(16, TestMemory.Base, TestMemory.Base + 0x1000, TestMemory.Base + 0x2000);

    private static readonly Dictionary<string, (VirtQueueLayout Layout, VirtioFeatures Features, VirtQueuePosition? Start, VirtQueueError Error)> s_cases = new()
    {
        ["split: no entries"] = Split(s_split with { Size = 0 }, VirtQueueError.SizeInvalid),
        ["split: a size that is no power of two"] = Split(s_split with { Size = 3 }, VirtQueueError.SizeInvalid),
        ["split: 65536 entries"] = Split(s_split with { Size = 65536 }, VirtQueueError.SizeInvalid),
        ["split: 2^31 entries"] = Split(s_split with { Size = 1u << 31 }, VirtQueueError.SizeInvalid),
        ["split: a table at a multiple of 8"] = Split(s_split with { DescriptorArea = TestMemory.Base + 8 }, VirtQueueError.AreaMisaligned),
        ["split: an available ring at an odd address"] = Split(s_split with { DriverArea = TestMemory.Base + 0x1001 }, VirtQueueError.AreaMisaligned),
        ["split: a used ring at a multiple of 2"] = Split(s_split with { DeviceArea = TestMemory.Base + 0x2002 }, VirtQueueError.AreaMisaligned),
        ["split: a table at 0, which is not mapped"] = Split(s_split with { DescriptorArea = 0 }, VirtQueueError.AreaNotMapped),
        ["split: a table that ends beyond the memory"] = Split(s_split with { DescriptorArea = End - 240 }, VirtQueueError.AreaNotMapped),
        ["split: an available ring that ends beyond the memory"] = Split(s_split with { DriverArea = End - 34 }, VirtQueueError.AreaNotMapped),
        ["split: the driver's event beyond the memory"] = Split(s_split with { DriverArea = End - 36 }, VirtQueueError.AreaNotMapped, VirtioFeatures.EventIndex),
        ["split: a used ring that ends beyond the memory"] = Split(s_split with { DeviceArea = End - 128 }, VirtQueueError.AreaNotMapped),
        ["split: the device's event beyond the memory"] = Split(s_split with { DeviceArea = End - 132 }, VirtQueueError.AreaNotMapped, VirtioFeatures.EventIndex),
        ["split: a table that ends beyond 2^64"] = Split(s_split with { DescriptorArea = 0xFFFF_FFFF_FFFF_FFF0 }, VirtQueueError.AreaNotMapped),
        ["split: a used ring that ends beyond 2^64"] = Split(s_split with { DeviceArea = 0xFFFF_FFFF_FFFF_FFFC }, VirtQueueError.AreaNotMapped),
        ["split: 32768 entries in a memory for fewer"] = Split(s_split with { Size = 32768, DriverArea = End - 0x8000 }, VirtQueueError.AreaNotMapped),
        ["split: an available ring inside of the table"] = Split(s_split with { DriverArea = TestMemory.Base + 0xFE }, VirtQueueError.AreasOverlap),
        ["split: a used ring inside of the table"] = Split(s_split with { DeviceArea = TestMemory.Base + 0x80 }, VirtQueueError.AreasOverlap),
        ["split: a used ring inside of the available ring"] = Split(s_split with { DeviceArea = TestMemory.Base + 0x1020 }, VirtQueueError.AreasOverlap),
        ["split: an available ring inside of the used ring"] = Split(s_split with { DriverArea = TestMemory.Base + 0x2082 }, VirtQueueError.AreasOverlap),
        ["split: all three in one place"] = Split(new(16, TestMemory.Base, TestMemory.Base, TestMemory.Base), VirtQueueError.AreasOverlap),
        ["split: a used ring that cannot be written"] = Split(s_split with { DeviceArea = 0x1000 }, VirtQueueError.AreaNotMapped),
        ["packed: no entries"] = Packed(s_split with { Size = 0 }, VirtQueueError.SizeInvalid),
        ["packed: 32769 entries"] = Packed(s_split with { Size = 32769 }, VirtQueueError.SizeInvalid),
        ["packed: a ring at a multiple of 8"] = Packed(s_split with { DescriptorArea = TestMemory.Base + 8 }, VirtQueueError.AreaMisaligned),
        ["packed: a driver's event at a multiple of 2"] = Packed(s_split with { DriverArea = TestMemory.Base + 0x1002 }, VirtQueueError.AreaMisaligned),
        ["packed: a device's event at an odd address"] = Packed(s_split with { DeviceArea = TestMemory.Base + 0x2001 }, VirtQueueError.AreaMisaligned),
        ["packed: a ring that ends beyond the memory"] = Packed(s_split with { DescriptorArea = End - 240 }, VirtQueueError.AreaNotMapped),
        ["packed: a ring that ends beyond 2^64"] = Packed(s_split with { DescriptorArea = 0xFFFF_FFFF_FFFF_FFF0 }, VirtQueueError.AreaNotMapped),
        ["packed: a driver's event that is not mapped"] = Packed(s_split with { DriverArea = End }, VirtQueueError.AreaNotMapped),
        ["packed: a device's event that is not mapped"] = Packed(s_split with { DeviceArea = 0 }, VirtQueueError.AreaNotMapped),
        ["packed: a device's event that cannot be written"] = Packed(s_split with { DeviceArea = 0x1000 }, VirtQueueError.AreaNotMapped),
        ["packed: a driver's event inside of the ring"] = Packed(s_split with { DriverArea = TestMemory.Base + 0xFC }, VirtQueueError.AreasOverlap),
        ["packed: both events in one place"] = Packed(s_split with { DeviceArea = TestMemory.Base + 0x1000 }, VirtQueueError.AreasOverlap),
        ["packed: a position beyond the ring"] = Packed(s_split, VirtQueueError.PositionInvalid, new(16, 0)),
        ["packed: a used position beyond the ring"] = Packed(s_split, VirtQueueError.PositionInvalid, new(0, 16)),
        ["packed: returned before it was taken"] = Packed(s_split, VirtQueueError.PositionInvalid, new(3, 4)),
        ["packed: taken more than a lap ahead"] = Packed(s_split, VirtQueueError.PositionInvalid, new(5, 4, false, true)),
    };

    public static TheoryData<string> Names() => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Is_refused_with_its_reason(string name)
    {
        using var memory = new TestMemory();
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[4096]);
        using HostSharedMemory readOnly = HostSharedMemory.OpenFile(path, 0, 4096, SharedMemoryAccess.Read, allowUnsealed: true);
        File.Delete(path);
        memory.Space.Map(0x1000, readOnly, 0, 4096);
        byte[] before = memory[TestMemory.Base, (int)memory.Size];
        (VirtQueueLayout layout, VirtioFeatures features, VirtQueuePosition? start, VirtQueueError expected) = s_cases[name];
        Assert.False(VirtQueue.TryCreate(memory.Space, layout, features, start, out VirtQueue? queue, out VirtQueueError error));
        Assert.Null(queue);
        Assert.Equal(expected, error);
        Assert.True(memory.Is(before));

        // The next one, which is in order, is served.
        VirtQueueFormat format = features.HasFlag(VirtioFeatures.RingPacked) ? VirtQueueFormat.Packed : VirtQueueFormat.Split;
        HostileChains.AssertServes(memory, format);
    }

    private static (VirtQueueLayout, VirtioFeatures, VirtQueuePosition?, VirtQueueError) Split(
        VirtQueueLayout layout, VirtQueueError error, VirtioFeatures features = VirtioFeatures.None) => (layout, features, null, error);

    private static (VirtQueueLayout, VirtioFeatures, VirtQueuePosition?, VirtQueueError) Packed(
        VirtQueueLayout layout, VirtQueueError error, VirtQueuePosition? start = null) => (layout, VirtioFeatures.RingPacked, start, error);
}
