using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Nub.Docs.Tests;

/// <summary>docs/observability.md has every event and every instrument of the code, as it is, and no other.</summary>
public sealed partial class ObservabilityTests
{
    private static readonly Assembly[] s_assemblies =
        [typeof(Memory.SharedMemory).Assembly, typeof(Kvm.VirtualMachine).Assembly, typeof(Virtio.VirtQueue).Assembly, typeof(Ipc.SharedRing).Assembly];

    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "observability.md")).ReplaceLineEndings("\n");

    [Fact]
    public void Every_event_is_on_the_page_with_its_level_and_no_other()
    {
        var expected = new List<string>();
        foreach (Type source in s_assemblies.SelectMany(static assembly => assembly.GetTypes()).Where(static type => type.IsSubclassOf(typeof(EventSource))))
        {
            foreach (MethodInfo method in source.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance))
            {
                if (method.GetCustomAttribute<EventAttribute>() is { } written)
                {
                    expected.Add($"{source.GetCustomAttribute<EventSourceAttribute>()!.Name} {method.Name} {written.Level}");
                }
            }
        }

        string[] found = [.. Section().Matches(s_page).SelectMany(static section => Event().Matches(section.Groups["body"].Value)
            .Select(row => $"{section.Groups["name"].Value} {row.Groups["event"].Value} {row.Groups["level"].Value}"))];
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_instrument_is_on_the_page_with_its_unit_and_no_other()
    {
        // A meter comes into being with the first use; here nothing is used.
        string[] meters = [.. s_assemblies.SelectMany(static assembly => assembly.GetTypes()).Where(static type => type.Name.EndsWith("Meter", StringComparison.Ordinal))
            .Select(static type =>
            {
                type.GetMethod("Prepare")!.Invoke(null, null);
                return type.Name;
            })];
        Assert.Equal(["NubKvmMeter", "NubMemoryMeter", "NubVirtioMeter"], meters.Order(StringComparer.Ordinal));
        var expected = new List<string>();
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("Nub.", StringComparison.Ordinal))
                {
                    Assert.False(string.IsNullOrEmpty(instrument.Description));
                    expected.Add($"{instrument.Meter.Name} {instrument.Name} {instrument.Unit}");
                }
            };
            listener.Start();
        }

        string meter = "";
        var found = new List<string>();
        foreach (Match row in Instrument().Matches(s_page))
        {
            meter = row.Groups["meter"].Success ? row.Groups["meter"].Value : meter;
            found.Add($"{meter} {row.Groups["name"].Value} {row.Groups["unit"].Value}");
        }

        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^### (?<name>Nub\.\w+)\n(?<body>.*?)(?=^##|\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^\| `(?<event>\w+)` \| (?<level>\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Event();

    [GeneratedRegex(@"^\| (?:`(?<meter>[\w.]+)` )?\| `(?<name>nub\.[\w.]+)` \| `(?<unit>[^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Instrument();
}
