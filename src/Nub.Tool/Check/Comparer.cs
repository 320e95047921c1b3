using Nub.Tool.Assemblies;
using Nub.Tool.CTypes;
using Nub.Tool.Import;

namespace Nub.Tool.Check;

/// <summary>
/// Compares a struct of C# with one of C, member by member. A member is looked for by its name, and one whose name C# does not have by
/// its place: a field may be called otherwise, and several reserved ones may be one.
/// </summary>
internal static class Comparer
{
    public static Comparison Compare(NetStruct net, CStruct c)
    {
        List<CPlace> places = [.. c.Places.Where(static place => place.Member.Name.Length > 0 && place.Member is { IsFlexibleArray: false } && (place.Member.BitWidth is not null || place.Member.Type.Size > 0))];
        HashSet<string> names = [.. places.Where(static place => place.Member.BitWidth is null).Select(static place => Names.Fold(place.Member.Name))];
        bool IsMember(NetField field) => names.Contains(NameOf(field)) || places.Exists(place => IsAt(field, place));
        List<NetField> fields = [.. Flatten(net, 0, IsMember)];
        List<NetBits> bits = [.. FlattenBits(net, 0, IsMember)];

        var members = new List<ComparedMember>();
        var used = new HashSet<NetField>(ReferenceEqualityComparer.Instance);
        foreach (CPlace place in places)
        {
            ComparedMember member = place.Member.BitWidth is null ? CompareOne(place, fields, names) : CompareBits(place, fields, bits);
            members.Add(member);
            if (member.Field is { } field)
            {
                used.Add(field);
            }
        }

        // Of a union C# need not have every member: the bytes are there, as another one.
        List<CPlace> found = [.. members.Where(static member => member is { Difference: null, Field: not null }).Select(static member => member.Place!)];
        members = [.. members.Select(member => member is { Field: null, Place.Member.BitWidth: null } && IsCovered(member.Place!, found) ? member with { Difference = null } : member)];
        members.AddRange(fields.Where(field => !used.Contains(field)).Select(static field => new ComparedMember(field, null, null)));
        return new Comparison(net, c, [.. members.OrderBy(static member => member.Offset)]);
    }

    private static string NameOf(NetField field) => Names.Fold(field.Of ?? field.Name);

    private static bool IsAt(NetField field, CPlace place) =>
        place.Member.BitWidth is null && field.Offset == place.Offset && field.Size == place.Member.Type.Size;

    // A struct that stands for an anonymous one of C has its fields compared as C's container has them.
    private static IEnumerable<NetField> Flatten(NetStruct net, long start, Func<NetField, bool> isMember)
    {
        foreach (NetField own in net.Fields)
        {
            NetField field = own with { Offset = start + own.Offset };
            if (field is { Struct: { } inside, Count: 1 } && !isMember(field))
            {
                foreach (NetField one in Flatten(inside, field.Offset, isMember))
                {
                    yield return one;
                }
            }
            else
            {
                yield return field;
            }
        }
    }

    private static IEnumerable<NetBits> FlattenBits(NetStruct net, long start, Func<NetField, bool> isMember) =>
        net.Bits.Select(bits => bits with { BitOffset = (start * 8) + bits.BitOffset }).Concat(net.Fields.SelectMany(field =>
            field is { Struct: { } inside, Count: 1 } && !isMember(field with { Offset = start + field.Offset }) ? FlattenBits(inside, start + field.Offset, isMember) : []));

    private static bool IsCovered(CPlace place, List<CPlace> found)
    {
        long at = place.Offset;
        foreach (CPlace other in found.Where(static one => one.Member.BitWidth is null).OrderBy(static one => one.Offset))
        {
            at = other.Offset <= at ? Math.Max(at, other.End) : at;
        }

        return at >= place.End;
    }

    private static ComparedMember CompareOne(CPlace place, List<NetField> fields, HashSet<string> names)
    {
        string name = Names.Fold(place.Member.Name);
        List<NetField> called = fields.FindAll(field => NameOf(field) == name);
        NetField? found = called.Find(field => IsAt(field, place))
            ?? called.FirstOrDefault()
            ?? fields.Find(field => IsAt(field, place) && !names.Contains(NameOf(field)));
        return new ComparedMember(found, place, found is null ? "C# has no such field there" : DifferenceOf(found, place));
    }

    private static string? DifferenceOf(NetField field, CPlace place)
    {
        CType type = place.Member.Type;
        if (field.Offset != place.Offset)
        {
            return $"at {field.Offset}, and in C at {place.Offset}";
        }

        if (field.Size != type.Size)
        {
            return $"{field.Size} bytes, and in C {type.Size}";
        }

        COrder order = type.Innermost.Order;
        if ((order == COrder.Big && !field.IsBigEndian && field.ElementSize > 1) || (order == COrder.Little && field.IsBigEndian))
        {
            return $"{(field.IsBigEndian ? "big" : "little")}-endian, and in C {(order == COrder.Big ? "big" : "little")}-endian";
        }

        if (field.Struct is { } inside && type.Innermost.Struct is { } other && Compare(inside, other) is { Differences: > 0 } compared)
        {
            ComparedMember? first = compared.Members.FirstOrDefault(static member => member.Difference is not null);
            return first is null ? compared.AlignmentsDiffer ? $"aligned to {inside.Aligned}, and in C to {other.Alignment}" : $"{inside.Size} bytes each, and in C {other.Size}" : $"inside '{first.Place!.Member.Name}': {first.Difference}";
        }

        return field.ElementSize == type.Innermost.Size || field.ElementSize == 1 || field.Count == 1 ? null
            : $"elements of {field.ElementSize} bytes, and in C of {type.Innermost.Size}";
    }

    private static ComparedMember CompareBits(CPlace place, List<NetField> fields, List<NetBits> bits)
    {
        string name = Names.Fold(place.Member.Name);
        int width = place.Member.BitWidth!.Value;
        List<NetBits> called = bits.FindAll(one => Names.Fold(one.Of ?? one.Name) == name);
        if (called.Count > 0 && !called.Exists(one => one.BitOffset == place.BitOffset && one.Width == width))
        {
            NetBits found = called[0];
            string where = found.BitOffset == place.BitOffset ? "" : $" at bit {found.BitOffset}, and in C at {place.BitOffset}";
            string size = found.Width == width ? "" : $" {found.Width} bits, and in C {width}";
            return new ComparedMember(HolderOf(place, fields), place, $"'{found.Name}'{where}{(where.Length > 0 && size.Length > 0 ? ";" : "")}{size}");
        }

        long last = (place.BitOffset + width - 1) / 8;
        for (long at = place.Offset; at <= last; at++)
        {
            if (!fields.Exists(field => field.Offset <= at && at < field.End))
            {
                return new ComparedMember(null, place, $"C# has no field for its bits in byte {at}");
            }
        }

        return new ComparedMember(HolderOf(place, fields), place, null);
    }

    private static NetField? HolderOf(CPlace place, List<NetField> fields) => fields.Find(field => field.Offset <= place.Offset && place.Offset < field.End);
}
