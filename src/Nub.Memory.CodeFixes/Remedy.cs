using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Editing;

namespace Nub.Memory.CodeFixes;

/// <summary>One way to make a diagnostic go away.</summary>
/// <param name="Title">As the editor offers it.</param>
/// <param name="Key">What the ways of different diagnostics are the same by, so that all can be fixed alike.</param>
/// <param name="Target">What is changed. Two diagnostics may be cured by one change of one node.</param>
/// <param name="Apply">The change.</param>
/// <param name="KeepsInside">Whether what stands inside the target stays, so that it can be changed in the same pass.</param>
/// <param name="Before">What is declared for it; null when that is nothing.</param>
internal sealed record Remedy(string Title, string Key, SyntaxNode Target, Action<SyntaxEditor> Apply, bool KeepsInside = false, Hoist? Before = null)
{
    /// <summary>Whether both can be applied in one pass.</summary>
    public bool GoesWith(Remedy other) =>
        (KeepsInside || !Target.Span.Contains(other.Target.Span)) && (other.KeepsInside || !other.Target.Span.Contains(Target.Span));
}

/// <summary>A diagnostic in the code, as a fix sees it.</summary>
/// <param name="Node">The innermost node at the diagnostic's place.</param>
internal sealed record Site(SyntaxNode Node, SemanticModel Model, Diagnostic Diagnostic, CancellationToken CancellationToken)
{
    public string? Hint(string name) => Diagnostic.Properties.TryGetValue(name, out string? value) ? value : null;

    public bool HasHint(string name) => Diagnostic.Properties.ContainsKey(name);
}
