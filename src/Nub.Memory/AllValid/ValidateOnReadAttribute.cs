namespace Nub.Memory;

/// <summary>
/// On a <c>partial struct</c> some of whose bit patterns are illegal (it holds a <see cref="bool"/>, an enum, or another such
/// struct): the generator emits the check of its bytes, and <see cref="HostSharedMemory.TryReadValidated{T}"/> reads it. A
/// <c>static bool Validate(in TSelf)</c> that the struct declares is called too, on the private copy. On a type parameter: only
/// such types may be put there.
/// </summary>
[AttributeUsage(AttributeTargets.Struct | AttributeTargets.GenericParameter, Inherited = false)]
public sealed class ValidateOnReadAttribute : Attribute;
