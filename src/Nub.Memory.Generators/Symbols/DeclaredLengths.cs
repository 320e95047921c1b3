using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Symbols;

/// <summary>The lengths of tables that are written down where they are declared: a byte needs no check where there are 256 elements.</summary>
internal static class DeclaredLengths
{
    public static long? Of(IOperation container) => container switch
    {
        IFieldReferenceOperation { Field: { IsFixedSizeBuffer: true, FixedSize: var size } } => size,
        IFieldReferenceOperation { Field: { IsReadOnly: true } field } => OfDeclaration(field) ?? OfInlineArray(field.Type),
        IPropertyReferenceOperation { Property: { SetMethod: null, IsIndexer: false } property } => OfDeclaration(property),
        IConversionOperation conversion => Of(conversion.Operand),
        { Type: { } type } => OfInlineArray(type),
        _ => null,
    };

    /// <summary>The same, where nothing else can have another length: no constructor or init accessor sets it anew, and nothing overrides it.</summary>
    public static long? OfSettled(IOperation container) => container switch
    {
        IConversionOperation conversion => OfSettled(conversion.Operand),
        IMemberReferenceOperation { Member: { IsVirtual: false, IsOverride: false, IsAbstract: false } member } when !IsSetAnew(member) => Of(container),
        { Type: { } type } and not IMemberReferenceOperation => OfInlineArray(type),
        _ => null,
    };

    // By its name, in the text of what may set it: it is asked only where a number is already too large.
    private static bool IsSetAnew(ISymbol member) => member.ContainingType.GetMembers().OfType<IMethodSymbol>()
        .Where(static one => one.IsInitOnly || one.MethodKind is MethodKind.Constructor or MethodKind.StaticConstructor)
        .SelectMany(static one => one.DeclaringSyntaxReferences)
        .SelectMany(static one => one.GetSyntax().DescendantNodes())
        .Any(node => node switch
        {
            AssignmentExpressionSyntax { Left: TupleExpressionSyntax { Arguments: var parts } } => parts.Any(part => IsNameOf(part.Expression, member)),
            AssignmentExpressionSyntax { Left: var target } => IsNameOf(target, member),
            ArgumentSyntax { RefKindKeyword.RawKind: not 0, Expression: var given } => IsNameOf(given, member),
            _ => false,
        });

    private static bool IsNameOf(ExpressionSyntax written, ISymbol member) =>
        ((written as MemberAccessExpressionSyntax)?.Name ?? written as SimpleNameSyntax)?.Identifier.ValueText == member.Name;

    private static long? OfInlineArray(ITypeSymbol type) =>
        KnownTypes.FindAttribute(type, "InlineArrayAttribute", "System.Runtime.CompilerServices") is { ConstructorArguments: [{ Value: int length }] } ? length : null;

    private static long? OfDeclaration(ISymbol symbol) => symbol.DeclaringSyntaxReferences is [var reference]
        ? reference.GetSyntax() switch
        {
            VariableDeclaratorSyntax { Initializer.Value: { } value } => OfValue(value, symbol.ContainingType),
            PropertyDeclarationSyntax { ExpressionBody.Expression: { } value } => OfValue(value, symbol.ContainingType),
            PropertyDeclarationSyntax { Initializer.Value: { } value } => OfValue(value, symbol.ContainingType),
            _ => null,
        }
        : null;

    private static long? OfValue(ExpressionSyntax value, INamedTypeSymbol type) => value switch
    {
        ArrayCreationExpressionSyntax { Initializer: { } initializer } => initializer.Expressions.Count,
        ArrayCreationExpressionSyntax { Type.RankSpecifiers: [{ Sizes: [LiteralExpressionSyntax { Token.Value: int length }] }, ..] } => length,
        ArrayCreationExpressionSyntax { Type.RankSpecifiers: [{ Sizes: [IdentifierNameSyntax name] }, ..] } =>
            type.GetMembers(name.Identifier.ValueText).OfType<IFieldSymbol>().FirstOrDefault() is { ConstantValue: int length } ? length : null,
        ImplicitArrayCreationExpressionSyntax array => array.Initializer.Expressions.Count,
        CollectionExpressionSyntax collection when collection.Elements.All(static element => element is ExpressionElementSyntax) => collection.Elements.Count,
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.Utf8StringLiteralExpression, Token.Value: string text } => System.Text.Encoding.UTF8.GetByteCount(text),
        _ => null,
    };
}
