namespace Nub.Memory;

/// <summary>
/// Generates <c>T ReadT(ulong offset)</c> on a partial class or struct: bounds-checked, little-endian, over the type's own bytes.
/// </summary>
/// <remarks>
/// The type gives its bytes by one of these instance members, the first that it has being used:
/// <c>void CopyTo(ulong offset, Span&lt;byte&gt; destination)</c>;
/// <c>AsSpan(ulong offset, int length)</c> that returns a span or read-only span of bytes;
/// <c>AsSpan()</c> without parameters, whose bounds the generated method checks
/// (<see cref="SharedMemoryBoundsException"/>).
/// </remarks>
/// <param name="type">The type to read: an AllValid one.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, AllowMultiple = true, Inherited = false)]
public sealed class GenerateReaderAttribute(Type type) : Attribute
{
    /// <summary>The type to read.</summary>
    public Type Type { get; } = type;

    /// <summary>The method's name; <c>Read</c> and the type's name, such as <c>ReadUInt32</c>, when not set.</summary>
    public string? Name { get; set; }
}
