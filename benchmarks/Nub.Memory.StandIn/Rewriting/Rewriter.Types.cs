using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.StandIn.Rewriting;

// Where a memory is named as a type, its stand-in is named.
internal sealed partial class Rewriter
{
    public override SyntaxNode? VisitIdentifierName(IdentifierNameSyntax node) => Replaced(node, node.Identifier.Text) ?? base.VisitIdentifierName(node);

    public override SyntaxNode? VisitQualifiedName(QualifiedNameSyntax node) => Replaced(node, node.Right.Identifier.Text) ?? base.VisitQualifiedName(node);

    public override SyntaxNode? VisitMemberAccessExpression(MemberAccessExpressionSyntax node) =>
        Replaced(node, node.Name.Identifier.Text) ?? base.VisitMemberAccessExpression(node);

    // The stand-in inherits its members and declares none of them: they are implemented under the name that they have.
    public override SyntaxNode? VisitExplicitInterfaceSpecifier(ExplicitInterfaceSpecifierSyntax node) => node;

    private ExpressionSyntax? Replaced(ExpressionSyntax node, string name)
    {
        // `new Outer.Name()` and `nameof(Outer.Name)` are asked as a whole, and a name of an argument or a member is none of a type.
        if (!_typeNames.Contains(name) || node.Parent is NameColonSyntax or NameEqualsSyntax
            || (node.Parent is QualifiedNameSyntax qualified && qualified.Right == node)
            || (node.Parent is MemberAccessExpressionSyntax member && member.Name == node)
            || model.GetSymbolInfo(node).Symbol is not { } symbol)
        {
            return null;
        }

        // `new Name()` is asked of its type's name, which is the type.
        return symbol is INamedTypeSymbol type && memories.TryGetValue(type, out MemoryType? memory)
            ? (node is MemberAccessExpressionSyntax || (node is IdentifierNameSyntax && node.Parent is MemberAccessExpressionSyntax) ? Expression(memory.StandIn) : SyntaxFactory.ParseTypeName(memory.StandIn)).WithTriviaFrom(node)
            : null;
    }
}
