using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Graph;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>Where ways meet that brought different values of a variable.</summary>
internal sealed record MergePoint(FlowNode Node, Variable Variable)
{
    public override int GetHashCode() => unchecked((Node.Order * 31) + Variable.GetHashCode());
}

/// <summary>Makes terms, each once.</summary>
internal sealed class TermTable
{
    // Deep enough for the arithmetic that people write; what is deeper becomes a result of which nothing is known.
    private const int MaximumDepth = 10;

    // Offsets are summed up without a type: such a sum is none that the program has computed, and tells nothing of how that ends.
    private const string Unbounded = "offset";

    // One object for each operator, not one for each sum.
    private static readonly object[] s_operators = [.. Enumerable.Range(0, 1 + Enum.GetValues(typeof(BinaryOperatorKind)).Cast<BinaryOperatorKind>().Max(static kind => (int)kind))
        .Select(static kind => (object)(BinaryOperatorKind)kind)];

    // A power of two of rows, each of which is as long as the hash codes are bad: a term is looked up at every step, and the table of
    // a method holds hundreds.
    private Term?[] _terms = new Term?[64];
    private int _count;

    public Term Constant(decimal value, ITypeSymbol? type) => Make(TermKind.Constant, null, null, null, null, type, value);

    public Term Input(ISymbol symbol, ITypeSymbol? type) => WhatIsViewed(Make(TermKind.Input, symbol, null, null, null, type), type);

    // What is passed as an argument has no type of its own.
    public Term Result(IOperation operation, CallContext? frame, string part = "") =>
        Result(operation, frame, operation.Type ?? (operation as IArgumentOperation)?.Parameter?.Type, part);

    /// <summary>Something that nothing is known of.</summary>
    /// <param name="operation">What it comes from.</param>
    /// <param name="frame">Where that stands.</param>
    /// <param name="type">Its own type.</param>
    /// <param name="part">Which of several that come from there.</param>
    public Term Result(IOperation operation, CallContext? frame, ITypeSymbol? type, string part) =>
        WhatIsViewed(Make(TermKind.Result, operation, frame, null, null, type, part: part), type);

    public Term Fetch(IOperation operation, CallContext? frame, ITypeSymbol? type) => Make(TermKind.Fetch, operation, frame, null, null, type);

    /// <summary>What a variable holds where two ways meet.</summary>
    /// <param name="one">What it holds on one of them.</param>
    /// <param name="other">What it holds on the other.</param>
    /// <param name="type">The type of the variable, where that is known.</param>
    public Term Merge(FlowNode node, Variable variable, CallContext? frame, Term one, Term other, ITypeSymbol? type)
    {
        Term merge = Make(TermKind.Merge, new MergePoint(node, variable), frame, null, null, IntegerTypes.IsInteger(type) ? type : TypeOf(one, other));
        return one.Kind != other.Kind ? merge : one.Kind switch
        {
            TermKind.View => View(Behind(merge), Constant(0, null), one.Type!),
            TermKind.ArrayView => ArrayView(Behind(merge), Constant(0, null), one.Type!),
            _ => merge,
        };
    }

    // A constant has the type in which it was met first.
    private static ITypeSymbol? TypeOf(Term one, Term other) => one.Kind == TermKind.Constant && other.Type is { } type ? type : one.Type ?? other.Type;

    public Term View(Term memory, Term offset, ITypeSymbol of) => Make(TermKind.View, of, null, memory, offset, of);

    public Term ArrayView(Term memory, Term offset, ITypeSymbol of) => Make(TermKind.ArrayView, of, null, memory, offset, of);

    /// <summary>A field; of a value that was put together, the very part.</summary>
    public Term Field(Term of, ISymbol field, ITypeSymbol? type)
    {
        if (of.Kind == TermKind.With)
        {
            return Equals(of.Key, field) ? of.Right! : Field(of.Left!, field, type);
        }

        return WhatIsViewed(Make(TermKind.Field, field, null, of, null, type), type);
    }

    public Term With(Term of, ISymbol field, Term value) =>
        of.Kind == TermKind.With && Equals(of.Key, field)
            ? With(of.Left!, field, value)
            : Make(TermKind.With, field, null, of, value, of.Type);

    public Term Tuple(IReadOnlyList<Term> elements) =>
        elements.Skip(1).Aggregate(elements[0], (before, element) => Make(TermKind.Tuple, elements.Count, null, before, element, null));

