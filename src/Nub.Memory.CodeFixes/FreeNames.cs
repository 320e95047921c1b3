using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.CodeFixes;

/// <summary>Finds names for new locals.</summary>
internal static class FreeNames
{
    /// <summary>Where a local's name has to differ from others: the member, or the file where its statements are a program.</summary>
    public static SyntaxNode BodyAround(SyntaxNode node) =>
        node.Ancestors().FirstOrDefault(static outer => outer is MemberDeclarationSyntax and not GlobalStatementSyntax) ?? node.SyntaxTree.GetRoot();

    /// <summary>
    /// A name that means nothing where an expression stands and nothing in the body. Several of one body get different ones, whether
    /// they are fixed one by one or together.
    /// </summary>
    /// <param name="wanted">The name without a number.</param>
    /// <param name="place">Where it is to be known.</param>
    /// <param name="earlier">Of those before it that want the same name, in their order: whether one is still without a name.</param>
    public static string Find(string wanted, SyntaxNode place, IEnumerable<bool> earlier, Site site)
    {
        HashSet<string> taken = [.. BodyAround(place).DescendantTokens().Where(static token => token.IsKind(SyntaxKind.IdentifierToken)).Select(static token => token.ValueText)];
        int rank = 0;
        foreach (bool isNameless in earlier)
        {
            if (isNameless)
            {
                Take(rank);
            }

            rank++;
        }

        return Take(rank);

        string Take(int from)
        {
            for (int i = from; ; i++)
            {
                string name = i == 0 ? wanted : wanted + (i + 1);
                if (SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None && site.Model.LookupSymbols(place.SpanStart, name: name).IsEmpty && taken.Add(name))
                {
                    return name;
                }
            }
        }
    }

    /// <summary>Whether an expression is all that a local is declared for, so that it has a name.</summary>
    public static bool IsNamed(ExpressionSyntax expression) => expression.Parent is EqualsValueClauseSyntax { Parent: VariableDeclaratorSyntax { Parent.Parent: LocalDeclarationStatementSyntax } };
}
