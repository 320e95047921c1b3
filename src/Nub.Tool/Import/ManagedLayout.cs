namespace Nub.Tool.Import;

/// <summary>Where the runtime puts the fields of a struct without references.</summary>
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
            int kept = Kept(fields[i].Alignment, pack);
            offsets[i] = AlignUp(end, kept);
            end = offsets[i] + fields[i].Size;
            alignment = Math.Max(alignment, kept);
        }

        return (offsets, SizeOf(end, alignment, declaredSize), alignment);
    }

    /// <summary>The size and alignment of a struct whose fields say their offsets.</summary>
    public static (long Size, int Alignment) Explicit(IReadOnlyList<(long End, int Alignment)> fields, int pack, long declaredSize = 0)
    {
        int alignment = fields.Select(field => Kept(field.Alignment, pack)).DefaultIfEmpty(1).Max();
        return (SizeOf(fields.Select(static field => field.End).DefaultIfEmpty(0).Max(), alignment, declaredSize), alignment);
    }

    public static long AlignUp(long offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    private static int Kept(int alignment, int pack) => pack == 0 ? alignment : Math.Min(pack, alignment);

    private static long SizeOf(long end, int alignment, long declared) => Math.Max(1, declared > 0 ? Math.Max(declared, end) : AlignUp(end, alignment));
}
