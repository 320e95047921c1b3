using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Rules;

/// <summary>NUB0010: bytes are read again, and something is done with both values.</summary>
internal static class DoubleFetchRule
{
    /// <returns>The second reads.</returns>
    public static HashSet<Term> Report(Action<Diagnostic> report, FlowSession session, IMethodSymbol method)
    {
        var seconds = new HashSet<Term>();
        if (IsAcknowledged(method))
        {
            return seconds;
        }

        var reported = new HashSet<SyntaxNode>();
        foreach (Repetition repetition in session.Repetitions.Where(session.Matters).OrderBy(static one => PlaceOf(one.Second).SpanStart).ThenBy(static one => PlaceOf(one.First).SpanStart))
        {
            SyntaxNode first = PlaceOf(repetition.First);
            SyntaxNode second = PlaceOf(repetition.Second);

            // Within one call of a helper, it is the helper's; and one warning for each read is enough.
            if (first == second || Polls(first, second) || IsAcknowledged(repetition.First.CallContext) || IsAcknowledged(repetition.Second.CallContext))
            {
                continue;
            }

            seconds.Add(repetition.Second);
            if (reported.Add(second))
            {
                int line = SourceText.LineOf(first);
                SyntaxNode shown = CallContext.Shown(repetition.Second.CallContext, repetition.Second.Operation!).Syntax;
                ImmutableDictionary<string, string?> hints = repetition.Distance == 0 ? Hints.None.Add(Hints.Same, null) : Hints.None;
                report(Diagnostic.Create(Descriptors.DoubleFetch, shown.GetLocation(), [first.GetLocation()], hints,
                    NameOf(repetition.Second, shown), NameOf(repetition.First, first), line, Advice(repetition)));
            }
        }

        return seconds;
    }

    /// <summary>A read as the method that is looked at shows it, and the read itself where that stands in a helper: both within one pair of quotes.</summary>
    public static string NameOf(Term fetch, SyntaxNode place) =>
        fetch.CallContext is null || place == fetch.Operation!.Syntax ? SourceText.Shorten(place) : $"{SourceText.Shorten(place)}' by '{SourceText.Shorten(fetch.Operation!.Syntax)}";

    // A header was read, and then the whole message with it.
    private static string Advice(Repetition repetition) => IsCopy(repetition.Second) && !IsCopy(repetition.First)
        ? "copy the rest only, from behind what was read, and use the first value"
        : "keep the first value in a local and use that";

    private static bool IsCopy(Term fetch) => fetch.Operation is IInvocationOperation { TargetMethod.Name: "CopyTo" or "TryCopyTo" or "ReadArray" or "TryReadArray" };

    // value = read; while (value is not there yet) { value = read; }: each takes the place of the one before, and is asked for the same.
    private static bool Polls(SyntaxNode first, SyntaxNode second) =>
        SyntaxFactory.AreEquivalent(first, second)
        && second.Parent is AssignmentExpressionSyntax { Left: IdentifierNameSyntax { Identifier.ValueText: var name }, RawKind: (int)SyntaxKind.SimpleAssignmentExpression }
        && first.Parent switch
        {
            EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax declared } => declared.Identifier.ValueText == name,
            AssignmentExpressionSyntax { Left: IdentifierNameSyntax assigned } => assigned.Identifier.ValueText == name,
            _ => false,
        }
        && second.Ancestors().FirstOrDefault(static node => node is WhileStatementSyntax or ForStatementSyntax) is { } loop && !loop.Contains(first)
        && (loop is WhileStatementSyntax repeated ? repeated.Condition : ((ForStatementSyntax)loop).Condition) is { } condition
        && condition.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Any(use => use.Identifier.ValueText == name);

    // On a helper in which the read stands: its caller gets what is there at that moment.
    private static bool IsAcknowledged(CallContext? frame)
    {
        for (; frame is not null; frame = frame.Caller)
        {
            if (frame.Method is IMethodSymbol method && IsAcknowledged(method))
            {
                return true;
            }
        }

        return false;
    }

    // On the method, or on what it stands in.
    private static bool IsAcknowledged(IMethodSymbol method)
    {
        for (ISymbol? symbol = method; symbol is IMethodSymbol or IPropertySymbol; symbol = symbol.ContainingSymbol)
        {
            if (symbol.IsReread() || (symbol as IMethodSymbol)?.AssociatedSymbol?.IsReread() == true)
            {
                return true;
            }
        }

        return false;
    }

    private static SyntaxNode PlaceOf(Term fetch) => CallContext.Outermost(fetch.CallContext, fetch.Operation!).Syntax;
}

internal static partial class Descriptors
{
    /// <summary>A second read of bytes of which the first value is used, too.</summary>
    public static readonly DiagnosticDescriptor DoubleFetch = Warning(
        "NUB0010",
        "Shared bytes are read twice",
        "'{0}' reads bytes again that '{1}' in line {2} has read, and the guest may have changed them since: {3}",
        "Between two reads a guest can write. What was found out about the first value does not hold for the second (Xen's XSA-155 was this).");
}
