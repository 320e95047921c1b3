using Nub.Memory.Generators.Layout;

namespace Nub.Tool.Import;

/// <summary>Where the runtime puts the fields of a struct without references, by the rules that the generator has.</summary>
internal static class ManagedLayout
{
    /// <summary>The offsets of a sequential struct, its size and its alignment.</summary>
    /// <param name="pack">What <c>Pack</c> says; 0 when it says nothing.</param>
    /// <param name="declaredSize">What <c>Size</c> says; 0 when it says nothing.</param>
    public static (long[] Offsets, long Size, int Alignment) Sequential(IReadOnlyList<(long Size, int Alignment)> fields, int pack, long declaredSize = 0)
    {
        long[] offsets = new long[fields.Count];
        long end = 0;
        int alignment = 1;
        for (int i = 0; i < offsets.Length; i++)
        {
            int kept = SequentialLayout.Kept(fields[i].Alignment, pack);
            offsets[i] = SequentialLayout.AlignUp(end, kept);
            end = offsets[i] + fields[i].Size;
            alignment = Math.Max(alignment, kept);
        }

        return (offsets, SequentialLayout.SizeOf(end, alignment, declaredSize), alignment);
    }

    /// <summary>The size and alignment of a struct whose fields say their offsets.</summary>
    public static (long Size, int Alignment) Explicit(IReadOnlyList<(long End, int Alignment)> fields, int pack, long declaredSize = 0)
    {
        int alignment = fields.Select(field => SequentialLayout.Kept(field.Alignment, pack)).DefaultIfEmpty(1).Max();
        return (SequentialLayout.SizeOf(fields.Select(static field => field.End).DefaultIfEmpty(0).Max(), alignment, declaredSize), alignment);
    }
}
