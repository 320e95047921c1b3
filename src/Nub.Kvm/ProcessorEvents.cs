using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// What is pending at a processor: an exception, an interrupt, an NMI (<c>struct kvm_vcpu_events</c>, 64 bytes; api.rst, section 4.31).
/// Flags are 0 or 1.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public record struct ProcessorEvents
{
    /// <summary>An exception is being delivered.</summary>
    public byte ExceptionInjected;

    /// <summary>The exception's vector, 0 to 31.</summary>
    public byte ExceptionVector;

    /// <summary>The exception has an error code.</summary>
    public byte ExceptionHasErrorCode;

    /// <summary>An exception is waiting to be delivered.</summary>
    public byte ExceptionPending;

    /// <summary>The exception's error code.</summary>
    public uint ExceptionErrorCode;

    /// <summary>An interrupt is being delivered.</summary>
    public byte InterruptInjected;

    /// <summary>The interrupt's vector.</summary>
    public byte InterruptVector;

    /// <summary>The interrupt is of the guest's own INT instruction.</summary>
    public byte InterruptSoft;

    /// <summary>Interrupts wait for one instruction: 1 after MOV SS, 2 after STI.</summary>
    public byte InterruptShadow;

    /// <summary>An NMI is being delivered.</summary>
    public byte NmiInjected;

    /// <summary>An NMI is waiting.</summary>
    public byte NmiPending;

    /// <summary>NMIs are masked, because one is being handled.</summary>
    public byte NmiMasked;

#pragma warning disable CS0169 // The kernel's padding: there for the layout, and always zero.
    private readonly byte _padding;
#pragma warning restore CS0169

    /// <summary>The vector of a start-up message that was received.</summary>
    public uint SipiVector;

    /// <summary>Which parts are valid (KVM_VCPUEVENT_VALID_…).</summary>
    public uint Flags;

    /// <summary>The processor is in system management mode.</summary>
    public byte Smm;

    /// <summary>A system management interrupt is waiting.</summary>
    public byte SmiPending;

    /// <summary>System management mode was entered while an NMI was being handled.</summary>
    public byte SmmInsideNmi;

    /// <summary>An INIT was received in system management mode.</summary>
    public byte LatchedInit;

    /// <summary>A triple fault is waiting.</summary>
    public byte TripleFaultPending;

#pragma warning disable CS0169 // The kernel's reserve: there for the layout, and always zero.
    private readonly byte _reserved0;
    private readonly ushort _reserved1;
    private readonly ulong _reserved2;
    private readonly ulong _reserved3;
    private readonly uint _reserved4;
    private readonly ushort _reserved5;
    private readonly byte _reserved6;
#pragma warning restore CS0169

    /// <summary>The exception has a payload, such as the address of a page fault.</summary>
    public byte ExceptionHasPayload;

    /// <summary>The payload.</summary>
    public ulong ExceptionPayload;
}
