using System.Buffers.Binary;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// Sets a virtual processor up for 64-bit code without firmware: page tables that map guest linear addresses to the same physical ones,
/// flat segments, and by default the privilege level 3 with all ports allowed (IOPL 3), where every KVM runs a guest at full speed.
/// </summary>
/// <remarks>The bits are those of Intel SDM volume 3, sections 2.5 (control registers) and 4.5 (4-level paging).</remarks>
public static class LongMode
{
    private const ulong PageSize = 4096;
    private const ulong LargePageSize = 2UL << 20;
    private const ulong TableReach = 1UL << 30;
    private const ulong MostReach = 512 * TableReach;

    // Present, writable, for user code, and marked as accessed so that the processor need not write the tables.
    private const ulong TableBits = 0x27;

    // The same, dirty, and a 2 MiB page.
    private const ulong LargePageBits = 0xE7;

    // PE, MP, ET, NE, WP, AM, PG.
    private const ulong Cr0 = 0x8005_0033;

    // PAE, OSFXSR, OSXMMEXCPT.
    private const ulong Cr4 = 0x620;

    // SCE, LME, LMA, NXE.
    private const ulong Efer = 0xD01;

    // IOPL 3 and the bit that is always set.
    private const ulong Rflags = 0x3002;

    /// <summary>How many bytes the page tables need.</summary>
    /// <param name="mappedSize">How many bytes from address 0 on they are to map: 1 to 512 GiB.</param>
    /// <returns>The size in bytes: a page for each GiB, and two.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0 or more than 512 GiB.</exception>
    public static ulong PageTablesSize(ulong mappedSize)
    {
        ArgumentOutOfRangeException.ThrowIfZero(mappedSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mappedSize, MostReach);
        return (2 + (mappedSize + TableReach - 1) / TableReach) * PageSize;
    }

