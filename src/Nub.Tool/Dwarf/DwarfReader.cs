using Nub.Tool.CTypes;

namespace Nub.Tool.Dwarf;

/// <summary>Structs of a file's debugging information (DWARF), each read when it is asked for.</summary>
internal sealed class DwarfReader
{
    // A chain of typedefs and qualifiers, or of structs in structs, that is longer goes in a circle.
    private const int MaximumDepth = 64;
    private const long MaximumMembers = 100_000;

    // About what is kept of each, in bytes.
    private const int OfName = 192;
    private const int OfEntry = 16;
    private const int OfMember = 192;

    private readonly DwarfEntries _entries;
    private readonly Dictionary<string, List<long>> _named = new(StringComparer.Ordinal);
    private readonly Dictionary<long, CStruct> _structs = [];

    // How many members a struct has, when those of its anonymous ones are its own.
    private readonly Dictionary<CStruct, long> _places = new(ReferenceEqualityComparer.Instance);

    /// <exception cref="ToolException">The file has none, or it is damaged.</exception>
    public DwarfReader(string path)
    {
        _entries = new DwarfEntries(path);
        foreach (DwarfUnit unit in _entries.Units)
        {
            Index(unit);
        }
    }

    /// <summary>The structs and unions of a name: each translation unit may have its own.</summary>
    /// <exception cref="ToolException">Their description is damaged.</exception>
    public IReadOnlyList<CStruct> Find(string name)
    {
        var found = new List<CStruct>();
        foreach (long offset in _named.GetValueOrDefault(name) ?? [])
        {
            DwarfEntry entry = EntryAt(offset);
            bool isRecord = DwarfNames.IsRecord(entry.Tag);
            if ((isRecord ? entry : RecordBehind(entry, 0)) is not { } record)
            {
                continue;
            }

            CStruct described = StructOf(record, 0);
            CStruct one = isRecord ? described : described with { Name = name, IsTag = false };

            // The same struct is described in each unit that includes its header.
            _entries.Spend((1 + found.Count) * (1 + _places[described]));
            if (!found.Exists(other => other.Size == one.Size && other.Places.Select(PlaceOf).SequenceEqual(one.Places.Select(PlaceOf))))
            {
                found.Add(one);
            }
        }

        return found;
    }

    private static (string, long, int?, long) PlaceOf(CPlace place) => (place.Member.Name, place.BitOffset, place.Member.BitWidth, place.Member.Type.Size);

    private void Index(DwarfUnit unit)
    {
        for (long at = unit.First; at < unit.End;)
        {
            DwarfEntry? entry = _entries.Read(unit, at);
            at = entry?.Next ?? at + 1;
            bool isNamed = entry is { Name.Length: > 0 } && (DwarfNames.IsRecord(entry.Tag) ? entry.Number(DwarfNames.Declaration) is null : entry.Tag == DwarfNames.TypeDefinition);
            if (isNamed)
            {
                _entries.Keep(OfEntry);
                if (!_named.TryGetValue(entry!.Name, out List<long>? known))
                {
                    _entries.Keep(OfName + (2 * entry.Name.Length));
                    _named.Add(entry.Name, known = []);
                }

                known.Add(entry.Offset);
            }
        }
    }

    private DwarfEntry EntryAt(long offset) =>
        _entries.Read(_entries.UnitOf(offset), offset) ?? throw new ToolException($"The DWARF is damaged: there is no entry at {offset}.");

    private DwarfEntry? TypeOf(DwarfEntry entry) =>
        entry.Type != 0 ? EntryAt(entry.Type) : entry.Signature != 0 && _entries.Signatures.TryGetValue(entry.Signature, out long offset) ? EntryAt(offset) : null;

    // The struct without a tag that a typedef names.
    private DwarfEntry? RecordBehind(DwarfEntry definition, int depth) => depth > MaximumDepth ? null : TypeOf(definition) switch
    {
        { Name.Length: 0 } inside when DwarfNames.IsRecord(inside.Tag) => inside,
        { } inside when DwarfNames.IsQualifier(inside.Tag) => RecordBehind(inside, depth + 1),
        _ => null,
    };

    private CStruct StructOf(DwarfEntry entry, int depth)
    {
        if (_structs.TryGetValue(entry.Offset, out CStruct? known))
        {
            return known;
        }

        Refuse(depth > MaximumDepth, entry, "contains itself");
        long size = entry.Number(DwarfNames.ByteSize) ?? 0;
        Refuse(size is < 0 or > int.MaxValue, entry, $"has {size} bytes");
        _entries.Keep(OfName + (2 * entry.Name.Length));
        var members = new List<CMember>();
        long places = 0;
        foreach (DwarfEntry child in _entries.ChildrenOf(_entries.UnitOf(entry.Offset), entry).Where(static child => child.Tag == DwarfNames.Member))
        {
            _entries.Keep(OfMember + (2 * child.Name.Length));
            CMember member = MemberOf(entry, child, size, depth);
            members.Add(member);
            places += member is { Name.Length: 0, Type.Struct: { } inside } ? Math.Max(1, _places[inside]) : 1;
            Refuse(places > MaximumMembers, entry, $"has more than {MaximumMembers} members");
        }

        var read = new CStruct(entry.Name, entry.Tag == DwarfNames.UnionType, size, entry.Number(DwarfNames.Alignment) ?? 0) { Members = members, IsTag = entry.Name.Length > 0 };
        _structs[entry.Offset] = read;
        _places[read] = places;
        return read;
    }

