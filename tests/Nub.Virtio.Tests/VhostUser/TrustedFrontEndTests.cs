using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>What a front end may send that is trusted.</summary>
public sealed class TrustedFrontEndTests
{
    /// <summary>As QEMU's memory-backend-file on a disk; a device stands for it. That it is refused otherwise the hostile cases show.</summary>
    [Fact]
    public void A_front_end_that_is_trusted_may_send_what_is_no_file_in_memory()
    {
        using var fixture = new VhostUserFixture(allowUnsealed: true);
        fixture.Begin();
        using SafeFileHandle served = File.OpenHandle("/dev/zero", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] table = FrontEnd.Table(
            FrontEnd.Region(FrontEnd.GuestBase, FrontEnd.MemorySize, FrontEnd.UserBase), FrontEnd.Region(FrontEnd.GuestBase + FrontEnd.MemorySize, 4096, FrontEnd.UserBase + FrontEnd.MemorySize));
        fixture.Front.Send(VhostUserRequest.SetMemoryTable, table, fixture.Guest.Handle, served);
        fixture.Start(fixture.Ring()).Exercise(3, 33);
        Assert.Null(fixture.Front.Finish());
    }
}
