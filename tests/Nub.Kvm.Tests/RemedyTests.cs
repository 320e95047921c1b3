namespace Nub.Kvm.Tests;

/// <summary>What is said where there is no KVM: the reason, and what helps.</summary>
public sealed class RemedyTests
{
    private const int NotPermitted = 1;
    private const int NoEntry = 2;
    private const int NoSuchDevice = 6;
    private const int AccessDenied = 13;
    private const int NoDevice = 19;

    private static readonly HostFacts s_bare = new(
        HasIntelVirtualization: false, HasAmdVirtualization: false, IsVirtualMachine: false, IsWindowsSubsystem: false,
        IsContainer: false, KernelHasKvm: false, UserName: "ada");

    [Fact]
    public void A_module_that_is_not_loaded_is_named()
    {
        foreach (int error in (int[])[NoEntry, NoSuchDevice, NoDevice])
        {
            Says("modprobe kvm_intel", error, s_bare with { HasIntelVirtualization = true });
            Says("modprobe kvm_amd", error, s_bare with { HasAmdVirtualization = true, IsVirtualMachine = true });
            Says("on the host", error, s_bare with { HasAmdVirtualization = true, IsContainer = true });
        }
    }

    [Fact]
    public void A_processor_without_virtualization_is_told_from_a_virtual_one()
    {
        Says("firmware", NoEntry, s_bare);
        Says("nested", NoEntry, s_bare with { IsVirtualMachine = true });
        Says(".wslconfig", NoEntry, s_bare with { IsVirtualMachine = true, IsWindowsSubsystem = true });
    }

    [Fact]
    public void A_device_that_is_not_this_users_is_told_with_the_group()
    {
        Says("usermod -aG kvm ada", AccessDenied, s_bare with { KernelHasKvm = true });
        Says("--group-add", AccessDenied, s_bare with { KernelHasKvm = true, IsContainer = true });
    }

    [Fact]
    public void A_container_without_the_device_is_told()
    {
        Says("--device /dev/kvm", NoEntry, s_bare with { KernelHasKvm = true, IsContainer = true });
        Says("--device /dev/kvm", NotPermitted, s_bare with { KernelHasKvm = true, IsContainer = true });
        Says("mknod", NoEntry, s_bare with { KernelHasKvm = true });
    }

    [Fact]
    public void What_is_not_known_is_not_said() => Assert.Equal("", Remedy.ForOpen(24, s_bare));

    [SkippableFact]
    public void This_host_tells_about_itself()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The facts are read from Linux's /proc.");
        HostFacts host = HostFacts.Read();
        Assert.NotEmpty(host.UserName);
        Assert.False(host is { HasIntelVirtualization: true, HasAmdVirtualization: true });
        if (File.Exists("/dev/kvm") && KvmSystem.IsSupported(out _))
        {
            Assert.True(host.KernelHasKvm);
        }
    }

    [SkippableFact]
    public void A_host_without_kvm_says_what_helps()
    {
        Skip.If(!OperatingSystem.IsLinux() || File.Exists("/dev/kvm"), "This host is not Linux, or has a device.");
        Assert.False(KvmSystem.IsSupported(out string whyNot));
        Assert.Contains("/dev/kvm. ", whyNot, StringComparison.Ordinal);
        Assert.Equal(whyNot, Assert.Throws<KvmException>(() => new KvmSystem()).Message);
    }

    private static void Says(string expected, int errorCode, HostFacts host) =>
        Assert.Contains(expected, Remedy.ForOpen(errorCode, host), StringComparison.Ordinal);
}
