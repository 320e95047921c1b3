using Iced.Intel;
using Nub.Memory;

namespace Nub.Kvm.Tests;

/// <summary>
/// A virtual machine with one memory at guest address 0 and one processor in long mode, for tests: code at 0x1000, a stack below 0x8000,
/// data from 0x8000 on, page tables in the last pages.
/// </summary>
internal sealed class Guest : IDisposable
{
    public const ulong CodeAddress = 0x1000;
    public const ulong StackAddress = 0x8000;
    public const ulong DataAddress = 0x8000;
    public const ulong Size = 0x10_0000;
    public const ulong Mapped = 1UL << 30;
    public const ulong TablesOffset = Size - 3 * 4096;

    public Guest(Action<Assembler> program, int privilegeLevel = 3, MemorySlotFlags flags = MemorySlotFlags.None, Action<VirtualMachine>? prepare = null)
    {
        SkipWithoutKvm();
        System = new KvmSystem();
        Machine = System.CreateVirtualMachine();
        prepare?.Invoke(Machine);
        using (var exclusive = new ExclusiveSharedMemory(Size))
        {
            exclusive.CopyFrom(CodeAddress, Assemble(program));
            Tables = LongMode.WritePageTables(exclusive, TablesOffset, 0, Mapped);
            (Host, Memory) = exclusive.Build();
        }

        Slot = Machine.MapMemory(Memory, 0, flags);
        Processor = Machine.CreateVirtualProcessor(0);
        Processor.SetCpuid(System.GetSupportedCpuid());
        LongMode.SetUp(Processor, Tables, CodeAddress, StackAddress, privilegeLevel);
    }

    public KvmSystem System { get; }

    public VirtualMachine Machine { get; }

    public HostSharedMemory Host { get; }

    public GuestSharedMemory Memory { get; }

    public MemorySlot Slot { get; }

    public ulong Tables { get; }

    public VirtualProcessor Processor { get; }

    /// <summary>Skips the test where there is no KVM, and says why.</summary>
    public static void SkipWithoutKvm() => Skip.IfNot(KvmSystem.IsSupported(out string whyNot), $"No KVM here: {whyNot}");

    public static byte[] Assemble(Action<Assembler> program, int bitness = 64, ulong address = CodeAddress)
    {
        var assembler = new Assembler(bitness);
        program(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }

    public void Dispose()
    {
        Processor.Dispose();
        Machine.Dispose();
        Memory.Dispose();
        Host.Dispose();
        System.Dispose();
    }
}
