using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Iced.Intel;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>
/// What an exit costs here, and what it costs the same loop in C: the same guest, the same processor, the same thread, in turn. No time
/// is asserted, only the ratio of the best rounds, which other work on the machine does not change.
/// </summary>
[Collection(Alone.Name)]
public sealed unsafe class ExitCostTests(ITestOutputHelper output)
{
    private const int Exits = 100;
    private const int Rounds = 100;
    private const int Attempts = 6;
    private const double Most = 1.15;

    private const string Source = """
        #include <linux/kvm.h>
        #include <stdint.h>
        #include <sys/ioctl.h>

        long run_exits(int processor, struct kvm_run *run, long exits) {
            long sum = 0;
            for (long i = 0; i < exits; i++) {
                if (ioctl(processor, KVM_RUN, 0) < 0 || run->exit_reason != KVM_EXIT_IO || run->io.port != 0x10)
                    return -1;
                sum += *(uint32_t *)((char *)run + run->io.data_offset);
            }
            return sum;
        }
        """;

    [SkippableTheory]
    [InlineData(3)]
    [InlineData(0)]
    public void An_exit_costs_little_more_than_in_c(int privilegeLevel)
    {
        Skip.If(
            typeof(VirtualProcessor).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true },
            "This build of the library is not optimized. To measure: dotnet test -c Release tests/Nub.Kvm.Tests --filter ExitCost");
        using var guest = new Guest(
            a =>
            {
                Label loop = a.CreateLabel();
                a.mov(eax, 1);
                a.Label(ref loop);
                a.@out(0x10, eax);
                a.jmp(loop);
            },
            privilegeLevel);
        string path = CCompiler.Compile(CCompiler.FindOrSkip(), Source, "-O2", "-shared", "-fPIC");
        nint library = NativeLibrary.Load(path);
        File.Delete(path);
        var runInC = (delegate* unmanaged<int, void*, long, long>)NativeLibrary.GetExport(library, "run_exits");
        int descriptor = (int)guest.Processor.Descriptor.DangerousGetHandle();
        void* page = (void*)guest.Processor.Page.BaseAddress;
        using var stop = new CancellationTokenSource();

        double ratio = double.MaxValue;
        for (int attempt = 0; attempt < Attempts && ratio > Most; attempt++)
        {
            long bestHere = long.MaxValue;
            long bestInC = long.MaxValue;
            for (int round = 0; round < Rounds; round++)
            {
                bestInC = Math.Min(bestInC, Time(() => runInC(descriptor, page, Exits)));
                bestHere = Math.Min(bestHere, Time(() => RunHere(guest.Processor, stop.Token)));
            }

            ratio = (double)bestHere / bestInC;
            output.WriteLine($"level {privilegeLevel}: {PerExit(bestHere):F2} µs here, {PerExit(bestInC):F2} µs in C, ratio {ratio:F3}");
        }

        Assert.True(ratio <= Most, $"An exit costs {ratio:F3} times what it costs in C.");
    }

    private static long RunHere(VirtualProcessor processor, CancellationToken stop)
    {
        long sum = 0;
        for (int i = 0; i < Exits; i++)
        {
            VmExit exit = processor.Run(stop);
            if (exit.Reason != VmExitReason.IoOut || exit.Port != 0x10)
            {
                return -1;
            }

            sum += MemoryMarshal.Read<uint>(exit.Data);
        }

        return sum;
    }

    private static long Time(Func<long> loop)
    {
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(Exits, loop());
        return Stopwatch.GetTimestamp() - start;
    }

    private static double PerExit(long ticks) => ticks * 1e6 / Stopwatch.Frequency / Exits;
}
