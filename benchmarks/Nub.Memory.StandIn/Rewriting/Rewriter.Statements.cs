using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.StandIn.Rewriting;

// An array of what was read is, where there is room for two statements, made and then filled.
internal sealed partial class Rewriter
{
    public override SyntaxNode? VisitBlock(BlockSyntax node) => node.Statements.Any(IsCopy)
        ? node.WithStatements(Expanded(node.Statements))
        : base.VisitBlock(node);

    public override SyntaxNode? VisitSwitchSection(SwitchSectionSyntax node) => node.Statements.Any(IsCopy)
        ? node.WithLabels(VisitList(node.Labels)).WithStatements(Expanded(node.Statements))
        : base.VisitSwitchSection(node);

    private SyntaxList<StatementSyntax> Expanded(SyntaxList<StatementSyntax> statements) =>
        SyntaxFactory.List(statements.SelectMany(one => Split(one) ?? [(StatementSyntax)Visit(one)!]));

    private bool IsCopy(StatementSyntax statement) => CopyIn(statement) is not null;

    private IEnumerable<StatementSyntax>? Split(StatementSyntax statement)
    {
        if (CopyIn(statement) is not ({ } name, { } found))
        {
            return null;
        }

        tally.Add(CallKind.CopyTo);
        string makes = statement is LocalDeclarationStatementSyntax local ? $"{Declared(local, found)} {name}" : name;
        string text = $"{makes} = new byte[{Visited(found, found.Rule.Count!)}]; {Receiver(found)}.CopyTo({AddressOf(found)}, {name});";
        var both = (BlockSyntax)SyntaxFactory.ParseStatement($"{{{text}}}");
        return
        [
            both.Statements[0].WithLeadingTrivia(statement.GetLeadingTrivia()),
            .. both.Statements.Skip(1).SkipLast(1),
            both.Statements[^1].WithTrailingTrivia(statement.GetTrailingTrivia()),
        ];
    }

    // A span of the memory itself is one of an array now, which can be filled.
    private static string Declared(LocalDeclarationStatementSyntax local, Found found) =>
        found.Rule.Kind == CallKind.SpanOut ? "global::System.Span<byte>" : Text(local.Declaration.Type);

    private (string Name, Found Found)? CopyIn(StatementSyntax statement)
    {
        (string? name, ExpressionSyntax? value) = statement switch
        {
            LocalDeclarationStatementSyntax { Declaration: { Type: not RefTypeSyntax, Variables: [{ Initializer: { } initializer } variable] }, UsingKeyword.RawKind: 0 } =>
                (variable.Identifier.Text, initializer.Value),
            ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression } assignment }
                when IsVariable(assignment.Left) => (Text(assignment.Left), assignment.Right),
            _ => ((string?)null, (ExpressionSyntax?)null),
        };

        return name is not null && value is InvocationExpressionSyntax call && Find(call) is { Rule.Kind: CallKind.CopyOut or CallKind.SpanOut } found
            && IsOfItsType(statement, found) && !Mentions(call, name)
            ? (name, found)
            : null;
    }

    private bool IsVariable(ExpressionSyntax target) => model.GetSymbolInfo(target).Symbol is ILocalSymbol or IParameterSymbol or IFieldSymbol;

    // What it is converted to otherwise, only the helper's result can be.
    private bool IsOfItsType(StatementSyntax statement, Found found)
    {
        ITypeSymbol? type = statement switch
        {
            LocalDeclarationStatementSyntax local => model.GetTypeInfo(local.Declaration.Type).Type,
            ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax assignment } => model.GetTypeInfo(assignment.Left).Type,
            _ => null,
        };
        return found.Rule.Kind == CallKind.CopyOut
            ? type is IArrayTypeSymbol
            : statement is LocalDeclarationStatementSyntax && type is { Name: "ReadOnlySpan" or "Span" };
    }

    // It would be read after it was replaced.
    private static bool Mentions(InvocationExpressionSyntax call, string name) =>
        call.DescendantNodes().OfType<IdentifierNameSyntax>().Any(one => one.Identifier.Text == name);
}
