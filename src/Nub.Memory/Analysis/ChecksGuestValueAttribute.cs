namespace Nub.Memory;

/// <summary>
/// Says that a method has found a parameter's value to be at most <see cref="Max"/> when it returns, or when it returns <see cref="When"/>:
/// NUB0011 then takes the value for one within that limit, and for nothing more than that.
/// </summary>
/// <remarks>A line of <c>Nub.Taint.txt</c> says the same: <c>ChecksGuestValue Some.Type.Method parameter max [true|false]</c>.</remarks>
[AttributeUsage(AttributeTargets.Parameter, Inherited = false)]
public sealed class ChecksGuestValueAttribute : Attribute
{
    /// <summary>The limit: an integer, or the name of another parameter, or of something of the host's that the method compares with.</summary>
    public object? Max { get; set; }

    /// <summary>What the method returns when the value is within the limit; where the method returns no <see cref="bool"/>, it has no meaning.</summary>
    public bool When { get; set; } = true;
}
