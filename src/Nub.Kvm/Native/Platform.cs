using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>The one place that decides where this library works: Linux on x86-64, whose ioctls and structs it speaks.</summary>
internal static class Platform
{
    /// <summary>Why it does not work here; <see langword="null"/> where it does.</summary>
    public static string? WhyNot { get; } =
        !OperatingSystem.IsLinux() ? $"KVM is a part of Linux, and this is {RuntimeInformation.OSDescription}."
        : RuntimeInformation.ProcessArchitecture != Architecture.X64
            ? $"Nub.Kvm speaks the x86-64 interface of KVM, and this process is {RuntimeInformation.ProcessArchitecture}."
            : null;

    /// <summary>Refuses every other platform.</summary>
    /// <exception cref="PlatformNotSupportedException">This is not Linux on x86-64.</exception>
    public static void Require()
    {
        if (WhyNot is { } reason)
        {
            throw new PlatformNotSupportedException(reason);
        }
    }
}
