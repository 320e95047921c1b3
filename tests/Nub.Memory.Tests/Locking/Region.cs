using System.Runtime.CompilerServices;

namespace Nub.Memory.Tests.Locking;

/// <summary>A region without bytes, which counts how often it is released.</summary>
internal sealed class Region : RegionLock
{
    public const string Free = "1 owners, 0 leases";

    // Of the word: a claim that is not confirmed yet, and as many leases as can be counted.
    private const long Claim = 0b01;
    private const long AllLeases = 0xFF_FFFFL << 8;

    public Region(bool isIndirect = false, bool isReadOnly = false) : base(isIndirect, isReadOnly)
    {
        AccessSlots.Prepare();
        LeaseCells.Prepare();
    }

    public int Releases { get; private set; }

    /// <summary>Leaves the region as a claimant does that the scheduler puts to sleep before it has looked for accesses.</summary>
    public void LeaveClaimed() => Word(this) |= Claim;

    public void LeaveFullyLeased() => Word(this) |= AllLeases;

    /// <summary>Who uses the region, as another thread sees it.</summary>
    public string UsersFromOutside()
    {
        string users = "";
        var other = new Thread(() => users = DescribeUsers());
        other.Start();
        other.Join();
        return users;
    }

    protected override void Release() => Releases++;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_word")]
    private static extern ref long Word(RegionLock region);
}
