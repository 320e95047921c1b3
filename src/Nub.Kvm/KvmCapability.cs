using System.Diagnostics.CodeAnalysis;

namespace Nub.Kvm;

/// <summary>
/// What a KVM may be able to do, with the numbers of <c>linux/kvm.h</c>. Any other number of that header may be cast to this type.
/// </summary>
[SuppressMessage("Design", "CA1008:Enums should have zero value", Justification = "0 is KVM_CAP_IRQCHIP: the numbers are the kernel's.")]
public enum KvmCapability
{
    /// <summary>An interrupt controller in the kernel (KVM_CAP_IRQCHIP).</summary>
    InterruptController = 0,

    /// <summary>Memory of the process as the guest's memory (KVM_CAP_USER_MEMORY).</summary>
    UserMemory = 3,

    /// <summary>The place of the task state segment that Intel processors need for real mode can be set (KVM_CAP_SET_TSS_ADDR).</summary>
    SetTssAddress = 4,

    /// <summary>CPUID of the guest can be set in full (KVM_CAP_EXT_CPUID).</summary>
    ExtendedCpuid = 7,

    /// <summary>The recommended number of virtual processors of a virtual machine (KVM_CAP_NR_VCPUS).</summary>
    RecommendedProcessors = 9,

    /// <summary>The number of memory slots of a virtual machine (KVM_CAP_NR_MEMSLOTS).</summary>
    MemorySlots = 10,

    /// <summary>The run state of a processor can be read and set (KVM_CAP_MP_STATE).</summary>
    MultiprocessingState = 14,

    /// <summary>MMIO writes can be gathered (KVM_CAP_COALESCED_MMIO).</summary>
    CoalescedMmio = 15,

    /// <summary>Interrupt routes can be set (KVM_CAP_IRQ_ROUTING).</summary>
    InterruptRouting = 25,

    /// <summary>An event descriptor can raise an interrupt (KVM_CAP_IRQFD).</summary>
    IrqEvents = 32,

    /// <summary>A timer (i8254) in the kernel (KVM_CAP_PIT2).</summary>
    Pit = 33,

    /// <summary>A guest's write can signal an event descriptor (KVM_CAP_IOEVENTFD).</summary>
    IoEvents = 36,

    /// <summary>The place of the identity map that Intel processors need for real mode can be set
    /// (KVM_CAP_SET_IDENTITY_MAP_ADDR).</summary>
    SetIdentityMapAddress = 37,

    /// <summary>Pending exceptions, interrupts and NMIs can be read and set (KVM_CAP_VCPU_EVENTS).</summary>
    ProcessorEvents = 41,

    /// <summary>Debug registers can be read and set (KVM_CAP_DEBUGREGS).</summary>
    DebugRegisters = 50,

    /// <summary>The extended processor state can be read and set (KVM_CAP_XSAVE).</summary>
    ExtendedState = 55,

    /// <summary>The extended control registers can be read and set (KVM_CAP_XCRS).</summary>
    ExtendedControlRegisters = 56,

    /// <summary>The most virtual processors of a virtual machine (KVM_CAP_MAX_VCPUS).</summary>
    MaximumProcessors = 66,

    /// <summary>Message-signalled interrupts can be injected (KVM_CAP_SIGNAL_MSI).</summary>
    SignalMsi = 77,

    /// <summary>Memory that the guest can read only (KVM_CAP_READONLY_MEM).</summary>
    ReadOnlyMemory = 81,

    /// <summary>The highest id of a virtual processor, plus one (KVM_CAP_MAX_VCPU_ID).</summary>
    MaximumProcessorId = 128,

    /// <summary>KVM_RUN can be left before the guest is entered (KVM_CAP_IMMEDIATE_EXIT).</summary>
    ImmediateExit = 136,

    /// <summary>Port writes can be gathered (KVM_CAP_COALESCED_PIO).</summary>
    CoalescedPortIo = 162,

    /// <summary>Accesses to unknown MSRs can exit (KVM_CAP_X86_USER_SPACE_MSR).</summary>
    UserSpaceMsr = 188,

    /// <summary>Dirty pages by rings, the size of the largest in bytes (KVM_CAP_DIRTY_LOG_RING).</summary>
    DirtyLogRing = 192,

    /// <summary>The size of the extended processor state in bytes (KVM_CAP_XSAVE2).</summary>
    ExtendedState2 = 208,

    /// <summary>Dirty pages by rings with acquire and release semantics (KVM_CAP_DIRTY_LOG_RING_ACQ_REL).</summary>
    DirtyLogRingAcquireRelease = 223,
}
