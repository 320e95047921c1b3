namespace GuestCall.Tests;

/// <summary>What only a guest with a processor of its own can do to the host.</summary>
public class KvmGuestTests
{
    [SkippableFact]
    public void A_guest_that_faults_is_reported()
    {
        using GuestFixture fixture = GuestFixture.Create("kvm");

        // ud2, and no handler for it in the guest.
        fixture.Memory.Write((ulong)GuestMap.Code.Offset, (ushort)0x0B0F);

        GuestMisbehavedException failed = Assert.Throws<GuestMisbehavedException>(() => fixture.Caller.Call([1], key: 0, flags: 0));
        Assert.Contains("without a signal", failed.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_guest_that_never_comes_back_is_stopped()
    {
        using GuestFixture fixture = GuestFixture.Create("kvm", patience: TimeSpan.FromMilliseconds(50));

        // jmp to itself.
        fixture.Memory.Write((ulong)GuestMap.Code.Offset, (ushort)0xFEEB);

        GuestMisbehavedException failed = Assert.Throws<GuestMisbehavedException>(() => fixture.Caller.Call([1], key: 0, flags: 0));
        Assert.Contains("Cancelled", failed.Message, StringComparison.Ordinal);
    }
}
