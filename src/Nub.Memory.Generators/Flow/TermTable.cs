using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Flow;

/// <summary>Where ways meet that brought different values of a variable.</summary>
internal sealed record MergePoint(FlowNode Node, Variable Variable);

/// <summary>Makes terms, each once.</summary>
internal sealed class TermTable
{
    // Deep enough for the arithmetic that people write; what is deeper becomes a result of which nothing is known.
    private const int MaximumDepth = 10;

    // Offsets are summed up without a type: such a sum is none that the program has computed, and tells nothing of how that ends.
    private const string Unbounded = "offset";

    private readonly Dictionary<TermKey, Term> _terms = [];

    public Term Constant(decimal value, ITypeSymbol? type) => Make(TermKind.Constant, null, null, null, null, type, value);

    public Term Input(ISymbol symbol, ITypeSymbol? type) => Make(TermKind.Input, symbol, null, null, null, type);

    public Term Result(IOperation operation, Frame? frame, string part = "") => Make(TermKind.Result, operation, frame, null, null, operation.Type, part: part);

    public Term Fetch(IOperation operation, Frame? frame, ITypeSymbol? type) => Make(TermKind.Fetch, operation, frame, null, null, type);

    public Term Merge(FlowNode node, Variable variable, Frame? frame, ITypeSymbol? type) => Make(TermKind.Merge, new MergePoint(node, variable), frame, null, null, type);

    public Term View(Term memory, Term offset, ITypeSymbol of) => Make(TermKind.View, of, null, memory, offset, of);

    public Term ArrayView(Term memory, Term offset, ITypeSymbol of) => Make(TermKind.ArrayView, of, null, memory, offset, of);

    /// <summary>A field; of a value that was put together, the very part.</summary>
    public Term Field(Term of, ISymbol field, ITypeSymbol? type)
    {
        if (of.Kind == TermKind.With)
        {
            return Equals(of.Key, field) ? of.Right! : Field(of.Left!, field, type);
        }

        return Make(TermKind.Field, field, null, of, null, type);
    }

    public Term With(Term of, ISymbol field, Term value) =>
        of.Kind == TermKind.With && Equals(of.Key, field)
            ? With(of.Left!, field, value)
            : Make(TermKind.With, field, null, of, value, of.Type);

    public Term Tuple(IReadOnlyList<Term> elements) =>
        elements.Skip(1).Aggregate(elements[0], (before, element) => Make(TermKind.Tuple, elements.Count, null, before, element, null));

    public Term Length(Term of, ITypeSymbol type) => Make(TermKind.Length, null, null, of, null, type);

    public Term Slice(Term of, IOperation operation, Frame? frame) => Make(TermKind.Slice, operation, frame, of, null, operation.Type);

    public Term Cast(Term of, ITypeSymbol type, bool isChecked)
    {
        if (of.Kind == TermKind.Constant && isChecked)
        {
            return of;
        }

        return SymbolEqualityComparer.Default.Equals(of.Type, type) ? of : Make(TermKind.Cast, type, null, of, null, type, isChecked: isChecked);
    }

    public Term Binary(BinaryOperatorKind kind, Term left, Term right, ITypeSymbol? type, bool isChecked) =>
        Make(TermKind.Binary, kind, null, left, right, type, isChecked: isChecked, part: type is null ? Unbounded : null);

    /// <summary>Whether a term made of these would be deeper than anything that is worth following.</summary>
    public static bool IsTooDeep(Term left, Term? right = null) => Math.Max(left.Depth, right?.Depth ?? 0) >= MaximumDepth;

    private Term Make(
        TermKind kind, object? key, Frame? frame, Term? left, Term? right, ITypeSymbol? type,
        decimal constant = 0, bool isChecked = false, string? part = null)
    {
        object? identity = key is ISymbol symbol ? new SymbolKey(symbol) : key;
        var all = new TermKey(kind, identity, frame, left, right, constant, isChecked ? "checked" : part);
        if (!_terms.TryGetValue(all, out Term? term))
        {
            term = new Term(_terms.Count, kind, key, frame, left, right, type, constant, isChecked);
            _terms.Add(all, term);
            left?.MarkAsPart();
            right?.MarkAsPart();
        }

        return term;
    }

    // A term is looked up at every step, so what nearly never tells two apart is left out of the hash code.
    private readonly struct TermKey(TermKind kind, object? key, Frame? frame, Term? left, Term? right, decimal constant, string? part) : IEquatable<TermKey>
    {
        private readonly TermKind _kind = kind;
        private readonly object? _key = key;
        private readonly Frame? _frame = frame;
        private readonly Term? _left = left;
        private readonly Term? _right = right;
        private readonly decimal _constant = constant;
        private readonly string? _part = part;

        public bool Equals(TermKey other) =>
            _kind == other._kind && _left == other._left && _right == other._right && _frame == other._frame && _constant == other._constant
            && _part == other._part && object.Equals(_key, other._key);

        public override bool Equals(object? obj) => obj is TermKey other && Equals(other);

        public override int GetHashCode()
        {
            int hash = unchecked(((int)_kind * 31) + (_key?.GetHashCode() ?? 0));
            hash = unchecked((hash * 31) + (_left?.Id ?? -1));
            hash = unchecked((hash * 31) + (_right?.Id ?? -1));
            hash = unchecked((hash * 31) + (_frame?.GetHashCode() ?? 0));
            return _kind == TermKind.Constant ? unchecked((hash * 31) + _constant.GetHashCode()) : hash;
        }
    }

    private readonly struct SymbolKey(ISymbol symbol) : IEquatable<SymbolKey>
    {
        private readonly ISymbol _symbol = symbol;

        public bool Equals(SymbolKey other) => SymbolEqualityComparer.Default.Equals(_symbol, other._symbol);

        public override bool Equals(object? obj) => obj is SymbolKey other && Equals(other);

        public override int GetHashCode() => SymbolEqualityComparer.Default.GetHashCode(_symbol);
    }
}
