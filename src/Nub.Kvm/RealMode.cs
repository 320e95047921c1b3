namespace Nub.Kvm;

/// <summary>Sets a virtual processor up for 16-bit code as it runs after a reset (Intel SDM volume 3, section 21.1).</summary>
public static class RealMode
{
    // ET, which is always set.
    private const ulong Cr0 = 0x10;

    // The bit that is always set.
    private const ulong Rflags = 0x2;

    /// <summary>
    /// Sets the registers, so that the next run begins 16-bit code. All data segments begin at address 0; the interrupt table is there too.
    /// </summary>
    /// <param name="processor">The processor.</param>
    /// <param name="codeSegment">CS: the code begins at 16 times this.</param>
    /// <param name="entryPoint">IP, the offset of the first instruction in the code segment.</param>
    /// <param name="stackPointer">SP, which grows down from there.</param>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public static void SetUp(VirtualProcessor processor, ushort codeSegment, ushort entryPoint, ushort stackPointer)
    {
        ArgumentNullException.ThrowIfNull(processor);
        SpecialRegisters special = processor.GetSpecialRegisters();
        special.Cs = new Segment { Base = (ulong)codeSegment << 4, Limit = 0xFFFF, Selector = codeSegment, Type = 11, Present = 1, S = 1 };
        special.Ds = special.Es = special.Fs = special.Gs = special.Ss = new Segment { Limit = 0xFFFF, Type = 3, Present = 1, S = 1 };
        special.Tr = new Segment { Limit = 0xFFFF, Type = 11, Present = 1 };
        special.Ldt = new Segment { Limit = 0xFFFF, Type = 2, Present = 1 };
        special.Gdt = new DescriptorTable { Limit = 0xFFFF };
        special.Idt = new DescriptorTable { Limit = 0x3FF };
        special.Cr0 = Cr0;
        special.Cr3 = special.Cr4 = special.Efer = 0;
        processor.SetSpecialRegisters(special);
        processor.SetRegisters(new Registers { Rip = entryPoint, Rsp = stackPointer, Rflags = Rflags });
    }
}
