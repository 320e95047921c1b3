using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Layout;

/// <summary>A reason why accessors cannot be generated for a struct, whatever its fields are (NUB0003).</summary>
/// <param name="Reason">What is wrong and what to do, as the end of a sentence about the struct.</param>
/// <param name="Member">The member that it is about; null when it is the struct as a whole.</param>
internal sealed record ShapeProblem(string Reason, string? Member = null);

/// <summary>Decides whether a struct has a shape that accessors can be generated for.</summary>
internal static class ShapeRules
{
    // The runtime refuses an inline array beyond this with a TypeLoadException; nothing larger is meant to be copied as a value.
    private const long MaximumSize = 1 << 20;

    // What a property of a view cannot be called, whose type is an object like any other.
    public static readonly HashSet<string> NotOfViews = ["Equals", "GetHashCode", "GetType", "ToString"];

    /// <summary>Whether the generator can add a part to a struct: of one that has an error the part is the surface that its users name.</summary>
    public static bool CanGenerate(INamedTypeSymbol type) => !CheckDeclaration(type).Any();

    /// <summary>Whether a marked struct is what its mark says: the shape is right and the proof of the layout holds.</summary>
    public static bool IsProved(INamedTypeSymbol type, StructLayout layout)
    {
        bool isProved = type.IsAllValid()
            ? layout.NotAllValid is null && layout.Gaps.Count == 0
            : layout.NotValidatable is null;
        return isProved && layout.Kind != DeclaredKind.Unknown && layout.Fields.All(static field => IsProved(field.Type)) && !Check(type, layout).Any();
    }

    /// <summary>
    /// Whether a marked struct of another assembly has what the generator writes after its proof: an assembly that was built without it, or whose errors were suppressed,
    /// has the mark alone. Of this project's own structs the analyzers tell.
    /// </summary>
    public static bool IsProvedWhereBuilt(INamedTypeSymbol type, StructLayout layout) =>
        type.Locations.Any(static location => location.IsInSource)
        || ((!type.IsAllValid() || (layout.Gaps.Count == 0 && HasMarker(type, "IAllValid"))) && (!type.IsValidateOnRead() || HasMarker(type, "IValidateOnRead")));

    private static bool HasMarker(INamedTypeSymbol type, string name) => type.Interfaces.Any(one =>
        one.Name == name && one.IsInNub() && one.TypeArguments is [var self] && SymbolEqualityComparer.Default.Equals(self, type));

    // A marked field with an error of its own leaves the struct that contains it unproved, without another error.
    private static bool IsProved(FieldType type) => type.Element is { } element ? !type.IsWronglyMarked && IsProved(element) : type.Kind != FieldKind.Struct || type.IsProved;

    /// <summary>Everything about the shape that generated code cannot cope with.</summary>
    public static IEnumerable<ShapeProblem> Check(INamedTypeSymbol type, StructLayout layout) =>
        CheckDeclaration(type).Concat(CheckLayout(type, layout)).Concat(CheckNames(layout)).Concat(ByteOrderRules.Check(type, layout))
            .Concat(WireEnumRules.Check(type, layout)).Concat(TailRules.Check(type, layout)).Concat(UnionRules.Check(type, layout)).Concat(AlignmentRules.Check(type, layout)).Concat(ExternAliases.Check(type))
            .Concat(BitFieldRules.Of(type, layout).Where(static field => field.Problem is not null).Select(static field => new ShapeProblem(field.Problem!, field.Name)));

    private static IEnumerable<ShapeProblem> CheckDeclaration(INamedTypeSymbol type)
    {
        if (type.IsRefLikeType)
        {
            yield return new ShapeProblem("is a ref struct, which cannot be stored in memory; make it a plain struct");
        }

        for (INamedTypeSymbol? outer = type; outer is not null; outer = outer.ContainingType)
        {
            string whose = SymbolEqualityComparer.Default.Equals(outer, type) ? "it" : $"the containing type '{outer.Name}'";
            if (outer.TypeParameters.Length > 0)
            {
                yield return new ShapeProblem($"is generic{(whose == "it" ? "" : $" through {whose}")}, so that its layout is not one; write a struct for each instance");
            }

            if (outer.IsFileLocal)
            {
                yield return new ShapeProblem("is file-local, and generated code stands in another file; make it internal");
            }

            if (!IsPartial(outer))
            {
                yield return new ShapeProblem($"cannot be added to: declare {whose} partial");
            }
        }
    }

