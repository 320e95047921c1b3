using Nub.Tool.CTypes;

namespace Nub.Tool.Import;

/// <summary>Plans one struct: its fields in C#'s types, what C pads with, and the layout that puts each where C has it.</summary>
/// <param name="c">The struct of C.</param>
/// <param name="name">Its name in C#.</param>
/// <param name="named">Plans another struct that has a name; null when that is left out.</param>
internal sealed class StructBuilder(CStruct c, string name, Func<CStruct, StructPlan?> named)
{
    private readonly TakenNames _taken = new();
    private readonly List<FieldPlan> _fields = [];
    private readonly List<StructPlan> _nested = [];
    private readonly List<string> _notes = [];
    private readonly List<CPlace> _tails = [];

    /// <exception cref="NotInCSharpException">C# has nothing for it.</exception>
    public StructPlan Build()
    {
        // No member is called as its struct.
        _ = _taken.Take(name);
        List<CPlace> places = [.. c.Places];
        foreach (CPlace place in places.Where(static place => place.Member.BitWidth is null))
        {
            AddMember(place);
        }

        foreach (BitUnit unit in BitFields.UnitsOf(places))
        {
            AddUnit(unit);
        }

        if (_fields.Count == 0)
        {
            throw new NotInCSharpException("it has no members but those whose length is for the memory to say");
        }

        TailPlan? tail = TakeTail();
        List<FieldPlan> ordered = ByteOrderConflicts.Resolve([.. _fields.OrderBy(static field => field.Offset)], AsBytes);
        AddReserved(ordered);
        ordered = [.. ordered.Concat(_fields.Where(static field => field.IsReserved)).OrderBy(static field => field.Offset)];
        return Arrange(ordered) with { Tail = tail };
    }

    // Behind all members; of several, as in a union, one. What C# has no element for is a note.
    private TailPlan? TakeTail()
    {
        TailPlan? taken = null;
        long end = _fields.Max(static field => field.End);
        foreach (CPlace place in _tails)
        {
            (CMember member, CType element) = (place.Member, place.Member.Type.Innermost);
            if (taken is null && place.Offset >= end && element.Size > 0 && TryTypeOf(element, member) is { } type)
            {
                taken = new TailPlan(type, place.Offset, element.Order == COrder.Big, member.Type.Declare(member.Name));
            }
            else
            {
                _notes.Add($"Left out: {member.Type.Declare(member.Name)}, as many as the memory says, from offset {place.Offset}.");
            }
        }

        return taken;
    }

    private string? TryTypeOf(CType element, CMember member)
    {
        try
        {
            return TypeOf(element, Names.Pascal(member.Name), member).Type;
        }
        catch (NotInCSharpException)
        {
            return null;
        }
    }

    private void AddMember(CPlace place)
    {
        (CMember member, CType type) = (place.Member, place.Member.Type);
        string what = type.Declare(member.Name);
        if (member.IsFlexibleArray)
        {
            _tails.Add(place);
            return;
        }

        if (type.Size == 0)
        {
            _notes.Add($"Left out: {what}, which has no bytes, at offset {place.Offset}.");
            return;
        }

        string fieldName = _taken.Take(Names.Pascal(member.Name));
        CType element = type.Innermost;
        (string csharp, int alignment, StructPlan? plan) = TypeOf(element, fieldName, member);
        string? array = type.Kind == CKind.Array ? _taken.Take(fieldName + "Array") : null;
        _fields.Add(new FieldPlan(fieldName, csharp, place.Offset, type.Size, alignment)
        {
            Declaration = what,
            Remark = RemarkOf(element),
            ArrayType = array,
            Count = type.Kind == CKind.Array ? type.Count : 1,
            Of = Names.Fold(fieldName) == Names.Fold(member.Name) ? null : member.Name,
            IsBigEndian = element.Order == COrder.Big,
            Struct = plan,
        });
    }

    private static string? RemarkOf(CType type) => type switch
    {
        { Kind: CKind.Pointer } => "an address in the writer's memory",
        { Kind: CKind.Enum } => "an enum",
        { Name: "_Bool" or "bool" } => "0 or 1",
        _ when ByteOrderNames.IsVirtio(type.Name) => "little-endian, as since virtio 1.0",
        _ => null,
    };

    private (string Type, int Alignment, StructPlan? Struct) TypeOf(CType type, string fieldName, CMember member)
    {
        if (type.Struct is { } inside)
        {
            StructPlan plan = PlanInside(inside, fieldName, member);
            return (plan.Name, plan.Alignment, plan);
        }

        return CSharpTypes.Of(type) is { } csharp
            ? (csharp, (int)type.Size, null)
            : throw new NotInCSharpException($"its member '{member.Name}' is of type '{type.Name}', {type.Size} bytes, for which C# has nothing");
    }

    private StructPlan PlanInside(CStruct inside, string fieldName, CMember member)
    {
        if (inside.Name.Length > 0)
        {
            return named(inside) ?? throw new NotInCSharpException($"its member '{member.Name}' is of '{inside.Display}', which is left out");
        }

        StructPlan nested = Planner.PlanNested(inside, _taken.Take(fieldName + (inside.IsUnion ? "Union" : "Struct")), named);
        _nested.Add(nested);
        return nested;
    }

