using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>NUB0011: a value of the guest's decides about memory or time, and nobody has compared it with a limit.</summary>
internal static class UncheckedValueRule
{
    /// <param name="repeated">Reads that are reported as the second of the same bytes.</param>
    public static void Report(Action<Diagnostic> report, FlowSession session, HashSet<Term> repeated)
    {
        var reported = new HashSet<SyntaxNode>();
        foreach (UncheckedUse use in session.UncheckedUses.OrderBy(static use => use.Operation.Syntax.SpanStart))
        {
            SyntaxNode place = Frame.Outermost(use.Frame, use.Operation).Syntax;

            // One mistake, one warning: what was checked is the first value, and that is the one to use.
            if (session.OriginsOf(use.Value).Any() && session.OriginsOf(use.Value).All(bytes => repeated.Contains(bytes.Fetch)))
            {
                continue;
            }

            SyntaxNode? source = session.OriginsOf(use.Value)
                .Select(static bytes => Frame.Outermost(bytes.Fetch.Frame, bytes.Fetch.Operation!).Syntax)
                .OrderBy(static syntax => syntax.SpanStart)
                .FirstOrDefault();

            // What a helper both reads and uses is its own affair, and is reported there.
            if ((use.Frame is not null && source == place) || !reported.Add(place))
            {
                continue;
            }

            string from = source is not null ? $"'{SourceText.Shorten(source)}'" : (session.Given.FirstOrDefault(use.Value.Mentions) ?? session.Given.FirstOrDefault())?.Key is ISymbol given ? $"'{given.Name}'" : "the guest";
            IEnumerable<Location> more = new[] { source?.GetLocation(), use.Found.Check?.Syntax.GetLocation() }.OfType<Location>();
            report(Diagnostic.Create(
                Descriptors.UncheckedValue, place.GetLocation(), more,
                SourceText.Shorten(place), from, Describe(use), Advice(use)));
        }
    }

    private static string Describe(UncheckedUse use)
    {
        string sink = use.Sink switch
        {
            Sink.Allocation => "the size of an allocation",
            Sink.Index => "an index",
            Sink.Slice => "the position or the length of a range",
            Sink.LoopBound => "the number of rounds of a loop",
            Sink.Position => "a position in a stream",
            Sink.Pointer => "an address",
            Sink.Divisor => "a divisor",
            Sink.Link => "the next link of a chain",
            Sink.Advance => "how far a loop moves on",
            Sink.Recursion => "what the method calls itself with",
            Sink.Growth => "a key of a collection that is kept",
            _ => "the time of a wait",
        };
        return use.Frame is null ? sink : $"{sink} in '{(use.Frame.Method.AssociatedSymbol ?? use.Frame.Method).Name}'";
    }

    private static string Advice(UncheckedUse use)
    {
        TaintFact found = use.Found;
        switch (use.Sink)
        {
            case Sink.Divisor:
                return "it can be 0, and the division throws; refuse 0 first";
            case Sink.Link:
                return "the chain can lead back to itself and never end; count its links, and stop at a limit of the host's";
            case Sink.Advance:
                return "it can be 0, and the loop stands still for ever; refuse 0 first";
            case Sink.Recursion:
                return "the guest chooses how deep that goes, and nobody can catch the overflow of a stack; pass a depth along, or use a loop with a limit of the host's";
            case Sink.Growth:
                return "each other key makes it larger; refuse keys, or keep no more than a limit of the host's";
        }

        return found.Verdict switch
        {
            _ when use.IsSmall => $"it can be negative{(use.Sink == Sink.Wait ? ", and -1 waits for ever" : "")}; compare it with a lower limit, too",
            Verdict.Wrapped => Wrapping(found.Source!),
            Verdict.Overflowed => $"the check '{SourceText.Shorten(found.Check!.Syntax)}' does not hold, because its own arithmetic can overflow; subtract from the limit instead, or widen first",
            Verdict.OutOfRange or Verdict.Noted => $"on this way '{SourceText.Shorten(found.Check!.Syntax)}' has found it to be beyond the limit",
            _ => "compare it with a limit of the host's first",
        };
    }

    private static string Wrapping(Term arithmetic) => arithmetic switch
    {
        { Kind: TermKind.Cast } => "of a negative number it is a very large one, because it has no sign; compare with 0 first",
        { Key: BinaryOperatorKind.Add or BinaryOperatorKind.Multiply or BinaryOperatorKind.LeftShift } =>
            "within the limits that were checked it can still be more than its type holds, and wrap round; widen first, or compare with lower and smaller limits",
        _ when Widths.IsSigned(arithmetic.Type) => "less a negative number it is as large as the guest likes; compare that with 0 first",
        _ => "the difference wraps round to a very large number when more is subtracted than there is; compare the two first",
    };
}
