namespace Nub.Kvm;

/// <summary>The general registers (<c>struct kvm_regs</c>, 144 bytes; api.rst, section 4.11).</summary>
public record struct Registers
{
    /// <summary>RAX.</summary>
    public ulong Rax;

    /// <summary>RBX.</summary>
    public ulong Rbx;

    /// <summary>RCX.</summary>
    public ulong Rcx;

    /// <summary>RDX.</summary>
    public ulong Rdx;

    /// <summary>RSI.</summary>
    public ulong Rsi;

    /// <summary>RDI.</summary>
    public ulong Rdi;

    /// <summary>RSP, the stack pointer.</summary>
    public ulong Rsp;

    /// <summary>RBP.</summary>
    public ulong Rbp;

    /// <summary>R8.</summary>
    public ulong R8;

    /// <summary>R9.</summary>
    public ulong R9;

    /// <summary>R10.</summary>
    public ulong R10;

    /// <summary>R11.</summary>
    public ulong R11;

    /// <summary>R12.</summary>
    public ulong R12;

    /// <summary>R13.</summary>
    public ulong R13;

    /// <summary>R14.</summary>
    public ulong R14;

    /// <summary>R15.</summary>
    public ulong R15;

    /// <summary>RIP, the instruction pointer.</summary>
    public ulong Rip;

    /// <summary>RFLAGS. Bit 1 is always set; bits 12 and 13 are the I/O privilege level.</summary>
    public ulong Rflags;

    /// <summary>The registers in hexadecimal.</summary>
    /// <returns>Each by its name.</returns>
    public override readonly string ToString() =>
        $"rip 0x{Rip:x}, rflags 0x{Rflags:x}, rax 0x{Rax:x}, rbx 0x{Rbx:x}, rcx 0x{Rcx:x}, rdx 0x{Rdx:x}, rsi 0x{Rsi:x}, rdi 0x{Rdi:x}, rsp 0x{Rsp:x}, rbp 0x{Rbp:x}, "
        + $"r8 0x{R8:x}, r9 0x{R9:x}, r10 0x{R10:x}, r11 0x{R11:x}, r12 0x{R12:x}, r13 0x{R13:x}, r14 0x{R14:x}, r15 0x{R15:x}";
}
