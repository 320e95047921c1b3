using System.Numerics;
using Microsoft.CodeAnalysis.Operations;

namespace Nub.Memory.Generators.Dataflow.Domains;

/// <summary>The whole numbers from <paramref name="Least"/> to <paramref name="Most"/>: what a value can be.</summary>
internal readonly record struct Interval(BigInteger Least, BigInteger Most)
{
    public bool Contains(Interval other) => Least <= other.Least && other.Most <= Most;

    /// <summary>What both have in common; this one where that is nothing.</summary>
    public Interval Within(Interval limit)
    {
        BigInteger least = BigInteger.Max(Least, limit.Least);
        BigInteger most = BigInteger.Min(Most, limit.Most);
        return least <= most ? new Interval(least, most) : this;
    }

    /// <summary>The smallest one that has both in it.</summary>
    public Interval Hull(Interval other) => new(BigInteger.Min(Least, other.Least), BigInteger.Max(Most, other.Most));

    /// <summary>What an operation makes of two numbers before it is cut to the bits of its type; null when nothing can be said.</summary>
    /// <param name="width">The bits of the type, by which the count of a shift is cut first.</param>
    public static Interval? Of(BinaryOperatorKind kind, Interval left, Interval right, int width)
    {
        switch (kind)
        {
            case BinaryOperatorKind.Add:
                return new Interval(left.Least + right.Least, left.Most + right.Most);
            case BinaryOperatorKind.Subtract:
                return new Interval(left.Least - right.Most, left.Most - right.Least);
            case BinaryOperatorKind.Multiply:
                BigInteger[] corners = [left.Least * right.Least, left.Least * right.Most, left.Most * right.Least, left.Most * right.Most];
                return new Interval(corners.Min(), corners.Max());
            // A division by 0 throws, and gives nothing.
            case BinaryOperatorKind.Divide when right is { Least.Sign: >= 0, Most.Sign: > 0 }:
                BigInteger by = BigInteger.Max(right.Least, 1);
                return new Interval(BigInteger.Min(left.Least / by, left.Least / right.Most), BigInteger.Max(left.Most / by, left.Most / right.Most));
            case BinaryOperatorKind.Remainder when right is { Least.Sign: >= 0, Most.Sign: > 0 }:
                // It has the sign of what is divided.
                return new Interval(left.Least < 0 ? 1 - right.Most : 0, left.Most > 0 ? right.Most - 1 : 0).Within(new Interval(BigInteger.Min(left.Least, 0), BigInteger.Max(left.Most, 0)));
            case BinaryOperatorKind.And when right.Least == right.Most && IsRounding(right.Least, left):
                return new Interval(left.Least & right.Least, left.Most & right.Least);
            case BinaryOperatorKind.And when left.Least == left.Most && IsRounding(left.Least, right):
                return new Interval(right.Least & left.Least, right.Most & left.Least);
            case BinaryOperatorKind.And when left.Least >= 0 || right.Least >= 0:
                // No more bits than in either that has no sign.
                return new Interval(0, left.Least < 0 ? right.Most : right.Least < 0 ? left.Most : BigInteger.Min(left.Most, right.Most));
            case BinaryOperatorKind.Or or BinaryOperatorKind.ExclusiveOr when left.Least >= 0 && right.Least >= 0:
                return new Interval(kind == BinaryOperatorKind.Or ? BigInteger.Max(left.Least, right.Least) : 0, Ones(BigInteger.Max(left.Most, right.Most)));
            case BinaryOperatorKind.LeftShift when Counts(right, width) is var (few, many):
                return new Interval(left.Least << (left.Least < 0 ? many : few), left.Most << (left.Most < 0 ? few : many));
            case BinaryOperatorKind.RightShift or BinaryOperatorKind.UnsignedRightShift
                when Counts(right, width) is var (few, many) && (kind == BinaryOperatorKind.RightShift || left.Least >= 0):
                return new Interval(left.Least >> (left.Least < 0 ? few : many), left.Most >> (left.Most < 0 ? many : few));
            default:
                return null;
        }
    }

    /// <summary>How far a shift by a constant really goes: the language looks at the last bits of the count alone.</summary>
    public static int? Count(Interval count, int width) =>
        width > 0 && count.Least == count.Most ? (int)(count.Least & (Math.Max(width, 32) - 1)) : null;

    // The shortest and the longest way that a shift goes, where its count is a constant or stays below the bits of the type.
    private static (int Few, int Many)? Counts(Interval count, int width) =>
        Count(count, width) is { } one ? (one, one)
        : width > 0 && count.Least >= 0 && count.Most < Math.Max(width, 32) ? ((int)count.Least, (int)count.Most)
        : null;

    /// <summary>Whether a mask takes the last bits off numbers, and no others: ~3, or what is left of that in the type. Of two numbers the larger stays no less then.</summary>
    public static bool IsRounding(BigInteger mask, Interval of)
    {
        BigInteger step = mask & -mask;
        return mask < 0 ? -mask == step : of.Least >= 0 && of.Most < mask + step && (mask + step).IsPowerOfTwo;
    }

    // All bits up to the first of a number.
    private static BigInteger Ones(BigInteger value)
    {
        BigInteger ones = 0;
        while (ones < value)
        {
            ones = (ones << 1) | 1;
        }

        return ones;
    }
}