    // A view that comes from elsewhere. Which memory it shows is unknown, but it shows the same bytes of it each time.
    private Term WhatIsViewed(Term term, ITypeSymbol? type) => type is not { IsRefLikeType: true } ? term
        : SharedTypes.ViewedBy(type) is { } viewed ? View(Behind(term), Constant(0, null), viewed)
        : SharedTypes.ElementsOf(type) is { } element ? ArrayView(Behind(term), Constant(0, null), element)
        : term;

    private static Term Behind(Term view)
    {
        view.MarkAsBehindView();
        return view;
    }

    public Term Length(Term of, ITypeSymbol type) => Make(TermKind.Length, null, null, of, null, type);

    public Term Element(Term of, Term index, ITypeSymbol? type) => Make(TermKind.Element, null, null, of, index, type);

    /// <summary>What a method makes of the bytes from an index on: the same each time.</summary>
    public Term Decoded(Term of, Term index, IMethodSymbol by) => Make(TermKind.Element, by, null, of, index, by.ReturnType);

    public Term Slice(Term of, IOperation operation, CallContext? frame) => Make(TermKind.Slice, operation, frame, of, null, operation.Type);

    public Term Cast(Term of, ITypeSymbol type, bool isChecked)
    {
        if (of.Kind == TermKind.Constant && isChecked)
        {
            return of;
        }

        return SymbolEqualityComparer.Default.Equals(of.Type, type) ? of : Make(TermKind.Cast, type, null, of, null, type, isChecked: isChecked);
    }

    public Term Binary(BinaryOperatorKind kind, Term left, Term right, ITypeSymbol? type, bool isChecked) =>
        Make(TermKind.Binary, s_operators[(int)kind], null, left, right, type, isChecked: isChecked, part: type is null ? Unbounded : null);

    /// <summary>Whether a term made of these would be deeper than anything that is worth following.</summary>
    public static bool IsTooDeep(Term left, Term? right = null) => Math.Max(left.Depth, right?.Depth ?? 0) >= MaximumDepth;

    private Term Make(
        TermKind kind, object? key, CallContext? frame, Term? left, Term? right, ITypeSymbol? type,
        decimal constant = 0, bool isChecked = false, string? part = null)
    {
        int hash = HashOf(kind, key, frame, left, right, constant);
        for (Term? known = _terms[hash & (_terms.Length - 1)]; known is not null; known = known.Next)
        {
            if (known.Hash == hash && known.Kind == kind && known.Left == left && known.Right == right && known.CallContext == frame && known.IsChecked == isChecked
                && known.Part == part && known.Constant == constant && IsSame(kind, known.Key, key))
            {
                return known;
            }
        }

        if (_count == _terms.Length)
        {
            Grow();
        }

        ref Term? first = ref _terms[hash & (_terms.Length - 1)];
        first = new Term(_count, kind, key, frame, left, right, type, constant, isChecked) { Hash = hash, Part = part, Next = first };
        _count++;
        left?.MarkAsPart();
        right?.MarkAsPart();
        return first;
    }

    private void Grow()
    {
        Term?[] before = _terms;
        _terms = new Term?[before.Length * 2];
        foreach (Term? start in before)
        {
            for (Term? term = start; term is not null;)
            {
                Term? next = term.Next;
                ref Term? first = ref _terms[term.Hash & (_terms.Length - 1)];
                (term.Next, first) = (first, term);
                term = next;
            }
        }
    }

    // What nearly never tells two apart is left out.
    private static int HashOf(TermKind kind, object? key, CallContext? frame, Term? left, Term? right, decimal constant)
    {
        int hash = (int)kind;
        unchecked
        {
            hash = (hash * 31) + (key is null ? 0 : IsSymbol(kind) ? SymbolEqualityComparer.Default.GetHashCode((ISymbol)key) : key.GetHashCode());
            hash = (hash * 31) + (left?.Id ?? -1);
            hash = (hash * 31) + (right?.Id ?? -1);
            hash = (hash * 31) + (frame?.GetHashCode() ?? 0);
            hash = kind == TermKind.Constant ? (hash * 31) + constant.GetHashCode() : hash;
            return hash ^ (hash >> 15);
        }
    }

    private static bool IsSame(TermKind kind, object? key, object? other) =>
        key == other || (key is not null && other is not null && (IsSymbol(kind) ? SymbolEqualityComparer.Default.Equals((ISymbol)key, (ISymbol)other) : key.Equals(other)));

    // Two objects of the compiler's may be the same symbol.
    private static bool IsSymbol(TermKind kind) =>
        kind is TermKind.Input or TermKind.Field or TermKind.With or TermKind.Cast or TermKind.View or TermKind.ArrayView;
}
