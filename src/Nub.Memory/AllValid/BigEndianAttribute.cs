namespace Nub.Memory;

/// <summary>
/// The field, or every field of the struct, is stored most significant byte first in the shared memory. Everything else is
/// little-endian. In private memory a value is always in the host's order: each way to read or write shared memory converts.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Struct, Inherited = false)]
public sealed class BigEndianAttribute : Attribute;
