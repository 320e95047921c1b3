namespace Nub.Memory;

// What a struct that elements follow needs of its place: how much stands behind it.
internal readonly unsafe ref partial struct Place
{
    /// <summary>Of a place by guest address that locks its memory for each access: how many bytes of the region stand behind it. Asked of the owner, whose region stays while the map may be another.</summary>
    public ulong BehindInRegion(ulong length)
    {
        GuestRegion region = _memory!.Region!;
        return region.Length - (ulong)(_address - region.Address) - length;
    }
}
