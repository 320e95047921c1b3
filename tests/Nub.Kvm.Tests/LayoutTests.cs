using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Nub.Kvm.Tests;

/// <summary>Compares the kernel's structs and numbers, as a C compiler reads them in the kernel's own headers, with ours.</summary>
public sealed class LayoutTests
{
    private const string Header = "/usr/include/linux/kvm.h";

    // The C struct, ours, and the fields: the kernel's name and ours.
    private static readonly (string C, Type Ours, string Fields)[] s_structs =
    [
        ("kvm_userspace_memory_region", typeof(UserspaceMemoryRegion), "slot Slot flags Flags guest_phys_addr GuestPhysicalAddress memory_size MemorySize userspace_addr UserspaceAddress"),
        ("kvm_cpuid2", typeof(FlexibleArrayHeader), "nent Count padding Padding"),
        ("kvm_msrs", typeof(FlexibleArrayHeader), "nmsrs Count pad Padding"),
        ("kvm_irq_routing", typeof(FlexibleArrayHeader), "nr Count"),
        ("kvm_dirty_log", typeof(DirtyLogArgument), "slot Slot dirty_bitmap Bitmap"),
        ("kvm_enable_cap", typeof(EnableCapabilityArgument), "cap Capability flags Flags args Arguments pad Padding"),
        ("kvm_coalesced_mmio_zone", typeof(CoalescedZoneArgument), "addr Address size Size pio IsPort"),
        ("kvm_pit_config", typeof(PitConfiguration), "flags Flags"),
        ("kvm_pit_state2", typeof(PitState), ""),
        ("kvm_irqchip", typeof(IrqchipState), "chip_id ChipId chip Contents"),
        ("kvm_irq_level", typeof(IrqLevel), "irq Irq level Level"),
        ("kvm_msi", typeof(MsiArgument), "address_lo AddressLow address_hi AddressHigh data Data flags Flags devid DeviceId"),
        ("kvm_irq_routing_entry", typeof(IrqRoutingEntry), "gsi Gsi type Type flags Flags u Union"),
        ("kvm_irqfd", typeof(IrqfdArgument), "fd Descriptor gsi Gsi flags Flags resamplefd ResampleDescriptor"),
        ("kvm_ioeventfd", typeof(IoEventfdArgument), "datamatch DataMatch addr Address len Length fd Descriptor flags Flags"),
        ("kvm_translation", typeof(TranslationArgument), "linear_address LinearAddress physical_address PhysicalAddress valid Valid writeable Writable usermode UserMode"),
        ("kvm_lapic_state", typeof(LocalApicState), ""),
        ("kvm_xsave", typeof(XsaveRegion), ""),
        ("kvm_xcrs", typeof(XcrsArgument), "nr_xcrs Count flags Flags xcrs[0].xcr Register xcrs[0].value Value padding Padding"),
        ("kvm_debugregs", typeof(DebugRegistersArgument), "db Registers flags Flags"),
        ("kvm_guest_debug", typeof(GuestDebugArgument), "control Control arch.debugreg DebugRegisters"),
        ("kvm_msr_entry", typeof(MsrEntry), "index Index data Value"),
        ("kvm_cpuid_entry2", typeof(CpuidEntry), "function Function index Index flags Flags eax Eax ebx Ebx ecx Ecx edx Edx"),
        ("kvm_regs", typeof(Registers), "rax Rax rbx Rbx rcx Rcx rdx Rdx rsi Rsi rdi Rdi rsp Rsp rbp Rbp r8 R8 r9 R9 r10 R10 r11 R11 r12 R12 r13 R13 r14 R14 r15 R15 rip Rip rflags Rflags"),
        ("kvm_segment", typeof(Segment), "base Base limit Limit selector Selector type Type present Present dpl Dpl db Db s S l L g G avl Avl unusable Unusable"),
        ("kvm_dtable", typeof(DescriptorTable), "base Base limit Limit"),
        ("kvm_sregs", typeof(SpecialRegisters), "cs Cs ds Ds es Es fs Fs gs Gs ss Ss tr Tr ldt Ldt gdt Gdt idt Idt cr0 Cr0 cr2 Cr2 cr3 Cr3 cr4 Cr4 cr8 Cr8 efer Efer apic_base ApicBase interrupt_bitmap[0] InterruptBitmap0 interrupt_bitmap[3] InterruptBitmap3"),
        ("kvm_vcpu_events", typeof(ProcessorEvents), "exception.injected ExceptionInjected exception.nr ExceptionVector exception.has_error_code ExceptionHasErrorCode exception.pending ExceptionPending exception.error_code ExceptionErrorCode interrupt.injected InterruptInjected interrupt.nr InterruptVector interrupt.soft InterruptSoft interrupt.shadow InterruptShadow nmi.injected NmiInjected nmi.pending NmiPending nmi.masked NmiMasked sipi_vector SipiVector flags Flags smi.smm Smm smi.pending SmiPending smi.smm_inside_nmi SmmInsideNmi smi.latched_init LatchedInit triple_fault.pending TripleFaultPending exception_has_payload ExceptionHasPayload exception_payload ExceptionPayload"),
        ("kvm_dirty_gfn", typeof(DirtyGfn), "flags Flags slot Slot offset Offset"),
        ("kvm_coalesced_mmio", typeof(CoalescedEntry), "phys_addr Address len Length pio IsPort data Data"),
        ("kvm_coalesced_mmio_ring", typeof(CoalescedRingHeader), "first First last Last"),
        ("kvm_debug_exit_arch", typeof(DebugExit), "exception Exception pc InstructionAddress dr6 Dr6 dr7 Dr7"),
    ];

