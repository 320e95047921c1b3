namespace Nub.Memory;

/// <summary>
/// On a <c>partial struct</c>: every bit pattern of its size is a legal value, its layout is the same on guest and host, and it
/// has no implicit padding. The generator proves all three and implements <see cref="IAllValid{TSelf}"/>, or reports an error
/// that names the field by its whole path and offset. On a type parameter: only such types may be put there.
/// </summary>
/// <remarks>
/// AllValid are the fixed-width integers of 8 to 128 bits, <see cref="Half"/>, <see cref="float"/>, <see cref="double"/> and
/// <see cref="char"/>; <see cref="System.Runtime.CompilerServices.InlineArrayAttribute"/> types and <c>fixed</c> buffers of
/// these; and <c>[AllValid]</c> structs. The idea is the "full-range unmanaged type" of dotnet/runtime issue 41418 and the
/// <c>IBitwiseConvertible</c> proposal of issue 127606.
/// </remarks>
[AttributeUsage(AttributeTargets.Struct | AttributeTargets.GenericParameter, Inherited = false)]
public sealed class AllValidAttribute : Attribute;
