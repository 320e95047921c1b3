namespace Nub.Memory;

/// <summary>
/// Says that a member reads the same shared bytes more than once on purpose, and expects the values to differ: it waits for a
/// guest, or shows memory as it is at each moment. Rule NUB0010 then has nothing to say about it.
/// </summary>
/// <remarks>
/// Put it on a member that does nothing else. Where one value is checked and another one used, it hides exactly what the rule is
/// there to find.
/// </remarks>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Constructor | AttributeTargets.Property, Inherited = false)]
public sealed class RereadAttribute : Attribute
{
    /// <summary>Why the values may differ, for readers of the code.</summary>
    public string? Justification { get; set; }
}
