using System.Collections.Concurrent;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Dataflow.Calls;

/// <summary>The code of a compilation's methods, also of those that an analyzer is not given, and the operations of it.</summary>
/// <param name="compilation">The compilation.</param>
internal sealed class ProgramSource(Compilation compilation)
{
    private readonly ConcurrentDictionary<SyntaxTree, SemanticModel> _models = new();
    private readonly ConcurrentDictionary<INamedTypeSymbol, IParameterSymbol?> _receivers = new(SymbolEqualityComparer.Default);

    /// <summary>Whether a call of a method runs this very one, and no override of it.</summary>
    public static bool RunsItself(IMethodSymbol method) =>
        method is { IsAbstract: false, IsExtern: false } && (!(method.IsVirtual || method.IsOverride) || method.IsSealed || method.ContainingType.IsSealed)
        && method.ContainingType.TypeKind is TypeKind.Class or TypeKind.Struct or TypeKind.Extension;

    /// <summary>What a method is written with, if that was not generated: a primary constructor has no text of its own.</summary>
    public static SyntaxNode? CodeOf(IMethodSymbol method) => (method.PartialImplementationPart ?? method).DeclaringSyntaxReferences is [var reference]
        && !reference.SyntaxTree.FilePath.EndsWith(".g.cs", StringComparison.Ordinal)
        ? reference.GetSyntax() switch
        {
            BaseMethodDeclarationSyntax { Body: null, ExpressionBody: null } or AccessorDeclarationSyntax { Body: null, ExpressionBody: null } => null,
            SyntaxNode code and (BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or ArrowExpressionClauseSyntax) => code,
            _ => null,
        }
        : null;

    /// <summary>What a member of an extension block is called on, as its code names it; null for any other method.</summary>
    public IParameterSymbol? ReceiverOf(IMethodSymbol method) =>
        method is { IsStatic: false, ContainingType: { TypeKind: TypeKind.Extension, OriginalDefinition: var block } } ? _receivers.GetOrAdd(block, FindReceiver) : null;

    // By the syntax: the symbol's own property is not the same in all compilers that the rules load in.
    private IParameterSymbol? FindReceiver(INamedTypeSymbol block) =>
        block.DeclaringSyntaxReferences is [var declared] && declared.GetSyntax().ChildNodes().OfType<ParameterListSyntax>().FirstOrDefault() is { Parameters: [var receiver] }
            ? ModelOf(declared.SyntaxTree).GetDeclaredSymbol(receiver) as IParameterSymbol : null;

    /// <summary>The operation of a piece of code.</summary>
    public IOperation? OperationOf(SyntaxNode code, CancellationToken cancellation = default) => ModelOf(code.SyntaxTree).GetOperation(code, cancellation);

    // Operations are what an analyzer is given of its own member only. One model for each file.
#pragma warning disable RS1030
    private SemanticModel ModelOf(SyntaxTree tree) => _models.GetOrAdd(tree, one => compilation.GetSemanticModel(one));
#pragma warning restore RS1030
}
