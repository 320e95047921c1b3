using System.Globalization;
using GuestCall.Backends;
using GuestCall.Protocol;
using Nub.Memory;
using Spectre.Console;

namespace GuestCall;

/// <summary>What a person sees: colours and a moving bar in a terminal, plain lines anywhere else.</summary>
internal sealed class Report
{
    private const int PlainWidth = 120;

    private readonly IAnsiConsole _console;
    private readonly bool _live;

    public Report()
    {
        _live = !Console.IsOutputRedirected;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = _live ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = _live ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = _live ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(Console.Out),
        });
        if (!_live)
        {
            // No terminal tells how wide it is.
            _console.Profile.Width = PlainWidth;
        }
    }

    /// <summary>Says what plays the guest, and why.</summary>
    public void Backend(IGuest guest, string? whyNotKvm)
    {
        if (whyNotKvm is not null)
        {
            _console.MarkupLineInterpolated($"[yellow]KVM cannot be used[/]: {whyNotKvm}");
        }

        _console.MarkupLineInterpolated($"[bold]Guest[/]: {guest.Description}");
    }

    /// <summary>Where everything stands, for the guest and for this process.</summary>
    public void MemoryMap(MemoryRegion region)
    {
        Heading("Memory map");
        Table table = NewTable("guest address", "size", "what", "use");
        table.Columns[0].RightAligned();
        table.Columns[1].RightAligned();
        foreach (GuestArea area in GuestMap.Areas)
        {
            table.AddRow($"0x{region.GuestAddress + (ulong)area.Offset:X5}", $"{area.Size / 1024} KiB", area.Name, area.Use);
        }

        _console.Write(table);
        _console.MarkupLineInterpolated(
            $"One {region.Type} region of {region.Length / 1024} KiB ({region.Flags}), at 0x{region.HostAddress:X} in this process, between two guard pages.");
    }

    /// <summary>Shows how far the calls have come while they are made.</summary>
    /// <param name="total">The number of calls.</param>
    /// <param name="makeCalls">Makes them, and tells after each how many there were.</param>
    public void Progress(int total, Action<Action<int>> makeCalls)
    {
        _console.WriteLine();
        if (!_live)
        {
            makeCalls(done =>
            {
                // At each quarter; whole numbers, so that none is missed whatever the total.
                if (done * 4L / total != (done - 1) * 4L / total)
                {
                    _console.WriteLine($"{done * 100L / total,3}%  {Number(done)} of {Number(total)} calls verified");
                }
            });
            return;
        }

        _console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask($"{Number(total)} verified calls", maxValue: total);
                makeCalls(done => task.Value = done);
            });
    }

    /// <summary>How long the calls took.</summary>
    public void Latencies(LatencyHistogram latencies)
    {
        Heading("Latency of a call, from the push of the request to the pop of the answer");
        var chart = new BarChart
        {
            Width = Math.Min(_console.Profile.Width, 100),
            ValueFormatter = (value, _) => Number(value),
        };
        foreach (LatencyRange range in latencies.Ranges)
        {
            chart.AddItem($"{Number(range.From)} to {Number(range.To)} µs", range.Count, Color.Teal);
        }

        _console.Write(chart);
        _console.MarkupLineInterpolated(
            $"least {Time(latencies.Least)}, mean {Time(latencies.Mean)}, half below {Number(latencies.PercentileBelow(0.5))} µs, 99% below {Number(latencies.PercentileBelow(0.99))} µs, greatest {Time(latencies.Greatest)}");
    }

    /// <summary>What the guest tried, and what came of it.</summary>
    public void Attacks(IEnumerable<RefusedAttack> attacks)
    {
        Heading("Attacks");
        Table table = NewTable("the guest forges", "refused with", "number", "legal");
        table.Columns[1].NoWrap();
        table.Columns[2].RightAligned();
        foreach ((Attack attack, SharedStackException refusal) in attacks)
        {
            table.AddRow(
                attack.What.EscapeMarkup(),
                $"[red]{refusal.Error}[/]",
                Number(refusal.Value),
                (refusal.InnerException?.Message ?? $"{Number(refusal.Minimum)} to {Number(refusal.Maximum)}").EscapeMarkup());
        }

        _console.Write(table);
        _console.WriteLine("After each, the buffers were reset, and the next honest call was verified.");
    }

    /// <summary>What the guest claims about itself: a number to look at, not to build upon.</summary>
    public void GuestStatus(in GuestStatus status) => _console.MarkupLineInterpolated(
        $"The guest's own count: {Number(status.Answered)} answered, {Number(status.Refused)} refused, {Number(status.PayloadBytes)} bytes of payload.");

    /// <summary>The last line, whole whatever the width: other programs read it.</summary>
    public static void Summary(int calls, int attacks, string backend) =>
        Console.Out.WriteLine($"GuestCall: {calls} calls verified, {attacks} attacks refused, backend {backend}");

    private void Heading(string text)
    {
        _console.WriteLine();
        _console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    private static Table NewTable(params string[] columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns(columns);
        return table;
    }

    private static string Time(TimeSpan time) => time.TotalMilliseconds < 10
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:N0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:N0} ms");

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number that may be near the end of its width is told from there.</summary>
    private static string Number(ulong value) => value switch
    {
        > ulong.MaxValue - 1024 => $"2^64 - {ulong.MaxValue - value + 1}",
        > uint.MaxValue - 1024 and <= uint.MaxValue => $"2^32 - {uint.MaxValue - value + 1}",
        _ => value.ToString("N0", CultureInfo.InvariantCulture),
    };
}
