namespace Nub.Kvm;

// Interrupts, injected by the host or left to the kernel's controller.
public sealed partial class VirtualProcessor
{
    /// <summary>
    /// Whether the processor could take an interrupt (<see cref="Interrupt"/>) when it was left: the guest has interrupts enabled, and
    /// none is waiting (<c>ready_for_interrupt_injection</c>; api.rst, section 5).
    /// </summary>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public bool IsReadyForInterrupt => RunHeader.At(_page, 0).ReadyForInterruptInjection != 0;

    /// <summary>Whether the next run is to end as soon as the processor can take an interrupt
    /// (<see cref="VmExitReason.InterruptWindowOpen"/>).</summary>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public bool IsInterruptWindowRequested
    {
        get => RunHeader.At(_page, 0).RequestInterruptWindow != 0;
        set
        {
            RunHeader.View header = RunHeader.At(_page, 0);
            header.RequestInterruptWindow = value ? (byte)1 : (byte)0;
        }
    }

    /// <summary>
    /// Gives the guest an interrupt, where the kernel has no interrupt controller (KVM_INTERRUPT; api.rst, section 4.16). It is taken when
    /// the guest runs; ask <see cref="IsReadyForInterrupt"/> first.
    /// </summary>
    /// <param name="vector">The vector, 32 to 255 (0 to 255 in real mode).</param>
    /// <exception cref="KvmException">The kernel refused: ENXIO (6) where the kernel has the controller, EEXIST (17) when one is waiting
    /// already.</exception>
    /// <inheritdoc cref="GetRegisters"/>
    public void Interrupt(byte vector) => Set(Requests.Interrupt, (uint)vector);

    /// <summary>Gives the guest an NMI (KVM_NMI; api.rst, section 4.64).</summary>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public void InjectNmi()
    {
        Enter(running: false);
        try
        {
            Requests.Nmi.Call(_descriptor);
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>What is pending (KVM_GET_VCPU_EVENTS; api.rst, section 4.31).</summary>
    /// <inheritdoc cref="GetRegisters"/>
    public ProcessorEvents GetEvents() => Get<ProcessorEvents>(Requests.GetEvents);

    /// <summary>Sets what is pending (KVM_SET_VCPU_EVENTS; api.rst, section 4.32).</summary>
    /// <param name="events">What.</param>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetEvents(in ProcessorEvents events) => Set(Requests.SetEvents, events);

    /// <summary>What the processor is doing (KVM_GET_MP_STATE; api.rst, section 4.38).</summary>
    /// <inheritdoc cref="GetRegisters"/>
    public MultiprocessingState GetMultiprocessingState() => (MultiprocessingState)Get<uint>(Requests.GetMpState);

    /// <summary>Sets what the processor is doing (KVM_SET_MP_STATE; api.rst, section 4.39).</summary>
    /// <param name="state">What. Other than <see cref="MultiprocessingState.Runnable"/> needs the kernel's interrupt controller.</param>
    /// <inheritdoc cref="GetRegisters"/>
    public void SetMultiprocessingState(MultiprocessingState state) => Set(Requests.SetMpState, (uint)state);
}
