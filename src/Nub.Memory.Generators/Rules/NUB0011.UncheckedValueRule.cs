using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Symbols;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Rules;

/// <summary>NUB0011: a value of the guest's decides about memory or time without having been compared with a limit.</summary>
internal static class UncheckedValueRule
{
    /// <param name="repeated">Reads that are reported as the second of the same bytes.</param>
    public static void Report(Action<Diagnostic> report, FlowSession session, HashSet<Term> repeated)
    {
        var reported = new HashSet<SyntaxNode>();
        foreach (UncheckedUse use in session.UncheckedUses.OrderBy(static use => use.Operation.Syntax.SpanStart))
        {
            SyntaxNode place = CallContext.Outermost(use.CallContext, use.Operation).Syntax;

            // One mistake, one warning: what was checked is the first value, and that is the one to use.
            if (session.OriginsOf(use.Value).Any() && session.OriginsOf(use.Value).All(bytes => repeated.Contains(bytes.Fetch)))
            {
                continue;
            }

            (string from, SyntaxNode? source) = From(session, use.Value);

            // What a helper both reads and uses is its own affair, and is reported there. That a call comes back to its caller is both theirs.
            if ((use.CallContext is not null && source == place && use.Sink != Sink.Recursion) || !reported.Add(place))
            {
                continue;
            }

            SyntaxNode shown = CallContext.Shown(use.CallContext, use.Operation).Syntax;
            IEnumerable<Location> more = new[] { source?.GetLocation(), use.Found.Check?.Syntax.GetLocation() }.OfType<Location>();
            report(Diagnostic.Create(
                Descriptors.UncheckedValue, shown.GetLocation(), more,
                SourceText.Shorten(shown), from, Describe(use), Advice(use, session)));
        }
    }

    /// <summary>What a value came from, as a message names it, and the first read of it.</summary>
    public static (string Name, SyntaxNode? Read) From(FlowSession session, Term value)
    {
        (Term? read, SyntaxNode? source) = session.OriginsOf(value)
            .Select(static bytes => ((Term?)bytes.Fetch, (SyntaxNode?)CallContext.Outermost(bytes.Fetch.CallContext, bytes.Fetch.Operation!).Syntax))
            .OrderBy(static one => one.Item2!.SpanStart)
            .FirstOrDefault();
        return (source is not null ? $"'{DoubleFetchRule.NameOf(read!, source)}'"
            : (session.Given.FirstOrDefault(value.Mentions) ?? session.Given.FirstOrDefault()) is { } given ? $"'{NameOf(given, value)}'"
            : DeclaredIn(value) is { } declared ? $"'{declared.ContainingType.Name}.{declared.Name}'"
            : "the guest", source);
    }

    // A field or a property that the project says is the guest's.
    private static ISymbol? DeclaredIn(Term value)
    {
        var parts = new HashSet<Term>();
        value.AddPartsTo(parts);
        return parts.Select(static one => one.Kind is TermKind.Field or TermKind.Input ? one.Key as ISymbol : null).FirstOrDefault(static one => one is IFieldSymbol or IPropertySymbol);
    }

    // exit.Address, where a method was given an exit.
    private static string NameOf(Term given, Term value)
    {
        var parts = new HashSet<Term>();
        value.AddPartsTo(parts);
        Term? part = parts.FirstOrDefault(one => one is { Kind: TermKind.Field, Key: ISymbol } && one.Left == given);
        return part is null ? ((ISymbol)given.Key!).Name : $"{((ISymbol)given.Key!).Name}.{((ISymbol)part.Key!).Name}";
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
        return use.CallContext is null or { Method.Name: "" } ? sink : $"{sink} in '{(use.CallContext.Method.AssociatedSymbol ?? use.CallContext.Method).Name}'";
    }

    private static string Advice(UncheckedUse use, FlowSession session)
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
                return "the guest chooses how deep that goes, and the overflow of a stack cannot be caught; pass a depth along, or use a loop with a limit of the host's";
            case Sink.Growth:
                return "each other key makes it larger; refuse keys, or keep no more than a limit of the host's";
        }

        return found.Verdict switch
        {
            _ when use.IsSmall => $"it can be negative{(use.Sink == Sink.Wait ? ", and -1 waits for ever" : "")}; compare it with a lower limit, too",
            Verdict.Wrapped => Wrapping(found.Source!),
            Verdict.Overflowed => $"the check '{SourceText.Shorten(found.Check!.Syntax)}' does not hold, because its own arithmetic can overflow; subtract from the limit instead, or widen first",
            Verdict.OutOfRange or Verdict.Noted => $"on this way '{SourceText.Shorten(found.Check!.Syntax)}' has found it to be beyond the limit",
            _ when session.ComparedBefore(use.Value) is { } compared =>
                $"what was compared is the value of '{SourceText.Shorten(CallContext.Outermost(compared.CallContext, compared.Operation!).Syntax)}' in line {LineOf(compared)}, an earlier read of the same bytes; keep that one and use it",
            _ => "compare it with a limit of the host's first",
        };
    }

    private static int LineOf(Term fetch) => SourceText.LineOf(CallContext.Outermost(fetch.CallContext, fetch.Operation!).Syntax);

    private static string Wrapping(Term arithmetic) => arithmetic switch
    {
        { Kind: TermKind.Cast } => "of a negative number it is a very large one, because it has no sign; compare with 0 first",
        { Key: BinaryOperatorKind.Add or BinaryOperatorKind.Multiply or BinaryOperatorKind.LeftShift } =>
            "within the limits that were checked it can still be more than its type holds, and wrap round; widen first, or compare with lower and smaller limits",
        _ when IntegerTypes.IsSigned(arithmetic.Type) => "less a negative number it is as large as the guest likes; compare that with 0 first",
        _ => "the difference wraps round to a very large number when more is subtracted than there is; compare the two first",
    };
}

internal static partial class Descriptors
{
    /// <summary>A number of the guest's that decides about the host's memory or time.</summary>
    public static readonly DiagnosticDescriptor UncheckedValue = Warning(
        "NUB0011",
        "A value from the guest is used without a check",
        "'{0}' comes from the guest ({1}) and becomes {2}: {3}",
        "A guest chooses the worst number there is. Before it decides about memory or time, it has to be compared with a limit that the guest has no say in.");
}
