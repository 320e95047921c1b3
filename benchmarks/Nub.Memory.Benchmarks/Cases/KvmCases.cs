using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nub.Kvm;

namespace Nub.Memory.Benchmarks;

/// <summary>What leaving a guest costs, and a call into it with an argument and an answer in shared memory, beside the same loops in C.</summary>
internal static unsafe class KvmCases
{
    private const string InC = "C";
    private const ulong CodeAddress = 0x1000;
    private const ulong StackAddress = 0x8000;
    private const ulong DataAddress = 0x8000;
    private const ulong MemorySize = 0x10_0000;
    private const ulong TablesOffset = MemorySize - (3 * 4096);

    // out 0x10, eax; jmp back to it.
    private static readonly byte[] s_exits = [0xE7, 0x10, 0xEB, 0xFC];

    // mov rax, [rdi]; add rax, 1; mov [rdi + 8], rax; out 0x10, eax; jmp to the start.
    private static readonly byte[] s_calls = [0x48, 0x8B, 0x07, 0x48, 0x83, 0xC0, 0x01, 0x48, 0x89, 0x47, 0x08, 0xE7, 0x10, 0xEB, 0xF1];

    public static IEnumerable<Contest> All()
    {
        if (!KvmSystem.IsSupported(out string whyNot))
        {
            Console.WriteLine($"No guests here: {whyNot}");
            yield break;
        }

        nint library = Build(out whyNot);
        if (library == 0)
        {
            Console.WriteLine($"No peer in C: {whyNot}");
        }

        yield return Exits(library);
        yield return Calls(library);
    }

    private static Contest Exits(nint library)
    {
        (VirtualProcessor processor, _) = Guest(s_exits);
        Side[] peers = [];
        if (library != 0)
        {
            var run = (delegate* unmanaged<int, void*, long, long>)NativeLibrary.GetExport(library, "run_exits");
            (int descriptor, nint page) = Inside(processor);
            peers = [new Side(InC, times => run(descriptor, (void*)page, times))];
        }

        return new Contest("kvm", "exit by out, 4 bytes", new Side("Nub", times => RunExits(processor, times)), peers, [new Limit(InC, 1.15)]);
    }

    private static Contest Calls(nint library)
    {
        (VirtualProcessor processor, HostSharedMemory host) = Guest(s_calls);
        Side[] peers = [];
        if (library != 0)
        {
            var run = (delegate* unmanaged<int, void*, void*, long, long>)NativeLibrary.GetExport(library, "run_calls");
            (int descriptor, nint page) = Inside(processor);
            peers = [new Side(InC, times => run(descriptor, (void*)page, (byte*)host.BaseAddress + DataAddress, times))];
        }

        return new Contest("kvm", "guest call, 8 bytes each way", new Side("Nub", times => RunCalls(processor, host, times)), peers, [new Limit(InC, 1.15)]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long RunExits(VirtualProcessor processor, int times)
    {
        long sum = 0;
        for (int i = 0; i < times; i++)
        {
            VmExit exit = processor.Run();
            if (exit.Reason != VmExitReason.IoOut || exit.Port != 0x10)
            {
                throw new InvalidOperationException($"The guest left with {exit.Reason}.");
            }

            sum += MemoryMarshal.Read<uint>(exit.Data);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunCalls(VirtualProcessor processor, HostSharedMemory host, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.Write(DataAddress, (ulong)i);
            if (processor.Run().Reason != VmExitReason.IoOut || host.Read<ulong>(DataAddress + 8) != (ulong)i + 1)
            {
                throw new InvalidOperationException("The guest did not answer.");
            }
        }
    }

    private static (VirtualProcessor Processor, HostSharedMemory Host) Guest(byte[] program)
    {
        var system = new KvmSystem();
        VirtualMachine machine = system.CreateVirtualMachine();
        using var exclusive = new ExclusiveSharedMemory(MemorySize);
        exclusive.CopyFrom(CodeAddress, program);
        ulong tables = LongMode.WritePageTables(exclusive, TablesOffset, 0, 1UL << 30);
        (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();
        machine.MapMemory(memory, 0);
        VirtualProcessor processor = machine.CreateVirtualProcessor(0);
        processor.SetCpuid(system.GetSupportedCpuid());
        LongMode.SetUp(processor, tables, CodeAddress, StackAddress);
        processor.SetRegisters(processor.GetRegisters() with { Rdi = DataAddress });
        return (processor, host);
    }

    // What the loop in C needs and nobody else gets.
    private static (int Descriptor, nint Page) Inside(VirtualProcessor processor)
    {
        var descriptor = (SafeHandle)Property("Descriptor");
        var page = (HostSharedMemory)Property("Page");
        return ((int)descriptor.DangerousGetHandle(), page.BaseAddress);

        object Property(string name) =>
            typeof(VirtualProcessor).GetProperty(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(processor)!;
    }

    private static nint Build(out string whyNot)
    {
        string source = Path.Combine(AppContext.BaseDirectory, "Peers", "exits.c");
        string library = Path.Combine(AppContext.BaseDirectory, "Peers", "libexits.so");
        return NativeBuild.TryRun("cc", ["-O2", "-shared", "-fPIC", source, "-o", library], out whyNot) ? NativeLibrary.Load(library) : 0;
    }
}
