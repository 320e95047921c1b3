namespace Nub.Memory;

/// <summary>
/// On a field of an <see cref="AllValidAttribute"/> or <see cref="ValidateOnReadAttribute"/> struct: it is meant where another field, the tag, has one of some values. The
/// generator writes <c>TryGet…</c> in the view and in the struct, which looks at the tag once and gives the field as a value.
/// </summary>
/// <remarks>
/// Fields that share bytes are declared with <see cref="System.Runtime.InteropServices.FieldOffsetAttribute"/>. The view reads the tag and then the field; where the tag's bytes are some of the field's, the
/// whole struct is read once instead. Every bit pattern of the field is legal, so that it may also be used without a look at the tag.
/// </remarks>
/// <param name="tag">The name of the tag, an integer field or a <see cref="WireEnumAttribute"/> field: <c>nameof(Kind)</c>.</param>
/// <param name="values">The values of the tag for which the field is meant, at least one: integers or constants of an enum.</param>
[AttributeUsage(AttributeTargets.Field, Inherited = false)]
public sealed class UnionAttribute(string tag, params object[] values) : Attribute
{
    /// <summary>The name of the tag.</summary>
    public string Tag { get; } = tag;

    /// <summary>The values of the tag for which the field is meant.</summary>
    public object[] Values { get; } = values;
}
