namespace Nub.Kvm;

/// <summary>
/// Where the fields of <c>struct kvm_run</c> stand in the page that the kernel shares with us (2,352 bytes; api.rst, section 5), and
/// the numbers of the exits in it.
/// </summary>
internal static class RunPage
{
    public const ulong ImmediateExit = 1;
    public const ulong ExitReason = 8;

    public const ulong IoDirection = 32;
    public const ulong IoSize = 33;
    public const ulong IoPort = 34;
    public const ulong IoCount = 36;
    public const ulong IoDataOffset = 40;

    public const ulong MmioAddress = 32;
    public const ulong MmioData = 40;
    public const ulong MmioLength = 48;
    public const ulong MmioIsWrite = 52;

    public const ulong MemoryFaultAddress = 48;

    public const ulong Detail = 32;

    public const uint ExitIo = 2;
    public const uint ExitDebug = 4;
    public const uint ExitHalt = 5;
    public const uint ExitMmio = 6;
    public const uint ExitShutdown = 8;
    public const uint ExitFailEntry = 9;
    public const uint ExitInterrupted = 10;
    public const uint ExitInternalError = 17;
    public const uint ExitSystemEvent = 24;
    public const uint ExitMemoryFault = 39;
}
