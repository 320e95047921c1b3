using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

// The parts of `struct kvm_run`, 2,352 bytes (api.rst, section 5): what the kernel shares with us for each processor. It is a header and
// a union of one struct for each kind of exit, so it is several structs here. They are read through their views, each byte once.

/// <summary>The first 32 bytes of <c>kvm_run</c>.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct RunHeader
{
    /// <summary>Where the union of the exits begins, in bytes from the start of the page.</summary>
    public const ulong ExitOffset = 32;

    public byte RequestInterruptWindow;
    public byte ImmediateExit;
    public ushort Padding0;
    public uint Padding1;
    public uint ExitReason;
    public byte ReadyForInterruptInjection;
    public byte InterruptFlag;
    public ushort Flags;
    public ulong Cr8;
    public ulong ApicBase;
}

/// <summary>KVM_EXIT_IO, 16 bytes.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct IoExit
{
    public byte Direction;
    public byte Size;
    public ushort Port;
    public uint Count;

    /// <summary>Where the data is, in bytes from the start of the page.</summary>
    public ulong DataOffset;
}

/// <summary>KVM_EXIT_MMIO, 21 bytes and the three to the next field's place.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct MmioExit
{
    public ulong Address;
    public ulong Data;
    public uint Length;
    public byte IsWrite;
    public byte Unused0;
    public ushort Unused1;
}

/// <summary>KVM_EXIT_DEBUG, 32 bytes (<c>struct kvm_debug_exit_arch</c>).</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct DebugExit
{
    public uint Exception;
    public uint Padding;
    public ulong InstructionAddress;
    public ulong Dr6;
    public ulong Dr7;
}

/// <summary>KVM_EXIT_MEMORY_FAULT, 24 bytes.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct MemoryFaultExit
{
    public ulong Flags;
    public ulong GuestAddress;
    public ulong Size;
}

/// <summary>What KVM_EXIT_FAIL_ENTRY, KVM_EXIT_HYPERCALL, KVM_EXIT_INTERNAL_ERROR, KVM_EXIT_EXCEPTION and KVM_EXIT_SYSTEM_EVENT begin
/// with: a number of 64 bits (the first two), or one of 32.</summary>
[AllValid, StructLayout(LayoutKind.Sequential)]
internal partial struct OtherExit
{
    public uint Number;
    public uint UpperHalf;

    public readonly ulong LongNumber => Number | (ulong)UpperHalf << 32;
}

/// <summary>The kernel's numbers of the exits, KVM_EXIT_….</summary>
internal static class ExitNumber
{
    public const uint Exception = 1;
    public const uint Io = 2;
    public const uint Hypercall = 3;
    public const uint Debug = 4;
    public const uint Halt = 5;
    public const uint Mmio = 6;
    public const uint InterruptWindowOpen = 7;
    public const uint Shutdown = 8;
    public const uint FailEntry = 9;
    public const uint Interrupted = 10;
    public const uint InternalError = 17;
    public const uint SystemEvent = 24;
    public const uint DirtyRingFull = 31;
    public const uint MemoryFault = 39;
}
