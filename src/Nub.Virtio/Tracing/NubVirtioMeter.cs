using System.Diagnostics.Metrics;
using System.Globalization;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>What <see cref="QueueCounts"/> has, as instruments that are read when a listener asks: for dotnet-counters, OpenTelemetry, or a MeterListener.</summary>
internal static class NubVirtioMeter
{
    private static readonly string[] s_errors = Once.Make(static () => Enum.GetNames<VirtQueueError>());
    private static Meter? s_meter;
    private static int s_isMade;

    /// <summary>Makes the instruments known. A listener finds a meter only when it exists, so the first queue or transport of a process makes it; a thread that comes meanwhile does not wait.</summary>
    public static void Prepare()
    {
        if (MeterOnce.TryMake(ref s_isMade, ref s_meter, "Nub.Virtio"))
        {
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.virtio.requests", Requests, "{request}", "Requests that devices have taken, by the kind of device."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.virtio.queues.broken", Broken, "{queue}", "Queues that stand still because their driver broke a rule, by the rule; Exception where the device threw."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableUpDownCounter("nub.virtio.vhost_user.connections", static () => QueueCounts.Connections, "{connection}", "Front ends that are connected."));
            MeterOnce.Add(s_meter!, static meter => meter.CreateObservableCounter("nub.virtio.vhost_user.refused", static () => QueueCounts.Refused, "{connection}", "Connections that were closed because the front end broke a rule."));
        }
    }

    private static List<Measurement<long>> Requests()
    {
        var seen = new List<Measurement<long>>();
        for (int device = 0; device < QueueCounts.Devices; device++)
        {
            Add(seen, QueueCounts.Requests(device), "device", Name(device));
        }

        return seen;
    }

    private static List<Measurement<long>> Broken()
    {
        var seen = new List<Measurement<long>>();
        for (int error = 0; error < QueueCounts.Errors; error++)
        {
            Add(seen, QueueCounts.Broken(error), "error", s_errors[error]);
        }

        Add(seen, QueueCounts.Thrown, "error", nameof(Exception));
        return seen;
    }

    // What never happened is left out.
    private static void Add(List<Measurement<long>> seen, long count, string key, string value)
    {
        if (count != 0)
        {
            seen.Add(new Measurement<long>(count, KeyValuePair.Create(key, (object?)value)));
        }
    }

    /// <summary>The kinds that this package has, by name; others by their number (virtio 1.2, section 5), and 0 for a queue that no transport carries.</summary>
    private static string Name(int device) => device switch
    {
        1 => "network",
        2 => "block",
        3 => "console",
        4 => "entropy",
        _ => device.ToString(CultureInfo.InvariantCulture),
    };
}
