namespace Nub.Memory.Generators.Flow;

/// <summary>How far a number can be relied on, from the best to the worst.</summary>
internal enum Trust
{
    /// <summary>The host's own.</summary>
    Host,

    /// <summary>The guest's, and found to be within a limit of the host's.</summary>
    Bounded,

    /// <summary>The guest's, and compared with a limit of the host's in a way that cannot be followed to its end.</summary>
    Compared,

    /// <summary>Made of values that are within limits, by arithmetic that wraps round: a difference of the smaller and the larger, or a negative number made unsigned.</summary>
    Wrapped,

    /// <summary>The guest's, and checked by arithmetic that overflows for the right value.</summary>
    Overflowed,

    /// <summary>The guest's, found to be beyond the limit, and something was noted or called because of it.</summary>
    Noted,

    /// <summary>The guest's, and found to be beyond the limit: this is the way on which somebody should do something about it.</summary>
    Refuted,

    /// <summary>The guest's.</summary>
    Unchecked,
}

/// <summary>What is known of how far a value can be relied on.</summary>
/// <param name="Trust">How far.</param>
/// <param name="Check">The comparison that settled it, for the message.</param>
/// <param name="Source">Of an overflowed check: the limit, which once it is one itself keeps the check from overflowing. Of what wraps round: the arithmetic.</param>
/// <param name="IsPartial">Whether the comparison is one of several that are made only as far as needed, of which somebody looks at the outcome later.</param>
internal readonly record struct Standing(Trust Trust, Microsoft.CodeAnalysis.IOperation? Check = null, Term? Source = null, bool IsPartial = false)
{
    public bool IsSafe => Trust <= Trust.Compared;

    /// <summary>What holds where two ways meet.</summary>
    public static Standing Join(Standing one, Standing other)
    {
        Standing worse = Worse(one, other);
        if (one.Trust == other.Trust || Math.Min((int)one.Trust, (int)other.Trust) is (int)Trust.Host or > (int)Trust.Compared)
        {
            return worse;
        }

        if (worse.Trust == Trust.Unchecked && (one.IsPartial || other.IsPartial))
        {
            return one.IsPartial ? one : other;
        }

        // One way found it within the limit, the other beyond, and both go on. What was noted may be looked at later; if nothing
        // was, the check was of no consequence.
        return worse.Trust switch
        {
            Trust.Refuted => new Standing(Trust.Unchecked),
            Trust.Noted => new Standing(Trust.Compared),
            _ => worse,
        };
    }

    public static Standing Worse(Standing one, Standing other) => one.Trust >= other.Trust ? one : other;
}
