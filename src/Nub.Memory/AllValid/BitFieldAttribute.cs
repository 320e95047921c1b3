namespace Nub.Memory;

/// <summary>
/// On a partial property of an <see cref="AllValidAttribute"/> or <see cref="ValidateOnReadAttribute"/> struct: some bits of an integer field that the
/// struct declares. The generator writes the property, and one of the same name in the view.
/// </summary>
/// <remarks>
/// The property is an integer, signed or not, or a <see cref="bool"/> over one bit. Setting a value that the bits cannot hold is an
/// <see cref="ArgumentOutOfRangeException"/>. In a view, getting is one load of the field, and setting is one load and one store of it, which is not atomic: what
/// another thread or the guest writes to the field's other bits in between is lost. Where a guest writes them, use <c>Or</c>, <c>And</c> or <c>CompareExchange</c> of the field's <c>…Atomic</c>.
/// </remarks>
/// <param name="unit">The name of the field: <c>nameof(_flags)</c>.</param>
/// <param name="offset">The first bit, counted from the least significant of the field's value, whatever its byte order; from 0.</param>
/// <param name="bits">The number of bits, from 1; the last must still be one of the field's.</param>
[AttributeUsage(AttributeTargets.Property, Inherited = false)]
public sealed class BitFieldAttribute(string unit, int offset, int bits) : Attribute
{
    /// <summary>The name of the field.</summary>
    public string Unit { get; } = unit;

    /// <summary>The first bit, counted from the least significant of the field's value.</summary>
    public int Offset { get; } = offset;

    /// <summary>The number of bits.</summary>
    public int Bits { get; } = bits;
}
