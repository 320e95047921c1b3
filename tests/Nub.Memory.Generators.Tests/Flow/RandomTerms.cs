using System.Numerics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>Expressions as C# has them, with operands of one type, over parameters that the guest fills; and what they come to.</summary>
internal sealed class RandomTerms(Random random)
{
    private static readonly BinaryOperatorKind[] s_operators =
    [
        BinaryOperatorKind.Add, BinaryOperatorKind.Add, BinaryOperatorKind.Subtract, BinaryOperatorKind.Multiply, BinaryOperatorKind.Divide, BinaryOperatorKind.Remainder,
        BinaryOperatorKind.And, BinaryOperatorKind.Or, BinaryOperatorKind.ExclusiveOr, BinaryOperatorKind.LeftShift, BinaryOperatorKind.RightShift, BinaryOperatorKind.UnsignedRightShift,
    ];

    private static readonly SpecialType[] s_wide = [SpecialType.System_Int32, SpecialType.System_UInt32, SpecialType.System_Int64, SpecialType.System_UInt64];

    private static readonly SpecialType[] s_types =
        [.. s_wide, SpecialType.System_Byte, SpecialType.System_SByte, SpecialType.System_Int16, SpecialType.System_UInt16, SpecialType.System_Char];

    private static readonly CSharpCompilation s_compilation = Code.Compile(
        "class Names { void Of(byte a0, byte a1, byte a2, byte a3, byte a4, byte a5, byte a6, byte a7, byte a8) { } }");

    // A value of each type; the parameter is only its name.
    private static readonly IParameterSymbol[] s_names = [.. ((IMethodSymbol)s_compilation.GetTypeByMetadataName("Names")!.GetMembers("Of")[0]).Parameters];

    public TermTable Terms { get; } = new();

    public static ITypeSymbol Type(SpecialType type) => s_compilation.GetSpecialType(type);

    /// <summary>One of the types that arithmetic is done in.</summary>
    public ITypeSymbol WideType() => Type(Pick(s_wide));

    public Term Atom(SpecialType type) => Terms.Input(s_names[Array.IndexOf(s_types, type)], Type(type));

    public Term Constant(BigInteger value, ITypeSymbol type) => Terms.Constant((decimal)value, type);

    /// <summary>Whatever these terms are made of comes from the guest.</summary>
    public FlowState AllGuests => s_types.Aggregate(FlowState.Empty, (state, type) => state.Set(Atom(type), new TaintFact(Verdict.Unchecked)));

    public Term Next(ITypeSymbol type, int depth, bool withConstants = true)
    {
        int choice = random.Next(withConstants ? 6 : 5);
        if (choice == 5)
        {
            return Constant(Edge(type), type);
        }

        if (depth == 0 || choice == 0)
        {
            Term atom = Atom(Pick(s_types));
            return SymbolEqualityComparer.Default.Equals(atom.Type, type) ? atom : Terms.Cast(atom, type, false);
        }

        return choice == 1
            ? Terms.Cast(Next(WideType(), depth - 1, false), type, random.Next(4) == 0)
            : NextBinary(Pick(s_operators), type, depth);
    }

    public Term NextBinary(BinaryOperatorKind kind, ITypeSymbol type, int depth)
    {
        Term left = Next(type, depth - 1, false);
        Term right = kind switch
        {
            BinaryOperatorKind.LeftShift or BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift =>
                Constant(random.Next(-2, 70), Type(SpecialType.System_Int32)),
            BinaryOperatorKind.Divide or BinaryOperatorKind.Remainder => Constant(BigInteger.Max(1, BigInteger.Abs(Edge(type))), type),
            _ => Next(type, depth - 1),
        };
        bool canThrow = kind is BinaryOperatorKind.Add or BinaryOperatorKind.Subtract or BinaryOperatorKind.Multiply;
        return Terms.Binary(kind, left, right, type, canThrow && random.Next(4) == 0);
    }

    /// <summary>A value for each of the atoms, mostly at an end of some type.</summary>
    public Dictionary<Term, BigInteger> Values() => s_types.ToDictionary(Atom, type => Edge(Type(type)));

    public T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];

    /// <summary>A number of a type: small, near a power of two, or near an end.</summary>
    public BigInteger Edge(ITypeSymbol type)
    {
        BigInteger power = BigInteger.One << random.Next(65);
        BigInteger value = random.Next(4) switch
        {
            0 => random.Next(20),
            1 => -random.Next(20),
            2 => power + random.Next(-1, 2),
            _ => -power + random.Next(-1, 2),
        };
        return Wrap(value, type);
    }

    /// <summary>
    /// What an expression comes to, null when it throws; and whether anything in it was cut to its type, and came out as another number.
    /// </summary>
    public static BigInteger? Evaluate(Term term, IReadOnlyDictionary<Term, BigInteger> values, ref bool changed)
    {
        if (term.Kind == TermKind.Constant)
        {
            return new BigInteger(term.Constant);
        }

        if (values.TryGetValue(term, out BigInteger known))
        {
            return known;
        }

        if (Evaluate(term.Left!, values, ref changed) is not { } left)
        {
            return null;
        }

        BigInteger exact = left;
        if (term.Kind == TermKind.Binary)
        {
            if (Evaluate(term.Right!, values, ref changed) is not { } right)
            {
                return null;
            }

            exact = Exactly((BinaryOperatorKind)term.Key!, left, right, term.Type!);
        }

        BigInteger cut = Wrap(exact, term.Type!);
        if (cut != exact && term.IsChecked)
        {
            return null;
        }

        changed |= cut != exact;
        return cut;
    }

    /// <summary>The number that the last bits of a number are in a type.</summary>
    public static BigInteger Wrap(BigInteger value, ITypeSymbol type)
    {
        int bits = IntegerTypes.BitsOf(type);
        BigInteger last = value & ((BigInteger.One << bits) - 1);
        return IntegerTypes.IsSigned(type) && last >> (bits - 1) == 1 ? last - (BigInteger.One << bits) : last;
    }

    private static BigInteger Exactly(BinaryOperatorKind kind, BigInteger left, BigInteger right, ITypeSymbol type)
    {
        int bits = IntegerTypes.BitsOf(type);
        int count = (int)(right & (bits - 1));
        return kind switch
        {
            BinaryOperatorKind.Add => left + right,
            BinaryOperatorKind.Subtract => left - right,
            BinaryOperatorKind.Multiply => left * right,
            BinaryOperatorKind.Divide => BigInteger.Divide(left, right),
            BinaryOperatorKind.Remainder => BigInteger.Remainder(left, right),
            BinaryOperatorKind.And => left & right,
            BinaryOperatorKind.Or => left | right,
            BinaryOperatorKind.ExclusiveOr => left ^ right,
            BinaryOperatorKind.LeftShift => left << count,
            BinaryOperatorKind.RightShift => left >> count,
            BinaryOperatorKind.UnsignedRightShift => Wrap((left & ((BigInteger.One << bits) - 1)) >> count, type),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
    }

    public static string Show(Term term) => term.Kind switch
    {
        TermKind.Constant => term.Constant.ToString(System.Globalization.CultureInfo.InvariantCulture),
        TermKind.Cast => $"{(term.IsChecked ? "checked" : "")}({term.Type}){Show(term.Left!)}",
        TermKind.Binary => $"{(term.IsChecked ? "checked" : "")}({Show(term.Left!)} {term.Key} {Show(term.Right!)})",
        _ => term.Type!.ToString()!,
    };

    public static string Show(IReadOnlyDictionary<Term, BigInteger> values) => string.Join(", ", values.Select(static one => $"{one.Key.Type} = {one.Value}"));
}
