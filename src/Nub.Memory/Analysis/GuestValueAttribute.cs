namespace Nub.Memory;

/// <summary>
/// Says that what a member gives or holds is the guest's choice: rule NUB0011 asks for a limit before it decides about memory or time, as it
/// does for what is read from shared memory.
/// </summary>
/// <remarks>
/// On a method or a property it applies to the result; on a field to its contents; on a parameter to the argument, or, where the
/// parameter is <see langword="out"/>, to the value that the method gives back. For code that cannot carry attributes, a line of an
/// additional file <c>Nub.Taint.txt</c> says the same: <c>GuestValue Some.Type.Member</c>.
/// </remarks>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter, Inherited = false)]
public sealed class GuestValueAttribute : Attribute;
