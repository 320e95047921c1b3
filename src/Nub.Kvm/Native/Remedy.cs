namespace Nub.Kvm;

/// <summary>Says why <c>/dev/kvm</c> could not be opened, and what helps: the error code alone tells neither.</summary>
internal static class Remedy
{
    /// <summary>The reason and the remedy.</summary>
    /// <param name="errorCode">The error of <c>open("/dev/kvm")</c> (Linux manual, open(2)).</param>
    /// <param name="host">The host.</param>
    /// <returns>Sentences without the last full stop; empty where nothing is known.</returns>
    public static string ForOpen(int errorCode, HostFacts host) => errorCode switch
    {
        LibC.NoEntry when host is { KernelHasKvm: true, IsContainer: true } =>
            "The kernel has KVM, but this container was not given the device: start it with --device /dev/kvm "
            + "(Docker, Podman), or by a device plugin (Kubernetes)",
        LibC.NoEntry when host.KernelHasKvm =>
            "The kernel has KVM, but the device file is missing: sudo mknod -m 660 /dev/kvm c 10 232",
        LibC.NoEntry or LibC.NoSuchDevice or LibC.NoDevice => ForMissingModule(host),
        LibC.NotPermitted when host.IsContainer =>
            "This container may not use the device: start it with --device /dev/kvm (Docker, Podman)",
        LibC.AccessDenied or LibC.NotPermitted when host.IsContainer =>
            $"{host.UserName} is not in the device's group in this container: start it with --group-add and the group's number, "
            + "which ls -ln /dev/kvm shows",
        LibC.AccessDenied or LibC.NotPermitted =>
            $"{host.UserName} may not open the device: sudo usermod -aG kvm {host.UserName}, and log in again "
            + "(ls -l /dev/kvm shows the group, if it is another)",
        _ => "",
    };

    private static string ForMissingModule(HostFacts host)
    {
        string where = host.IsContainer ? "on the host of this container, " : "";
        return host switch
        {
            { HasIntelVirtualization: true } => $"The kernel's module is not loaded: {where}sudo modprobe kvm_intel",
            { HasAmdVirtualization: true } => $"The kernel's module is not loaded: {where}sudo modprobe kvm_amd",
            { IsWindowsSubsystem: true } =>
                "Windows offers this Linux no virtualization: nestedVirtualization=true in the section [wsl2] of .wslconfig "
                + "(Windows 11), and wsl --shutdown",
            { IsVirtualMachine: true } =>
                "This is a virtual machine whose processor offers no virtualization: on its host, switch nested "
                + "virtualization on (for KVM, kvm_intel.nested=1 or kvm_amd.nested=1 and the processor model host; in a cloud, "
                + "an instance type that has it)",
            _ => "The processor offers no virtualization: switch VT-x (Intel) or AMD-V (SVM) on in the firmware's settings, if it has it",
        };
    }
}