    // Fields of kvm_run; the structs of its union begin at RunHeader.ExitOffset.
    private static readonly (string C, Type Ours, string Field, ulong Start)[] s_runFields =
    [
        ("request_interrupt_window", typeof(RunHeader), "RequestInterruptWindow", 0), ("immediate_exit", typeof(RunHeader), "ImmediateExit", 0),
        ("exit_reason", typeof(RunHeader), "ExitReason", 0), ("ready_for_interrupt_injection", typeof(RunHeader), "ReadyForInterruptInjection", 0),
        ("if_flag", typeof(RunHeader), "InterruptFlag", 0), ("flags", typeof(RunHeader), "Flags", 0), ("cr8", typeof(RunHeader), "Cr8", 0),
        ("apic_base", typeof(RunHeader), "ApicBase", 0), ("io.direction", typeof(IoExit), "Direction", RunHeader.ExitOffset),
        ("io.size", typeof(IoExit), "Size", RunHeader.ExitOffset), ("io.port", typeof(IoExit), "Port", RunHeader.ExitOffset),
        ("io.count", typeof(IoExit), "Count", RunHeader.ExitOffset), ("io.data_offset", typeof(IoExit), "DataOffset", RunHeader.ExitOffset),
        ("mmio.phys_addr", typeof(MmioExit), "Address", RunHeader.ExitOffset), ("mmio.data", typeof(MmioExit), "Data", RunHeader.ExitOffset),
        ("mmio.len", typeof(MmioExit), "Length", RunHeader.ExitOffset), ("mmio.is_write", typeof(MmioExit), "IsWrite", RunHeader.ExitOffset),
        ("debug.arch", typeof(DebugExit), "Exception", RunHeader.ExitOffset), ("internal.suberror", typeof(OtherExit), "Number", RunHeader.ExitOffset),
        ("fail_entry.hardware_entry_failure_reason", typeof(OtherExit), "Number", RunHeader.ExitOffset),
        ("system_event.type", typeof(OtherExit), "Number", RunHeader.ExitOffset), ("hypercall.nr", typeof(OtherExit), "Number", RunHeader.ExitOffset),
        ("ex.exception", typeof(OtherExit), "Number", RunHeader.ExitOffset),
    ];

