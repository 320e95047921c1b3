namespace Nub.Kvm;

/// <summary>What tells why a host has no KVM for this process.</summary>
/// <param name="HasIntelVirtualization">The processor offers VT-x (flag <c>vmx</c> of <c>/proc/cpuinfo</c>).</param>
/// <param name="HasAmdVirtualization">The processor offers AMD-V (flag <c>svm</c>).</param>
/// <param name="IsVirtualMachine">The processor is a virtual one (flag <c>hypervisor</c>).</param>
/// <param name="IsWindowsSubsystem">The kernel is that of Windows Subsystem for Linux.</param>
/// <param name="IsContainer">The process is in a container.</param>
/// <param name="KernelHasKvm">The kernel has KVM's device, whether or not this process has a file for it (<c>/proc/misc</c>).</param>
/// <param name="UserName">The user that runs this process.</param>
internal sealed record HostFacts(
    bool HasIntelVirtualization,
    bool HasAmdVirtualization,
    bool IsVirtualMachine,
    bool IsWindowsSubsystem,
    bool IsContainer,
    bool KernelHasKvm,
    string UserName)
{
    /// <summary>Finds out about this host.</summary>
    public static HostFacts Read()
    {
        string[] flags = [.. Lines("/proc/cpuinfo")
            .Where(line => line.StartsWith("flags", StringComparison.Ordinal))
            .Take(1)
            .SelectMany(line => line.Split(' '))];
        return new HostFacts(
            HasIntelVirtualization: flags.Contains("vmx"),
            HasAmdVirtualization: flags.Contains("svm"),
            IsVirtualMachine: flags.Contains("hypervisor"),
            IsWindowsSubsystem: Lines("/proc/version").Any(line => line.Contains("microsoft", StringComparison.OrdinalIgnoreCase)),

            // Docker and Podman leave a file, Kubernetes and systemd a variable.
            IsContainer: File.Exists("/.dockerenv") || File.Exists("/run/.containerenv")
                || Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is not null
                || Environment.GetEnvironmentVariable("container") is not null,
            KernelHasKvm: Lines("/proc/misc").Any(line => line.EndsWith(" kvm", StringComparison.Ordinal)),
            UserName: CurrentUser());
    }

    private static string CurrentUser()
    {
        try
        {
            return Environment.UserName;
        }
        catch (IOException)
        {
            // A container's user need not be in /etc/passwd. A shell knows it by this.
            return "$USER";
        }
    }

    // What cannot be read tells nothing.
    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
