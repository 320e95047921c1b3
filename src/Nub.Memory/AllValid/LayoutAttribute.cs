namespace Nub.Memory;

/// <summary>
/// Names the type of C that a struct is the layout of, or the member that a field or a bit field is. The tool <c>nub check</c> compares both:
/// offsets, sizes, alignments and byte orders. It moves no field.
/// </summary>
/// <remarks>
/// A field needs it only where its name differs by more than case and underscores.
/// </remarks>
[AttributeUsage(AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property, Inherited = false)]
public sealed class LayoutAttribute : Attribute
{
    /// <summary>The name in C, without <c>struct</c> or <c>union</c>: <c>vring_desc</c>.</summary>
    public string? Of { get; set; }

    /// <summary>
    /// On a struct or a field: the alignment in bytes that C gives it where that is more than its type's, as <c>alignas(64)</c> does; a power of two, and 0 where nothing is said. C# aligns to less, so the
    /// field has to be placed by reserved fields: where its offset, or the size of the struct, is not a multiple of it, that is an error (NUB0003). <c>Layout.Alignment</c> of the struct is this alignment.
    /// </summary>
    public int Alignment { get; set; }
}