    private static readonly (string C, long Ours)[] s_constants =
    [
        ("KVM_EXIT_EXCEPTION", ExitNumber.Exception), ("KVM_EXIT_IO", ExitNumber.Io), ("KVM_EXIT_HYPERCALL", ExitNumber.Hypercall),
        ("KVM_EXIT_DEBUG", ExitNumber.Debug), ("KVM_EXIT_HLT", ExitNumber.Halt), ("KVM_EXIT_MMIO", ExitNumber.Mmio),
        ("KVM_EXIT_IRQ_WINDOW_OPEN", ExitNumber.InterruptWindowOpen), ("KVM_EXIT_SHUTDOWN", ExitNumber.Shutdown), ("KVM_EXIT_FAIL_ENTRY", ExitNumber.FailEntry),
        ("KVM_EXIT_INTR", ExitNumber.Interrupted), ("KVM_EXIT_INTERNAL_ERROR", ExitNumber.InternalError), ("KVM_EXIT_SYSTEM_EVENT", ExitNumber.SystemEvent),
        ("KVM_EXIT_DIRTY_RING_FULL", ExitNumber.DirtyRingFull), ("KVM_EXIT_MEMORY_FAULT", ExitNumber.MemoryFault),
        ("KVM_MEM_LOG_DIRTY_PAGES", (long)MemorySlotFlags.TrackDirtyPages), ("KVM_MEM_READONLY", (long)MemorySlotFlags.ReadOnly),
        ("KVM_DIRTY_GFN_F_DIRTY", DirtyGfn.Dirty), ("KVM_DIRTY_GFN_F_RESET", DirtyGfn.Harvested), ("KVM_DIRTY_LOG_PAGE_OFFSET", (long)DirtyRing.PageOffset),
        ("KVM_COALESCED_MMIO_PAGE_OFFSET", 2), ("KVM_IRQ_ROUTING_IRQCHIP", IrqRoutingEntry.TypeIrqchip), ("KVM_IRQ_ROUTING_MSI", IrqRoutingEntry.TypeMsi),
        ("KVM_IRQFD_FLAG_DEASSIGN", IrqfdArgument.FlagDeassign), ("KVM_IOEVENTFD_FLAG_DATAMATCH", IoEventfdArgument.FlagDataMatch),
        ("KVM_IOEVENTFD_FLAG_PIO", IoEventfdArgument.FlagPort), ("KVM_IOEVENTFD_FLAG_DEASSIGN", IoEventfdArgument.FlagDeassign),
        ("KVM_GUESTDBG_ENABLE", GuestDebugArgument.Enable), ("KVM_GUESTDBG_SINGLESTEP", GuestDebugArgument.SingleStep),
        ("KVM_GUESTDBG_USE_SW_BP", GuestDebugArgument.UseSoftwareBreakpoints), ("KVM_GUESTDBG_USE_HW_BP", GuestDebugArgument.UseHardwareBreakpoints),
        ("KVM_MP_STATE_RUNNABLE", (long)MultiprocessingState.Runnable), ("KVM_MP_STATE_UNINITIALIZED", (long)MultiprocessingState.Uninitialized),
        ("KVM_MP_STATE_HALTED", (long)MultiprocessingState.Halted), ("KVM_MP_STATE_SIPI_RECEIVED", (long)MultiprocessingState.SipiReceived),
        ("KVM_CAP_IRQCHIP", (long)KvmCapability.InterruptController), ("KVM_CAP_USER_MEMORY", (long)KvmCapability.UserMemory),
        ("KVM_CAP_SET_TSS_ADDR", (long)KvmCapability.SetTssAddress), ("KVM_CAP_EXT_CPUID", (long)KvmCapability.ExtendedCpuid),
        ("KVM_CAP_NR_VCPUS", (long)KvmCapability.RecommendedProcessors), ("KVM_CAP_NR_MEMSLOTS", (long)KvmCapability.MemorySlots),
        ("KVM_CAP_MP_STATE", (long)KvmCapability.MultiprocessingState), ("KVM_CAP_COALESCED_MMIO", (long)KvmCapability.CoalescedMmio),
        ("KVM_CAP_IRQ_ROUTING", (long)KvmCapability.InterruptRouting), ("KVM_CAP_IRQFD", (long)KvmCapability.IrqEvents), ("KVM_CAP_PIT2", (long)KvmCapability.Pit),
        ("KVM_CAP_IOEVENTFD", (long)KvmCapability.IoEvents), ("KVM_CAP_SET_IDENTITY_MAP_ADDR", (long)KvmCapability.SetIdentityMapAddress),
        ("KVM_CAP_VCPU_EVENTS", (long)KvmCapability.ProcessorEvents), ("KVM_CAP_DEBUGREGS", (long)KvmCapability.DebugRegisters),
        ("KVM_CAP_XSAVE", (long)KvmCapability.ExtendedState), ("KVM_CAP_XCRS", (long)KvmCapability.ExtendedControlRegisters),
        ("KVM_CAP_MAX_VCPUS", (long)KvmCapability.MaximumProcessors), ("KVM_CAP_SIGNAL_MSI", (long)KvmCapability.SignalMsi),
        ("KVM_CAP_READONLY_MEM", (long)KvmCapability.ReadOnlyMemory), ("KVM_CAP_MAX_VCPU_ID", (long)KvmCapability.MaximumProcessorId),
        ("KVM_CAP_IMMEDIATE_EXIT", (long)KvmCapability.ImmediateExit), ("KVM_CAP_COALESCED_PIO", (long)KvmCapability.CoalescedPortIo),
        ("KVM_CAP_X86_USER_SPACE_MSR", (long)KvmCapability.UserSpaceMsr), ("KVM_CAP_DIRTY_LOG_RING", (long)KvmCapability.DirtyLogRing),
        ("KVM_CAP_XSAVE2", (long)KvmCapability.ExtendedState2), ("KVM_CAP_DIRTY_LOG_RING_ACQ_REL", (long)KvmCapability.DirtyLogRingAcquireRelease),
        ("EINTR", LibC.Interrupted), ("EAGAIN", LibC.TryAgain), ("EFAULT", LibC.Fault), ("O_RDWR", LibC.OpenReadWrite), ("O_CLOEXEC", LibC.OpenCloseOnExec),
        ("SA_RESTART", LibC.SignalActionRestart), ("SIG_UNBLOCK", LibC.SignalUnblock), ("EFD_NONBLOCK", LibC.EventNonBlocking), ("EFD_CLOEXEC", LibC.EventCloseOnExec),
        ("EPOLL_CLOEXEC", LibC.EpollCloseOnExec), ("EPOLL_CTL_ADD", LibC.EpollAdd), ("EPOLL_CTL_MOD", LibC.EpollModify), ("EPOLLIN", LibC.EpollIn),
        ("EPOLLONESHOT", LibC.EpollOneShot), ("POLLIN", LibC.PollIn), ("MADV_HUGEPAGE", LibC.AdviseHugePage),
        ("sizeof(struct sigaction)", Marshal.SizeOf<LibC.SignalActionData>()), ("offsetof(struct sigaction, sa_mask)", 8), ("offsetof(struct sigaction, sa_flags)", 136),
        ("sizeof(struct epoll_event)", Marshal.SizeOf<LibC.EpollEvent>()), ("sizeof(struct pollfd)", Marshal.SizeOf<LibC.PollData>()),
    ];

