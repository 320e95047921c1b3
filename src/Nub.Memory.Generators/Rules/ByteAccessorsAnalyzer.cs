using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Accessors;
using Nub.Memory.Generators.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Rules;

/// <summary>NUB0001 and NUB0003 for <c>[GenerateReader]</c> and <c>[GenerateWriter]</c>: what is asked for cannot be generated.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ByteAccessorsAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Descriptors.TypeArgument, Descriptors.Shape];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.EnableConcurrentExecution();
        context.RegisterSymbolAction(Analyze, SymbolKind.NamedType);
    }

    private static void Analyze(SymbolAnalysisContext context)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        if (type.GetAttributes().IsEmpty)
        {
            return;
        }

        foreach (bool isWriter in new[] { false, true })
        {
            var problems = new List<AccessorProblem>();
            ByteAccessors.Of(type, isWriter, problems);
            foreach (AccessorProblem problem in problems)
            {
                Report(context, type, isWriter, problem);
            }
        }
    }

    private static void Report(SymbolAnalysisContext context, INamedTypeSymbol type, bool isWriter, AccessorProblem problem)
    {
        SyntaxNode? syntax = problem.Attribute.ApplicationSyntaxReference?.GetSyntax(context.CancellationToken);
        SyntaxNode? argument = problem.Type is null ? null : (syntax as AttributeSyntax)?.ArgumentList?.Arguments.FirstOrDefault();
        Location place = (argument ?? syntax)?.GetLocation() ?? Location.None;
        context.ReportDiagnostic(problem is { Offence: { } offence, Type: { } subject }
            ? Diagnostic.Create(
                Descriptors.TypeArgument, place,
                LayoutBuilder.Display(subject), isWriter ? "[GenerateWriter]" : "[GenerateReader]", LayoutBuilder.Display(type), "[AllValid]", Explanations.Why(offence))
            : Diagnostic.Create(Descriptors.Shape, place, LayoutBuilder.Display(type), problem.Reason));
    }
}
