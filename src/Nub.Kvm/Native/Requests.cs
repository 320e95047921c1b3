namespace Nub.Kvm;

/// <summary>The requests this library makes, with the numbers of <c>linux/kvm.h</c>.</summary>
internal static class Requests
{
    // To /dev/kvm.
    public static readonly Request GetApiVersion = Request.Plain(0x00, "KVM_GET_API_VERSION");
    public static readonly Request CreateVm = Request.Plain(0x01, "KVM_CREATE_VM");
    public static readonly Request CheckExtension = Request.Plain(0x03, "KVM_CHECK_EXTENSION");
    public static readonly Request GetVcpuMmapSize = Request.Plain(0x04, "KVM_GET_VCPU_MMAP_SIZE");
    public static readonly Request GetSupportedCpuid = Request.ReadWrite<FlexibleArrayHeader>(0x05, "KVM_GET_SUPPORTED_CPUID");

    // To a virtual machine.
    public static readonly Request CreateVcpu = Request.Plain(0x41, "KVM_CREATE_VCPU");
    public static readonly Request SetUserMemoryRegion = Request.Write<UserspaceMemoryRegion>(0x46, "KVM_SET_USER_MEMORY_REGION");
    public static readonly Request SetTssAddress = Request.Plain(0x47, "KVM_SET_TSS_ADDR");
    public static readonly Request SetIdentityMapAddress = Request.Write<ulong>(0x48, "KVM_SET_IDENTITY_MAP_ADDR");
    public static readonly Request CreateIrqchip = Request.Plain(0x60, "KVM_CREATE_IRQCHIP");
    public static readonly Request CreatePit2 = Request.Write<PitConfiguration>(0x77, "KVM_CREATE_PIT2");

    // To a virtual processor.
    public static readonly Request Run = Request.Plain(0x80, "KVM_RUN");
    public static readonly Request GetRegs = Request.Read<Registers>(0x81, "KVM_GET_REGS");
    public static readonly Request SetRegs = Request.Write<Registers>(0x82, "KVM_SET_REGS");
    public static readonly Request GetSregs = Request.Read<SpecialRegisters>(0x83, "KVM_GET_SREGS");
    public static readonly Request SetSregs = Request.Write<SpecialRegisters>(0x84, "KVM_SET_SREGS");
    public static readonly Request SetCpuid2 = Request.Write<FlexibleArrayHeader>(0x90, "KVM_SET_CPUID2");
}
