namespace Nub.Memory.Benchmarks;

/// <summary>One contender of a contest: runs the operation as often as it is told.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Run">Runs the operation that many times.</param>
/// <param name="Elsewhere">
/// The same code once more at other places, for loops of a cycle or two: one that happens to straddle a line of the instruction
/// cache takes a cycle longer, and where the JIT puts it is nobody's merit.
/// </param>
internal sealed record Side(string Name, Action<int> Run, params Action<int>[] Elsewhere)
{
    /// <summary>The code that is run in a round: each place in turn.</summary>
    public Action<int> At(int round) => round % (Elsewhere.Length + 1) is var place and > 0 ? Elsewhere[place - 1] : Run;
}

/// <summary>What Nub must hold against a peer.</summary>
/// <param name="Peer">The peer's name.</param>
/// <param name="MostTime">The most of the peer's time that Nub may take: 0.2 is a fifth.</param>
/// <param name="Goal">What it should take, to be told beside the limit; 0 for none.</param>
internal sealed record Limit(string Peer, double MostTime, double Goal = 0);

/// <summary>One row of the table: an operation, Nub's way and the peers' ways to do it, and the limits.</summary>
/// <param name="Name">The operation.</param>
/// <param name="Nub">Nub's way.</param>
/// <param name="Peers">The others' ways; those that cannot be had here are left out.</param>
/// <param name="Limits">What Nub must hold.</param>
/// <param name="Bytes">The bytes that one operation moves, to be told as GB/s; 0 to tell the time.</param>
/// <param name="Group">The group that the plot puts it in.</param>
/// <param name="Longest">The longest that Nub may take, in nanoseconds, whatever the peers do; 0 for any time.</param>
internal sealed record Contest(string Group, string Name, Side Nub, Side[] Peers, Limit[] Limits, long Bytes = 0, double Longest = 0)
{
    /// <summary>Every side, Nub's first.</summary>
    public IEnumerable<Side> Sides => Peers.Prepend(Nub);
}

/// <summary>What was measured of a side, in nanoseconds an operation.</summary>
internal readonly record struct Timing(double Best, double Median);

/// <summary>What was measured of a contest.</summary>
internal sealed record Result(Contest Contest, IReadOnlyDictionary<string, Timing> Timings)
{
    public Timing Nub => Timings[Contest.Nub.Name];

    /// <summary>Nub's time over a peer's, of the best round of each: the figure that limits are judged by.</summary>
    public double Ratio(string peer) => Nub.Best / Timings[peer].Best;

    public double MedianRatio(string peer) => Nub.Median / Timings[peer].Median;

    /// <summary>Whether the limit of time, and every limit against a peer that ran here, holds.</summary>
    public bool Holds => (Contest.Longest == 0 || Nub.Best <= Contest.Longest) && Contest.Limits.All(limit => !Timings.ContainsKey(limit.Peer) || Ratio(limit.Peer) <= limit.MostTime);
}
