using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.FlowAnalysis;

namespace Nub.Memory.Generators.Ownership;

/// <summary>How a value belongs to where it came from.</summary>
internal enum OriginKind
{
    /// <summary>It is the thing itself: a memory, a lease.</summary>
    Itself,

    /// <summary>It is an address of the thing, as a number.</summary>
    Address,

    /// <summary>It is a span, a pointer or a reference into the thing.</summary>
    Inside,
}

/// <summary>Where a value came from.</summary>
/// <param name="Source">The operation that made it; or the parameter or field that had it when the method began.</param>
internal sealed record Origin(object Source, OriginKind Kind = OriginKind.Itself)
{
    public Origin As(OriginKind kind) => kind == Kind ? this : this with { Kind = kind };
}

/// <summary>Something that holds a value: a local, a parameter, a field of <c>this</c>, or a temporary of the compiler's.</summary>
internal readonly struct Holder : IEquatable<Holder>
{
    private readonly object _key;

    private Holder(object key) => _key = key;

    public static Holder Of(ISymbol symbol) => new(symbol);

    public static Holder Of(CaptureId temporary) => new(temporary);

    public bool Equals(Holder other) => _key.Equals(other._key);

    public override bool Equals(object? obj) => obj is Holder other && Equals(other);

    public override int GetHashCode() => _key.GetHashCode();
}

/// <summary>What an analysis of origins knows at a point of a method, on some way there.</summary>
/// <param name="Values">Where what is held came from; absent when from nowhere of interest.</param>
/// <param name="Marked">What the analysis has marked: leases that are open, memories that are gone.</param>
internal sealed record OriginState(
    ImmutableDictionary<Holder, ImmutableHashSet<Origin>> Values, ImmutableDictionary<object, IOperation> Marked)
{
    public static OriginState Empty { get; } = new(
        ImmutableDictionary<Holder, ImmutableHashSet<Origin>>.Empty, ImmutableDictionary<object, IOperation>.Empty);

    public ImmutableHashSet<Origin>? Of(Holder holder) => Values.TryGetValue(holder, out ImmutableHashSet<Origin>? held) ? held : null;

    public OriginState Set(Holder holder, ImmutableHashSet<Origin> origins)
    {
        // Most of what a method holds is from nowhere of interest, and is not to be carried through all of it.
        if (origins.IsEmpty)
        {
            return Values.ContainsKey(holder) ? this with { Values = Values.Remove(holder) } : this;
        }

        return Of(holder) is { } held && held.SetEquals(origins) ? this : this with { Values = Values.SetItem(holder, origins) };
    }

    public OriginState Mark(object source, IOperation by) => Marked.ContainsKey(source) ? this : this with { Marked = Marked.Add(source, by) };

    public OriginState Unmark(object source) => Marked.ContainsKey(source) ? this with { Marked = Marked.Remove(source) } : this;
}
