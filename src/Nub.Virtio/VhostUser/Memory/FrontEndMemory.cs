using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// The guest's memory as the front end describes it: regions with an address in the guest and one in the front end's process, over files that it
/// may shorten at any time. Changed by the connection's thread only, while no queue runs.
/// </summary>
/// <param name="allowUnsealed">Whether the front end is trusted not to have an access end or hold up this process (<see cref="VhostUserBackend.AllowUnsealed"/>).</param>
internal sealed class FrontEndMemory(bool allowUnsealed) : IDisposable
{
    /// <summary>The most regions of a table: what a message has descriptors for.</summary>
    public const int MaxTableRegions = MessageReader.MaxDescriptors;

    /// <summary>The most regions that can be added one by one.</summary>
    public const int MaxRegions = 32;

    private readonly List<RegionDescription> _regions = [];

    /// <summary>The guest's addresses.</summary>
    public GuestAddressSpace Space { get; } = new();

    public bool IsEmpty => _regions.Count == 0;

    /// <summary>The end of the highest region, in guest addresses; 0 where there is none.</summary>
    public ulong HighestEnd
    {
        get
        {
            ulong end = 0;
            foreach (RegionDescription region in _regions)
            {
                end = Math.Max(end, region.GuestAddress + region.Size);
            }

            return end;
        }
    }

    /// <summary>Takes another table for the one there is. The old one stays where the new one is refused.</summary>
    public void Replace(MessageReader message)
    {
        ReadOnlySpan<byte> payload = message.Payload;
        if (payload.Length < MemoryTableHeader.Layout.Size)
        {
            message.ExpectSize(MemoryTableHeader.Layout.Size);
        }

        MemoryTableHeader header = MemoryTableHeader.ReadFrom(payload);
        if (header.Count is 0 or > MaxTableRegions)
        {
            throw message.Refusal(VhostUserError.RegionCountInvalid, $"{header.Count} regions; a table has 1 to {MaxTableRegions}.", header.Count, MaxTableRegions);
        }

        int count = (int)header.Count;
        message.ExpectSize(MemoryTableHeader.Layout.Size + (count * RegionDescription.Layout.Size));
        message.ExpectDescriptors(count);
        var added = new List<RegionDescription>(count);
        var memories = new List<HostSharedMemory>(count);
        try
        {
            for (int i = 0; i < count; i++)
            {
                var region = RegionDescription.ReadFrom(payload[(MemoryTableHeader.Layout.Size + (i * RegionDescription.Layout.Size))..]);
                Judge(message, region, added);
                memories.Add(Open(message, region, message.Peek(i)));
                added.Add(region);
            }

            Clear();
            for (int i = 0; i < count; i++)
            {
                Map(added[i], memories[i]);
            }
        }
        finally
        {
            // The space has its own share.
            foreach (HostSharedMemory memory in memories)
            {
                memory.Dispose();
            }
        }
    }

    /// <summary>Adds a region.</summary>
    public void Add(MessageReader message)
    {
        message.ExpectSize(SingleRegion.Layout.Size);
        message.ExpectDescriptors(1);
        RegionDescription region = SingleRegion.ReadFrom(message.Payload).Region;
        if (_regions.Count == MaxRegions)
        {
            throw message.Refusal(VhostUserError.RegionCountInvalid, $"{MaxRegions} regions are there already.", MaxRegions + 1, MaxRegions);
        }

        Judge(message, region, _regions);
        using HostSharedMemory memory = Open(message, region, message.Peek(0));
        Map(region, memory);
    }

