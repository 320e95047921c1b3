namespace Nub.Tool.CTypes;

/// <summary>A struct or union of C.</summary>
/// <param name="Name">Its tag, or the name of the typedef that alone names it; empty when it has none.</param>
/// <param name="Size">In bytes.</param>
/// <param name="Alignment">In bytes; 0 when the description does not say.</param>
internal sealed record CStruct(string Name, bool IsUnion, long Size, long Alignment)
{
    /// <summary>In the order of their declaration.</summary>
    public IReadOnlyList<CMember> Members { get; init; } = [];

    /// <summary>The file that declares it, as the compiler found it; empty when the description does not say.</summary>
    public string File { get; init; } = "";

    /// <summary>Whether the name is a tag, before which C writes <c>struct</c> or <c>union</c>.</summary>
    public bool IsTag { get; init; } = true;

    /// <summary>As C writes it.</summary>
    public string Display => Name.Length == 0 ? "an anonymous " + Keyword : IsTag ? $"{Keyword} {Name}" : Name;

    /// <summary><c>struct</c> or <c>union</c>.</summary>
    public string Keyword => IsUnion ? "union" : "struct";

    /// <summary>The members as C code names them: those of an anonymous struct or union are its container's.</summary>
    public IEnumerable<CPlace> Places => PlacesFrom(0);

    private IEnumerable<CPlace> PlacesFrom(long start)
    {
        foreach (CMember member in Members)
        {
            if (member is { Name.Length: 0, BitWidth: null, Type: { Kind: CKind.Struct, Struct: { } inside } })
            {
                foreach (CPlace place in inside.PlacesFrom(start + member.BitOffset))
                {
                    yield return place;
                }
            }
            else
            {
                yield return new CPlace(member, this, start, start + member.BitOffset);
            }
        }
    }
}

/// <summary>A member as its struct declares it.</summary>
/// <param name="Name">Empty of an anonymous struct or union, and of bits that only fill.</param>
/// <param name="BitOffset">From the start of its struct.</param>
/// <param name="BitWidth">Of a bit field: its bits.</param>
internal sealed record CMember(string Name, long BitOffset, int? BitWidth, CType Type)
{
    public bool IsFlexibleArray => Type is { Kind: CKind.Array, Count: 0 };
}

/// <summary>A member where it stands in the struct that code names it by.</summary>
/// <param name="Owner">The struct that declares it, which may be an anonymous one inside.</param>
/// <param name="OwnerStart">Where that begins, in bits.</param>
/// <param name="BitOffset">From the start of the outermost struct.</param>
internal sealed record CPlace(CMember Member, CStruct Owner, long OwnerStart, long BitOffset)
{
    public long Offset => BitOffset / 8;

    public long End => Offset + Member.Type.Size;
}
