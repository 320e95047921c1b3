using System.Runtime.InteropServices;

namespace Nub.Ipc;

/// <summary>
/// How many processors the machine has. On Linux whatever of them this process may use, which <see cref="Environment.ProcessorCount"/> counts; elsewhere those.
/// </summary>
internal static partial class SystemProcessors
{
    // _SC_NPROCESSORS_ONLN of glibc and musl.
    private const int OnlineProcessors = 84;

    /// <summary>The processors that are online, at least 1.</summary>
    public static int Online { get; } = OperatingSystem.IsLinux() ? (int)Math.Max(1, Sysconf(OnlineProcessors)) : Environment.ProcessorCount;

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial nint Sysconf(int name);
}
