namespace Nub.Memory;

/// <summary>
/// On a field of an enum, or an inline array of one: shared memory has the integer behind the enum, of which every bit pattern is legal. So the field may stand in an
/// <see cref="AllValidAttribute"/> struct, and is not judged when a <see cref="ValidateOnReadAttribute"/> struct is read.
/// </summary>
/// <remarks>
/// In the view the field is that integer. <c>TryGet…</c> of the view, which reads once, and of the struct give the enum where the integer is a defined value, or of a
/// <see cref="FlagsAttribute"/> enum is made of defined bits. In a value of the struct the field itself holds whatever the memory held.
/// </remarks>
[AttributeUsage(AttributeTargets.Field, Inherited = false)]
public sealed class WireEnumAttribute : Attribute;
