using Nub.Kvm;
using Nub.Memory;

namespace BootLinux;

/// <summary>A PC with one processor, memory, the kernel's interrupt controllers and timer, and a serial port. Nothing else answers.</summary>
internal sealed class LinuxMachine : IDisposable
{
    private const ushort ClockData = 0x71;

    private readonly KvmSystem _system = new();
    private readonly VirtualMachine _machine;
    private readonly HostSharedMemory _host;
    private readonly GuestSharedMemory _memory;
    private readonly VirtualProcessor _processor;
    private readonly SerialPort _serial;

    public LinuxMachine(KernelImage kernel, byte[] ramdisk, string commandLine, ulong memorySize, SerialLog log)
    {
        _machine = _system.CreateVirtualMachine();
        using var exclusive = new ExclusiveSharedMemory(memorySize);
        (ulong entry, ulong tables) = GuestMemory.Fill(exclusive, kernel, ramdisk, commandLine);
        (_host, _memory) = exclusive.Build();
        _machine.MapMemory(_memory, 0);
        _machine.CreateInterruptController();
        _machine.CreatePit();
        _processor = _machine.CreateVirtualProcessor(0);
        _processor.SetCpuid(Cpuid(_system));
        SetUp(_processor, entry, tables);
        _serial = new SerialPort(log.Add, high => _machine.SetInterruptLine(SerialPort.InterruptLine, high));
    }

    /// <summary>Exits so far.</summary>
    public long Exits { get; private set; }

    /// <summary>Runs the machine until it resets, which is how it ends here.</summary>
    /// <exception cref="InvalidOperationException">It ended otherwise.</exception>
    public void Run(CancellationToken patience)
    {
        while (true)
        {
            VmExit exit = _processor.Run(patience);
            Exits++;
            switch (exit.Reason)
            {
                case VmExitReason.IoOut:
                    Write(exit.Port, exit.Data);
                    break;
                case VmExitReason.IoIn:
                    Read(exit.Port, exit.Data);
                    break;
                case VmExitReason.MmioRead:
                    exit.Data.Fill(0xFF);
                    break;
                case VmExitReason.MmioWrite:
                    break;
                case VmExitReason.Shutdown:
                    return;
                case VmExitReason.Cancelled:
                    throw new InvalidOperationException("The kernel did not end in time.");
                default:
                    throw new InvalidOperationException($"The machine stopped: {exit.ToString()}; {_processor.GetRegisters()}");
            }
        }
    }

    public void Dispose()
    {
        _machine.Dispose();
        _memory.Dispose();
        _host.Dispose();
        _system.Dispose();
    }

    private void Write(ushort port, ReadOnlySpan<byte> data)
    {
        if (port is >= SerialPort.FirstPort and <= SerialPort.LastPort)
        {
            foreach (byte value in data)
            {
                _serial.Write(port - SerialPort.FirstPort, value);
            }
        }
    }

    private void Read(ushort port, Span<byte> data)
    {
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = port switch
            {
                >= SerialPort.FirstPort and <= SerialPort.LastPort => _serial.Read(port - SerialPort.FirstPort),

                // A clock that is not being updated, which the kernel would wait for.
                ClockData => 0,
                _ => 0xFF,
            };
        }
    }

    // The processor's number is 0, and not that of the processor which was asked; and it is a virtual one, which has KVM's clock: both
    // are for the machine's maker to say (api.rst, section 4.46).
    private static CpuidEntry[] Cpuid(KvmSystem system)
    {
        const uint isVirtual = 1u << 31;
        CpuidEntry[] leaves = system.GetSupportedCpuid();
        foreach (ref CpuidEntry leaf in leaves.AsSpan())
        {
            switch (leaf.Function)
            {
                case 1:
                    leaf.Ebx &= 0x00FF_FFFF;
                    leaf.Ecx |= isVirtual;
                    break;
                case 0xB or 0x1F:
                    leaf.Edx = 0;
                    break;
            }
        }

        return leaves;
    }

    private static void SetUp(VirtualProcessor processor, ulong entry, ulong tables)
    {
        LongMode.SetUp(processor, tables, entry, GuestMemory.Stack, privilegeLevel: 0);
        SpecialRegisters special = processor.GetSpecialRegisters();
        special.Cs.Selector = GuestMemory.CodeSelector;
        special.Ss.Selector = special.Ds.Selector = special.Es.Selector = special.Fs.Selector = special.Gs.Selector = GuestMemory.DataSelector;
        special.Gdt = new DescriptorTable { Base = GuestMemory.DescriptorTable, Limit = GuestMemory.DescriptorTableSize - 1 };
        processor.SetSpecialRegisters(special);

        // RSI has the zero page; interrupts are off.
        Registers registers = processor.GetRegisters();
        registers.Rsi = GuestMemory.ZeroPage;
        registers.Rflags = 2;
        processor.SetRegisters(registers);
    }
}
