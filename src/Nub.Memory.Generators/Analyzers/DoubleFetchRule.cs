using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Flow;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

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
            if (first == second || Polls(first, second) || IsAcknowledged(repetition.First.Frame) || IsAcknowledged(repetition.Second.Frame))
            {
                continue;
            }

            seconds.Add(repetition.Second);
            if (reported.Add(second))
            {
                int line = first.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
                report(Diagnostic.Create(Descriptors.DoubleFetch, second.GetLocation(), [first.GetLocation()], SourceText.Shorten(second), SourceText.Shorten(first), line));
            }
        }

        return seconds;
    }

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

    // On a helper in which the read stands: whoever calls it gets what is there at that moment.
    private static bool IsAcknowledged(Frame? frame)
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

    private static SyntaxNode PlaceOf(Term fetch) => Frame.Outermost(fetch.Frame, fetch.Operation!).Syntax;
}
