namespace Nub.Memory;

/// <summary>
/// Says that a method reads shared bytes: what it gives is the guest's (NUB0011), and two calls of it for the same bytes are two reads
/// (NUB0010). The memory is the object that it is called on, or the first argument of a static method.
/// </summary>
/// <remarks>A line of <c>Nub.Taint.txt</c> says the same: <c>SharedRead Some.Type.Method offset length</c>.</remarks>
/// <param name="offsetParameter">The name of the parameter that says where the first byte is, in bytes.</param>
/// <param name="lengthParameter">
/// The name of the parameter that says how many bytes are read; <see langword="null"/> when it is the size of what the method returns.
/// </param>
[AttributeUsage(AttributeTargets.Method, Inherited = false)]
public sealed class SharedReadAttribute(string offsetParameter, string? lengthParameter = null) : Attribute
{
    /// <summary>The name of the parameter that says where the first byte is, in bytes.</summary>
    public string OffsetParameter { get; } = offsetParameter;

    /// <summary>The name of the parameter that says how many bytes are read; <see langword="null"/> when it is the size of what the method returns.</summary>
    public string? LengthParameter { get; } = lengthParameter;
}
