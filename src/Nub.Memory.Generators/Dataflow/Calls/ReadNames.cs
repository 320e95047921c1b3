using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Nub.Memory.Generators.Dataflow.Calls;

/// <summary>Where the text of a file has the names of calls that read shared memory: looked for once in a file, not once in each of its methods.</summary>
internal sealed class ReadNames
{
    private static readonly string[] s_names =
    [
        "Read<", "TryRead<", "TryRead(", "TryReadValidated(", "TryReadValidated<", "CopyTo(", "TryCopyTo(", "ReadArray", "TryReadArray", "At(", "At<", "TryAt(", "TryAt<", "ArrayAt(", "TryArrayAt(",
        "Load()", "TryLoad(", "Pop(", "Pop<", "TryPop(", "CompareExchange", "Exchange<", "Exchange(", "Add<", "And<", "Or<",
    ];

    private static readonly ILookup<char, string> s_byInitial = s_names.ToLookup(static name => name[0]);
    private static readonly ConditionalWeakTable<SyntaxTree, ReadNames> s_known = new();

    private readonly List<int> _reads = [];
    private readonly List<int> _views = [];

    private ReadNames(string text)
    {
        for (int dot = text.IndexOf('.'); dot >= 0 && dot + 1 < text.Length; dot = text.IndexOf('.', dot + 1))
        {
            foreach (string name in s_byInitial[text[dot + 1]])
            {
                if (string.CompareOrdinal(text, dot + 1, name, 0, name.Length) == 0)
                {
                    _reads.Add(dot);
                    break;
                }
            }
        }

        for (int view = text.IndexOf("View ", StringComparison.Ordinal); view >= 0; view = text.IndexOf("View ", view + 1, StringComparison.Ordinal))
        {
            _views.Add(view);
        }
    }

    public static ReadNames Of(SyntaxTree tree) => s_known.GetValue(tree, static one => new ReadNames(one.GetText().ToString()));

    public bool IsReadIn(TextSpan span) => IsAnyIn(_reads, span);

    /// <summary>Whether something may be declared that shows a struct.</summary>
    public bool IsViewIn(TextSpan span) => IsAnyIn(_views, span);

    private static bool IsAnyIn(List<int> places, TextSpan span)
    {
        int at = places.BinarySearch(span.Start);
        at = at < 0 ? ~at : at;
        return at < places.Count && places[at] < span.End;
    }
}
