namespace Nub.Memory;

/// <summary>
/// Where a region's bytes lie in a file-mapping object of Windows: what a hypervisor needs to map them into another process, as
/// the Windows Hypervisor Platform's surrogate processes do.
/// </summary>
/// <param name="Handle">
/// The handle of the file-mapping object, for <c>MapViewOfFile2</c> or <c>DuplicateHandle</c>. It is the memory's: valid until
/// the memory is released, and not to be closed.
/// </param>
/// <param name="HandleBase">The address in this process at which the object's first byte is mapped.</param>
/// <param name="HandleSize">The size of the object in bytes, guard pages included.</param>
/// <param name="Offset">How many bytes of the object lie before the region's first.</param>
public readonly record struct HostRegionBase(nint Handle, nint HandleBase, ulong HandleSize, ulong Offset)
{
    /// <summary>The address of the region's first byte in this process.</summary>
    public nint Address => HandleBase + (nint)Offset;
}
