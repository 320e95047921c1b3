using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>What the C library of Linux on x64 (glibc and musl alike) needs to be told to install a signal handler: sigaction(2).</summary>
internal static unsafe partial class SignalNative
{
    public const int BusError = 7;
    public const int SegmentationFault = 11;

    public const nint Default = 0;
    public const nint Ignore = 1;

    /// <summary>SA_SIGINFO: the handler has three arguments.</summary>
    public const int WithInformation = 4;

    /// <summary>SA_ONSTACK: the handler runs on the thread's alternate stack, if it has one.</summary>
    public const int OnAlternateStack = 0x08000000;

    /// <summary>SA_RESETHAND: the handler is forgotten at its first call.</summary>
    public const int Once = unchecked((int)0x80000000);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    public static partial int SigAction(int signal, SignalAction* action, SignalAction* earlier);
}

/// <summary>struct sigaction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SignalAction
{
    public nint Handler;
    public fixed ulong Mask[16];
    public int Flags;
    public nint Restorer;
}
