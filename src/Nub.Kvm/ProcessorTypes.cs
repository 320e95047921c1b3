namespace Nub.Kvm;

/// <summary>A model-specific register and its value (<c>struct kvm_msr_entry</c>, 16 bytes; api.rst, section 4.18).</summary>
public record struct MsrEntry
{
    /// <summary>Creates an entry.</summary>
    /// <param name="index">The register's number.</param>
    /// <param name="value">Its value; 0 for one that is to be read.</param>
    public MsrEntry(uint index, ulong value = 0)
    {
        Index = index;
        Value = value;
    }

    /// <summary>The register's number, as RDMSR has it in ECX.</summary>
    public uint Index;

#pragma warning disable CS0169, IDE0051 // The kernel's padding: there for the layout, and always zero.
    private readonly uint _reserved;
#pragma warning restore CS0169, IDE0051

    /// <summary>Its value.</summary>
    public ulong Value;
}

/// <summary>The debug registers (the first part of <c>struct kvm_debugregs</c>, 48 bytes; api.rst, section 4.34).</summary>
public record struct DebugRegisters
{
    /// <summary>DR0: the linear address of a breakpoint.</summary>
    public ulong Dr0;

    /// <summary>DR1.</summary>
    public ulong Dr1;

    /// <summary>DR2.</summary>
    public ulong Dr2;

    /// <summary>DR3.</summary>
    public ulong Dr3;

    /// <summary>DR6: what was hit.</summary>
    public ulong Dr6;

    /// <summary>DR7: what is armed.</summary>
    public ulong Dr7;
}

/// <summary>What the host wants to see of a guest's execution (KVM_SET_GUEST_DEBUG; api.rst, section 4.87).</summary>
[Flags]
public enum GuestDebugModes
{
    /// <summary>Nothing: debugging is the guest's own.</summary>
    None = 0,

    /// <summary>An exit after each instruction.</summary>
    SingleStep = 1,

    /// <summary>An exit for each INT3 of the guest.</summary>
    SoftwareBreakpoints = 2,

    /// <summary>An exit for what DR0 to DR3 and DR7 say.</summary>
    HardwareBreakpoints = 4,
}

/// <summary>What a processor is doing (KVM_GET_MP_STATE; api.rst, section 4.38).</summary>
public enum MultiprocessingState
{
    /// <summary>It runs when it is run.</summary>
    Runnable = 0,

    /// <summary>It waits to be started by another one: all but the first are so where the kernel has the interrupt controller.</summary>
    Uninitialized = 1,

    /// <summary>It was initialized, and waits for the start-up message.</summary>
    InitReceived = 2,

    /// <summary>It executed HLT and waits for an interrupt.</summary>
    Halted = 3,

    /// <summary>It has received the start-up message.</summary>
    SipiReceived = 4,
}
