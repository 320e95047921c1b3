using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

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

    private static long? OfInlineArray(ITypeSymbol type) =>
        Layout.KnownTypes.FindAttribute(type, "InlineArrayAttribute", "System.Runtime.CompilerServices") is { ConstructorArguments: [{ Value: int length }] } ? length : null;

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
        LiteralExpressionSyntax { Token.Value: byte[] text } => text.Length,
        _ => null,
    };
}
