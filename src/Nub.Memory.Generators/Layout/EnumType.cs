using System.Globalization;
using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Layout;

/// <summary>Finds which values of an enum are legal.</summary>
internal static class EnumType
{
    public static FieldType Describe(INamedTypeSymbol type, LayoutBuilder builder)
    {
        FieldType underlying = builder.TypeOf(type.EnumUnderlyingType!);
        FieldType described = LayoutBuilder.Describe(type, FieldKind.Enum, underlying.Size, underlying.Alignment, OffenceKind.IllegalPatterns);
        if (underlying.Kind != FieldKind.Primitive)
        {
            return described with { NotAllValid = new Offence(OffenceKind.Broken, EquatableArray<string>.Empty, 0, described.Display) };
        }

        return described with
        {
            HasLittleEndian = underlying.HasLittleEndian,
            NotValidatable = null,
            EnumCheck = ValuesOf(type, underlying),
        };
    }

    private static EnumValues ValuesOf(INamedTypeSymbol type, FieldType underlying)
    {
        // Signed and unsigned values in one order: as decimals, which hold both.
        var values = new SortedSet<decimal>();
        ulong bits = 0;
        foreach (ISymbol member in type.GetMembers())
        {
            if (member is IFieldSymbol { HasConstantValue: true, ConstantValue: { } value })
            {
                decimal number = Convert.ToDecimal(value, CultureInfo.InvariantCulture);
                values.Add(number);
                bits |= number < 0 ? unchecked((ulong)(long)number) : (ulong)number;
            }
        }

        if (underlying.Size < 8)
        {
            bits &= (1UL << ((int)underlying.Size * 8)) - 1;
        }

        bool isFlags = type.FindAttribute("FlagsAttribute", "System") is not null;
        return new EnumValues(underlying, isFlags, bits, Ranges(values).ToEquatableArray());
    }

    private static IEnumerable<EnumRange> Ranges(SortedSet<decimal> values)
    {
        decimal? first = null;
        decimal last = 0;
        foreach (decimal value in values)
        {
            if (first is { } start && value != last + 1)
            {
                yield return Range(start, last);
                first = null;
            }

            first ??= value;
            last = value;
        }

        if (first is { } rest)
        {
            yield return Range(rest, last);
        }
    }

    private static EnumRange Range(decimal first, decimal last) =>
        new(first.ToString(CultureInfo.InvariantCulture), last.ToString(CultureInfo.InvariantCulture));
}
