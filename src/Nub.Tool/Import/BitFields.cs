using Nub.Tool.CTypes;

namespace Nub.Tool.Import;

/// <summary>The bytes that hold some bit fields.</summary>
/// <param name="Offset">In bytes from the start of the outermost struct.</param>
/// <param name="Size">1, 2, 4 or 8.</param>
internal sealed record BitUnit(long Offset, int Size, IReadOnlyList<CPlace> Fields)
{
    public long End => Offset + Size;

    /// <summary>Which bit is which, counted from the least significant of the unit.</summary>
    public string Describe() => string.Join(", ", Fields.Select(DescribeOne));

    /// <summary>Whether a bit field lies in it as a whole.</summary>
    public bool Holds(CPlace place) => place.BitOffset >= Offset * 8 && place.BitOffset + place.Member.BitWidth!.Value <= End * 8;

    /// <summary>The first bit of a bit field, counted from the least significant of the unit.</summary>
    public long FirstOf(CPlace place) => place.BitOffset - (Offset * 8);

    private string DescribeOne(CPlace place)
    {
        if (!Holds(place))
        {
            return $"some bits of {place.Member.Name}";
        }

        long first = FirstOf(place);
        long last = first + place.Member.BitWidth!.Value - 1;
        string bits = first == last ? $"bit {first}" : $"bits {first} to {last}";
        return $"{bits} {place.Member.Name}";
    }
}

/// <summary>Puts bit fields together as the compiler stores them: an integer of the declared type holds as many as fit.</summary>
internal static class BitFields
{
    /// <summary>The units of a struct.</summary>
    /// <param name="places">All its members.</param>
    public static IEnumerable<BitUnit> UnitsOf(IReadOnlyList<CPlace> places) =>
        places.GroupBy(static place => (place.Owner, place.OwnerStart)).SelectMany(static group => UnitsOfOwner([.. group]));

    // The members of a struct follow one another, and so do the units. Those of a union begin together and share their bits.
    private static List<BitUnit> UnitsOfOwner(List<CPlace> places)
    {
        List<CPlace> others = [.. places.Where(static place => place.Member.BitWidth is null)];
        var units = new List<BitUnit>();
        foreach (CPlace place in places.Where(static place => place.Member is { BitWidth: > 0, Name.Length: > 0 }))
        {
            int known = place.Owner.IsUnion ? -1 : Behind(units, place.Offset).FirstOrDefault(index => units[index].Holds(place), -1);
            if (known >= 0)
            {
                units[known] = units[known] with { Fields = [.. units[known].Fields, place] };
                continue;
            }

            units.AddRange(NewUnits(place, others, place.Owner.IsUnion ? [] : units));
        }

        return units;
    }

    // The units that end behind a byte.
    private static IEnumerable<int> Behind(List<BitUnit> units, long at)
    {
        for (int i = units.Count - 1; i >= 0 && units[i].End > at; i--)
        {
            yield return i;
        }
    }

    // The first that ends behind a byte.
    private static CPlace? FirstBehind(List<CPlace> others, long at)
    {
        int before = 0;
        for (int end = others.Count; before < end;)
        {
            int some = before + ((end - before) / 2);
            (before, end) = others[some].End > at ? (before, some) : (some + 1, end);
        }

        return before < others.Count ? others[before] : null;
    }

    private static IEnumerable<BitUnit> NewUnits(CPlace place, List<CPlace> others, List<BitUnit> units)
    {
        long size = place.Member.Type.Size;
        long first = place.BitOffset;
        long last = first + place.Member.BitWidth!.Value - 1;
        long ownerStart = place.OwnerStart / 8;
        long start = ownerStart + ((first - place.OwnerStart) / (size * 8) * size);
        bool isFree = place.Owner.IsUnion
            || (!(FirstBehind(others, start)?.Offset < start + size) && !Behind(units, start).Any(index => units[index].Offset < start + size));
        if (isFree && last < (start + size) * 8 && start + size <= ownerStart + place.Owner.Size && size is 1 or 2 or 4 or 8)
        {
            yield return new BitUnit(start, (int)size, [place]);
            yield break;
        }

        // The integer would cover what is not its own, so each byte stands alone, but for those that another unit has.
        for (long at = first / 8; at <= last / 8; at++)
        {
            if (!Behind(units, at).Any(index => units[index].Offset <= at))
            {
                yield return new BitUnit(at, 1, [place]);
            }
        }
    }
}
