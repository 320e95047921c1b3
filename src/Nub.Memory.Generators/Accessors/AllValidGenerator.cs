using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Reports;

namespace Nub.Memory.Generators.Accessors;

/// <summary>
/// Writes the accessors of <c>[AllValid]</c> structs and the checks of <c>[ValidateOnRead]</c> ones. It reports nothing: a struct
/// that it cannot write for has an error from an analyzer, which asks the same model.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class AllValidGenerator : IIncrementalGenerator
{
    /// <summary>The step whose output is compared from one keystroke to the next.</summary>
    internal const string ModelStep = "Nub.StructModel";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        // A struct with both marks is written once, by the first.
        IncrementalValuesProvider<StructModel> allValid = Marked(context, KnownTypes.AllValidAttribute, static _ => true);
        IncrementalValuesProvider<StructModel> validated = Marked(context, KnownTypes.ValidateOnReadAttribute, static type => !type.IsAllValid());

        IncrementalValueProvider<EquatableArray<string>> ambiguous = SourceFile.Ambiguous(NamesOf(allValid), NamesOf(validated));
        context.RegisterSourceOutput(allValid.Combine(ambiguous), static (output, pair) => Write(output, pair.Left, pair.Right));
        context.RegisterSourceOutput(validated.Combine(ambiguous), static (output, pair) => Write(output, pair.Left, pair.Right));
        LayoutReport.Register(context, allValid, validated);
    }

    private static IncrementalValuesProvider<Declaration> NamesOf(IncrementalValuesProvider<StructModel> models) =>
        models.Select(static (model, _) => model.Declaration);

    private static void Write(SourceProductionContext output, StructModel model, EquatableArray<string> ambiguous) =>
        SourceFile.Add(output, SourceFile.HintName(model.Declaration, ambiguous, ""), StructEmitter.Emit(model));

    private static IncrementalValuesProvider<StructModel> Marked(
        IncrementalGeneratorInitializationContext context, string attribute, Func<INamedTypeSymbol, bool> isMine) =>
        context.SyntaxProvider.ForAttributeWithMetadataName(
            attribute,
            static (node, _) => node is StructDeclarationSyntax or RecordDeclarationSyntax,
            (found, _) => found.TargetSymbol is INamedTypeSymbol { TypeKind: TypeKind.Struct } type && MarkedPart.IsFirst(type, found) && isMine(type) ? StructModel.Of(type) : null)
            .Where(static model => model is not null)
            .Select(static (model, _) => model!)
            .WithTrackingName(ModelStep);
}
