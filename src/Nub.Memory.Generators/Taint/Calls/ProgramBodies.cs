using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

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

    private readonly ProgramSource _source = new(compilation);
    private readonly HashSet<string> _readers = ReadNames.MembersOf(compilation);
    private readonly ConcurrentDictionary<IMethodSymbol, MethodBody?> _bodies = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<IMethodSymbol, bool> _reading = new(SymbolEqualityComparer.Default);
    private readonly ConcurrentDictionary<(SyntaxTree Tree, int Start), bool> _known = KnownOf(compilation);
    private readonly ConcurrentDictionary<ITypeSymbol, bool> _holding = new(SymbolEqualityComparer.Default);

    // For each file that is asked about the compiler makes another compilation of the same files, with other symbols: what was found out is kept by where a
    // method stands, as long as nothing is edited.
    private static readonly ConditionalWeakTable<SyntaxTree[], ConditionalWeakTable<MetadataReference[], ConcurrentDictionary<(SyntaxTree, int), bool>>> s_known = new();

    private static ConcurrentDictionary<(SyntaxTree Tree, int Start), bool> KnownOf(Compilation compilation) =>
        s_known.GetOrCreateValue(compilation.TreeArray()).GetOrCreateValue(Marks.ReferencesOf(compilation));

    /// <summary>The fields of a type that are said to hold what is the guest's.</summary>
    public IFieldSymbol[] DeclaredFieldsOf(INamedTypeSymbol type) => type.Mentions(TreeWords.Declarations)
        ? [.. type.GetMembers().OfType<IFieldSymbol>().Where(field => declared.Of(field).GivesGuests)] : [];

    /// <summary>Whether a field may be said to hold what is the guest's.</summary>
    public bool MayDeclareFields => !declared.IsEmpty;

    /// <summary>What the project says of a member.</summary>
    public DeclaredMember DeclaredOf(ISymbol member) => declared.Of(member);

    /// <summary>Whether a call runs this very code, and its source is here.</summary>
    public bool CanFollow(IMethodSymbol method) =>
        SymbolEqualityComparer.Default.Equals(method.ContainingAssembly, compilation.Assembly)
        && method.MethodKind is MethodKind.Ordinary or MethodKind.PropertyGet or MethodKind.Constructor or MethodKind.ReducedExtension or MethodKind.ExplicitInterfaceImplementation
        && ProgramSource.RunsItself(method);

    /// <summary>What a member of an extension block is called on, as its code names it; null for any other method.</summary>
    public IParameterSymbol? ReceiverOf(IMethodSymbol method) => _source.ReceiverOf(method);

    /// <summary>Whether bytes of a guest's may come in by a call of a method, or of a property, with source.</summary>
    public bool MayRead(ISymbol called)
    {
        if (declared.Of(called).IsSource)
        {
            return true;
        }

        // Nearly every call: the name alone tells.
        if (!_readers.Contains(ReadNames.NameOf(called)))
        {
            return false;
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

    private bool FindMayRead(IMethodSymbol method)
    {
        if (method.DeclaringSyntaxReferences is not [var declaration])
        {
            return false;
        }

        (SyntaxTree, int) place = (declaration.SyntaxTree, declaration.Span.Start);
        return _known.TryGetValue(place, out bool reads) ? reads : _known.GetOrAdd(place, FindMayReadAnew(method));
    }

    private bool FindMayReadAnew(IMethodSymbol method) =>
        CanFollow(method) && TextReads(method)
        && ((!method.IsStatic && Holds(ReceiverOf(method)?.Type ?? method.ContainingType)) || method.Parameters.Any(parameter => Holds(parameter.Type)))
        && ProgramSource.CodeOf(method) is not null;

    // Whether an object has a memory, or has one that has.
    private bool Holds(ITypeSymbol type) => _holding.GetOrAdd(type, one => IsShared(one) || HoldsItself(one) || FieldsOf(one).Any(HoldsItself));

    private bool HoldsItself(ITypeSymbol type) =>
        FieldsOf(type).Any(IsShared) || (IsOurs(type) && ((INamedTypeSymbol)type).InstanceConstructors.Any(static one => one.Parameters.Any(static parameter => IsShared(parameter.Type))));

    private IEnumerable<ITypeSymbol> FieldsOf(ITypeSymbol type) => IsOurs(type) ? type.GetMembers().OfType<IFieldSymbol>().Select(static field => field.Type) : [];

    private bool IsOurs(ITypeSymbol type) =>
        type is INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Struct } && SymbolEqualityComparer.Default.Equals(type.ContainingAssembly, compilation.Assembly);

    private static bool IsShared(ITypeSymbol type) =>
        SharedTypes.IsMemory(type) || SharedTypes.IsStack(type) || (type.IsRefLikeType && (SharedTypes.ViewedBy(type) is not null || SharedTypes.ElementsOf(type) is not null));

    // By the text alone, and before anything is asked of types: to have nodes made and members bound of all that might be called would take longer
    // than all else. The properties of a view have the names of its struct's fields.
    private bool TextReads(IMethodSymbol method) =>
        method.DeclaringSyntaxReferences is [var declared] && declared.Span.Length <= Longest && ReadNames.Of(declared.SyntaxTree) is var names
        && (names.IsReadIn(declared.Span)
            || (names.IsViewIn(declared.Span) && method.Parameters.Any(static one => one.Type.IsRefLikeType && SharedTypes.ViewedBy(one.Type) is not null))
            || (ReceiverOf(method) is { Type: { IsRefLikeType: true } viewing } && SharedTypes.ViewedBy(viewing) is not null));

    private MethodBody? Make(IMethodSymbol method)
    {
        if (ProgramSource.CodeOf(method) is not { } code || code.Span.Length > Longest)
        {
            return null;
        }

        return _source.OperationOf(code) is { } operation ? new MethodBody(method, () => FlowGraph.BlocksOf(operation, default), code.Span.Length) : null;
    }
}
