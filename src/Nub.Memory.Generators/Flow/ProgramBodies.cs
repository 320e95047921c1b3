using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Flow;

/// <summary>
/// The methods of a compilation that are followed from other types than their own. Each is looked for once, when a call of it first
/// matters, and kept as long as the compilation is analyzed.
/// </summary>
/// <remarks>
/// Whether a method reads shared memory is told from its text and from what its type holds, without an operation of it: nearly every
/// call of a project is asked about, and hardly any is followed.
/// </remarks>
/// <param name="compilation">The compilation.</param>
/// <param name="declared">What the project says of its own code.</param>
internal sealed class ProgramBodies(Compilation compilation, DeclaredTaint declared)
{
    /// <summary>Characters: a method of another type that is longer is not followed, because each call of it is gone through anew.</summary>
    private const int Longest = 1_500;

    private readonly ConcurrentDictionary<SyntaxTree, SemanticModel> _models = new();
    private readonly ConcurrentDictionary<IMethodSymbol, MethodBody?> _bodies = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<IMethodSymbol, bool> _reading = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<ITypeSymbol, bool> _holding = new(SymbolEqualityComparer.Default);

    /// <summary>The fields of a type that are said to hold what is the guest's.</summary>
    public IFieldSymbol[] DeclaredFieldsOf(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.Any(declared.IsMentioned)
        ? [.. type.GetMembers().OfType<IFieldSymbol>().Where(field => declared.Of(field).GivesGuests)] : [];

    /// <summary>What the project says of a member.</summary>
    public DeclaredMember DeclaredOf(ISymbol member) => declared.Of(member);

    /// <summary>Whether a call runs this very code, and its source is here.</summary>
    public bool CanFollow(IMethodSymbol method) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingAssembly, compilation.Assembly)
        && method.MethodKind is MethodKind.Ordinary or MethodKind.PropertyGet or MethodKind.Constructor or MethodKind.ReducedExtension or MethodKind.ExplicitInterfaceImplementation
        && method is { IsAbstract: false, IsExtern: false } && (!(method.IsVirtual || method.IsOverride) || method.IsSealed || method.ContainingType.IsSealed)
        && method.ContainingType.TypeKind is TypeKind.Class or TypeKind.Struct;

    /// <summary>Whether bytes of a guest's may come in by a call of a method, or of a property, with source.</summary>
    public bool MayRead(ISymbol called)
    {
        if (declared.Of(called).IsSource)
        {
            return true;
        }

        if (((called as IPropertySymbol)?.GetMethod ?? called as IMethodSymbol) is not { } method || !SymbolEqualityComparer.Default.Equals(method.ContainingAssembly, compilation.Assembly))
        {
            return false;
        }

        method = method.OriginalDefinition;
        return _reading.TryGetValue(method, out bool reads) ? reads : _reading.GetOrAdd(method, FindMayRead(method));
    }

    /// <summary>The code of a method with source; null when it has none, or too much.</summary>
    public MethodBody? Find(IMethodSymbol method) => _bodies.GetOrAdd(method.OriginalDefinition, Make);

    private bool FindMayRead(IMethodSymbol method) =>
        CanFollow(method) && TextReads(method)
        && ((!method.IsStatic && Holds(method.ContainingType)) || method.Parameters.Any(parameter => Holds(parameter.Type)))
        && CodeOf(method) is not null;

    // Whether an object has a memory, or has one that has.
    private bool Holds(ITypeSymbol type) => _holding.GetOrAdd(type, one => IsShared(one) || HoldsItself(one) || FieldsOf(one).Any(HoldsItself));

    private bool HoldsItself(ITypeSymbol type) =>
        FieldsOf(type).Any(IsShared) || (IsOurs(type) && ((INamedTypeSymbol)type).InstanceConstructors.Any(static one => one.Parameters.Any(static parameter => IsShared(parameter.Type))));

    private IEnumerable<ITypeSymbol> FieldsOf(ITypeSymbol type) => IsOurs(type) ? type.GetMembers().OfType<IFieldSymbol>().Select(static field => field.Type) : [];

    private bool IsOurs(ITypeSymbol type) =>
        type is INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Struct } && SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, compilation.Assembly);

    private static bool IsShared(ITypeSymbol type) =>
        SharedTypes.IsMemory(type) || SharedTypes.IsStack(type) || (type.IsRefLikeType && (SharedTypes.ViewedBy(type) is not null || SharedTypes.ElementsOf(type) is not null));

    // By the names of what is called, in the text alone, and before anything is asked of types: to have nodes made and members bound of all
    // that might be called would take longer than all else. A view is read by names of anybody's choice.
    private static bool TextReads(IMethodSymbol method)
    {
        if (method.DeclaringSyntaxReferences is not [var declared] || declared.Span.Length > Longest)
        {
            return false;
        }

        string text = declared.SyntaxTree.GetText().ToString(declared.Span);
        bool hasView = text.Contains("View ") && method.Parameters.Any(static one => one.Type.IsRefLikeType && SharedTypes.ViewedBy(one.Type) is not null);
        for (int dot = text.IndexOf('.'); dot >= 0; dot = text.IndexOf('.', dot + 1))
        {
            if (hasView || s_namesOfReads.Any(name => string.CompareOrdinal(text, dot + 1, name, 0, name.Length) == 0))
            {
                return true;
            }
        }

        return false;
    }

    private static readonly string[] s_namesOfReads =
    [
        "Read<", "TryRead<", "TryRead(", "TryReadValidated(", "TryReadValidated<", "CopyTo(", "TryCopyTo(", "ReadArray", "TryReadArray", "At(", "At<", "TryAt(", "TryAt<", "ArrayAt(", "TryArrayAt(",
        "Load()", "TryLoad(", "Pop(", "Pop<", "TryPop(", "CompareExchange", "Exchange<", "Exchange(", "Add<", "And<", "Or<",
    ];

    private MethodBody? Make(IMethodSymbol method)
    {
        if (CodeOf(method) is not { } code || code.Span.Length > Longest)
        {
            return null;
        }

        // Operations are what an analyzer is given of its own type only. One model for each file, whoever asks.
#pragma warning disable RS1030
        SemanticModel model = _models.GetOrAdd(code.SyntaxTree, tree => compilation.GetSemanticModel(tree));
#pragma warning restore RS1030
        return model.GetOperation(code) is { } operation ? new MethodBody(method, () => FlowGraph.BlocksOf(operation, default), code.Span.Length) : null;
    }

    // What a method is written with, if that was not generated: a primary constructor has no text of its own.
    private static SyntaxNode? CodeOf(IMethodSymbol method) => (method.PartialImplementationPart ?? method).DeclaringSyntaxReferences is [var reference]
        && !reference.SyntaxTree.FilePath.EndsWith(".g.cs", StringComparison.Ordinal)
        ? reference.GetSyntax() switch
        {
            BaseMethodDeclarationSyntax { Body: null, ExpressionBody: null } or AccessorDeclarationSyntax { Body: null, ExpressionBody: null } => null,
            SyntaxNode code and (BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or ArrowExpressionClauseSyntax) => code,
            _ => null,
        }
        : null;
}
