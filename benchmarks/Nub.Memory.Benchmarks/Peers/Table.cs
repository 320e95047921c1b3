using System.Globalization;

namespace Nub.Memory.Benchmarks;

/// <summary>The table that a person reads: a row a contest.</summary>
internal static class Table
{
    public static void Print(Result result)
    {
        Contest contest = result.Contest;
        string verdict = contest.Limits.Length == 0 && contest.Longest == 0 ? "" : result.Holds ? "ok" : "SLOW";
        string longest = contest.Longest == 0 ? "" : $", limit {Number(contest.Longest)} ns";
        Console.WriteLine($"{contest.Name,-34} {Figure(result.Nub, contest.Bytes),-24} {verdict}{longest}");
        foreach (Side peer in contest.Peers)
        {
            Limit? limit = contest.Limits.FirstOrDefault(limit => limit.Peer == peer.Name);
            Console.WriteLine($"    {peer.Name,-30} {Figure(result.Timings[peer.Name], contest.Bytes),-24} {Ratio(result, peer.Name, limit)}");
        }
    }

    private static string Figure(Timing timing, long bytes) => bytes == 0
        ? $"{Number(timing.Best)} ns ({Number(timing.Median)})"
        : $"{Number(bytes / timing.Best)} GB/s ({Number(bytes / timing.Median)})";

    // Of copies people know how many times as fast; of single operations, what part of the time.
    private static string Ratio(Result result, string peer, Limit? limit)
    {
        bool speed = result.Contest.Bytes != 0;
        double best = speed ? 1 / result.Ratio(peer) : result.Ratio(peer);
        double median = speed ? 1 / result.MedianRatio(peer) : result.MedianRatio(peer);
        string text = $"Nub: {Number(best)} ({Number(median)}) of its {(speed ? "speed" : "time")}";
        if (limit is null)
        {
            return text;
        }

        text += speed ? $", limit at least {Number(1 / limit.MostTime)}" : $", limit at most {Number(limit.MostTime)}";
        return limit.Goal == 0 ? text : text + $", goal {Number(speed ? 1 / limit.Goal : limit.Goal)}";
    }

    private static string Number(double value) => value.ToString(value < 100 ? "F2" : "F0", CultureInfo.InvariantCulture);
}
