using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Nub.Kvm;
using Nub.Memory;

ulong page = (ulong)Environment.SystemPageSize;
using var exclusive = new ExclusiveSharedMemory(page);
(HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
using (host)
using (guest)
{
    Request.View request = Request.At(host, 0x100);
    request.Length = 7;
    Console.WriteLine($"{Request.Layout.Size} bytes, length {request.Load().Length}");

    // What no analyzer can see is judged at run time, by what is left of the types.
    bool refused = false;
    try
    {
        Unseen.Read<Unmarked>(host);
    }
    catch (NotAllValidException)
    {
        refused = true;
    }

    Console.WriteLine($"refused: {refused}");

    using (var space = new GuestAddressSpace())
    {
        space.Map(0x10000, host, 0, page);
        space.Write(0x10008, 42UL);
        Console.WriteLine($"{host.Read<ulong>(8)} by guest address");
    }

    bool counted = false;
    using (var listener = new MeterListener { InstrumentPublished = static (instrument, me) => me.EnableMeasurementEvents(instrument) })
    {
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counted |= instrument.Name == "nub.memory.mappings" && value > 0);
        listener.Start();
        listener.RecordObservableInstruments();
    }

    Console.WriteLine($"counted: {counted}");
}

// A guest in real mode that says a byte to a port: out 0x10, al.
if (KvmSystem.IsSupported(out string whyNot))
{
    using var system = new KvmSystem();
    using VirtualMachine machine = system.CreateVirtualMachine();
    using var code = new ExclusiveSharedMemory(page);
    code.CopyFrom(0, [0xE6, 0x10]);
    (HostSharedMemory ours, GuestSharedMemory theirs) = code.Build();
    using (ours)
    using (theirs)
    {
        machine.MapMemory(theirs, 0x1000, 0);
        using VirtualProcessor processor = machine.CreateVirtualProcessor(0);
        SpecialRegisters special = processor.GetSpecialRegisters();
        Segment segment = special.Cs;
        segment.Base = 0;
        segment.Selector = 0;
        special.Cs = segment;
        processor.SetSpecialRegisters(special);
        processor.SetRegisters(new Registers { Rip = 0x1000, Rflags = 2 });
        VmExit exit = processor.Run();
        Console.WriteLine($"a guest left by {exit.Reason}, port 0x{exit.Port:X}");
    }
}
else
{
    Console.WriteLine($"no guest: {whyNot}");
}

[AllValid]
public partial struct Request
{
    public ulong Address;
    public uint Length;
    private uint _reserved12;
}

public struct Unmarked
{
    public bool Is;
}

public static class Unseen
{
    // As reflection calls it, or a language without analyzers.
#pragma warning disable NUB0001
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T Read<T>(HostSharedMemory host) where T : unmanaged => host.Read<T>(0);
#pragma warning restore NUB0001
}
