using System.Runtime.InteropServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Measures Nub beside its peers, prints a row a contest as it ends, and says which limits hold.</summary>
internal static class PeerRun
{
    private const int Rounds = 31;
    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(4);

    /// <param name="groups">The groups to measure; none means all.</param>
    /// <param name="plot">The file to write a picture to, or <see langword="null"/>.</param>
    /// <returns>The exit code: 1 when a limit does not hold.</returns>
    public static int Run(string[] groups, string? plot)
    {
        Console.WriteLine($"{Machine.Name}, {Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}");
        Console.WriteLine($"{Rounds} interleaved rounds; times and ratios are of the best round of each side, the medians behind them in brackets.");
        Console.WriteLine();

        using var arena = new Arena();
        using var sharing = new SharingCases();
        using var disk = new DiskCases();
        var referee = new Referee(Rounds, s_turn);
        var results = new List<Result>();
        foreach (Contest contest in Contests(arena, sharing, disk).Where(contest => groups.Length == 0 || groups.Contains(contest.Group)))
        {
            Result result = referee.Measure(contest);
            results.Add(result);
            Table.Print(result);
        }

        int slow = results.Count(result => !result.Holds);
        if (groups.Length == 0 || groups.Contains("threads"))
        {
            slow += Threads(arena) ? 0 : 1;
        }

        if (plot is not null)
        {
            File.WriteAllText(plot, Plot.Draw(results));
            Console.WriteLine($"Drawn to {plot}.");
        }

        Console.WriteLine();
        Console.WriteLine(slow == 0 ? "Every limit holds." : $"{slow} SLOW.");
        return slow == 0 ? 0 : 1;
    }

    private static IEnumerable<Contest> Contests(Arena arena, SharingCases sharing, DiskCases disk) =>
        ScalarCases.All(arena).Concat(StackCases.All(arena)).Concat(BulkCases.All(arena)).Concat(sharing.All()).Concat(LifecycleCases.All()).Concat(RestoreCases.All()).Concat(GuestCallCases.All()).Concat(disk.All()).Concat(KvmCases.All());

    private static bool Threads(Arena arena)
    {
        const double Least = 1.8;
        (double speedup, double alone) = ContentionCases.Speedup(arena.Host, 2);

        // Where the processors themselves do not give that much, because others' work shares a core with one of them, there is only
        // this to hold: that to share the memory costs nothing besides.
        bool isJudged = alone >= Least;
        bool holds = speedup >= Least || (!isJudged && speedup >= 0.9 * alone);
        Console.WriteLine($"{"2 threads reading one memory",-34} {speedup,8:F2} times the throughput of one, limit {Least}   {(!holds ? "SLOW" : isJudged ? "ok" : "not judged")}");
        Console.WriteLine($"    {"2 threads, each its own memory",-30} {alone,8:F2} times: what two of this machine's processors have to give");
        return holds;
    }
}

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static string Name { get; } = Find();

    private static string Find()
    {
        const string File = "/proc/cpuinfo";
        const string Key = "model name";
        string? line = System.IO.File.Exists(File) ? System.IO.File.ReadLines(File).FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
