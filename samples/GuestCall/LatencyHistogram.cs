using System.Numerics;

namespace GuestCall;

/// <summary>Counts latencies in ranges that double in width, so that its size does not depend on how many there are.</summary>
internal sealed class LatencyHistogram
{
    private readonly long[] _counts = new long[64];
    private TimeSpan _least = TimeSpan.MaxValue;
    private TimeSpan _greatest = TimeSpan.Zero;
    private TimeSpan _total = TimeSpan.Zero;

    /// <summary>The number of latencies.</summary>
    public long Count { get; private set; }

    /// <summary>The least latency.</summary>
    public TimeSpan Least => Count == 0 ? TimeSpan.Zero : _least;

    /// <summary>The greatest latency.</summary>
    public TimeSpan Greatest => _greatest;

    /// <summary>The mean latency.</summary>
    public TimeSpan Mean => Count == 0 ? TimeSpan.Zero : _total / Count;

    /// <summary>From the first range that has a latency to the last, in order, the empty ones between them too.</summary>
    public IEnumerable<LatencyRange> Ranges
    {
        get
        {
            int first = Array.FindIndex(_counts, count => count != 0);
            int last = Array.FindLastIndex(_counts, count => count != 0);
            for (int range = first; range >= 0 && range <= last; range++)
            {
                yield return new LatencyRange(range == 0 ? 0 : 1L << (range - 1), 1L << range, _counts[range]);
            }
        }
    }

    /// <summary>Counts a latency.</summary>
    public void Add(TimeSpan latency)
    {
        // Range 0 is below 1 µs, range n from 2^(n-1) to below 2^n µs.
        ulong microseconds = (ulong)latency.TotalMicroseconds;
        _counts[64 - BitOperations.LeadingZeroCount(microseconds)]++;
        _least = latency < _least ? latency : _least;
        _greatest = latency > _greatest ? latency : _greatest;
        _total += latency;
        Count++;
    }

    /// <summary>The upper end of the range that a share of all latencies does not exceed.</summary>
    /// <param name="share">The share, from 0 to 1.</param>
    /// <returns>Microseconds.</returns>
    public long PercentileBelow(double share)
    {
        long wanted = (long)Math.Ceiling(share * Count);
        foreach (LatencyRange range in Ranges)
        {
            wanted -= range.Count;
            if (wanted <= 0)
            {
                return range.To;
            }
        }

        return 0;
    }
}

/// <summary>The latencies from <paramref name="From"/> to below <paramref name="To"/> microseconds.</summary>
internal readonly record struct LatencyRange(long From, long To, long Count);
