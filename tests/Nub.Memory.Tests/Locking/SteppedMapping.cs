using System.Runtime.InteropServices;

namespace Nub.Memory.Tests.Locking;

/// <summary>Private pages whose changes as a whole stop where a test wants them to, and so does every copy into them.</summary>
internal sealed unsafe class SteppedMapping : HostMapping
{
    private readonly HostMapping _pages;

    public SteppedMapping() : this(CreateAnonymous(PageSize))
    {
    }

    private SteppedMapping(HostMapping pages) : base(pages.RawAddress, pages.RawSize, pages.Address, pages.Size, MappingBacking.Anonymous)
    {
        _pages = pages;
        Indirect = new Access(this);
    }

    /// <summary>Runs in the middle of <see cref="Zero"/>, <see cref="Restore"/>, a snapshot's copy and each copy into the memory, and before a span is noted, once it is set.</summary>
    public Action? Step { get; set; }

    public override bool HasSnapshot => true;

    public override IndirectAccess Indirect { get; }

    public override void Zero() => Step?.Invoke();

    public override void Restore() => Step?.Invoke();

    public override bool TryAddSpan()
    {
        Step?.Invoke();
        return base.TryAddSpan();
    }

    public override SafeHandle DuplicateHandle() => throw new NotSupportedException();

    public override void Freeze() => throw new NotSupportedException();

    public override HostMapping MapCopyOnWrite() => throw new NotSupportedException();

    protected override void Unprotect()
    {
    }

    protected override void CopyInto(HostMapping snapshot) => Step?.Invoke();

    protected override void Unmap() => _pages.Release();

    private sealed class Access(SteppedMapping mapping) : IndirectAccess
    {
        public override bool TryLoad(byte* place, byte* value, nuint size) => TryCopyOut(ref *value, place, size);

        public override bool TryStore(byte* place, byte* value, nuint size) => TryCopyIn(place, ref *value, size);

        public override bool TryCopyOut(ref byte destination, byte* shared, nuint length)
        {
            BulkCopy.CopyOut(ref destination, shared, length);
            return true;
        }

        public override bool TryCopyIn(byte* shared, ref byte source, nuint length)
        {
            mapping.Step?.Invoke();
            BulkCopy.CopyIn(shared, ref source, length);
            return true;
        }

        public override bool TryFill(byte* shared, nuint length, byte value) => throw new NotSupportedException();

        public override bool TryAtomic(AtomicOperation operation, byte* place, int size, ulong operand, ulong comparand, out ulong result) =>
            throw new NotSupportedException();
    }
}
