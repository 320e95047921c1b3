using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Rules;

/// <summary>
/// Suppresses warnings of the compiler and others about fields that the program neither assigns nor reads. The fields of a struct
/// that is marked for the boundary are a layout: the guest assigns them, and generated views read them where they stand.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class WireFieldSuppressor : DiagnosticSuppressor
{
    private const string Reason = "The field is part of a layout in shared memory: others write it, and generated views read it there.";

    private static readonly ImmutableDictionary<string, SuppressionDescriptor> s_descriptors = new[]
    {
        "CS0169", // never used
        "CS0414", // assigned but never used
        "CS0649", // never assigned to
        "CA1051", // visible instance fields
        "CA1815", // equality of value types
        "CA1823", // unused private fields
        "IDE0044", // could be readonly
        "IDE0051", // unused private member
        "IDE0052", // private member never read
    }.ToImmutableDictionary(id => id, id => new SuppressionDescriptor("NUBS" + id, id, Reason));

    /// <inheritdoc/>
    public override ImmutableArray<SuppressionDescriptor> SupportedSuppressions { get; } = s_descriptors.Values.ToImmutableArray();

    /// <inheritdoc/>
    public override void ReportSuppressions(SuppressionAnalysisContext context)
    {
        foreach (Diagnostic diagnostic in context.ReportedDiagnostics)
        {
            if (diagnostic.Location.SourceTree is { } tree &&
                s_descriptors.TryGetValue(diagnostic.Id, out SuppressionDescriptor? descriptor) &&
                IsOfWireStruct(context, tree, diagnostic))
            {
                context.ReportSuppression(Suppression.Create(descriptor, diagnostic));
            }
        }
    }

    private static bool IsOfWireStruct(SuppressionAnalysisContext context, SyntaxTree tree, Diagnostic diagnostic)
    {
        SemanticModel model = context.GetSemanticModel(tree);
        SyntaxNode node = tree.GetRoot(context.CancellationToken).FindNode(diagnostic.Location.SourceSpan);
        ISymbol? symbol = model.GetDeclaredSymbol(node, context.CancellationToken);
        return (symbol as INamedTypeSymbol ?? symbol?.ContainingType) is { TypeKind: TypeKind.Struct } type &&
            (type.IsAllValid() || type.IsValidateOnRead());
    }
}
