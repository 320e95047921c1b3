namespace Nub.Memory.Generators.Layout;

/// <summary>The rules by which the runtime places the fields of a struct without references. <c>nub</c> compiles this file too, so that there is one of each.</summary>
internal static class SequentialLayout
{
    /// <summary>What is left of a field's alignment.</summary>
    /// <param name="alignment">The alignment in bytes.</param>
    /// <param name="pack">What <c>Pack</c> says; 0 when it says nothing.</param>
    public static int Kept(int alignment, int pack) => pack == 0 ? alignment : Math.Min(pack, alignment);

    /// <summary>The first offset from one on that is a multiple of an alignment.</summary>
    public static long AlignUp(long offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    /// <summary>The size in bytes, at least 1.</summary>
    /// <param name="end">Where the last field ends.</param>
    /// <param name="alignment">The greatest alignment that is left of the fields'.</param>
    /// <param name="declared">What <c>Size</c> says; 0 when it says nothing. A declared size is not rounded.</param>
    public static long SizeOf(long end, int alignment, long declared) => Math.Max(1, declared > 0 ? Math.Max(declared, end) : AlignUp(end, alignment));
}
