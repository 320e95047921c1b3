namespace Nub.Memory;

/// <summary>
/// Generates <c>void WriteT(ulong offset, T value)</c> on a partial class or struct: bounds-checked, little-endian, over the
/// type's own bytes.
/// </summary>
/// <remarks>
/// The type gives its bytes by one of these instance members, the first that it has being used:
/// <c>void CopyFrom(ulong offset, ReadOnlySpan&lt;byte&gt; source)</c>;
/// <c>AsSpan(ulong offset, int length)</c> that returns a span of bytes;
/// <c>AsSpan()</c> without parameters, whose bounds the generated method checks
/// (<see cref="SharedMemoryBoundsException"/>).
/// </remarks>
/// <param name="type">The type to write: an AllValid one.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, AllowMultiple = true, Inherited = false)]
public sealed class GenerateWriterAttribute(Type type) : Attribute
{
    /// <summary>The type to write.</summary>
    public Type Type { get; } = type;

    /// <summary>The method's name; <c>Write</c> and the type's name, such as <c>WriteUInt32</c>, when not set.</summary>
    public string? Name { get; set; }
}
