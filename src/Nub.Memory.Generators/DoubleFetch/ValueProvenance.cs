using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.DoubleFetch;

/// <summary>
/// Which values were made of which. Only the step from one to the next is kept: the sum that a method adds up would otherwise know
/// all of its reads anew after each of them.
/// </summary>
internal sealed class ValueProvenance(Sizes sizes)
{
    // More than the terms of the longest method that is followed to its end.
    private const int MostLooks = 200_000;

    private readonly Dictionary<Term, HashSet<Term>> _made = [];

    /// <summary>Notes what a value was made of that does not show it.</summary>
    public void Add(Term term, Term from)
    {
        if (term == from)
        {
            return;
        }

        if (!_made.TryGetValue(term, out HashSet<Term>? known))
        {
            _made.Add(term, known = []);
        }

        known.Add(from);
    }

    /// <summary>What a value was made of that does not show it, in one step.</summary>
    public IEnumerable<Term> MadeOf(Term term) => _made.TryGetValue(term, out HashSet<Term>? known) ? known : [];

    /// <summary>The bytes of the guest's that values were made of.</summary>
    public IEnumerable<FetchedBytes> Of(IEnumerable<Term> terms)
    {
        var open = new Stack<(Term Term, Window Window)>(terms.Select(static term => (term, Window.Whole)));
        var seen = new HashSet<(Term, Window)>();
        while (open.Count > 0 && seen.Count < MostLooks)
        {
            (Term term, Window window) = open.Pop();
            if (!seen.Add((term, window)))
            {
                continue;
            }

            switch (term.Kind)
            {
                case TermKind.Fetch:
                    yield return window.Of(new FetchedBytes(term, 0, sizes.Of(term.Type) ?? long.MaxValue));
                    break;
                case TermKind.Field:
                    open.Push((term.Left!, Within(window, term)));
                    break;
                case TermKind.View or TermKind.ArrayView or TermKind.Constant:
                    break;
                case var _ when term.IsAtom:
                    foreach (Term from in MadeOf(term))
                    {
                        open.Push((from, term.Kind == TermKind.Merge ? window : Window.Whole));
                    }

                    break;
                default:
                    // A part of what was computed is made of the whole of what it was computed from. Were it only of the same part,
                    // a struct that has one of its fields made of another in a loop would have parts of parts without end.
                    open.Push((term.Left!, term.Kind == TermKind.With ? window : Window.Whole));
                    if (term.Right is { } right)
                    {
                        open.Push((right, Window.Whole));
                    }

                    break;
            }
        }
    }

    private Window Within(Window window, Term field) =>
        sizes.OffsetOf((ISymbol)field.Key!) is { } offset && sizes.Of(field.Type) is { } length
            ? new Window(window.Start + offset, Math.Min(window.End == long.MaxValue ? long.MaxValue : window.End + offset, offset + length))
            : window;

    /// <summary>The part of a value that is of interest: a field of a field of it.</summary>
    private readonly record struct Window(long Start, long End)
    {
        public static Window Whole => new(0, long.MaxValue);

        public FetchedBytes Of(FetchedBytes bytes) =>
            this == Whole ? bytes : bytes with { Start = bytes.Start + Start, End = Math.Min(bytes.End, bytes.Start + End) };
    }
}
