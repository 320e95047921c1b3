using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// Memory that nobody else has yet: zeroed pages to be set up before a guest runs, or all of a memory for the duration of
/// <see cref="SharedMemory.WithExclusivity(Action{ExclusiveSharedMemory})"/>.
/// </summary>
/// <remarks>
/// A span from <see cref="AsSpan"/> is the one thing that no lock covers: <see cref="Build"/>, <see cref="SharedMemory.Dispose()"/>
/// and the end of the callback end its life (NUB0012).
/// </remarks>
[GenerateReader(typeof(byte)), GenerateReader(typeof(sbyte)), GenerateReader(typeof(ushort)), GenerateReader(typeof(short))]
[GenerateReader(typeof(uint)), GenerateReader(typeof(int)), GenerateReader(typeof(ulong)), GenerateReader(typeof(long))]
[GenerateReader(typeof(nuint)), GenerateReader(typeof(nint))]
[GenerateWriter(typeof(byte)), GenerateWriter(typeof(sbyte)), GenerateWriter(typeof(ushort)), GenerateWriter(typeof(short))]
[GenerateWriter(typeof(uint)), GenerateWriter(typeof(int)), GenerateWriter(typeof(ulong)), GenerateWriter(typeof(long))]
[GenerateWriter(typeof(nuint)), GenerateWriter(typeof(nint))]
public sealed unsafe partial class ExclusiveSharedMemory : SharedMemory
{
    // What EnterExclusive gave to whoever lent this memory to a callback; 0 for memory that is its owner's alone.
    private readonly long _ticket;

    /// <summary>Maps zeroed pages with an inaccessible guard page on each side.</summary>
    /// <param name="size">The usable size in bytes: a multiple of the page size (4,096 on x64), at least one page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, no multiple of the page size, or larger than the address space.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    public ExclusiveSharedMemory(ulong size) : this(Map(size), ticket: 0)
    {
    }

    internal ExclusiveSharedMemory(LockedMapping mapping, long ticket) : base(mapping) => _ticket = ticket;

    private bool IsLent => _ticket != 0;

    /// <summary>The bytes themselves, to be set up at full speed.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <returns>A span that is dead after <see cref="Build"/>, <see cref="SharedMemory.Dispose()"/>, or the end of the callback.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody else holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built, disposed, or its callback has ended.</exception>
    public Span<byte> AsSpan(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)length);
        if (!IsLent)
        {
            mapping.SpanEscaped = true;
        }

        mapping.Leave(Enter(mapping));

        // Until here, so that a finalizer which runs now has seen that a span escaped.
        GC.KeepAlive(this);

        // Sound: in bounds and mapped. It stays so until Build or Dispose, which end the span's life by contract; a finalizer
        // does not unmap once a span was handed out.
        return new Span<byte>(mapping.Base + offset, length);
    }

    /// <summary>Copies into the memory.</summary>
    /// <param name="offset">The first byte to write.</param>
    /// <param name="source">What to copy.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody else holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built, disposed, or its callback has ended.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)source.Length);
        long* slot = Enter(mapping);
        BulkCopy.CopyIn(mapping.Base + offset, ref MemoryMarshal.GetReference(source), (nuint)source.Length);
        mapping.Leave(slot);
        GC.KeepAlive(this);
    }

    /// <summary>Copies out of the memory.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">Where to copy to; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">Somebody else holds the memory exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built, disposed, or its callback has ended.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)destination.Length);
        long* slot = Enter(mapping);
        BulkCopy.CopyOut(ref MemoryMarshal.GetReference(destination), mapping.Base + offset, (nuint)destination.Length);
        mapping.Leave(slot);
        GC.KeepAlive(this);
    }

    /// <summary>
    /// Turns the memory into the pair that a virtual machine is made of, and consumes this: any later use throws
    /// <see cref="ObjectDisposedException"/>, and every span of it is dead.
    /// </summary>
    /// <returns>The host's side and the guest's side of the same mapping.</returns>
    /// <exception cref="InvalidOperationException">The memory was lent to a callback and is not the callback's to build.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built or disposed already.</exception>
    public (HostSharedMemory Host, GuestSharedMemory Guest) Build()
    {
        ThrowIfLent("built");
        LockedMapping mapping = Consume() ?? throw Ended();
        mapping.SpanEscaped = false;
        mapping.AddOwner();
        return (new HostSharedMemory(mapping), new GuestSharedMemory(mapping));
    }

    private protected override ObjectDisposedException Ended() => new(
        nameof(ExclusiveSharedMemory), "The exclusive memory has ended: it was disposed, its callback has returned, or Build was called, which hands the memory over to what it returns.");

    /// <summary>The callback has ended: whoever kept the memory gets <see cref="ObjectDisposedException"/>.</summary>
    internal void End() => _ = Consume();

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The memory was lent to a callback and is not the callback's to dispose.</exception>
    protected override void Dispose(bool disposing)
    {
        if (!disposing && IsLent)
        {
            return;
        }

        ThrowIfLent("disposed");
        base.Dispose(disposing);
    }

    private protected override void Exclusively(Action<HostMapping> change)
    {
        if (!IsLent)
        {
            base.Exclusively(change);
            return;
        }

        // Whoever lent the memory holds it exclusively already.
        LockedMapping mapping = Live;
        long* slot = mapping.EnterHeld(_ticket);
        try
        {
            change(mapping.Mapping);
        }
        finally
        {
            mapping.Leave(slot);
        }
    }

    private long* Enter(LockedMapping mapping) => IsLent ? mapping.EnterHeld(_ticket) : mapping.Enter();

    private static LockedMapping Map(ulong size)
    {
        HostMapping.CheckSize(size, nameof(size));
        return new LockedMapping(HostMapping.CreateAnonymous(size));
    }

    private void ThrowIfLent(string what)
    {
        if (IsLent)
        {
            throw new InvalidOperationException($"An exclusive memory that was lent to a callback cannot be {what} by it.");
        }
    }
}
