namespace Nub.Memory.Testing.Tests;

/// <summary>Each kind of field that C has is read once, however a hostile guest changes it: bit fields, enums, tails and tagged unions of a view.</summary>
public sealed class FieldKindTests
{
    [Fact]
    public void A_bit_field_is_one_read_of_its_integer() => AssertOnce(static view => (int)view.Length);

    [Fact]
    public void An_enum_is_read_once_and_judged() => AssertOnce(static view => view.TryGetKind(out HostileKind kind) ? (int)kind : -1);

    [Fact]
    public void The_number_of_a_tail_is_read_once() => AssertOnce(static view => view.TryTail(4, out SharedArrayView<uint> tail) ? (int)tail.Count : -1);

    [Fact]
    public void The_tag_of_a_union_and_its_field_are_read_once() => AssertOnce(static view => view.TryGetValue(out uint value) ? (int)value : -1);

    [Fact]
    public void Two_bit_fields_of_one_integer_are_two_reads_of_it()
    {
        using HostileMemory memory = Make();
#pragma warning disable NUB0010 // The mistake is what is to be found, by the memory as by the rule.
        Assert.Throws<DoubleFetchException>(() => memory.AssertSingleFetch(() => (int)HostileFields.At(memory.Host, 0).Length + (HostileFields.At(memory.Host, 0).IsLast ? 1 : 0)));
#pragma warning restore NUB0010
    }

    private static void AssertOnce(Func<HostileFields.View, int> parse)
    {
        using HostileMemory memory = Make();
        memory.AssertSingleFetch(() => parse(HostileFields.At(memory.Host, 0)));
    }

    private static HostileMemory Make()
    {
        var memory = new HostileMemory(4096);
        var content = new HostileFields { IsLast = true, Length = 77, Kind = HostileKind.Write, Tag = 3, Value = 9, Count = 2 };
        byte[] bytes = new byte[HostileFields.Layout.Size];
        content.WriteTo(bytes);
        memory.Write(0, bytes);
        return memory;
    }
}

/// <summary>An enum of the wire.</summary>
public enum HostileKind : ushort
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Something.</summary>
    Write = 2,
}

/// <summary>A struct with each kind of field.</summary>
[AllValid, Tail<uint>(nameof(Count))]
public partial struct HostileFields
{
    private uint _flags;
    [WireEnum] public HostileKind Kind;
    public ushort Tag;
    [Union(nameof(Tag), 3)] public uint Value;
    [BigEndian] public uint Count;

    [BitField(nameof(_flags), offset: 0, bits: 1)]
    public partial bool IsLast { readonly get; set; }

    [BitField(nameof(_flags), offset: 8, bits: 24)]
    public partial uint Length { readonly get; set; }
}
