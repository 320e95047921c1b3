using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.CodeFixes;

/// <summary>
/// <c>bool</c> fields, or an automatic property, as bytes beside properties of their names. The bytes keep the fields' place,
/// accessibility and attributes, so that the layout stays and the generated view shows them; the properties are computed.
/// </summary>
internal sealed class BytesWithProperties
{
    private static readonly SyntaxTriviaList s_blankLine = [SyntaxFactory.ElasticCarriageReturnLineFeed, SyntaxFactory.ElasticCarriageReturnLineFeed];

    private readonly MemberDeclarationSyntax _member;
    private readonly string[] _names;
    private readonly HashSet<string> _taken;
    private readonly bool _isReadonly;

    // What a property can do besides being read: "set", "init", or nothing.
    private readonly string? _setter;

    private BytesWithProperties(MemberDeclarationSyntax member, HashSet<string> taken, string[] names, bool isReadonly, string? setter)
    {
        _member = member;
        _names = names;
        _taken = taken;
        _isReadonly = isReadonly;
        _setter = setter;
    }

    /// <summary>Of a member; null where a property would not do: a buffer, an element, a parameter, or a property with code in it.</summary>
    public static BytesWithProperties? Of(SyntaxNode member, Site site)
    {
        if (member.Parent is not TypeDeclarationSyntax type || IsInlineArray(type))
        {
            return null;
        }

        // Those of the type's other parts, too.
        HashSet<string> taken = [.. site.Model.GetDeclaredSymbol(type, site.CancellationToken)?.MemberNames ?? []];
        bool typeIsReadonly = type.Modifiers.Any(SyntaxKind.ReadOnlyKeyword);
        switch (member)
        {
            case FieldDeclarationSyntax field when field.Declaration.Variables.All(static variable => variable.ArgumentList is null):
                bool isReadonly = typeIsReadonly || field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword);
                return new BytesWithProperties(field, taken, NamesOf(field), isReadonly, isReadonly ? "init" : "set");
            case PropertyDeclarationSyntax { AccessorList.Accessors: var accessors } property when accessors.All(static accessor =>
                accessor.Body is null && accessor.ExpressionBody is null && accessor.Modifiers.Count == 0):
                string? setter = accessors.FirstOrDefault(static accessor => !accessor.IsKind(SyntaxKind.GetAccessorDeclaration))?.Keyword.ValueText;

                // Without a setter the constructor writes it, which a computed property cannot have written.
                return setter is null ? null : new BytesWithProperties(property, taken, NamesOf(property), typeIsReadonly || setter == "init", setter);
            default:
                return null;
        }
    }

    /// <summary>The members that take the place of the one.</summary>
    public IEnumerable<MemberDeclarationSyntax> Write()
    {
        string[] bytes = [.. _names.Select(ByteName)];
        string modifiers = string.Concat(_member.Modifiers.Where(IsAccess).Select(static modifier => modifier.Text + " "));
        string attributes = string.Concat(AttributesOfProperty().Select(static list => list.WithoutTrivia() + "\n"));
        string required = _member.Modifiers.Any(SyntaxKind.RequiredKeyword) ? "required " : "";
        yield return Parse($"{modifiers}{(_isReadonly ? "readonly " : "")}byte {string.Join(", ", bytes)};")
            .WithAttributeLists(AttributesOfStorage())
            .WithLeadingTrivia(_member.GetLeadingTrivia())
            .WithTrailingTrivia(s_blankLine);
        for (int i = 0; i < _names.Length; i++)
        {
            string comment = _member.HasStructuredTrivia ? $"/// <inheritdoc cref=\"{bytes[i]}\"/>\n" : "";
            string isSame = _isReadonly ? "" : "readonly ";
            MemberDeclarationSyntax property = Parse($$"""
                {{comment}}{{attributes}}{{modifiers}}{{required}}bool {{_names[i]}}
                {
                    {{isSame}}get => {{bytes[i]}} != 0;
                    {{_setter}} => {{bytes[i]}} = value ? (byte)1 : (byte)0;
                }
                """);
            yield return property.WithTrailingTrivia(i == _names.Length - 1 ? _member.GetTrailingTrivia() : s_blankLine);
        }
    }

    private static MemberDeclarationSyntax Parse(string text) => SyntaxFactory.ParseMemberDeclaration(text)!;

    private static bool IsInlineArray(TypeDeclarationSyntax type) =>
        type.AttributeLists.Any(static list => list.Attributes.Any(static attribute => attribute.Name.ToString().Contains("InlineArray")));

    private static bool IsAccess(SyntaxToken modifier) =>
        modifier.Kind() is SyntaxKind.PublicKeyword or SyntaxKind.InternalKeyword or SyntaxKind.PrivateKeyword;

    private static string[] NamesOf(MemberDeclarationSyntax member) => member switch
    {
        FieldDeclarationSyntax field => [.. field.Declaration.Variables.Select(static variable => variable.Identifier.Text)],
        PropertyDeclarationSyntax property => [property.Identifier.Text],
        _ => [],
    };

    private string ByteName(string name)
    {
        string wanted = name.TrimStart('@') + "Byte";
        string free = wanted;
        for (int i = 2; !_taken.Add(free); i++)
        {
            free = wanted + i;
        }

        return free;
    }

    // What a property says of its field ([field: FieldOffset(4)]) the field says itself.
    private SyntaxList<AttributeListSyntax> AttributesOfStorage()
    {
        IEnumerable<AttributeListSyntax> lists = _member is FieldDeclarationSyntax
            ? _member.AttributeLists
            : _member.AttributeLists.Where(static list => list.Target?.Identifier.ValueText == "field").Select(static list => list.WithTarget(null));
        return [.. lists.Select(static list => list.WithLeadingTrivia(SyntaxFactory.ElasticMarker))];
    }

    // A field's attributes are of its bytes.
    private IEnumerable<AttributeListSyntax> AttributesOfProperty() =>
        _member is PropertyDeclarationSyntax ? _member.AttributeLists.Where(static list => list.Target?.Identifier.ValueText != "field") : [];
}
