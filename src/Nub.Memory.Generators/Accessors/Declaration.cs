using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Where a partial type stands, so that another part of it can be written.</summary>
/// <param name="Namespace">Empty for the global one.</param>
/// <param name="Types">The containing types from the outermost on, and the type itself: <c>partial struct Foo</c>.</param>
/// <param name="FullName">As generated code refers to it.</param>
/// <param name="Display">As comments refer to it.</param>
/// <param name="MetadataName">The whole name with <c>+</c> between nested types; unique in a compilation.</param>
internal sealed record Declaration(string Namespace, EquatableArray<string> Types, string Name, string FullName, string Display, string MetadataName)
{
    public static Declaration Of(INamedTypeSymbol type)
    {
        var types = new List<string>();
        string metadataName = type.MetadataName;
        for (INamedTypeSymbol? outer = type; outer is not null; outer = outer.ContainingType)
        {
            types.Insert(0, $"partial {KeywordOf(outer)} {outer.ToDisplayString(s_nameAndParameters)}");
            metadataName = outer.ContainingType is { } next ? $"{next.MetadataName}+{metadataName}" : metadataName;
        }

        string @namespace = type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString(s_namespace);
        return new Declaration(
            @namespace,
            types.ToEquatableArray(),
            Escape(type.Name),
            type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat),
            type.ToDisplayString(),
            type.ContainingNamespace.IsGlobalNamespace ? metadataName : $"{type.ContainingNamespace.ToDisplayString(s_plainNamespace)}.{metadataName}");
    }

    /// <summary>An identifier as code writes it: a keyword needs its <c>@</c>.</summary>
    public static string Escape(string name) =>
        SyntaxFacts.GetKeywordKind(name) != SyntaxKind.None || SyntaxFacts.GetContextualKeywordKind(name) != SyntaxKind.None ? "@" + name : name;

    /// <summary>Opens the namespace and the types; <see cref="Close"/> ends them.</summary>
    /// <param name="interfaces">What the innermost type implements, with the colon; or nothing.</param>
    public void Open(CodeWriter writer, string interfaces = "")
    {
        if (Namespace.Length > 0)
        {
            writer.Open($"namespace {Namespace}");
        }

        for (int i = 0; i < Types.Count; i++)
        {
            writer.Open(Types[i] + (i == Types.Count - 1 ? interfaces : ""));
        }
    }

    public void Close(CodeWriter writer)
    {
        for (int i = Types.Count + (Namespace.Length > 0 ? 1 : 0); i > 0; i--)
        {
            writer.Close();
        }
    }

    private static readonly SymbolDisplayFormat s_nameAndParameters = new(
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    private static readonly SymbolDisplayFormat s_namespace = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    private static readonly SymbolDisplayFormat s_plainNamespace = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces);

    private static string KeywordOf(INamedTypeSymbol type) => type switch
    {
        { TypeKind: TypeKind.Interface } => "interface",
        { TypeKind: TypeKind.Struct, IsRecord: true } => "record struct",
        { TypeKind: TypeKind.Struct } => "struct",
        { IsRecord: true } => "record",
        _ => "class",
    };
}
