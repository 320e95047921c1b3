using System.Diagnostics.Metrics;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>What <see cref="MachineCounts"/> has, as instruments that are read when a listener asks: for dotnet-counters, OpenTelemetry, or a MeterListener.</summary>
internal static class NubKvmMeter
{
    // Made once, so that to look costs no strings.
    private static readonly KeyValuePair<string, object?>[] s_tags = Once.Make(Tags);

    private static Meter? s_meter;
    private static int s_isMade;

    /// <summary>Makes the instruments known. A listener finds a meter only when it exists, so the first machine of a process makes it; a thread that comes meanwhile does not wait.</summary>
    public static void Prepare()
    {
        if (MeterOnce.TryMake(ref s_isMade, ref s_meter, "Nub.Kvm"))
        {
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableUpDownCounter("nub.kvm.machines", static () => MachineCounts.Machines, "{machine}", "Virtual machines that were not disposed."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableUpDownCounter("nub.kvm.processors", static () => MachineCounts.Processors, "{processor}", "Virtual processors that were not released."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.kvm.exits", Exits, "{exit}", "How often a guest was left, by the reason."));
        }
    }

    private static KeyValuePair<string, object?>[] Tags() =>
        [.. Enumerable.Range(0, MachineCounts.Reasons.Length).Select(static i => KeyValuePair.Create("reason", (object?)MachineCounts.Reasons[i]))];

    private static List<Measurement<long>> Exits()
    {
        var seen = new List<Measurement<long>>();
        for (int reason = 0; reason < s_tags.Length; reason++)
        {
            // What never happened is left out.
            long count = MachineCounts.Exits(reason);
            if (count != 0)
            {
                seen.Add(new Measurement<long>(count, s_tags[reason]));
            }
        }

        return seen;
    }
}