    /// <summary>Removes a region, named by its addresses and its size.</summary>
    public void Remove(MessageReader message)
    {
        message.ExpectSize(SingleRegion.Layout.Size);
        if (message.DescriptorCount > 1)
        {
            // One is legal, means nothing, and is closed: front ends before QEMU 7 send it.
            message.ExpectDescriptors(0);
        }

        RegionDescription region = SingleRegion.ReadFrom(message.Payload).Region;
        int index = _regions.FindIndex(one => one.GuestAddress == region.GuestAddress && one.UserAddress == region.UserAddress && one.Size == region.Size);
        if (index < 0)
        {
            throw message.Refusal(VhostUserError.RegionUnknown,
                $"no region of {region.Size} bytes at guest address 0x{region.GuestAddress:X}, user address 0x{region.UserAddress:X}.", region.GuestAddress);
        }

        Space.Unmap(region.GuestAddress);
        _regions.RemoveAt(index);
    }

    /// <summary>Translates an address of the front end's process, if all of the bytes there are in one region.</summary>
    public bool TryTranslate(ulong userAddress, ulong length, out ulong guestAddress)
    {
        foreach (RegionDescription region in _regions)
        {
            ulong offset = userAddress - region.UserAddress;
            if (userAddress >= region.UserAddress && offset < region.Size && length <= region.Size - offset)
            {
                guestAddress = region.GuestAddress + offset;
                return true;
            }
        }

        guestAddress = 0;
        return false;
    }

    public void Clear()
    {
        foreach (RegionDescription region in _regions)
        {
            Space.Unmap(region.GuestAddress);
        }

        _regions.Clear();
    }

    public void Dispose() => Space.Dispose();

    private static void Judge(MessageReader message, in RegionDescription region, List<RegionDescription> others)
    {
        if (region.Size == 0)
        {
            throw message.Refusal(VhostUserError.RegionInvalid, $"a region of no bytes at guest address 0x{region.GuestAddress:X}.", region.GuestAddress);
        }

        // A region may not even end at 2^64, so that an end is always a number.
        if (region.GuestAddress > ulong.MaxValue - region.Size || region.UserAddress > ulong.MaxValue - region.Size || region.FileOffset > long.MaxValue - Math.Min(region.Size, long.MaxValue))
        {
            throw message.Refusal(VhostUserError.RegionInvalid,
                $"{region.Size} bytes at guest address 0x{region.GuestAddress:X}, user address 0x{region.UserAddress:X}, offset 0x{region.FileOffset:X} end beyond what can be addressed.",
                region.Size);
        }

        // What is aligned for the guest is aligned here: a ring's index is never torn.
        if ((region.GuestAddress - region.FileOffset) % sizeof(ulong) != 0)
        {
            throw message.Refusal(VhostUserError.RegionInvalid,
                $"guest address 0x{region.GuestAddress:X} at offset 0x{region.FileOffset:X} of its file: they differ by no multiple of 8.", region.GuestAddress, region.FileOffset);
        }

        foreach (RegionDescription other in others)
        {
            if (Overlaps(region.GuestAddress, other.GuestAddress, region.Size, other.Size) || Overlaps(region.UserAddress, other.UserAddress, region.Size, other.Size))
            {
                throw message.Refusal(VhostUserError.RegionOverlaps,
                    $"the region of {region.Size} bytes at guest address 0x{region.GuestAddress:X}, user address 0x{region.UserAddress:X} overlaps that of {other.Size} at 0x{other.GuestAddress:X}, 0x{other.UserAddress:X}.",
                    region.GuestAddress, other.GuestAddress);
            }
        }
    }

    private static bool Overlaps(ulong left, ulong right, ulong leftSize, ulong rightSize) => left < right + rightSize && right < left + leftSize;

    private HostSharedMemory Open(MessageReader message, in RegionDescription region, SafeFileHandle file) => message.OpenMemory(
        file, region.FileOffset, region.Size, allowUnsealed, $"the region at guest address 0x{region.GuestAddress:X}", VhostUserError.RegionNotMappable, VhostUserError.RegionBeyondFile);

    private void Map(in RegionDescription region, HostSharedMemory memory)
    {
        Space.Map(region.GuestAddress, memory, 0, region.Size);
        _regions.Add(region);
    }
}