    [SkippableFact]
    public void The_kernels_headers_and_this_library_agree_on_every_struct_and_number()
    {
        string compiler = CCompiler.FindOrSkip();
        Skip.IfNot(File.Exists(Header), $"There is no {Header}.");
        Skip.IfNot(File.ReadAllText(Header).Contains("KVM_CAP_DIRTY_LOG_RING_ACQ_REL", StringComparison.Ordinal), $"{Header} is older than Linux 6.1.");

        var ours = new Dictionary<string, long>();
        foreach (FieldInfo field in typeof(Requests).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            var request = (Request)field.GetValue(null)!;
            ours.Add(request.Name, request.Number);
        }

        foreach ((string c, Type type, string fields) in s_structs)
        {
            // What has a flexible array in C has its header here.
            ours.Add($"sizeof(struct {c})", Marshal.SizeOf(type));
            string[] names = fields.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            for (int i = 0; i < names.Length; i += 2)
            {
                ours.Add($"offsetof(struct {c}, {names[i]})", (long)Marshal.OffsetOf(type, names[i + 1]));
            }
        }

        foreach ((string c, Type type, string field, ulong start) in s_runFields)
        {
            ours.Add($"offsetof(struct kvm_run, {c})", (long)start + (long)Marshal.OffsetOf(type, field));
        }

        foreach ((string c, long value) in s_constants)
        {
            ours.Add(c, value);
        }

        Dictionary<string, long> theirs = AskCompiler(compiler, ours.Keys);
        string[] differences = [.. theirs.Where(pair => ours[pair.Key] != pair.Value).Select(pair => $"{pair.Key}: {pair.Value} in C, {ours[pair.Key]} here")];
        Assert.True(differences.Length == 0, string.Join(Environment.NewLine, differences));

        // Newer than the header may be a constant or two, but not most of them.
        Assert.InRange(theirs.Count, ours.Count - 5, ours.Count);
    }

    private static Dictionary<string, long> AskCompiler(string compiler, IEnumerable<string> expressions)
    {
        var source = new StringBuilder("""
            #define _GNU_SOURCE
            #include <errno.h>
            #include <fcntl.h>
            #include <linux/kvm.h>
            #include <poll.h>
            #include <signal.h>
            #include <stddef.h>
            #include <stdio.h>
            #include <sys/epoll.h>
            #include <sys/eventfd.h>
            #include <sys/ioctl.h>
            #include <sys/mman.h>
            int main(void) {

            """);
        foreach (string expression in expressions)
        {
            // Enumerators are no macros: those of the C library are there for certain.
            bool optional = expression.StartsWith("KVM_", StringComparison.Ordinal) && !expression.StartsWith("KVM_IOEVENTFD_FLAG", StringComparison.Ordinal);
            source.AppendLine(CultureInfo.InvariantCulture, $"{(optional ? $"#ifdef {expression}\n" : "")}printf(\"%s=%lld\\n\", \"{expression}\", (long long)({expression}));{(optional ? "\n#endif" : "")}");
        }

        source.AppendLine("return 0; }");
        string program = CCompiler.Compile(compiler, source.ToString(), "-w");
        string output = ChildProcess.RunWell(program, []);
        File.Delete(program);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=')).ToDictionary(
            parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
