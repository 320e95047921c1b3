using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// NUB0007: an atomic operation on a type that has none. The methods are generic, because overloads would bind a <c>ushort</c> to
/// <c>int</c> and change the two bytes behind it.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class AtomicTypeAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.AtomicType];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        // Generated views call the runtime with types that the generator has chosen.
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterWhereNubIsUsed(static start =>
        {
            start.RegisterOperationAction(static call => Check(call, ((IInvocationOperation)call.Operation).TargetMethod), OperationKind.Invocation);
            start.RegisterOperationAction(static reference => Check(reference, ((IMethodReferenceOperation)reference.Operation).Method), OperationKind.MethodReference);
        });
    }

    private static void Check(OperationAnalysisContext context, IMethodSymbol method)
    {
        if (!IsAtomic(method) || HasAtomics(method.TypeArguments[0]))
        {
            return;
        }

        // What may not cross the boundary at all is NUB0001's.
        ITypeSymbol type = method.TypeArguments[0];
        if (Boundary.Check(method.TypeParameters[0], type) is null)
        {
            context.ReportDiagnostic(Diagnostic.Create(
                Descriptors.AtomicType, PlaceOf(context.Operation.Syntax).GetLocation(), $"{method.ContainingType.Name}.{method.Name}", LayoutBuilder.Display(type)));
        }
    }

    private static bool IsAtomic(IMethodSymbol method) =>
        method is
        {
            TypeArguments.Length: 1,
            Name: "CompareExchange" or "Exchange" or "Add" or "And" or "Or" or "TryCompareExchange" or "TryExchange" or "TryAdd" or "TryAnd" or "TryOr",
        } && method.ContainingType.IsInNub();

    // Of a type parameter of the caller's own it is found out at run time.
    private static bool HasAtomics(ITypeSymbol type) => type is ITypeParameterSymbol or
    {
        TypeKind: TypeKind.Error
    } or
    {
        SpecialType: SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Int64 or SpecialType.System_UInt64,
    };

    // The type argument where it is written; else the name of the method, which has inferred it.
    private static SyntaxNode PlaceOf(SyntaxNode syntax)
    {
        SyntaxNode callee = syntax is InvocationExpressionSyntax call ? call.Expression : syntax;
        SyntaxNode name = callee switch
        {
            MemberAccessExpressionSyntax access => access.Name,
            MemberBindingExpressionSyntax binding => binding.Name,
            _ => callee,
        };
        return name is GenericNameSyntax { TypeArgumentList.Arguments: [var only] } ? only : name;
    }
}

internal static partial class Descriptors
{
    /// <summary>An atomic operation on a type that the processor has none for.</summary>
    public static readonly DiagnosticDescriptor AtomicType = Error(
        "NUB0007",
        "An atomic operation on a type that has none",
        "'{0}' has no atomic form for '{1}': use int, uint, long or ulong; of a smaller field, exchange the whole aligned 4 or 8 bytes that it stands in with CompareExchange",
        "The atomic operations are those of Interlocked on 4 and 8 aligned bytes. A shorter value would be changed with the bytes behind it, and a longer one is not changed in one step.");
}
