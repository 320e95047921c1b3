using System.Diagnostics.Metrics;

namespace Nub.Memory;

/// <summary>What <see cref="MemoryCounts"/> has, as instruments that are read when a listener asks: for dotnet-counters, OpenTelemetry, or a MeterListener.</summary>
internal static class NubMemoryMeter
{
    public const string Name = "Nub.Memory";

    private static Meter? s_meter;
    private static int s_isMade;

    /// <summary>Makes the instruments known. A listener finds a meter only when it exists, so the first memory of a process makes it; a thread that comes meanwhile does not wait.</summary>
    public static void Prepare()
    {
        if (MeterOnce.TryMake(ref s_isMade, ref s_meter, Name))
        {
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableUpDownCounter("nub.memory.mappings", static () => MemoryCounts.Mappings, "{mapping}", "Memories that are mapped."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableUpDownCounter("nub.memory.mapped", static () => MemoryCounts.MappedBytes, "By", "Bytes of all memories that are mapped; guard pages are not counted."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.memory.leaked", static () => MemoryCounts.Leaked, "{mapping}", "Memories that were never disposed and stay mapped, because a span was handed out."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.memory.accesses.refused", static () => MemoryCounts.Refused, "{access}", "Accesses to bytes that are not there, or by guest address to what may not be written."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.memory.accesses.locked_out", static () => MemoryCounts.LockedOut, "{access}", "Accesses and leases that were refused, because the memory was held exclusively."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.memory.claims.lost", static () => MemoryCounts.ClaimsLost, "{claim}", "Claims of exclusivity that failed, because the memory was in use."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.memory.stacks.refused", static () => MemoryCounts.StackRefused, "{message}", "Operations of message stacks that found what the other side must not write, or no room."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.memory.faults.survived", static () => MemoryCounts.Faults, "{fault}", "Touches of bytes that their owner has cut off."));
        }
    }
}
