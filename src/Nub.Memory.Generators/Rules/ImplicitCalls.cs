using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// Finds the generic methods that the language calls without a call being written. They are rare: a loop or an await is asked for its method only
/// where its type has none of its own that the compiler is sure to take before any extension, because to ask costs more than to look.
/// </summary>
internal static class ImplicitCalls
{
    /// <summary>What is done with a method that is called.</summary>
    public delegate void Check(OperationAnalysisContext context, IMethodSymbol method, SyntaxNode place);

    /// <summary>Registers the actions that find them.</summary>
    public static void Register(CompilationStartAnalysisContext start, Check check)
    {
        start.RegisterOperationAction(context => AnalyzeCollection(context, check), OperationKind.CollectionExpression);
        start.RegisterOperationAction(context => AnalyzePattern(context, check), OperationKind.RecursivePattern);
        start.RegisterOperationAction(context => AnalyzeDeconstruction(context, check), OperationKind.DeconstructionAssignment);
        start.RegisterOperationAction(context => AnalyzeLoop(context, check), OperationKind.Loop);
        start.RegisterOperationAction(context => AnalyzeAwait(context, check), OperationKind.Await);
        start.RegisterOperationAction(
            context => AnalyzeOperator(context, check), OperationKind.Binary, OperationKind.Unary, OperationKind.CompoundAssignment, OperationKind.Increment, OperationKind.Decrement);
    }

    private static void AnalyzeCollection(OperationAnalysisContext context, Check check) =>
        CheckOne(context, check, ((ICollectionExpressionOperation)context.Operation).ConstructMethod, context.Operation.Syntax);

    private static void AnalyzePattern(OperationAnalysisContext context, Check check) =>
        CheckOne(context, check, ((IRecursivePatternOperation)context.Operation).DeconstructSymbol as IMethodSymbol, context.Operation.Syntax);

    private static void AnalyzeDeconstruction(OperationAnalysisContext context, Check check)
    {
        if (context.Operation is IDeconstructionAssignmentOperation { Syntax: AssignmentExpressionSyntax assignment, SemanticModel: { } model })
        {
            CheckAll(context, check, model.GetDeconstructionInfo(assignment), assignment.Right);
        }
    }

    private static void AnalyzeLoop(OperationAnalysisContext context, Check check)
    {
        if (context.Operation is not IForEachLoopOperation { Syntax: CommonForEachStatementSyntax loop, SemanticModel: { } model } operation)
        {
            return;
        }

        // The collection is converted to what is gone through, where it is that.
        ITypeSymbol? type = operation.Collection is IConversionOperation { IsImplicit: true } converted ? converted.Operand.Type : operation.Collection.Type;
        if (!HasOwn(type, operation.IsAsynchronous ? "GetAsyncEnumerator" : "GetEnumerator"))
        {
            CheckOne(context, check, model.GetForEachStatementInfo(loop).GetEnumeratorMethod, loop.Expression);
        }

        if (loop is ForEachVariableStatementSyntax several)
        {
            CheckAll(context, check, model.GetDeconstructionInfo(several), several.Variable);
        }
    }

    private static void AnalyzeAwait(OperationAnalysisContext context, Check check)
    {
        if (context.Operation is IAwaitOperation { Syntax: AwaitExpressionSyntax awaited, SemanticModel: { } model } operation && !HasOwn(operation.Operation.Type, "GetAwaiter"))
        {
            CheckOne(context, check, model.GetAwaitExpressionInfo(awaited).GetAwaiterMethod, awaited.Expression);
        }
    }

    private static void AnalyzeOperator(OperationAnalysisContext context, Check check)
    {
        IMethodSymbol? method = context.Operation switch
        {
            IBinaryOperation operation => operation.OperatorMethod,
            IUnaryOperation operation => operation.OperatorMethod,
            ICompoundAssignmentOperation operation => operation.OperatorMethod,
            IIncrementOrDecrementOperation operation => operation.OperatorMethod,
            _ => null,
        };
        if (method?.ContainingType is { TypeKind: TypeKind.Extension })
        {
            check(context, method, context.Operation.Syntax);
        }
    }

    private static void CheckAll(OperationAnalysisContext context, Check check, DeconstructionInfo info, SyntaxNode place)
    {
        CheckOne(context, check, info.Method, place);
        foreach (DeconstructionInfo nested in info.Nested)
        {
            CheckAll(context, check, nested, place);
        }
    }

    // An extension that is called as if it were the type's own has lost the type arguments that were inferred from the receiver.
    private static void CheckOne(OperationAnalysisContext context, Check check, IMethodSymbol? method, SyntaxNode place)
    {
        if (method is not null)
        {
            check(context, method.GetConstructedReducedFrom() ?? method, place);
        }
    }

    // Whether the compiler is sure to take a method of the type's own: one that cannot be reached, or wants arguments, leaves room for an extension.
    private static bool HasOwn(ITypeSymbol? type, string name)
    {
        if (type is null or IArrayTypeSymbol or IDynamicTypeSymbol)
        {
            return true;
        }

        for (ITypeSymbol? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            ImmutableArray<ISymbol> members = declaring.GetMembers(name);
            if (!members.IsEmpty)
            {
                if (members.Any(IsTaken))
                {
                    return true;
                }

                // Anything else of that name may hide what it inherits.
                if (members.Any(static member => member is not IMethodSymbol))
                {
                    return false;
                }
            }
        }

        // Of a class or a struct the compiler asks no other interfaces than these.
        bool isOfInterfaces = type.TypeKind is TypeKind.Interface or TypeKind.TypeParameter;
        return type.AllInterfaces.Any(one => (isOfInterfaces || (one.Name is "IEnumerable" or "IAsyncEnumerable" && one.ContainingNamespace is { Name: "Collections" or "Generic" }))
            && one.GetMembers(name).Any(IsTaken));
    }

    private static bool IsTaken(ISymbol member) =>
        member is IMethodSymbol { IsStatic: false, DeclaredAccessibility: Accessibility.Public, Arity: 0, Parameters.IsEmpty: true };
}
