using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>How a type gives its own bytes to the accessors that are generated into it.</summary>
internal enum ByteSource
{
    None,

    /// <summary><c>CopyTo(ulong, Span&lt;byte&gt;)</c> or <c>CopyFrom(ulong, ReadOnlySpan&lt;byte&gt;)</c>.</summary>
    Copy,

    /// <summary><c>AsSpan(ulong, int)</c>.</summary>
    Window,

    /// <summary><c>AsSpan()</c>, whose bounds the accessor checks.</summary>
    Whole,
}

/// <summary>One <c>ReadT</c> or <c>WriteT</c>.</summary>
/// <param name="TypeName">As generated code writes it.</param>
/// <param name="Conversion">The type's name in the methods of <c>BinaryPrimitives</c>; null for a generated struct.</param>
/// <param name="Size">In bytes; 0 when it is the host's to say.</param>
internal sealed record Accessor(string Method, string TypeName, string? Conversion, long Size);

/// <summary>The accessors that a type asks for by <c>[GenerateReader]</c> or by <c>[GenerateWriter]</c>.</summary>
internal sealed record ByteAccessorsModel(Declaration Declaration, bool IsWriter, ByteSource Source, EquatableArray<Accessor> Accessors);

/// <summary>What is wrong with an attribute.</summary>
/// <param name="Offence">Why the type is not AllValid; null when something else is wrong.</param>
/// <param name="Reason">What else is wrong, as the end of a sentence about the type that has the attribute.</param>
internal readonly record struct AccessorProblem(AttributeData Attribute, ITypeSymbol? Type, Offence? Offence, string? Reason);

/// <summary>Reads the attributes of a type; the generator takes what is right, the analyzer what is wrong.</summary>
internal static class ByteAccessors
{
    public static ByteAccessorsModel? Of(INamedTypeSymbol type, bool isWriter, List<AccessorProblem>? problems = null)
    {
        var accessors = new List<Accessor>();
        AttributeData? first = null;
        foreach (AttributeData attribute in type.GetAttributes())
        {
            if (attribute.AttributeClass is not { } named || named.Name != (isWriter ? "GenerateWriterAttribute" : "GenerateReaderAttribute") || !named.IsInNub())
            {
                continue;
            }

            first ??= attribute;
            if (attribute.ConstructorArguments is not [{ Value: ITypeSymbol subject }] || subject.TypeKind == TypeKind.Error)
            {
                continue;
            }

            string? name = attribute.NamedArguments.FirstOrDefault(static argument => argument.Key == "Name").Value.Value as string;
            Accessor? accessor = AccessorFor(subject, name, isWriter, out Offence? offence);
            if (accessor is null)
            {
                problems?.Add(new AccessorProblem(attribute, subject, offence, null));
            }
            else if (ExternAliases.HiddenIn(subject, type.ContainingAssembly) is { } hidden)
            {
                problems?.Add(new AccessorProblem(attribute, subject, null, $"asks for a '{accessor.Method}' of " + ExternAliases.Explain(hidden)));
            }
            else if (NameProblem(type, accessor.Method, accessors) is { } reason)
            {
                problems?.Add(new AccessorProblem(attribute, subject, null, reason));
            }
            else
            {
                accessors.Add(accessor);
            }
        }

        if (first is null)
        {
            return null;
        }

        ByteSource source = SourceOf(type, isWriter);
        if (ShapeProblem(type, source, isWriter) is { } shape)
        {
            problems?.Add(new AccessorProblem(first, null, null, shape));
            return null;
        }

        return accessors.Count == 0 ? null : new ByteAccessorsModel(Declaration.Of(type), isWriter, source, accessors.ToEquatableArray());
    }

    private static Accessor? AccessorFor(ITypeSymbol subject, string? name, bool isWriter, out Offence? offence)
    {
        name ??= (isWriter ? "Write" : "Read") + subject.MetadataName;

        // The seed's usize and isize: in the host's own memory the host's size is right.
        if (subject.SpecialType is SpecialType.System_IntPtr or SpecialType.System_UIntPtr)
        {
            offence = null;
            return new Accessor(name, subject.SpecialType == SpecialType.System_IntPtr ? "nint" : "nuint", subject.MetadataName, 0);
        }

        FieldType type = new LayoutBuilder().TypeOf(subject);
        offence = type.NotAllValid;
        if (offence is not null)
        {
            return null;
        }

        if (type.Kind == FieldKind.Primitive)
        {
            return new Accessor(name, type.Name, type.MetadataName, type.Size);
        }

        // A bare inline array is AllValid, but only generated code knows the bytes of one as a whole.
        offence = type.IsGenerated ? null : new Offence(OffenceKind.Unmarked, EquatableArray<string>.Empty, 0, type.Display);
        return type.IsGenerated ? new Accessor(name, type.Name, null, type.Size) : null;
    }

