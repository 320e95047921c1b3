using Nub.Tool.Assemblies;
using Nub.Tool.CTypes;

namespace Nub.Tool.Check;

/// <summary>A line of what two structs have in common, or not.</summary>
/// <param name="Difference">What differs; null where nothing does.</param>
internal sealed record ComparedMember(NetField? Field, CPlace? Place, string? Difference)
{
    public long Offset => Place?.Offset ?? Field!.Offset;
}

/// <summary>A struct of C# beside the one of C that it says it is.</summary>
internal sealed record Comparison(NetStruct Net, CStruct C, IReadOnlyList<ComparedMember> Members)
{
    public bool SizesDiffer => Net.Size != C.Size;

    /// <summary>Whether C# says an alignment, C's is known, and they differ.</summary>
    public bool AlignmentsDiffer => Net.Aligned > 0 && C.Alignment > 0 && Net.Aligned != C.Alignment;

    public int Differences => Members.Count(static member => member.Difference is not null) + (SizesDiffer ? 1 : 0) + (AlignmentsDiffer ? 1 : 0);
}
