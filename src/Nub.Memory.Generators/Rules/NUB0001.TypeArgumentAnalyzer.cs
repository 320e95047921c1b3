using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// NUB0001: whatever is put for an <c>[AllValid]</c> or <c>[ValidateOnRead]</c> type parameter must be so. Calls and method
/// groups are seen as operations, because their type arguments may be inferred; constructed types are seen where they are
/// written, because an inferred type comes from a signature in which it was written.
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
        context.RegisterWhereNubIsUsed(static start =>
        {
            start.RegisterOperationAction(AnalyzeCall, OperationKind.Invocation);
            start.RegisterOperationAction(AnalyzeMethodGroup, OperationKind.MethodReference);
            start.RegisterOperationAction(AnalyzeProperty, OperationKind.PropertyReference);
            ImplicitCalls.Register(start, CheckMethod);
            var marked = new MarkedNames(start.Compilation);
            start.RegisterSyntaxNodeAction(name => AnalyzeName(name, marked), SyntaxKind.GenericName);
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

    private static void AnalyzeProperty(OperationAnalysisContext context)
    {
        var reference = (IPropertyReferenceOperation)context.Operation;
        CheckExtensionBlock(context, reference.Property, reference.Syntax);
    }

    private static void CheckMethod(OperationAnalysisContext context, IMethodSymbol method, SyntaxNode callee)
    {
        CheckExtensionBlock(context, method, callee);
        if (method.IsGenericMethod)
        {
            Check(context, method, method.TypeParameters, method.TypeArguments, callee);
        }
    }

    // The type arguments of an extension block are inferred from the receiver, and never written.
    private static void CheckExtensionBlock(OperationAnalysisContext context, ISymbol member, SyntaxNode callee)
    {
        if (member.ContainingType is { TypeKind: TypeKind.Extension, TypeArguments.IsEmpty: false } block)
        {
            Check(context, member, block.TypeParameters, block.TypeArguments, callee);
        }
    }

    private static void Check(
        OperationAnalysisContext context, ISymbol member, ImmutableArray<ITypeParameterSymbol> parameters, ImmutableArray<ITypeSymbol> arguments, SyntaxNode callee)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (Boundary.Check(parameters[i], arguments[i]) is { } refusal)
            {
                SimpleNameSyntax? name = NameOf(callee);
                SyntaxNode place = name is GenericNameSyntax { TypeArgumentList.Arguments: var written } && i < written.Count ? written[i] : name ?? callee;
                Report(context.ReportDiagnostic, place.GetLocation(), member, parameters[i], arguments[i], refusal);
            }
        }
    }

    private static void AnalyzeName(SyntaxNodeAnalysisContext context, MarkedNames marked)
    {
        var name = (GenericNameSyntax)context.Node;
        bool isCallee = name.Parent is InvocationExpressionSyntax
            || (name.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax } access && access.Name == name);

        // A name in a comment (a cref) or in nameof is not used as a type.
        if (isCallee || !marked.Contains(name.Identifier.ValueText) || name.IsPartOfStructuredTrivia() || IsInNameof(name))
        {
            return;
        }

        // The name of an attribute means its constructor.
        ISymbol? symbol = context.SemanticModel.GetSymbolInfo(name, context.CancellationToken).Symbol;
        if ((symbol is IMethodSymbol { MethodKind: MethodKind.Constructor } ? symbol.ContainingType : symbol) is not INamedTypeSymbol { IsUnboundGenericType: false } type)
        {
            return;
        }

        bool isBase = type.Name == "ISharedView" && name.FirstAncestorOrSelf<BaseListSyntax>() is not null;
        for (int i = 0; i < type.TypeArguments.Length && i < name.TypeArgumentList.Arguments.Count; i++)
        {
            if (Boundary.Check(type.TypeParameters[i], type.TypeArguments[i], isBase) is { } refusal)
            {
                Report(context.ReportDiagnostic, name.TypeArgumentList.Arguments[i].GetLocation(), type, type.TypeParameters[i], type.TypeArguments[i], refusal);
            }
        }
    }

    private static bool IsInNameof(SyntaxNode name)
    {
        SyntaxNode outer = name;
        while (outer.Parent is NameSyntax or MemberAccessExpressionSyntax)
        {
            outer = outer.Parent;
        }

        return outer.Parent is ArgumentSyntax
        {
            Parent: ArgumentListSyntax { Parent: InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" } } }
        };
    }

    private static SimpleNameSyntax? NameOf(SyntaxNode callee) => callee switch
    {
        MemberAccessExpressionSyntax access => access.Name,
        MemberBindingExpressionSyntax binding => binding.Name,
        SimpleNameSyntax name => name,
        _ => null,
    };

    private static void Report(Action<Diagnostic> report, Location place, ISymbol generic, ITypeParameterSymbol parameter, ITypeSymbol argument, Refusal refusal) =>
        report(refusal.At(place, argument, parameter, generic));
}

internal static partial class Descriptors
{
    /// <summary>A type argument, written or inferred, that an <c>[AllValid]</c> or <c>[ValidateOnRead]</c> type parameter does not accept.</summary>
    public static readonly DiagnosticDescriptor TypeArgument = Error(
        "NUB0001",
        "A type that is not AllValid is used where AllValid is required",
        "'{0}' cannot be used for '{1}' of '{2}', which is {3}: {4}",
        "A value is made of bytes that the peer wrote. If its type has illegal bit patterns, the value is undefined behaviour before any code has looked at it.");
}
