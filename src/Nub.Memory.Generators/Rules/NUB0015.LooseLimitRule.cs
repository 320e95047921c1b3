using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Symbols;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Rules;

/// <summary>NUB0015: the constant that limits an index of the guest's is larger than the table.</summary>
internal static class LooseLimitRule
{
    public static void Report(Action<Diagnostic> report, FlowSession session)
    {
        var reported = new HashSet<SyntaxNode>();
        foreach (LooseIndex use in session.LooseIndexes.OrderBy(static use => use.Operation.Syntax.SpanStart))
        {
            SyntaxNode place = CallContext.Outermost(use.CallContext, use.Operation).Syntax;
            (string from, SyntaxNode? source) = UncheckedValueRule.From(session, use.Value);

            // What a helper both reads and uses is its own affair, and is reported there.
            if ((use.CallContext is not null && source == place) || !reported.Add(place))
            {
                continue;
            }

            IEnumerable<Location> more = new[] { source?.GetLocation(), use.Check?.Syntax.GetLocation() }.OfType<Location>();
            SyntaxNode shown = CallContext.Shown(use.CallContext, use.Operation).Syntax;
            report(Diagnostic.Create(
                Descriptors.LooseLimit, shown.GetLocation(), more,
                SourceText.Shorten(shown), from, use.Most.ToString(System.Globalization.CultureInfo.InvariantCulture), SourceText.Shorten(use.Table.Syntax), use.Length));
        }
    }
}

internal static partial class Descriptors
{
    /// <summary>An index of the guest's whose limit is larger than the table.</summary>
    public static readonly DiagnosticDescriptor LooseLimit = Warning(
        "NUB0015",
        "The limit of a guest's index is larger than the table",
        "'{0}' comes from the guest ({1}) and can be up to {2}, but '{3}' has {4} elements: compare it with the length of the table",
        "A limit that is written down beside a table goes out of step with it, by one or by more; the guest finds the indexes in between.");
}
