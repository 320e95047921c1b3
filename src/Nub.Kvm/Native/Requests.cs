namespace Nub.Kvm;

/// <summary>The requests this library makes, with the numbers of <c>linux/kvm.h</c>; a test compares them with the header's.</summary>
internal static class Requests
{
    // To /dev/kvm.
    public static readonly Request GetApiVersion = Request.Plain(0x00, "KVM_GET_API_VERSION");
    public static readonly Request CreateVm = Request.Plain(0x01, "KVM_CREATE_VM");
    public static readonly Request CheckExtension = Request.Plain(0x03, "KVM_CHECK_EXTENSION");
    public static readonly Request GetVcpuMmapSize = Request.Plain(0x04, "KVM_GET_VCPU_MMAP_SIZE");
    public static readonly Request GetSupportedCpuid = Request.ReadWrite<FlexibleArrayHeader>(0x05, "KVM_GET_SUPPORTED_CPUID");

    // To a virtual machine: memory.
    public static readonly Request CreateVcpu = Request.Plain(0x41, "KVM_CREATE_VCPU");
    public static readonly Request GetDirtyLog = Request.Write<DirtyLogArgument>(0x42, "KVM_GET_DIRTY_LOG");
    public static readonly Request SetUserMemoryRegion = Request.Write<UserspaceMemoryRegion>(0x46, "KVM_SET_USER_MEMORY_REGION");
    public static readonly Request SetTssAddress = Request.Plain(0x47, "KVM_SET_TSS_ADDR");
    public static readonly Request SetIdentityMapAddress = Request.Write<ulong>(0x48, "KVM_SET_IDENTITY_MAP_ADDR");
    public static readonly Request RegisterCoalesced = Request.Write<CoalescedZoneArgument>(0x67, "KVM_REGISTER_COALESCED_MMIO");
    public static readonly Request UnregisterCoalesced = Request.Write<CoalescedZoneArgument>(0x68, "KVM_UNREGISTER_COALESCED_MMIO");
    public static readonly Request EnableCapability = Request.Write<EnableCapabilityArgument>(0xA3, "KVM_ENABLE_CAP");
    public static readonly Request ResetDirtyRings = Request.Plain(0xC7, "KVM_RESET_DIRTY_RINGS");

    // To a virtual machine: interrupts, timers and events.
    public static readonly Request CreateIrqchip = Request.Plain(0x60, "KVM_CREATE_IRQCHIP");
    public static readonly Request IrqLine = Request.Write<IrqLevel>(0x61, "KVM_IRQ_LINE");
    public static readonly Request GetIrqchip = Request.ReadWrite<IrqchipState>(0x62, "KVM_GET_IRQCHIP");

    // The header says _IOR, though the kernel reads: the number is what counts.
    public static readonly Request SetIrqchip = Request.Read<IrqchipState>(0x63, "KVM_SET_IRQCHIP");
    public static readonly Request SetGsiRouting = Request.Write<FlexibleArrayHeader>(0x6A, "KVM_SET_GSI_ROUTING");
    public static readonly Request Irqfd = Request.Write<IrqfdArgument>(0x76, "KVM_IRQFD");
    public static readonly Request CreatePit2 = Request.Write<PitConfiguration>(0x77, "KVM_CREATE_PIT2");
    public static readonly Request IoEventfd = Request.Write<IoEventfdArgument>(0x79, "KVM_IOEVENTFD");
    public static readonly Request GetPit2 = Request.Read<PitState>(0x9F, "KVM_GET_PIT2");
    public static readonly Request SetPit2 = Request.Write<PitState>(0xA0, "KVM_SET_PIT2");
    public static readonly Request SignalMsi = Request.Write<MsiArgument>(0xA5, "KVM_SIGNAL_MSI");

    // To a virtual processor.
    public static readonly Request Run = Request.Plain(0x80, "KVM_RUN");
    public static readonly Request GetRegs = Request.Read<Registers>(0x81, "KVM_GET_REGS");
    public static readonly Request SetRegs = Request.Write<Registers>(0x82, "KVM_SET_REGS");
    public static readonly Request GetSregs = Request.Read<SpecialRegisters>(0x83, "KVM_GET_SREGS");
    public static readonly Request SetSregs = Request.Write<SpecialRegisters>(0x84, "KVM_SET_SREGS");
    public static readonly Request Translate = Request.ReadWrite<TranslationArgument>(0x85, "KVM_TRANSLATE");
    public static readonly Request Interrupt = Request.Write<uint>(0x86, "KVM_INTERRUPT");
    public static readonly Request GetMsrs = Request.ReadWrite<FlexibleArrayHeader>(0x88, "KVM_GET_MSRS");
    public static readonly Request SetMsrs = Request.Write<FlexibleArrayHeader>(0x89, "KVM_SET_MSRS");
    public static readonly Request GetLapic = Request.Read<LocalApicState>(0x8E, "KVM_GET_LAPIC");
    public static readonly Request SetLapic = Request.Write<LocalApicState>(0x8F, "KVM_SET_LAPIC");
    public static readonly Request SetCpuid2 = Request.Write<FlexibleArrayHeader>(0x90, "KVM_SET_CPUID2");
    public static readonly Request GetCpuid2 = Request.ReadWrite<FlexibleArrayHeader>(0x91, "KVM_GET_CPUID2");
    public static readonly Request GetMpState = Request.Read<uint>(0x98, "KVM_GET_MP_STATE");
    public static readonly Request SetMpState = Request.Write<uint>(0x99, "KVM_SET_MP_STATE");
    public static readonly Request Nmi = Request.Plain(0x9A, "KVM_NMI");
    public static readonly Request SetGuestDebug = Request.Write<GuestDebugArgument>(0x9B, "KVM_SET_GUEST_DEBUG");
    public static readonly Request GetEvents = Request.Read<ProcessorEvents>(0x9F, "KVM_GET_VCPU_EVENTS");
    public static readonly Request SetEvents = Request.Write<ProcessorEvents>(0xA0, "KVM_SET_VCPU_EVENTS");
    public static readonly Request GetDebugRegs = Request.Read<DebugRegistersArgument>(0xA1, "KVM_GET_DEBUGREGS");
    public static readonly Request SetDebugRegs = Request.Write<DebugRegistersArgument>(0xA2, "KVM_SET_DEBUGREGS");
    public static readonly Request GetXsave = Request.Read<XsaveRegion>(0xA4, "KVM_GET_XSAVE");
    public static readonly Request SetXsave = Request.Write<XsaveRegion>(0xA5, "KVM_SET_XSAVE");
    public static readonly Request GetXcrs = Request.Read<XcrsArgument>(0xA6, "KVM_GET_XCRS");
    public static readonly Request SetXcrs = Request.Write<XcrsArgument>(0xA7, "KVM_SET_XCRS");
    public static readonly Request GetXsave2 = Request.Read<XsaveRegion>(0xCF, "KVM_GET_XSAVE2");
}
