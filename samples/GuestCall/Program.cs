using System.CommandLine;
using GuestCall;
using GuestCall.Backends;
using GuestCall.Protocol;
using Nub.Kvm;
using Nub.Memory;

ParseResult parsed = Options.Describe(Run).Parse(args);
if (parsed.Errors.Count == 0)
{
    return parsed.Invoke();
}

return Fail(parsed.Errors[0].Message);

static int Run(Options options)
{
    // A wish that cannot be had is refused before anything is printed.
    bool kvm = KvmSystem.IsSupported(out string whyNot);
    if (options.Backend == Backend.Kvm && !kvm)
    {
        return Fail($"--backend kvm: {whyNot}");
    }

    try
    {
        bool onThread = options.Backend == Backend.Thread || !kvm;
        string? fellBack = options.Backend == Backend.Auto && !kvm ? whyNot : null;
        MakeCallsAndAttacks(options.Calls, onThread, fellBack);
        return 0;
    }
    catch (Exception exception) when (exception is GuestMisbehavedException or SharedMemoryException or KvmException)
    {
        return Fail(exception.Message);
    }
}

static void MakeCallsAndAttacks(int calls, bool onThread, string? whyNotKvm)
{
    (HostSharedMemory host, GuestSharedMemory guestMemory) = GuestImage.Create();
    using (host)
    using (guestMemory)
    using (IGuest guest = onThread ? new ThreadGuest(host, guestMemory) : new KvmGuest(guestMemory))
    {
        var report = new Report();
        report.Backend(guest, whyNotKvm);
        report.MemoryMap(guestMemory.MappingAt(guestAddress: 0, MemoryRegionType.Scratch));

        var session = new Session(new HostCaller(host, guest));
        report.Progress(calls, verified => session.MakeCalls(calls, verified));
        report.Latencies(session.Latencies);

        IReadOnlyList<RefusedAttack> attacks = session.ProvokeAttacks();
        report.Attacks(attacks);
        report.GuestStatus(GuestStatus.At(host, (ulong)GuestMap.Status.Offset).Load());
        Report.Summary(calls, attacks.Count, guest.Backend);
    }
}

static int Fail(string reason)
{
    Console.Error.WriteLine($"GuestCall: {reason}");
    return 1;
}
