using System.Buffers.Binary;
using System.Diagnostics;
using Nub.Kvm;
using Nub.Memory;
using Nub.Virtio;

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

    private readonly MemoryStorage _disk = new(Sectors * BlockDevice.SectorSize);
    private readonly KvmSystem _system = new();
    private readonly VirtualMachine _machine;
    private readonly HostSharedMemory _host;
    private readonly GuestSharedMemory _memory;
    private readonly VirtualProcessor _driver;
    private readonly VirtualProcessor _racer;
    private readonly GuestAddressSpace _space = new();
    private readonly MmioTransport _transport;
    private readonly TextWriter _log;
    private VirtQueueError _refusal;
    private int _refusals;

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

        // The device sees what the guest sees: the same memory at the same addresses.
        _space.Map(0, _host, 0, GuestMap.Size);
        var device = new BlockDevice(_disk, new BlockDeviceOptions { MaxQueueSize = Descriptor.Count });
        _transport = new MmioTransport(device, _space) { Features = VirtioFeatures.Version1 };
        _transport.QueueFailed += (_, failed) =>
        {
            _refusal = failed.Error;
            _refusals++;
        };
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
        log.WriteLine($"{verified} sectors written, read back and verified by both sides in {clock.ElapsedMilliseconds} ms");
        log.WriteLine();
        int refused = session.Attacks(patience.Token);
        int raced = session.Race(patience.Token);
        return new Outcome(verified, refused, raced);
    }

    public void Dispose()
    {
        _transport.Dispose();
        _machine.Dispose();
        _space.Dispose();
        _disk.Dispose();
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
            _refusal = VirtQueueError.None;
            uint status = RunTo(GuestMap.Port.Attacked, patience);
            byte answer = _host.Read<byte>(GuestMap.Status);
            bool needsReset = (status & 0x40) != 0;
            if (_refusal != attack.Expected || answer != attack.Answer || needsReset != (attack.Expected != VirtQueueError.None))
            {
                throw new InvalidDataException($"{attack.Name}: {_refusal}, status 0x{status:X}, answer {answer}; expected was {attack.Expected} and {attack.Answer}.");
            }

            RunTo(GuestMap.Port.Alive, patience);
            _log.WriteLine($"{attack.Name,-42} {(needsReset ? $"{_refusal}, reset" : $"answered with {answer}"),-30} then alive");
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

        _refusals = 0;
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

        _log.WriteLine($"{raced} requests raced with a processor that changed their length {_host.Read<ulong>(GuestMap.RacerRounds)} times: {raced - _refusals} served, {_refusals} refused");
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
                    _transport.Read(exit.Address - GuestMap.Device, exit.Data);
                    break;
                case VmExitReason.MmioWrite:
                    _transport.Write(exit.Address - GuestMap.Device, exit.Data);
                    break;
                case VmExitReason.IoOut when exit.Port == port && exit.Size == sizeof(uint):
                    return BinaryPrimitives.ReadUInt32LittleEndian(exit.Data);
                case VmExitReason.IoOut when exit.Port == GuestMap.Port.Failed && exit.Size == sizeof(uint):
                    throw new InvalidDataException(
                        $"The driver failed near 0x{BinaryPrimitives.ReadUInt32LittleEndian(exit.Data):X}; the queue was refused as {_refusal} last.");
                default:
                    throw new InvalidDataException($"The driver left by {exit.ToString()} at 0x{_driver.GetRegisters().Rip:X}.");
            }
        }
    }

    private void VerifyDisk(int requests)
    {
        byte[] data = new byte[BlockDevice.SectorSize];
        for (int sector = 0; sector < Math.Min(requests, Sectors); sector++)
        {
            _disk.CopyTo((ulong)sector * BlockDevice.SectorSize, data);
            for (int word = 0; word < BlockDevice.SectorSize / 8; word++)
            {
                ulong expected = unchecked(GuestDriver.SectorFactor * (ulong)sector + (ulong)word);
                ulong found = BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(word * 8));
                if (found != expected)
                {
                    throw new InvalidDataException($"Word {word} of sector {sector} is 0x{found:X}, not 0x{expected:X}.");
                }
            }
        }
    }
}
