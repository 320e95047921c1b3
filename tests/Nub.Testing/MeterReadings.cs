using System.Diagnostics.Metrics;

namespace Nub.Testing;

/// <summary>What the instruments of a meter say at one moment. They are the process's: a test that compares two readings runs alone.</summary>
public static class MeterReadings
{
    /// <summary>Reads all instruments of a meter.</summary>
    /// <returns>The numbers by the instrument's name, and its tag's value in braces where it has one.</returns>
    public static Dictionary<string, long> Of(string meter)
    {
        var readings = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == meter)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            readings.Add(tags.Length == 0 ? instrument.Name : $"{instrument.Name}{{{tags[0].Value}}}", value));
        listener.Start();
        listener.RecordObservableInstruments();
        return readings;
    }

    /// <summary>What has changed since.</summary>
    /// <returns>The differences that are not 0.</returns>
    public static Dictionary<string, long> Since(Dictionary<string, long> before, string meter) => Of(meter)
        .Select(one => KeyValuePair.Create(one.Key, one.Value - before.GetValueOrDefault(one.Key)))
        .Where(static one => one.Value != 0).ToDictionary(StringComparer.Ordinal);
}
