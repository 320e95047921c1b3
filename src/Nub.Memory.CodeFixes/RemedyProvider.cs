using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Editing;

namespace Nub.Memory.CodeFixes;

/// <summary>
/// What the fixes have in common. A fix says which remedies a diagnostic has; here they are offered, and applied to one
/// diagnostic or, in a single pass over each document, to all of them.
/// </summary>
public abstract class RemedyProvider : CodeFixProvider
{
    /// <inheritdoc/>
    public sealed override FixAllProvider GetFixAllProvider() => FixAllProvider.Create(
        static async (context, document, diagnostics) =>
            await ((RemedyProvider)context.CodeFixProvider).FixAsync(document, diagnostics, context.CodeActionEquivalenceKey, context.CancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public sealed override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        Document document = context.Document;
        if (await document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false) is not { } model)
        {
            return;
        }

        foreach (Diagnostic diagnostic in context.Diagnostics)
        {
            foreach (Remedy remedy in RemediesOf(diagnostic, model, context.CancellationToken))
            {
                context.RegisterCodeFix(
                    CodeAction.Create(remedy.Title, cancellation => FixAsync(document, [diagnostic], remedy.Key, cancellation), remedy.Key),
                    diagnostic);
            }
        }
    }

    private protected abstract IEnumerable<Remedy> RemediesOf(Site site);

    private IEnumerable<Remedy> RemediesOf(Diagnostic diagnostic, SemanticModel model, CancellationToken cancellation)
    {
        SyntaxNode root = model.SyntaxTree.GetRoot(cancellation);
        SyntaxNode node = root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true);
        return RemediesOf(new Site(node, model, diagnostic, cancellation));
    }

    private async Task<Document> FixAsync(Document document, ImmutableArray<Diagnostic> diagnostics, string? key, CancellationToken cancellation)
    {
        DocumentEditor editor = await DocumentEditor.CreateAsync(document, cancellation).ConfigureAwait(false);
        var done = new List<Remedy>();
        foreach (Diagnostic diagnostic in diagnostics.OrderBy(static one => one.Location.SourceSpan.Start))
        {
            Remedy? remedy = RemediesOf(diagnostic, editor.SemanticModel, cancellation).FirstOrDefault(candidate => candidate.Key == key);
            if (remedy is not null && done.TrueForAll(earlier => earlier.Target != remedy.Target && earlier.GoesWith(remedy)))
            {
                remedy.Before?.Apply(editor, isFirst: done.TrueForAll(earlier => earlier.Before?.Statement != remedy.Before.Statement));
                remedy.Apply(editor);
                done.Add(remedy);
            }
        }

        return editor.GetChangedDocument();
    }
}
