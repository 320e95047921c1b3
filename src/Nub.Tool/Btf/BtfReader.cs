using Nub.Tool.CTypes;

namespace Nub.Tool.Btf;

/// <summary>Structs of a kernel's type information (BTF), each read when it is asked for.</summary>
internal sealed class BtfReader
{
    // A chain of typedefs and qualifiers, or of structs in structs, that is longer goes in a circle.
    private const int MaximumDepth = 64;

    // A struct that has more is none, and would take memory without bound.
    private const long MaximumMembers = 100_000;

    private readonly BtfTypes _types;
    private readonly ILookup<string, uint> _named;
    private readonly Dictionary<uint, (CStruct Struct, long Members)> _structs = [];

    /// <exception cref="ToolException">It is not BTF, or damaged.</exception>
    public BtfReader(byte[] bytes)
    {
        _types = new BtfTypes(bytes);
        _named = Enumerable.Range(1, _types.Count).Select(static id => (uint)id).Select(id => (Name: NameOf(id), Id: id))
            .Where(static one => one.Name.Length > 0).ToLookup(static one => one.Name, static one => one.Id);
    }

    /// <summary>The structs and unions of a name: a kernel may have several.</summary>
    /// <exception cref="ToolException">Their description is damaged.</exception>
    public IReadOnlyList<CStruct> Find(string name) => [.. _named[name].Select(id => StructOf(IsRecord(_types.Get(id)) ? id : _types.Get(id).SizeOrType, name, 0).Struct).Distinct()];

    private static bool IsRecord(BtfType type) => type.Kind is BtfKind.Struct or BtfKind.Union;

    // A struct without a name of its own has that of a typedef.
    private string NameOf(uint id)
    {
        BtfType type = _types.Get(id);
        bool names = IsRecord(type) || (type.Kind == BtfKind.Typedef && type.SizeOrType <= _types.Count
            && type.SizeOrType > 0 && _types.Get(type.SizeOrType) is { NameOffset: 0 } inside && IsRecord(inside));
        return names ? _types.Text(type.NameOffset) : "";
    }

    private (CStruct Struct, long Members) StructOf(uint id, string? typedef, int depth)
    {
        if (_structs.TryGetValue(id, out (CStruct Struct, long Members) known))
        {
            return known;
        }

        BtfType type = _types.Get(id);
        string tag = _types.Text(type.NameOffset);
        var members = new List<CMember>();
        long count = 0;
        for (int i = 0; i < type.Length; i++)
        {
            (CMember member, long inside) = MemberOf(id, type, i, depth);
            members.Add(member);
            count += inside;
            Refuse(count > MaximumMembers, id, $"has more than {MaximumMembers} members");
        }

        var read = new CStruct(tag.Length > 0 ? tag : typedef ?? "", type.Kind == BtfKind.Union, type.SizeOrType, Alignment: 0)
        {
            IsTag = tag.Length > 0,
            Members = members,
        };
        _structs[id] = (read, count);
        return (read, count);
    }

    private (CMember Member, long Inside) MemberOf(uint id, BtfType type, int index, int depth)
    {
        (uint nameOffset, uint typeId, uint place) = _types.Member(type, index);
        string name = _types.Text(nameOffset);
        (CType described, long members, int? bits, uint bitOffset) = Describe(typeId, depth + 1);
        long offset = place;
        int? width = null;
        if (type.HasFlag)
        {
            offset = place & 0xFF_FFFF;
            width = place >> 24 == 0 ? null : (int)(place >> 24);
        }
        else if (bits is { } own && own != described.Size * 8)
        {
            offset += bitOffset;
            width = own;
        }

        long end = width is { } some ? offset + some : offset + (described.Size * 8);
        Refuse(end > type.SizeOrType * 8L, id, $"has {type.SizeOrType} bytes, and its member '{name}' ends at bit {end}");
        return (new CMember(name, offset, width, described), name.Length == 0 ? members : 1);
    }

    // The type, how many members it has when its own have no name of their own, and of an integer how many of its bits count.
    private (CType Type, long Members, int? Bits, uint BitOffset) Describe(uint id, int depth)
    {
        Refuse(depth > MaximumDepth, id, "refers to itself");
        if (id == 0)
        {
            return (new CType(CKind.Other, "void", 0), 1, null, 0);
        }

        BtfType type = _types.Get(id);
        string name = _types.Text(type.NameOffset);
        switch (type.Kind)
        {
            case BtfKind.Int:
                uint encoding = _types.Extra(type, 0);
                bool isSigned = (encoding >> 24 & 1) != 0;
                return (new CType(CKind.Integer, name, type.SizeOrType) { IsSigned = isSigned }, 1, (int)(encoding & 0xFF), encoding >> 16 & 0xFF);
            case BtfKind.Float:
                return (new CType(CKind.Float, name, type.SizeOrType), 1, null, 0);
            case BtfKind.Enum or BtfKind.Enum64:
                return (new CType(CKind.Enum, $"enum {name}", type.SizeOrType), 1, null, 0);
            case BtfKind.Pointer:
                return (new CType(CKind.Pointer, "a pointer", _types.PointerSize), 1, null, 0);
            case BtfKind.Struct or BtfKind.Union:
                (CStruct inside, long members) = StructOf(id, null, depth);
                return (new CType(CKind.Struct, inside.Name.Length == 0 ? inside.Keyword : inside.Display, inside.Size) { Struct = inside }, members, null, 0);
            case BtfKind.Array:
                return (DescribeArray(id, type, depth), 1, null, 0);
            case BtfKind.Typedef:
                (CType named, long its, int? bits, uint bitOffset) = Describe(type.SizeOrType, depth + 1);
                COrder order = ByteOrderNames.Of(name) is not COrder.Native and { } said ? said : named.Order;
                return (named with { Name = name, Order = order }, its, bits, bitOffset);
            case BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag:
                return Describe(type.SizeOrType, depth + 1);
            default:
                return (new CType(CKind.Other, name, 0), 1, null, 0);
        }
    }

    private CType DescribeArray(uint id, BtfType type, int depth)
    {
        CType element = Describe(_types.Extra(type, 0), depth + 1).Type;
        long count = _types.Extra(type, 2);

        // Neither factor is above 2^32, so no product wraps before it is refused.
        Refuse(element.Size > uint.MaxValue || (ulong)element.Size * (ulong)count > uint.MaxValue, id, $"has {count} elements of {element.Size} bytes");
        return new CType(CKind.Array, "", element.Size * count)
        {
            Element = element.Innermost,
            Count = element.Kind == CKind.Array ? count * element.Count : count,
        };
    }

    private static void Refuse(bool isWrong, uint id, string what)
    {
        if (isWrong)
        {
            throw new ToolException($"The BTF is damaged: type {id} {Printable.Of(what)}.");
        }
    }
}
