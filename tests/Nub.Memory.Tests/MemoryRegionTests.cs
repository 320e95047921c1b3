namespace Nub.Memory.Tests;

public class MemoryRegionTests
{
    [Theory]
    [InlineData(MemoryRegionType.Scratch)]
    [InlineData(MemoryRegionType.Snapshot)]
    public void Guest_memory_is_mapped_whole_to_be_read_written_and_executed(MemoryRegionType type)
    {
        using var pair = new Pair(3);
        MemoryRegion region = pair.Guest.MappingAt(0x10_0000, type);
        Assert.Equal(new MemoryRegion(0x10_0000, pair.Size, pair.Guest.BaseAddress, type, (MemoryRegionFlags)7) { HostBase = region.HostBase }, region);
        Assert.Equal(0x10_0000 + pair.Size, region.GuestEnd);
    }

    [Theory]
    [InlineData(MemoryRegionType.Code)]
    [InlineData(MemoryRegionType.InitData)]
    [InlineData(MemoryRegionType.Peb)]
    [InlineData(MemoryRegionType.Heap)]
    [InlineData(MemoryRegionType.MappedFile)]
    [InlineData((MemoryRegionType)99)]
    public void Other_types_are_refused(MemoryRegionType refused)
    {
        using var pair = new Pair();
        using var snapshot = ReadOnlySharedMemory.FromBytes([1]);
        Assert.Throws<ArgumentException>("type", () => pair.Guest.MappingAt(0, refused));
        Assert.Throws<ArgumentException>("type", () => snapshot.MappingAt(0, refused));
        Assert.Throws<ArgumentException>("type", () => snapshot.MappingAt(0, refused, MemoryRegionFlags.Read));
        Assert.Throws<ArgumentException>("type", () => snapshot.MappingAt(0, MemoryRegionType.Scratch));
    }

    [Fact]
    public void A_snapshot_is_mapped_to_be_read_and_executed()
    {
        using var snapshot = ReadOnlySharedMemory.FromBytes([1]);
        MemoryRegion region = snapshot.MappingAt(4096, MemoryRegionType.Snapshot);
        Assert.Equal(
            new MemoryRegion(4096, snapshot.GuestMappedSize, snapshot.BaseAddress, MemoryRegionType.Snapshot,
                MemoryRegionFlags.Read | MemoryRegionFlags.Execute)
            { HostBase = region.HostBase },
            region);
    }

    [Fact]
    public void A_region_that_ends_beyond_the_address_space_is_refused()
    {
        using var pair = new Pair();
        Assert.Throws<ArgumentException>("guestAddress", () => pair.Guest.MappingAt(ulong.MaxValue, MemoryRegionType.Scratch));
        Assert.Throws<ArgumentException>("guestAddress", () => pair.Guest.MappingAt(ulong.MaxValue - 4094, MemoryRegionType.Scratch));
        Assert.Equal(ulong.MaxValue, pair.Guest.MappingAt(ulong.MaxValue - 4096, MemoryRegionType.Scratch).GuestEnd);
    }

    [Fact]
    public void The_flags_have_the_values_of_the_contract() => Assert.Equal(
        (0, 1, 2, 4),
        ((int)MemoryRegionFlags.None, (int)MemoryRegionFlags.Read, (int)MemoryRegionFlags.Write, (int)MemoryRegionFlags.Execute));
}
