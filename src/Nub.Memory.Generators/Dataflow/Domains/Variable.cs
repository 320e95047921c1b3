using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Calls;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>Something that holds a value.</summary>
/// <param name="symbol">A local, a parameter or a field of <c>this</c>; null for a temporary of the compiler's and for what a method returns.</param>
/// <param name="temporary">The number of the compiler's temporary.</param>
/// <param name="frame">The call that a temporary belongs to.</param>
/// <param name="part">The number of the path to a part of what is held; zero for all of it.</param>
internal readonly struct Variable(ISymbol? symbol, int temporary, CallContext? frame, int part = 0) : IEquatable<Variable>
{
    private const int ReturnValue = -1;
    private const int Receiver = -2;

    public ISymbol? Symbol { get; } = symbol;

    public int Temporary { get; } = temporary;

    public CallContext? CallContext { get; } = frame;

    public int Part { get; } = part;

    public Variable Whole => new(Symbol, Temporary, CallContext);

    public Variable PartAt(int number) => new(Symbol, Temporary, CallContext, number);

    public static Variable Of(ISymbol symbol) => new(symbol, 0, null);

    public static Variable Of(Microsoft.CodeAnalysis.FlowAnalysis.CaptureId capture, CallContext? frame) => new(null, capture.GetHashCode(), frame);

    public static Variable Return(CallContext? frame) => new(null, ReturnValue, frame);

    /// <summary>The object whose method is followed, where that is not the one that is looked at.</summary>
    public static Variable This(CallContext frame) => new(null, Receiver, frame);

    public bool Equals(Variable other) =>
        Temporary == other.Temporary && Part == other.Part && CallContext == other.CallContext && SymbolEqualityComparer.Default.Equals(Symbol, other.Symbol);

    public override bool Equals(object? obj) => obj is Variable other && Equals(other);

    public override int GetHashCode() => unchecked((Symbol is null ? 0 : SymbolEqualityComparer.Default.GetHashCode(Symbol) * 31) + Temporary + (Part * 17));
}
