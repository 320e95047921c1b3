using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Nub.Ipc;
using Nub.Ipc.Benchmarks;

// What a message between two processes costs, beside its peers: all in one run, in turn, round by round.
if (args is ["child", var path, var part, var bytes])
{
    await using SharedChannel channel = await SharedChannel.ConnectAsync(path);
    Side.Play(channel, part, int.Parse(bytes, CultureInfo.InvariantCulture));
    return 0;
}

int rounds = 5;
string only = "";
string plot = "";
for (int i = 0; i < args.Length; i += 2)
{
    string value = i + 1 < args.Length ? args[i + 1] : "";
    if (args[i] == "--only")
    {
        only = value;
    }
    else if (args[i] == "--plot")
    {
        plot = value;
    }
    else if (args[i] != "--rounds" || !int.TryParse(value, CultureInfo.InvariantCulture, out rounds) || rounds < 1)
    {
        Console.WriteLine("Usage: [--rounds <n>] [--only <beginning of a row's name>] [--plot <file.svg>]");
        return 1;
    }
}

if (!SharedChannel.IsSupported || !Contestants.TryBuildPeers())
{
    Console.WriteLine("Needs Linux, g++ and Boost (Debian: g++ libboost-dev).");
    return 1;
}

using (Process self = Process.GetCurrentProcess())
{
    if (OperatingSystem.IsLinux())
    {
        self.ProcessorAffinity = 1;
    }
}

// The row, whether less is better, what this library does, the peers, and the least (or greatest) ratio to each that is wanted.
(string Name, bool Less, string What, int Size, (string Peer, double Limit)[] Peers)[] rows =
[
    ("round trip, spinning", true, "ask", 8, [("line", 2.5)]),
    ("round trip, sleeping", true, "ask-futex", 8, [("futex", 1.1)]),
    ("16 B, one at a time", false, "one", 16, [("spsc 16", 1.0), ("mq 16", 2), ("pipe 16", 60), ("unix 16", 0), ("channels", 0)]),
    ("16 B, 64 at a time", false, "batch", 16, [("spsc-batch 16", 0.5)]),
    ("256 B", false, "one", 256, [("spsc 256", 0), ("mq 256", 0), ("pipe 256", 0), ("unix 256", 0)]),
    ("4 KiB", false, "one", 4096, [("spsc 4096", 0), ("mq 4096", 0), ("pipe 4096", 0), ("unix 4096", 0)]),
    ("64 KiB", false, "one", 65536, [("memcpy 65536", 0.9), ("spsc 65536", 0.9), ("mq 65536", 0), ("pipe 65536", 0), ("unix 65536", 0)]),
];
var drawn = new List<Plot.Row>();
try
{
    foreach (var row in rows.Where(row => row.Name.StartsWith(only, StringComparison.Ordinal)))
    {
        double[] own = new double[rounds];
        var others = row.Peers.ToDictionary(static peer => peer.Peer, _ => new double[rounds]);
        for (int round = 0; round < rounds; round++)
        {
            own[round] = await Contestants.NubAsync(row.What, row.Size);
            foreach ((string peer, double[] figures) in others)
            {
                figures[round] = peer == "channels" ? Contestants.Channels(row.Size) : Contestants.Peer(peer);
            }
        }

        drawn.Add(new Plot.Row(row.Name, row.Less, [("Nub", Median(own)), .. others.Select(static other => (other.Key, Median(other.Value)))]));
        Console.WriteLine($"{row.Name,-24} {"Nub",-16} {Show(Median(own), row.Less)}");
        foreach ((string peer, double limit) in row.Peers)
        {
            // The median of the rounds' ratios: what disturbs a round disturbs both.
            double ratio = Median([.. own.Zip(others[peer], static (a, b) => a / b)]);
            string verdict = limit == 0 ? "" : (row.Less ? ratio <= limit : ratio >= limit) ? $"  {limit} holds" : $"  {limit} DOES NOT HOLD";
            Console.WriteLine($"{"",-24} {peer,-16} {Show(Median(others[peer]), row.Less)}  ratio {ratio.ToString("F2", CultureInfo.InvariantCulture),8}{verdict}");
        }
    }
}
finally
{
    if (plot.Length != 0 && drawn.Count != 0)
    {
        File.WriteAllText(plot, Plot.Draw($"{RuntimeInformation.ProcessArchitecture}, .NET {Environment.Version}", drawn));
    }

    Contestants.RemovePeers();
}

return 0;

static double Median(double[] values)
{
    double[] sorted = [.. values.Order()];
    return sorted[sorted.Length / 2];
}

static string Show(double value, bool less) => less
    ? $"{value.ToString("F0", CultureInfo.InvariantCulture),10} ns"
    : $"{(value / 1e6).ToString("F3", CultureInfo.InvariantCulture),10} M/s";
