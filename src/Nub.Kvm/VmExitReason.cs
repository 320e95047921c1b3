namespace Nub.Kvm;

/// <summary>Why a guest was left. The kernel's numbers (KVM_EXIT_…; api.rst, section 5) are in <see cref="VmExit.NativeReason"/>.</summary>
public enum VmExitReason
{
    /// <summary>A reason this library does not know; <see cref="VmExit.NativeReason"/> has its number.</summary>
    Unknown,

    /// <summary>The guest reads a port: fill <see cref="VmExit.Data"/>, which is zero, before the next run.</summary>
    IoIn,

    /// <summary>The guest writes a port.</summary>
    IoOut,

    /// <summary>The guest reads an address where no memory is: fill <see cref="VmExit.Data"/>, which is zero, before the next
    /// run.</summary>
    MmioRead,

    /// <summary>The guest writes an address where no memory is, or only memory that it cannot write.</summary>
    MmioWrite,

    /// <summary>The guest executed HLT, and there is no interrupt controller in the kernel to wait for.</summary>
    Halt,

    /// <summary>The guest is dead: a triple fault.</summary>
    Shutdown,

    /// <summary>The token that was given to <c>Run</c> was cancelled. The guest can be run again.</summary>
    Cancelled,

    /// <summary>The processor refused the guest's state; <see cref="VmExit.Detail"/> has the hardware's reason.</summary>
    FailedEntry,

    /// <summary>The kernel could not go on, most often with an instruction it cannot emulate; <see cref="VmExit.Detail"/> has its
    /// sub-error.</summary>
    InternalError,

    /// <summary>Memory behind a slot cannot be reached, such as pages of a file that was shortened; <see cref="VmExit.Address"/> where
    /// the kernel tells it.</summary>
    MemoryFault,

    /// <summary>
    /// A breakpoint or a single step that the host asked for: <see cref="VmExit.Address"/> is the instruction's linear address,
    /// <see cref="VmExit.Detail"/> is DR6.
    /// </summary>
    Debug,

    /// <summary>The processor can take an interrupt, and the host had asked to know.</summary>
    InterruptWindowOpen,

    /// <summary>The ring of dirty pages is full: harvest and reset it (<see cref="VirtualMachine.ResetDirtyRings"/>), and run
    /// again.</summary>
    DirtyRingFull,

    /// <summary>The guest asks the host for a service; <see cref="VmExit.Detail"/> has its number.</summary>
    Hypercall,

    /// <summary>An exception of the guest that the kernel left to the host; <see cref="VmExit.Detail"/> has its vector.</summary>
    Exception,

    /// <summary>The guest asks to be shut down or reset; <see cref="VmExit.Detail"/> has the kind (KVM_SYSTEM_EVENT_…).</summary>
    SystemEvent,
}
