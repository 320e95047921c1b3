using System.Numerics;
using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;
using Nub.Memory.Generators.Dataflow.Graph;

namespace Nub.Memory.Generators.Dataflow.Domains;

internal enum TermKind
{
    Constant,

    /// <summary>What a parameter, a field or a captured variable held when the method began.</summary>
    Input,

    /// <summary>What an operation gave, of which nothing else is known.</summary>
    Result,

    /// <summary>What one read of shared memory gave.</summary>
    Fetch,

    /// <summary>What a variable holds where several ways meet that brought different values.</summary>
    Merge,

    /// <summary>A field, or the storage of a property, of <see cref="Term.Left"/>.</summary>
    Field,

    /// <summary><see cref="Term.Left"/>, but for one field, which is <see cref="Term.Right"/>.</summary>
    With,

    /// <summary>A number in another type.</summary>
    Cast,

    /// <summary>Arithmetic on two numbers.</summary>
    Binary,

    /// <summary>A part of a buffer, or the buffer in another type.</summary>
    Slice,

    /// <summary>The element of <see cref="Term.Left"/> at the index <see cref="Term.Right"/>, of a private copy: the same each time.</summary>
    Element,

    /// <summary>How many elements <see cref="Term.Left"/> has: the host's, whatever stands in them.</summary>
    Length,

    /// <summary>Values side by side: a pair whose <see cref="Term.Left"/> is the pair before it.</summary>
    Tuple,

    /// <summary>A view of a value at offset <see cref="Term.Right"/> of the memory <see cref="Term.Left"/>.</summary>
    View,

    /// <summary>A view of consecutive values from offset <see cref="Term.Right"/> of the memory <see cref="Term.Left"/>.</summary>
    ArrayView,
}

/// <summary>
/// A value of the program, by how it came about. Terms are shared: two that came about in the same way are the same object, so
/// that "provably the same value" is reference equality.
/// </summary>
internal sealed class Term(
    int id, TermKind kind, object? key, CallContext? frame, Term? left, Term? right, ITypeSymbol? type, decimal constant, bool isChecked)
{
    // To ask a type takes the compiler a while, and a term is asked wherever something is compared with it.
    private int _bits = -1;
    private bool? _isSigned;

    /// <summary>A number that terms can be ordered by.</summary>
    public int Id { get; } = id;

    public TermKind Kind { get; } = kind;

    /// <summary>What tells this one from others of its kind: an operation, a symbol, an operator.</summary>
    public object? Key { get; } = key;

    /// <summary>The call in which it came about; null in the method that is looked at.</summary>
    public CallContext? CallContext { get; } = frame;

    public Term? Left { get; } = left;

    public Term? Right { get; } = right;

    /// <summary>The type of the value; of a view, of what is viewed.</summary>
    public ITypeSymbol? Type { get; } = type;

    /// <summary>The bits of the value, when it is an integer; 0 when it is not.</summary>
    public int Bits => _bits < 0 ? _bits = IntegerTypes.BitsOf(Type) : _bits;

    /// <summary>Whether it is an integer with a sign.</summary>
    public bool IsSigned => _isSigned ??= IntegerTypes.IsSigned(Type);

    public decimal Constant { get; } = constant;

    /// <summary>The same as a whole number of any size. Nearly all are small, of which none is made on the heap.</summary>
    public BigInteger Number => Constant is >= int.MinValue and <= int.MaxValue ? new BigInteger((int)Constant) : new BigInteger(Constant);

    /// <summary>Whether arithmetic that overflows throws.</summary>
    public bool IsChecked { get; } = isChecked;

    /// <summary>Whether another term was made of this one.</summary>
    public bool IsPart { get; private set; }

    public int Depth { get; } = 1 + Math.Max(left?.Depth ?? 0, right?.Depth ?? 0);

    /// <summary>Whether the value has no parts that are terms: it stands for itself in arithmetic.</summary>
    public bool IsAtom => Kind is TermKind.Input or TermKind.Result or TermKind.Fetch or TermKind.Merge;

    /// <summary>The value as a sum, made when it is first asked for.</summary>
    public LinearSum? Sum { get; set; }

    public void MarkAsPart() => IsPart = true;

    /// <summary>Whether it stands for the memory that a view shows, which may be one that is known by another name as well.</summary>
    public bool IsBehindView { get; private set; }

    public void MarkAsBehindView() => IsBehindView = true;

    /// <summary>What else tells it from others: which of several results an operation has, or that a sum is one of offsets.</summary>
    public string? Part { get; init; }

    /// <summary>What the table that it stands in finds it by.</summary>
    public int Hash { get; init; }

    /// <summary>The next in the same row of the table.</summary>
    public Term? Next { get; set; }

    /// <summary>Terms are the same when they are the same object; their numbers lie close together, which keeps maps of them flat.</summary>
    public override int GetHashCode() => Id;

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public IOperation? Operation => Key as IOperation;

    /// <summary>Whether it is what a variable holds where ways meet in a node.</summary>
    public bool IsMergeAt(FlowNode node) => Key is MergePoint point && point.Node == node;

    /// <summary>Whether an atom is anywhere in how this came about.</summary>
    public bool Mentions(Term atom) => this == atom || Left?.Mentions(atom) == true || Right?.Mentions(atom) == true;

    /// <summary>Whether something is in it that came about in a call, or in one that was made there.</summary>
    public bool IsMadeWithin(CallContext frame) =>
        CallContext == frame || CallContext?.IsInside(frame) == true || Left?.IsMadeWithin(frame) == true || Right?.IsMadeWithin(frame) == true;

    /// <summary>Adds this, and what it was made of.</summary>
    public void AddPartsTo(HashSet<Term> parts)
    {
        if (parts.Add(this))
        {
            Left?.AddPartsTo(parts);
            Right?.AddPartsTo(parts);
        }
    }

    public bool Mentions(Func<Term, bool> atom) => (IsAtom && atom(this)) || Left?.Mentions(atom) == true || Right?.Mentions(atom) == true;
}