    /// <summary>
    /// Writes page tables to memory that is to be the guest's. They map the addresses from 0 on to themselves, in pages of 2 MiB that
    /// user code may read, write and execute; what is not memory there is MMIO.
    /// </summary>
    /// <param name="memory">The memory.</param>
    /// <param name="offset">The first byte of the tables in it: a multiple of 4,096. They take <see cref="PageTablesSize"/> bytes.</param>
    /// <param name="guestAddress">The guest physical address that the memory's first byte is mapped at.</param>
    /// <param name="mappedSize">How many bytes from address 0 on they map, rounded up to 2 MiB: at most 512 GiB.</param>
    /// <returns>The guest physical address of the tables, for <see cref="SetUp"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The tables would not stand on a page, or would end beyond 2^64, or the size is 0 or
    /// more than 512 GiB.</exception>
    /// <exception cref="SharedMemoryBoundsException">The tables leave the memory.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public static ulong WritePageTables(ExclusiveSharedMemory memory, ulong offset, ulong guestAddress, ulong mappedSize)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ulong address = AddressOf(offset, guestAddress, mappedSize);
        memory.CopyFrom(offset, BuildTables(address, mappedSize));
        return address;
    }

    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <inheritdoc cref="WritePageTables(ExclusiveSharedMemory, ulong, ulong, ulong)"/>
    public static ulong WritePageTables(HostSharedMemory memory, ulong offset, ulong guestAddress, ulong mappedSize)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ulong address = AddressOf(offset, guestAddress, mappedSize);
        memory.CopyFrom(offset, BuildTables(address, mappedSize));
        return address;
    }

    private static ulong AddressOf(ulong offset, ulong guestAddress, ulong mappedSize)
    {
        ulong size = PageTablesSize(mappedSize);
        if (offset > ulong.MaxValue - guestAddress || size > ulong.MaxValue - (guestAddress + offset))
        {
            throw new ArgumentOutOfRangeException(
                nameof(guestAddress), guestAddress, $"Page tables of {size} bytes, {offset} bytes into a memory at guest address 0x{guestAddress:X}, would stand beyond 2^64.");
        }

        CheckTableAddress(guestAddress + offset, nameof(offset));
        return guestAddress + offset;
    }

    /// <summary>Sets the registers of a processor, so that its next run begins 64-bit code.</summary>
    /// <remarks>
    /// There are no descriptor tables yet: an exception or an interrupt is a shutdown until the guest, or the host, makes some.
    /// SSE may be used; AVX needs CR4.OSXSAVE and XCR0.
    /// </remarks>
    /// <param name="processor">The processor.</param>
    /// <param name="pageTables">The guest physical address that <see cref="WritePageTables(ExclusiveSharedMemory, ulong, ulong, ulong)"/>
    /// returned.</param>
    /// <param name="entryPoint">The address of the first instruction.</param>
    /// <param name="stackPointer">The stack pointer, which grows down from there.</param>
    /// <param name="privilegeLevel">3 for user code, 0 for system code.</param>
    /// <exception cref="ArgumentOutOfRangeException">The privilege level is neither 0 nor 3, or the tables do not stand on a
    /// page.</exception>
    /// <exception cref="InvalidOperationException">Another thread is using the processor.</exception>
    /// <exception cref="KvmException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">The processor or its machine was disposed.</exception>
    public static void SetUp(VirtualProcessor processor, ulong pageTables, ulong entryPoint, ulong stackPointer, int privilegeLevel = 3)
    {
        ArgumentNullException.ThrowIfNull(processor);
        CheckTableAddress(pageTables, nameof(pageTables));
        if (privilegeLevel is not (0 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(privilegeLevel), privilegeLevel, $"Privilege level {privilegeLevel} is neither 0 (system) nor 3 (user).");
        }

        byte level = (byte)privilegeLevel;
        SpecialRegisters special = processor.GetSpecialRegisters();
        special.Cs = new Segment { Limit = uint.MaxValue, Selector = (ushort)(0x30 | level), Type = 11, Present = 1, Dpl = level, S = 1, L = 1, G = 1 };
        special.Ss = new Segment { Limit = uint.MaxValue, Selector = (ushort)(0x28 | level), Type = 3, Present = 1, Dpl = level, Db = 1, S = 1, G = 1 };
        special.Ds = special.Es = special.Fs = special.Gs = special.Ss;
        special.Tr = new Segment { Limit = 0x67, Selector = 0x40, Type = 11, Present = 1 };
        special.Ldt = new Segment { Unusable = 1 };
        special.Gdt = special.Idt = default;
        special.Cr0 = Cr0;
        special.Cr3 = pageTables;
        special.Cr4 = Cr4;
        special.Efer = Efer;
        processor.SetSpecialRegisters(special);
        processor.SetRegisters(new Registers { Rip = entryPoint, Rsp = stackPointer, Rflags = Rflags });
    }

    private static byte[] BuildTables(ulong address, ulong mappedSize)
    {
        byte[] tables = new byte[PageTablesSize(mappedSize)];
        ulong directories = (mappedSize + TableReach - 1) / TableReach;
        Write(0, (address + PageSize) | TableBits);
        for (ulong i = 0; i < directories; i++)
        {
            Write(PageSize + i * 8, (address + (2 + i) * PageSize) | TableBits);
        }

        for (ulong i = 0; i * LargePageSize < mappedSize; i++)
        {
            Write(2 * PageSize + i * 8, i * LargePageSize | LargePageBits);
        }

        return tables;

        void Write(ulong offset, ulong entry) => BinaryPrimitives.WriteUInt64LittleEndian(tables.AsSpan((int)offset), entry);
    }

    private static void CheckTableAddress(ulong address, string parameter)
    {
        if (address % PageSize != 0)
        {
            throw new ArgumentOutOfRangeException(parameter, address, $"Page tables at guest address 0x{address:X} do not stand on a page of {PageSize} bytes.");
        }
    }
}