    private void AddUnit(BitUnit unit)
    {
        string fieldName = _taken.Take($"Bits{unit.Offset}");
        _fields.Add(new FieldPlan(fieldName, CSharpTypes.Integer(unit.Size, isSigned: false)!, unit.Offset, unit.Size, unit.Size)
        {
            Remark = "bit fields, " + unit.Describe(),
            Bits = [.. unit.Fields.Where(unit.Holds).Select(place => TryBitsOf(unit, place)).OfType<BitPlan>()],
        });
    }

    // Null of a type that C# has no integer for: the bits are there, without a property.
    private BitPlan? TryBitsOf(BitUnit unit, CPlace place)
    {
        (CMember member, int bits) = (place.Member, place.Member.BitWidth!.Value);

        // What a unit holds has no more than 64 bits, and a wider integer is no type of bit fields.
        string? type = member.Type.Name is "_Bool" or "bool" && bits == 1 ? "bool"
            : member.Type is { Kind: CKind.Integer, Size: > 8 } wide ? CSharpTypes.Integer(8, wide.IsSigned)
            : CSharpTypes.Of(member.Type);
        if (type is null)
        {
            return null;
        }

        string property = _taken.Take(Names.Pascal(member.Name));
        return new BitPlan(
            property, type, unit.FirstOf(place), bits, $"{member.Type.Declare(member.Name)} : {bits}", Names.Fold(property) == Names.Fold(member.Name) ? null : member.Name);
    }

    // The bytes of a field that no integer of C# can stand for.
    private FieldPlan AsBytes(FieldPlan field, string why) => field with
    {
        Type = "byte",
        Alignment = 1,
        Count = field.Size,
        ArrayType = field.ArrayType ?? _taken.Take(field.Name + "Array"),
        IsBigEndian = false,
        Struct = null,
        Remark = why,
    };

    private void AddReserved(List<FieldPlan> ordered)
    {
        long covered = 0;
        foreach (FieldPlan field in ordered)
        {
            Reserve(covered, field.Offset);
            covered = Math.Max(covered, field.End);
        }

        Reserve(covered, c.Size);
    }

    private void Reserve(long from, long to)
    {
        while (from < to)
        {
            long size = to - from > 16 ? to - from : new long[] { 8, 4, 2, 1 }.First(one => from % one == 0 && from + one <= to);
            bool isArray = to - from > 16;
            string fieldName = _taken.Take($"_reserved{from}");
            _fields.Add(new FieldPlan(fieldName, isArray ? "byte" : CSharpTypes.Integer(size, isSigned: false)!, from, size, isArray ? 1 : (int)size)
            {
                IsReserved = true,
                ArrayType = isArray ? _taken.Take($"Reserved{from}Array") : null,
                Count = isArray ? size : 1,
            });
            from += size;
        }
    }

    private StructPlan Arrange(List<FieldPlan> fields)
    {
        var plan = new StructPlan(c.Name, name, c.Display, c.Size) { Fields = fields, Nested = _nested, Notes = _notes };
        int aligned = (int)Math.Min(c.Alignment, 128);
        bool overlap = Overlap(fields);
        foreach (int pack in new[] { 0, aligned, 1 })
        {
            (long size, int alignment, bool fits) = overlap ? TryExplicit(fields, pack) : TrySequential(fields, pack);
            // A packed struct takes alignments of its members away, which C# is told too.
            bool isPacked = fields.Exists(field => Math.Max(field.Struct?.Aligned ?? 0, field.Alignment) > c.Alignment);
            if (fits && size == c.Size && alignment <= aligned && !(isPacked && pack == 0))
            {
                return plan with { Pack = pack, IsExplicit = overlap, Alignment = alignment, Aligned = alignment < c.Alignment ? (int)c.Alignment : 0 };
            }
        }

        throw new NotInCSharpException($"no layout of C# puts its members where C has them, in {c.Size} bytes");
    }

    private static bool Overlap(List<FieldPlan> ordered)
    {
        long end = 0;
        foreach (FieldPlan field in ordered)
        {
            if (field.Offset < end)
            {
                return true;
            }

            end = Math.Max(end, field.End);
        }

        return false;
    }

    private static (long Size, int Alignment, bool Fits) TrySequential(List<FieldPlan> fields, int pack)
    {
        (long[] offsets, long size, int alignment) = ManagedLayout.Sequential([.. fields.Select(static field => (field.Size, field.Alignment))], pack);
        return (size, alignment, offsets.SequenceEqual(fields.Select(static field => field.Offset)));
    }

    private static (long Size, int Alignment, bool Fits) TryExplicit(List<FieldPlan> fields, int pack)
    {
        (long size, int alignment) = ManagedLayout.Explicit([.. fields.Select(static field => (field.End, field.Alignment))], pack);
        return (size, alignment, true);
    }
}
