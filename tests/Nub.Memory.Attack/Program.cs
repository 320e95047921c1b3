using Nub.Memory.Attack;

// Each program tries to break the runtime with safe code, says "sound" when it could not, and otherwise throws or dies.
var programs = new Dictionary<string, Action<string[]>>(StringComparer.Ordinal)
{
    ["torn-stack"] = TornValues.Stack,
    ["torn-lease"] = TornValues.Lease,
    ["nested"] = Nested.Run,
    ["unknown-slot"] = UnknownSlot.Run,
    ["no-memory-for-slot"] = NoMemory.ForSlot,
    ["no-memory-for-lease"] = NoMemory.ForLease,
    ["no-memory-for-table"] = NoMemory.ForTable,
    ["interrupt"] = Stopped.Interrupt,
    ["abort"] = Stopped.Abort,
    ["faults"] = FaultInjection.Run,
    ["meter"] = Listening.ToMeter,
    ["events"] = Listening.ToEvents,
};
if (args is not [string name, .. string[] rest] || !programs.TryGetValue(name, out Action<string[]>? program))
{
    Console.Error.WriteLine($"One of: {string.Join(", ", programs.Keys)}");
    return 2;
}

program(rest);
Console.WriteLine("sound");
return 0;