    private CMember MemberOf(DwarfEntry owner, DwarfEntry member, long size, int depth)
    {
        CType type = Describe(TypeOf(member), depth + 1);
        long location = member.Number(DwarfNames.Location) ?? 0;
        Refuse(location < 0 || location > size, owner, $"has {size} bytes, and its member '{member.Name}' begins at {location}");
        if (member.Number(DwarfNames.BitSize) is not { } width)
        {
            Refuse(location + type.Size > size, owner, $"has {size} bytes, and its member '{member.Name}' ends at {location + type.Size}");
            return new CMember(member.Name, location * 8, null, type);
        }

        // Before version 4 the bits are counted from the most significant of the integer that holds them.
        long bits = member.Number(DwarfNames.DataBitOffset)
            ?? (location * 8) + (member.Number(DwarfNames.OldBitOffset) is { } old ? ((member.Number(DwarfNames.ByteSize) ?? type.Size) * 8) - old - width : 0);
        Refuse(width is < 0 or > 128 || bits < 0 || bits > size * 8 || bits + width > size * 8, owner, $"has {size} bytes, and its bits '{member.Name}' are {width} from bit {bits} on");
        return new CMember(member.Name, bits, (int)width, type);
    }

    private CType Describe(DwarfEntry? entry, int depth)
    {
        if (entry is null)
        {
            return new CType(CKind.Other, "void", 0);
        }

        Refuse(depth > MaximumDepth, entry, "refers to itself");
        long size = entry.Number(DwarfNames.ByteSize) ?? 0;
        Refuse(size is < 0 or > int.MaxValue, entry, $"has {size} bytes");
        switch (entry.Tag)
        {
            case DwarfNames.BaseType:
                return (entry.Number(DwarfNames.Encoding) ?? 0) switch
                {
                    4 => new CType(CKind.Float, entry.Name, size),
                    // A plain char is bytes, whatever its sign on a machine.
                    5 or 6 => new CType(CKind.Integer, entry.Name, size) { IsSigned = entry.Name != "char" },
                    2 or 7 or 8 or 0x10 => new CType(CKind.Integer, entry.Name, size),
                    _ => new CType(CKind.Other, entry.Name, size),
                };
            case DwarfNames.EnumerationType:
                return new CType(CKind.Enum, $"enum {entry.Name}", size);
            case DwarfNames.PointerType or 0x10 or 0x42:
                return new CType(CKind.Pointer, "a pointer", size > 0 ? size : _entries.UnitOf(entry.Offset).AddressSize);
            case DwarfNames.StructureType or DwarfNames.UnionType or DwarfNames.ClassType:
                CStruct inside = StructOf(entry, depth);
                return new CType(CKind.Struct, inside.Name.Length == 0 ? inside.Keyword : inside.Display, inside.Size) { Struct = inside };
            case DwarfNames.ArrayType:
                return DescribeArray(entry, depth);
            case DwarfNames.TypeDefinition:
                CType named = Describe(TypeOf(entry), depth + 1);
                COrder order = ByteOrderNames.Of(entry.Name) is not COrder.Native and { } said ? said : named.Order;
                return named with { Name = entry.Name, Order = order };
            case var tag when DwarfNames.IsQualifier(tag):
                return Describe(TypeOf(entry), depth + 1);
            default:
                return new CType(CKind.Other, entry.Name, size);
        }
    }

    private CType DescribeArray(DwarfEntry entry, int depth)
    {
        CType element = Describe(TypeOf(entry), depth + 1);
        long count = 1;
        foreach (DwarfEntry range in _entries.ChildrenOf(_entries.UnitOf(entry.Offset), entry).Where(static child => child.Tag == DwarfNames.Subrange))
        {
            // Without either it is for the memory to say. An upper bound of -1 is how some say that too.
            long own = range.Number(DwarfNames.Count) ?? (range.Number(DwarfNames.UpperBound) is { } upper ? unchecked(upper + 1) : 0);
            own = own == 1L << 32 ? 0 : own;
            Refuse(own is < 0 or > int.MaxValue, entry, $"has {own} elements");
            count *= own;
            Refuse(count > int.MaxValue, entry, $"has {count} elements");
        }

        Refuse(element.Size > int.MaxValue || element.Size * count > uint.MaxValue, entry, $"has {count} elements of {element.Size} bytes");
        return new CType(CKind.Array, "", element.Size * count) { Element = element.Innermost, Count = element.Kind == CKind.Array ? count * element.Count : count };
    }

    private static void Refuse(bool isWrong, DwarfEntry entry, string what)
    {
        if (isWrong)
        {
            throw new ToolException($"The DWARF is damaged: the entry at {entry.Offset} {Printable.Of(what)}.");
        }
    }
}
