namespace Nub.Memory;

/// <summary>
/// Names the type of C that a struct is the layout of, or the member that a field is. The tool <c>nub check</c> compares both:
/// offsets, sizes and byte orders. It changes nothing about the struct.
/// </summary>
/// <remarks>
/// A field needs it only where its name differs by more than case and underscores.
/// </remarks>
[AttributeUsage(AttributeTargets.Struct | AttributeTargets.Field, Inherited = false)]
public sealed class LayoutAttribute : Attribute
{
    /// <summary>The name in C, without <c>struct</c> or <c>union</c>: <c>vring_desc</c>.</summary>
    public string? Of { get; set; }
}
