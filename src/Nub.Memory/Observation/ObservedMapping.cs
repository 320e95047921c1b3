using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>Private pages whose every touch is observed. Of any size, so that a parser's bounds can be tested to the byte.</summary>
/// <remarks>It claims that others can write it, so that no span is given: reads through a span would not be observed.</remarks>
internal sealed unsafe class ObservedMapping : HostMapping
{
    private readonly HostMapping _pages;
    private readonly ObservedAccess _access;

    private ObservedMapping(HostMapping pages, ulong size)
        : base(pages.RawAddress, pages.RawSize, pages.Address, size, MappingBacking.Anonymous)
    {
        _pages = pages;
        _access = new ObservedAccess((byte*)pages.Address, size);
        OthersCanWrite = true;
    }

    public override IndirectAccess? Indirect => _access;

    public override HostRegionBase? HostBase => _pages.HostBase;

    /// <summary>Maps zeroed pages.</summary>
    /// <param name="size">The usable size in bytes, from 1 to that of an array.</param>
    /// <param name="access">How they are touched.</param>
    /// <returns>Their owner.</returns>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    public static HostSharedMemory Create(ulong size, out ObservedAccess access)
    {
        ObservedMapping? mapping = null;
        HostSharedMemory memory = HostSharedMemory.Over(() => mapping = new ObservedMapping(CreateAnonymous((size + PageSize - 1) / PageSize * PageSize), size));
        access = mapping!._access;
        return memory;
    }

    public override void Zero() => _pages.Zero();

    public override SafeHandle DuplicateHandle() => _pages.DuplicateHandle();

    public override void Freeze() => throw new NotSupportedException("Observed memory is no snapshot.");

    protected override void Unprotect() => throw new NotSupportedException("Observed memory is no snapshot.");

    public override HostMapping MapCopyOnWrite() => throw new NotSupportedException("Observed memory is no snapshot.");

    public override void Restore() => throw new NotSupportedException("Observed memory is no snapshot.");

    protected override void Unmap() => _pages.Release();
}
