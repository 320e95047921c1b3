namespace Nub.Kvm;

/// <summary>A segment register with its hidden part (<c>struct kvm_segment</c>, 24 bytes). The fields are those of a descriptor in the
/// processor manuals: Intel SDM volume 3, section 3.4.5.</summary>
public record struct Segment
{
    /// <summary>The linear address of the first byte.</summary>
    public ulong Base;

    /// <summary>The last offset, in bytes.</summary>
    public uint Limit;

    /// <summary>The selector; its two lowest bits are the requested privilege level.</summary>
    public ushort Selector;

    /// <summary>The type, 0 to 15: 11 is code that can be executed and read, 3 is data that can be read and written.</summary>
    public byte Type;

    /// <summary>P: 1 when the segment is present.</summary>
    public byte Present;

    /// <summary>DPL: the privilege level, 0 to 3.</summary>
    public byte Dpl;

    /// <summary>D/B: 1 for a 32-bit segment.</summary>
    public byte Db;

    /// <summary>S: 1 for code and data, 0 for a system segment.</summary>
    public byte S;

    /// <summary>L: 1 for 64-bit code.</summary>
    public byte L;

    /// <summary>G: 1 when the limit counts pages.</summary>
    public byte G;

    /// <summary>AVL: the operating system's own bit.</summary>
    public byte Avl;

    /// <summary>1 when the register holds no segment.</summary>
    public byte Unusable;

#pragma warning disable CS0169 // The kernel's padding: there for the size, and always zero.
    private readonly byte _padding;
#pragma warning restore CS0169
}

/// <summary>A descriptor table register (<c>struct kvm_dtable</c>, 16 bytes).</summary>
public record struct DescriptorTable
{
    /// <summary>The linear address of the table.</summary>
    public ulong Base;

    /// <summary>The last offset, in bytes.</summary>
    public ushort Limit;

#pragma warning disable CS0169 // The kernel's padding: there for the size, and always zero.
    private readonly ushort _padding0;
    private readonly uint _padding1;
#pragma warning restore CS0169
}

/// <summary>Segments, tables and control registers (<c>struct kvm_sregs</c>, 312 bytes; api.rst, section 4.13).</summary>
public record struct SpecialRegisters
{
    /// <summary>CS, the code segment.</summary>
    public Segment Cs;

    /// <summary>DS.</summary>
    public Segment Ds;

    /// <summary>ES.</summary>
    public Segment Es;

    /// <summary>FS.</summary>
    public Segment Fs;

    /// <summary>GS.</summary>
    public Segment Gs;

    /// <summary>SS, the stack segment.</summary>
    public Segment Ss;

    /// <summary>TR, the task register.</summary>
    public Segment Tr;

    /// <summary>LDTR, the local descriptor table.</summary>
    public Segment Ldt;

    /// <summary>GDTR, the global descriptor table.</summary>
    public DescriptorTable Gdt;

    /// <summary>IDTR, the interrupt descriptor table.</summary>
    public DescriptorTable Idt;

    /// <summary>CR0: paging, protection, floating point.</summary>
    public ulong Cr0;

    /// <summary>CR2: the address of the last page fault.</summary>
    public ulong Cr2;

    /// <summary>CR3: the guest physical address of the top page table.</summary>
    public ulong Cr3;

    /// <summary>CR4: extensions.</summary>
    public ulong Cr4;

    /// <summary>CR8: the task priority.</summary>
    public ulong Cr8;

    /// <summary>EFER: long mode and no-execute.</summary>
    public ulong Efer;

    /// <summary>The place and state of the local interrupt controller.</summary>
    public ulong ApicBase;

    /// <summary>One bit set where an external interrupt is pending that the processor has accepted: vectors 0 to 63.</summary>
    public ulong InterruptBitmap0;

    /// <summary>The same for vectors 64 to 127.</summary>
    public ulong InterruptBitmap1;

    /// <summary>The same for vectors 128 to 191.</summary>
    public ulong InterruptBitmap2;

    /// <summary>The same for vectors 192 to 255.</summary>
    public ulong InterruptBitmap3;
}
