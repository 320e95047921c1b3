namespace Nub.Kvm;

/// <summary>What CPUID answers for one leaf (<c>struct kvm_cpuid_entry2</c>, 40 bytes; api.rst, section 4.20).</summary>
public record struct CpuidEntry
{
    /// <summary>The leaf: EAX of the question.</summary>
    public uint Function;

    /// <summary>The sub-leaf: ECX of the question, where <see cref="Flags"/> says that it matters.</summary>
    public uint Index;

    /// <summary>1: <see cref="Index"/> matters (KVM_CPUID_FLAG_SIGNIFCANT_INDEX).</summary>
    public uint Flags;

    /// <summary>EAX of the answer.</summary>
    public uint Eax;

    /// <summary>EBX of the answer.</summary>
    public uint Ebx;

    /// <summary>ECX of the answer.</summary>
    public uint Ecx;

    /// <summary>EDX of the answer.</summary>
    public uint Edx;

#pragma warning disable CS0169 // The kernel's padding: there for the size, and always zero.
    private readonly uint _padding0;
    private readonly uint _padding1;
    private readonly uint _padding2;
#pragma warning restore CS0169
}