    private static string? NameProblem(INamedTypeSymbol type, string method, List<Accessor> earlier)
    {
        if (!Microsoft.CodeAnalysis.CSharp.SyntaxFacts.IsValidIdentifier(method))
        {
            return $"asks for a method called '{method}', which is no name; set Name to an identifier";
        }

        bool isTaken = method == type.Name || type.GetMembers(method).Any(static member => !ShapeRules.IsGenerated(member));
        return isTaken || earlier.Exists(other => other.Method == method)
            ? $"has a '{method}' already; set Name to call the generated one something else"
            : null;
    }

    private static string? ShapeProblem(INamedTypeSymbol type, ByteSource source, bool isWriter)
    {
        for (INamedTypeSymbol? outer = type; outer is not null; outer = outer.ContainingType)
        {
            if (outer.IsFileLocal)
            {
                return "is file-local, and generated code stands in another file; make it internal";
            }

            if (!ShapeRules.IsPartial(outer))
            {
                return SymbolEqualityComparer.Default.Equals(outer, type)
                    ? "cannot be added to: declare it partial"
                    : $"cannot be added to: declare the containing type '{outer.Name}' partial";
            }
        }

        return source != ByteSource.None
            ? null
            : $"gives no access to its bytes; declare '{(isWriter ? "void CopyFrom(ulong offset, ReadOnlySpan<byte> source)" : "void CopyTo(ulong offset, Span<byte> destination)")}', 'Span<byte> AsSpan(ulong offset, int length)' or 'Span<byte> AsSpan()'";
    }

    private static ByteSource SourceOf(INamedTypeSymbol type, bool isWriter)
    {
        ByteSource found = ByteSource.None;
        for (INamedTypeSymbol? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            foreach (ISymbol member in declaring.GetMembers())
            {
                if (member is IMethodSymbol { IsStatic: false, Arity: 0 } method && IsReachable(method, type) && Kind(method, isWriter) is var kind
                    && kind != ByteSource.None && (found == ByteSource.None || kind < found))
                {
                    found = kind;
                }
            }
        }

        return found;
    }

    private static bool IsReachable(IMethodSymbol method, INamedTypeSymbol from) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingType, from)
        || method.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal
        || (method.DeclaredAccessibility != Accessibility.Private && SymbolEqualityComparer.Default.Equals(method.ContainingAssembly, from.ContainingAssembly));

    private static ByteSource Kind(IMethodSymbol method, bool isWriter)
    {
        bool givesSpan = IsByteSpan(method.ReturnType, "Span") || (!isWriter && IsByteSpan(method.ReturnType, "ReadOnlySpan"));
        return (method.Name, method.Parameters) switch
        {
            ("CopyTo", [{ Type.SpecialType: SpecialType.System_UInt64, RefKind: RefKind.None }, { RefKind: RefKind.None } bytes])
                when !isWriter && method.ReturnsVoid && IsByteSpan(bytes.Type, "Span") => ByteSource.Copy,
            ("CopyFrom", [{ Type.SpecialType: SpecialType.System_UInt64, RefKind: RefKind.None }, { RefKind: RefKind.None } bytes])
                when isWriter && method.ReturnsVoid && IsByteSpan(bytes.Type, "ReadOnlySpan") => ByteSource.Copy,
            ("AsSpan", [{ Type.SpecialType: SpecialType.System_UInt64, RefKind: RefKind.None }, { Type.SpecialType: SpecialType.System_Int32, RefKind: RefKind.None }])
                when givesSpan => ByteSource.Window,
            ("AsSpan", []) when givesSpan => ByteSource.Whole,
            _ => ByteSource.None,
        };
    }

    private static bool IsByteSpan(ITypeSymbol type, string name) =>
        type is INamedTypeSymbol { TypeArguments: [{ SpecialType: SpecialType.System_Byte }], ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } }
        && type.Name == name;
}
