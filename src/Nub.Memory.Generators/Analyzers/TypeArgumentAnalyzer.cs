using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Analyzers;

/// <summary>
/// NUB0001: whatever is put for an <c>[AllValid]</c> or <c>[ValidateOnRead]</c> type parameter must be so. Calls and method
/// groups are seen as operations, because their type arguments may be inferred; constructed types are seen where they are
/// written, because a type that nobody wrote came from a signature that somebody did.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class TypeArgumentAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.TypeArgument];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        // Not generated code: most of it is our own views, one body for each field of each struct, and to bind all of them would
        // cost more than anything else here. What it lets through is refused at run time (NotAllValidException).
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            if (start.Compilation.GetTypesByMetadataName(KnownTypes.AllValidAttribute).IsEmpty)
            {
                return;
            }

            start.RegisterOperationAction(AnalyzeCall, OperationKind.Invocation);
            start.RegisterOperationAction(AnalyzeMethodGroup, OperationKind.MethodReference);
            start.RegisterSyntaxNodeAction(AnalyzeName, SyntaxKind.GenericName);
        });
    }

    private static void AnalyzeCall(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        CheckMethod(context, call.TargetMethod, call.Syntax is InvocationExpressionSyntax invocation ? invocation.Expression : call.Syntax);
    }

    private static void AnalyzeMethodGroup(OperationAnalysisContext context)
    {
        var reference = (IMethodReferenceOperation)context.Operation;
        CheckMethod(context, reference.Method, reference.Syntax);
    }

    private static void CheckMethod(OperationAnalysisContext context, IMethodSymbol method, SyntaxNode callee)
    {
        if (!method.IsGenericMethod)
        {
            return;
        }

        for (int i = 0; i < method.TypeArguments.Length; i++)
        {
            if (Boundary.Check(method.TypeParameters[i], method.TypeArguments[i]) is { } refusal)
            {
                SimpleNameSyntax? name = NameOf(callee);
                SyntaxNode place = name is GenericNameSyntax { TypeArgumentList.Arguments: var arguments } && i < arguments.Count ? arguments[i] : name ?? callee;
                Report(context.ReportDiagnostic, place.GetLocation(), method, method.TypeParameters[i], method.TypeArguments[i], refusal);
            }
        }
    }

    private static void AnalyzeName(SyntaxNodeAnalysisContext context)
    {
        var name = (GenericNameSyntax)context.Node;
        bool isCallee = name.Parent is InvocationExpressionSyntax
            || (name.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax } access && access.Name == name);

        // A name in a comment (a cref) is nobody's type.
        if (isCallee || name.IsPartOfStructuredTrivia()
            || context.SemanticModel.GetSymbolInfo(name, context.CancellationToken).Symbol is not INamedTypeSymbol type
            || type.IsUnboundGenericType)
        {
            return;
        }

        for (int i = 0; i < type.TypeArguments.Length && i < name.TypeArgumentList.Arguments.Count; i++)
        {
            if (Boundary.Check(type.TypeParameters[i], type.TypeArguments[i]) is { } refusal)
            {
                Report(context.ReportDiagnostic, name.TypeArgumentList.Arguments[i].GetLocation(), type, type.TypeParameters[i], type.TypeArguments[i], refusal);
            }
        }
    }

    private static SimpleNameSyntax? NameOf(SyntaxNode callee) => callee switch
    {
        MemberAccessExpressionSyntax access => access.Name,
        MemberBindingExpressionSyntax binding => binding.Name,
        SimpleNameSyntax name => name,
        _ => null,
    };

    private static void Report(Action<Diagnostic> report, Location place, ISymbol generic, ITypeParameterSymbol parameter, ITypeSymbol argument, Refusal refusal) =>
        report(Diagnostic.Create(
            Descriptors.TypeArgument, place, refusal.Hints,
            LayoutBuilder.Display(argument), parameter.Name, generic.OriginalDefinition.ToDisplayString(s_generic), refusal.Demand, refusal.Why));

    private static readonly SymbolDisplayFormat s_generic = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        memberOptions: SymbolDisplayMemberOptions.IncludeContainingType);
}
