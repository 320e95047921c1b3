namespace Nub.Kvm;

/// <summary>
/// Sets a virtual processor up for 32-bit code without paging: flat segments of 4 GiB at the system privilege level, as a boot loader
/// leaves it (Intel SDM volume 3, section 3.2.1).
/// </summary>
public static class ProtectedMode
{
    // PE and ET.
    private const ulong Cr0 = 0x11;

    // The bit that is always set.
    private const ulong Rflags = 0x2;

    /// <summary>Sets the registers, so that the next run begins 32-bit code.</summary>
    /// <remarks>There are no descriptor tables yet: an exception or an interrupt is a shutdown until the guest, or the host, makes
    /// some.</remarks>
    /// <param name="processor">The processor.</param>
    /// <param name="entryPoint">The address of the first instruction.</param>
    /// <param name="stackPointer">The stack pointer, which grows down from there.</param>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public static void SetUp(VirtualProcessor processor, uint entryPoint, uint stackPointer)
    {
        ArgumentNullException.ThrowIfNull(processor);
        SpecialRegisters special = processor.GetSpecialRegisters();
        special.Cs = new Segment { Limit = uint.MaxValue, Selector = 0x08, Type = 11, Present = 1, Db = 1, S = 1, G = 1 };
        special.Ds = special.Es = special.Fs = special.Gs = special.Ss =
            new Segment { Limit = uint.MaxValue, Selector = 0x10, Type = 3, Present = 1, Db = 1, S = 1, G = 1 };
        special.Tr = new Segment { Limit = 0x67, Selector = 0x18, Type = 11, Present = 1 };
        special.Ldt = new Segment { Unusable = 1 };
        special.Gdt = special.Idt = default;
        special.Cr0 = Cr0;
        special.Cr3 = special.Cr4 = special.Efer = 0;
        processor.SetSpecialRegisters(special);
        processor.SetRegisters(new Registers { Rip = entryPoint, Rsp = stackPointer, Rflags = Rflags });
    }
}