    private static IEnumerable<ShapeProblem> CheckLayout(INamedTypeSymbol type, StructLayout layout)
    {
        if (layout.Kind == DeclaredKind.Auto)
        {
            yield return new ShapeProblem("has LayoutKind.Auto, which lets the runtime move its fields; use Sequential or Explicit");
        }

        if (layout.Fields.Count == 0)
        {
            yield return new ShapeProblem("has no fields, so that its one byte means nothing; declare the fields that the guest sees");
        }

        if (layout.Size > MaximumSize)
        {
            yield return new ShapeProblem($"has {layout.Size} bytes, more than the {MaximumSize} that a value may have; describe a part of it, and use ArrayAt for the rest");
        }

        if (layout.InlineArrayLength > 0 && layout.DeclaredSize > 0)
        {
            yield return new ShapeProblem("is an inline array with a declared size; leave the size to the length");
        }

        if (layout.Kind == DeclaredKind.Sequential && PartsWithFields(type) > 1)
        {
            yield return new ShapeProblem("has fields in more than one of its parts, and C# does not define their order; put all of them in one part");
        }

        if (type.IsValidateOnRead() && ValidateMethod.MisspeltIn(type) is { } misspelt)
        {
            yield return new ShapeProblem($"declares a '{ValidateMethod.Name}' that reading would not call; it must be 'static bool {ValidateMethod.Name}(in {type.Name} value)'", misspelt);
        }

        foreach (string parameter in CapturedParameters(type))
        {
            yield return new ShapeProblem($"may capture the primary constructor's parameter '{parameter}' in a hidden field; copy it into a declared one");
        }
    }

    private static IEnumerable<ShapeProblem> CheckNames(StructLayout layout)
    {
        foreach (FieldLayout field in layout.Fields)
        {
            if (layout.InlineArrayLength == 0 && NotOfViews.Contains(field.Name))
            {
                yield return new ShapeProblem($"has a field '{field.Name}', which is the name of a member of its view; call it something else", field.Name);
            }
            else if (field.Name.Contains('.') && field.Name[0] != '<')
            {
                // An interface's property whose storage is the compiler's. In another assembly the storage has a name of its own, and nothing was generated for such a struct.
                yield return new ShapeProblem($"stores the property '{field.Name}', which only an interface has, so that no view can name it; store it in a field, and let the property give that", field.Name);
            }
        }
    }

    /// <summary>Whether the generator wrote the member. The analyzers see the struct with the generated part in it.</summary>
    // Types say it by an attribute. Methods do not, each of which would cost its struct's build as much as a method: they are known by their file, and in another assembly by the struct's.
    public static bool IsGenerated(ISymbol member) =>
        member.FindAttribute("GeneratedCodeAttribute", "System.CodeDom.Compiler") is { ConstructorArguments: [{ Value: GeneratedCode.Tool }, ..] }
        || (member is IMethodSymbol { ContainingType: { } type } && (member.DeclaringSyntaxReferences is [var written, ..]
            ? GeneratedCode.IsFileOf(written.SyntaxTree.FilePath)
            : GeneratedNames.IsOfStructs(member.Name) && (type.IsAllValid() || type.IsValidateOnRead())));

    public static bool IsPartial(INamedTypeSymbol type)
    {
        // A type of another assembly was generated there, or was not.
        foreach (SyntaxReference reference in type.DeclaringSyntaxReferences)
        {
            if (reference.GetSyntax() is TypeDeclarationSyntax declaration && !declaration.Modifiers.Any(SyntaxKind.PartialKeyword))
            {
                return false;
            }
        }

        return true;
    }

    private static int PartsWithFields(INamedTypeSymbol type) => type.GetMembers()
        .Where(static member => member is IFieldSymbol { IsStatic: false })
        .Select(static member => (member.Locations[0].SourceTree, Part: PartOf(member.Locations[0])))
        .Distinct()
        .Count();

    private static int PartOf(Location location) =>
        location.SourceTree?.GetRoot().FindNode(location.SourceSpan).FirstAncestorOrSelf<TypeDeclarationSyntax>()?.SpanStart ?? -1;

    // The compiler does not show captured parameters as fields. That a body mentions the name is enough to refuse: better a
    // parameter renamed in vain than a layout with an unseen field.
    private static IEnumerable<string> CapturedParameters(INamedTypeSymbol type)
    {
        var parts = type.DeclaringSyntaxReferences.Select(static reference => reference.GetSyntax()).OfType<StructDeclarationSyntax>().ToList();
        foreach (StructDeclarationSyntax part in parts)
        {
            foreach (ParameterSyntax parameter in part.ParameterList?.Parameters ?? default)
            {
                string name = parameter.Identifier.ValueText;
                if (parts.SelectMany(static other => other.Members).Any(member => Mentions(member, name)))
                {
                    yield return name;
                }
            }
        }
    }

    private static bool Mentions(MemberDeclarationSyntax member, string name)
    {
        IEnumerable<SyntaxNode?> bodies = member switch
        {
            BaseFieldDeclarationSyntax or BaseTypeDeclarationSyntax or ConstructorDeclarationSyntax => [],
            PropertyDeclarationSyntax property => [property.AccessorList, property.ExpressionBody],
            BaseMethodDeclarationSyntax method when method.ParameterList.Parameters.Any(parameter => parameter.Identifier.ValueText == name) => [],
            _ => [member],
        };
        return bodies.Any(body => body is not null && body.DescendantNodes().Any(
            node => node is IdentifierNameSyntax identifier && identifier.Identifier.ValueText == name
                && !(node.Parent is MemberAccessExpressionSyntax access && access.Name == node)));
    }
}
