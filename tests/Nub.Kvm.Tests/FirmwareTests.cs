using System.Text;
using Nub.Memory;
using Xunit.Abstractions;

namespace Nub.Kvm.Tests;

/// <summary>
/// Firmware that is not this project's: SeaBIOS, from Debian's package <c>seabios</c>, far enough that it prints through the debug port.
/// </summary>
[Trait("Kind", "slow")]
public sealed class FirmwareTests(ITestOutputHelper output)
{
    private const ushort DebugPort = 0x402;

    // What the port answers where what is printed is read (QEMU_DEBUGCON_READBACK in SeaBIOS).
    private const byte DebugPortPresent = 0xE9;

    private const ulong FourGiB = 1UL << 32;
    private const ulong MemorySize = 16UL << 20;
    private const ulong ShadowSize = 128 * 1024;
    private const ulong ShadowAddress = 0xE_0000;
    private const int MostExits = 200_000;

    private static readonly string[] s_files = ["/usr/share/seabios/bios-256k.bin", "/usr/share/seabios/bios.bin"];

    [SkippableFact]
    public void SeaBios_prints_its_banner()
    {
        Guest.SkipWithoutKvm();
        string? file = Array.Find(s_files, File.Exists);
        Skip.If(file is null, $"SeaBIOS is not installed here (Debian's package seabios): there is neither {string.Join(" nor ", s_files)}.");
        byte[] image = File.ReadAllBytes(file!);

        using var system = new KvmSystem();
        using VirtualMachine machine = system.CreateVirtualMachine();
        using var exclusive = new ExclusiveSharedMemory(MemorySize);
        exclusive.CopyFrom(ShadowAddress, image.AsSpan(image.Length - (int)ShadowSize));
        (HostSharedMemory host, GuestSharedMemory memory) = exclusive.Build();
        using ReadOnlySharedMemory rom = ReadOnlySharedMemory.FromBytes(image);
        machine.MapMemory(memory, 0);
        machine.MapMemory(rom, FourGiB - (ulong)image.Length);
        using VirtualProcessor processor = machine.CreateVirtualProcessor(0);
        processor.SetCpuid(system.GetSupportedCpuid());

        // Where a processor begins after its reset: at 0xFFFFFFF0, the last 16 bytes of the image.
        string printed = Print(processor);
        output.WriteLine(printed);
        host.Dispose();
        memory.Dispose();
        Assert.Contains("SeaBIOS (version", printed, StringComparison.Ordinal);
        Assert.Contains('\n', printed);
    }

    private static string Print(VirtualProcessor processor)
    {
        var printed = new StringBuilder();
        using var stop = new CancellationTokenSource(Patience.Limit);
        for (int i = 0; i < MostExits; i++)
        {
            VmExit exit = processor.Run(stop.Token);
            switch (exit.Reason)
            {
                case VmExitReason.IoOut when exit.Port == DebugPort:
                    printed.Append(Encoding.Latin1.GetString(exit.Data));
                    if (exit.Data.Contains((byte)'\n') && printed.ToString().Contains("SeaBIOS (version", StringComparison.Ordinal))
                    {
                        return printed.ToString();
                    }

                    break;
                case VmExitReason.IoIn:
                    exit.Data.Fill(exit.Port == DebugPort ? DebugPortPresent : (byte)0xFF);
                    break;
                case VmExitReason.MmioRead:
                    exit.Data.Fill(0xFF);
                    break;
                case VmExitReason.IoOut or VmExitReason.MmioWrite:
                    break;
                default:
                    printed.Append(exit.ToString());
                    return printed.ToString();
            }
        }

        return printed.ToString();
    }
}
