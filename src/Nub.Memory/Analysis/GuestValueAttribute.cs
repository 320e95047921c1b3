namespace Nub.Memory;

/// <summary>
/// Says that what a member gives or holds is the guest's choice: rule NUB0011 asks for a limit before it decides about memory or time, as it
/// does for what is read from shared memory.
/// </summary>
/// <remarks>
/// On a method or a property it is said of what that gives; on a field of what it holds; on a parameter of what the method is given, or, where the
/// parameter is <see langword="out"/>, of what it gives. The same for code that cannot carry attributes is said by a line of an
/// additional file <c>Nub.Taint.txt</c>: <c>GuestValue Some.Type.Member</c>.
/// </remarks>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property | AttributeTargets.Field | AttributeTargets.Parameter, Inherited = false)]
public sealed class GuestValueAttribute : Attribute;
