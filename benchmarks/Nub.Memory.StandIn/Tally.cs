using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.StandIn;

/// <summary>How many calls of each kind there are.</summary>
internal sealed class Tally
{
    public int Reads { get; private set; }

    public int Writes { get; private set; }

    public int Copies { get; private set; }

    /// <summary>Copies by a helper, which makes the array.</summary>
    public int Helped { get; private set; }

    /// <summary>What was found and not replaced, by why.</summary>
    public Dictionary<string, int> Left { get; } = [];

    public void Add(CallKind kind)
    {
        _ = kind switch
        {
            CallKind.Read => Reads++,
            CallKind.Write => Writes++,
            CallKind.CopyOut or CallKind.SpanOut => Helped++,
            _ => Copies++,
        };
    }

    public void Leave(string why) => Left[why] = Left.GetValueOrDefault(why) + 1;

    /// <summary>The calls that bind to a stand-in, and those that were meant to.</summary>
    public static (Tally Bound, List<string> Lost) OfBound(CSharpCompilation compilation)
    {
        var bound = new Tally();
        var lost = new List<string>();
        foreach (SyntaxTree tree in compilation.SyntaxTrees)
        {
            // The helpers' own calls are none of the project's.
            if (tree.FilePath == StandInSource.FileName)
            {
                continue;
            }

            SemanticModel? model = null;
            foreach (InvocationExpressionSyntax call in tree.GetRoot().DescendantNodes().OfType<InvocationExpressionSyntax>())
            {
                if (Named(call) is not { } kind)
                {
                    continue;
                }

                model ??= compilation.GetSemanticModel(tree);
                SymbolInfo info = model.GetSymbolInfo(call);
                if (IsStandIn(info.Symbol))
                {
                    bound.Add(kind);
                }
                else if (info.Symbol is null && info.CandidateSymbols.Any(IsStandIn))
                {
                    lost.Add($"{tree.FilePath}:{call.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {call.ToString().ReplaceLineEndings(" ")}");
                }
            }
        }

        return (bound, lost);
    }

    private static CallKind? Named(InvocationExpressionSyntax call) => (call.Expression switch
    {
        MemberAccessExpressionSyntax member => member.Name.Identifier.Text,
        MemberBindingExpressionSyntax member => member.Name.Identifier.Text,
        _ => null,
    }) switch
    {
        "Read" => CallKind.Read,
        "Write" => CallKind.Write,
        "CopyTo" => CallKind.CopyTo,
        "CopyFrom" => CallKind.CopyFrom,
        "CopyOut" => CallKind.CopyOut,
        "SpanOut" => CallKind.SpanOut,
        _ => null,
    };

    private static bool IsStandIn(ISymbol? symbol) => symbol?.ContainingType is { Name: "HostSharedMemory" or "Copies" } type
        && type.ContainingNamespace.ToDisplayString() == "Nub.Memory";

    public override string ToString() => $"{Reads} reads, {Writes} writes, {Copies} copies, {Helped} more by the helpers";
}
