using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Accessors;

/// <summary>Writes the methods that <c>[GenerateReader]</c> and <c>[GenerateWriter]</c> ask for.</summary>
[Generator(LanguageNames.CSharp)]
public sealed class ByteAccessorsGenerator : IIncrementalGenerator
{
    /// <summary>The step whose output is compared from one keystroke to the next.</summary>
    internal const string ModelStep = "Nub.ByteAccessorsModel";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValuesProvider<ByteAccessorsModel> readers = Marked(context, KnownTypes.GenerateReaderAttribute, isWriter: false);
        IncrementalValuesProvider<ByteAccessorsModel> writers = Marked(context, KnownTypes.GenerateWriterAttribute, isWriter: true);
        Register(context, readers, ".Readers");
        Register(context, writers, ".Writers");
    }

    private static void Register(IncrementalGeneratorInitializationContext context, IncrementalValuesProvider<ByteAccessorsModel> models, string suffix)
    {
        IncrementalValuesProvider<Declaration> names = models.Select(static (model, _) => model.Declaration);
        IncrementalValueProvider<EquatableArray<string>> ambiguous = SourceFile.Ambiguous(names);
        context.RegisterSourceOutput(models.Combine(ambiguous), (output, pair) =>
        {
            (ByteAccessorsModel model, EquatableArray<string> twice) = pair;
            SourceFile.Add(output, SourceFile.HintName(model.Declaration, twice, suffix), ByteAccessorsEmitter.Emit(model));
        });
    }

    private static IncrementalValuesProvider<ByteAccessorsModel> Marked(IncrementalGeneratorInitializationContext context, string attribute, bool isWriter) =>
        context.SyntaxProvider.ForAttributeWithMetadataName(
            attribute,
            static (node, _) => node is TypeDeclarationSyntax,
            (found, _) => found.TargetSymbol is INamedTypeSymbol type && MarkedPart.IsFirst(type, found) ? ByteAccessors.Of(type, isWriter) : null)
            .Where(static model => model is not null)
            .Select(static (model, _) => model!)
            .WithTrackingName(ModelStep);
}
