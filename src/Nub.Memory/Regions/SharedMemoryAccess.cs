namespace Nub.Memory;

/// <summary>What may be done with memory that another process made.</summary>
public enum SharedMemoryAccess
{
    /// <summary>It is read. To write it is a <see cref="NotSupportedException"/>.</summary>
    Read = 0,

    /// <summary>It is read and written.</summary>
    ReadWrite = 1,
}
