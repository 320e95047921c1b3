using Nub.Memory.Generators.Dataflow.Domains;

namespace Nub.Memory.Generators.DoubleFetch;

/// <summary>
/// The reads of a method by where they read, so that one is held only against those near it: thousands of them stand in a method
/// that goes through a table.
/// </summary>
internal sealed class ReadIndex
{
    // As long as most structs are. What is longer is looked at each time.
    private const int GranuleBits = 5;
    private const long MostGranules = 4;

    private readonly Dictionary<(Term Memory, LinearSum Parts), Reads> _reads = new(new SameParts());

    public void Add(Term fetch, ByteRange place)
    {
        LinearSum sum = LinearForm.SumOf(place.Offset);
        if (!_reads.TryGetValue((place.Memory, sum), out Reads? reads))
        {
            _reads.Add((place.Memory, sum), reads = new Reads());
        }

        reads.All.Add(fetch);
        if (GranulesOf(sum, place) is not { } granules)
        {
            reads.Long.Add(fetch);
            return;
        }

        for (long i = granules.First; i <= granules.Last; i++)
        {
            if (!reads.Near.TryGetValue(i, out HashSet<Term>? near))
            {
                reads.Near.Add(i, near = []);
            }

            near.Add(fetch);
        }
    }

    /// <summary>All reads that may have bytes in common with a place, and others.</summary>
    public IEnumerable<Term> Near(ByteRange place)
    {
        LinearSum sum = LinearForm.SumOf(place.Offset);
        if (!_reads.TryGetValue((place.Memory, sum), out Reads? reads))
        {
            return [];
        }

        return GranulesOf(sum, place) is var (first, last)
            ? reads.Long.Concat(Range(first, last).SelectMany(i => reads.Near.TryGetValue(i, out HashSet<Term>? near) ? near : []))
            : reads.All;
    }

    private static (long First, long Last)? GranulesOf(LinearSum sum, ByteRange place)
    {
        long first = sum.Constant >> GranuleBits;
        long last = unchecked(sum.Constant + Math.Max(1, place.Known) - 1) >> GranuleBits;

        // One that wraps around at the end of all addresses has its first granule behind the last.
        return last - first is >= 0 and < MostGranules ? (first, last) : null;
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (long i = first; i <= last; i++)
        {
            yield return i;
        }
    }

    private sealed class Reads
    {
        public HashSet<Term> All { get; } = [];

        public HashSet<Term> Long { get; } = [];

        public Dictionary<long, HashSet<Term>> Near { get; } = [];
    }

    // Offsets that are a constant apart from each other.
    private sealed class SameParts : IEqualityComparer<(Term Memory, LinearSum Parts)>
    {
        public bool Equals((Term Memory, LinearSum Parts) one, (Term Memory, LinearSum Parts) other) =>
            one.Memory == other.Memory && one.Parts.HasSamePartsAs(other.Parts);

        public int GetHashCode((Term Memory, LinearSum Parts) key) => unchecked((key.Memory.Id * 31) + key.Parts.HashOfParts);
    }
}
