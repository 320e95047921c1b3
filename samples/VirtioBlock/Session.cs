using System.Buffers.Binary;
using System.Diagnostics;
using Nub.Kvm;
using Nub.Memory;

namespace VirtioBlock;

/// <summary>What came of a session.</summary>
/// <param name="Verified">Sectors that were written and read back as they were.</param>
/// <param name="Refused">Attacks that were refused as they should be, with the device alive afterwards.</param>
/// <param name="Raced">Requests that were made while another processor changed them.</param>
internal sealed record Outcome(int Verified, int Refused, int Raced);

/// <summary>Runs the driver in a virtual machine, and is the device.</summary>
internal sealed class Session : IDisposable
{
    private const int Sectors = 2048;
    private const int Races = 2000;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly byte[] _disk = new byte[Sectors * BlockDevice.SectorSize];
    private readonly KvmSystem _system = new();
    private readonly VirtualMachine _machine;
    private readonly HostSharedMemory _host;
    private readonly GuestSharedMemory _memory;
    private readonly VirtualProcessor _driver;
    private readonly VirtualProcessor _racer;
    private readonly BlockDevice _device;
    private readonly MmioTransport _transport;
    private readonly TextWriter _log;

    private Session(int requests, TextWriter log)
    {
        _log = log;
        _machine = _system.CreateVirtualMachine();
        using var exclusive = new ExclusiveSharedMemory(GuestMap.Size);
        exclusive.CopyFrom(GuestMap.Code, GuestDriver.Assemble(requests, Sectors, Attack.All, Races));
        exclusive.CopyFrom(GuestMap.RacerCode, GuestDriver.AssembleRacer());
        ulong tables = LongMode.WritePageTables(exclusive, GuestMap.PageTables, 0, GuestMap.Mapped);
        (_host, _memory) = exclusive.Build();
        _machine.MapMemory(_memory, 0);
        _driver = Processor(0, tables, GuestMap.Code, GuestMap.Stack);
        _racer = Processor(1, tables, GuestMap.RacerCode, GuestMap.RacerStack);
        var queue = new SplitQueue(_host);
        _device = new BlockDevice(_host, queue, _disk);
        _transport = new MmioTransport(queue, _device);
    }

    /// <summary>Runs the honest requests, the attacks and the race.</summary>
    /// <exception cref="InvalidDataException">Something was not as it should be.</exception>
    public static Outcome Run(int requests, TextWriter log)
    {
        using var session = new Session(requests, log);
        using var patience = new CancellationTokenSource(s_patience);
        var clock = Stopwatch.StartNew();
        int verified = (int)session.RunTo(GuestMap.Port.Verified, patience.Token);
        session.VerifyDisk(requests);
        log.WriteLine($"{verified} sectors written, read back and verified by both sides; {session._device.Served} requests in {clock.ElapsedMilliseconds} ms");
        log.WriteLine();
        int refused = session.Attacks(patience.Token);
        int raced = session.Race(patience.Token);
        return new Outcome(verified, refused, raced);
    }

    public void Dispose()
    {
        _machine.Dispose();
        _memory.Dispose();
        _host.Dispose();
        _system.Dispose();
    }

    private VirtualProcessor Processor(uint id, ulong tables, ulong entry, ulong stack)
    {
        VirtualProcessor processor = _machine.CreateVirtualProcessor(id);
        processor.SetCpuid(_system.GetSupportedCpuid());
        LongMode.SetUp(processor, tables, entry, stack);
        return processor;
    }

    private int Attacks(CancellationToken patience)
    {
        foreach (Attack attack in Attack.All)
        {
            uint status = RunTo(GuestMap.Port.Attacked, patience);
            Refusal refusal = _transport.TakeRefusal();
            bool needsReset = (status & 0x40) != 0;
            if (refusal != attack.Expected || needsReset != attack.NeedsReset)
            {
                throw new InvalidDataException($"{attack.Name} was answered by {refusal}, status 0x{status:X}; expected was {attack.Expected}.");
            }

            RunTo(GuestMap.Port.Alive, patience);
            _log.WriteLine($"{attack.Name,-42} {refusal,-22} {(needsReset ? "reset, " : "")}then alive");
        }

        _log.WriteLine();
        return Attack.All.Count;
    }

    private int Race(CancellationToken patience)
    {
        using var stop = new CancellationTokenSource();
        var left = VmExitReason.Unknown;
        var racer = new Thread(() => left = _racer.Run(stop.Token).Reason);
        racer.Start();
        while (racer.IsAlive && _host.Read<ulong>(GuestMap.RacerRounds) == 0)
        {
            Thread.Yield();
        }

        int servedBefore = _device.Served;
        uint raced;
        try
        {
            raced = RunTo(GuestMap.Port.Raced, patience);
        }
        finally
        {
            stop.Cancel();
            racer.Join();
        }

        if (left != VmExitReason.Cancelled)
        {
            throw new InvalidDataException($"The second processor left by {left}.");
        }

        int served = _device.Served - servedBefore;
        _log.WriteLine($"{raced} requests raced with a processor that changed their length {_host.Read<ulong>(GuestMap.RacerRounds)} times: {served} served, {raced - served} refused");
        return (int)raced;
    }

    /// <summary>Runs the driver, and is its device, until it writes to a port.</summary>
    private uint RunTo(byte port, CancellationToken patience)
    {
        while (true)
        {
            VmExit exit = _driver.Run(patience);
            switch (exit.Reason)
            {
                case VmExitReason.MmioRead:
                    _transport.Read(exit.Address, exit.Data);
                    break;
                case VmExitReason.MmioWrite:
                    _transport.Write(exit.Address, exit.Data);
                    break;
                case VmExitReason.IoOut when exit.Port == port && exit.Size == sizeof(uint):
                    return BinaryPrimitives.ReadUInt32LittleEndian(exit.Data);
                case VmExitReason.IoOut when exit.Port == GuestMap.Port.Failed && exit.Size == sizeof(uint):
                    throw new InvalidDataException(
                        $"The driver failed near 0x{BinaryPrimitives.ReadUInt32LittleEndian(exit.Data):X}; the device refused {_transport.LastRefusal} last.");
                default:
                    throw new InvalidDataException($"The driver left by {exit.ToString()} at 0x{_driver.GetRegisters().Rip:X}.");
            }
        }
    }

    private void VerifyDisk(int requests)
    {
        for (int sector = 0; sector < Math.Min(requests, Sectors); sector++)
        {
            for (int word = 0; word < BlockDevice.SectorSize / 8; word++)
            {
                ulong expected = unchecked(GuestDriver.SectorFactor * (ulong)sector + (ulong)word);
                ulong found = BinaryPrimitives.ReadUInt64LittleEndian(_disk.AsSpan(sector * BlockDevice.SectorSize + word * 8));
                if (found != expected)
                {
                    throw new InvalidDataException($"Word {word} of sector {sector} is 0x{found:X}, not 0x{expected:X}.");
                }
            }
        }
    }
}
