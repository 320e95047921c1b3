using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// Memory with no other user yet: zeroed pages to be set up before a guest runs, or all of a memory for the duration of
/// <see cref="SharedMemory.WithExclusivity(Action{ExclusiveSharedMemory})"/>.
/// </summary>
/// <remarks>
/// A span from <see cref="AsSpan"/> is the one thing that no lock covers: <see cref="Build"/>, <see cref="SharedMemory.Dispose()"/>
/// and the end of the callback end its life (NUB0012). A callback may give the memory to other threads: of these, one that calls <see cref="SharedMemory.Zero"/>,
/// <see cref="SharedMemory.Restore()"/> or <see cref="SharedMemory.TakeSnapshot"/> is alone, or is refused, and what others try meanwhile throws
/// <see cref="SharedMemoryLockedException"/>; the end of the callback waits for it.
/// </remarks>
[GenerateReader(typeof(byte)), GenerateReader(typeof(sbyte)), GenerateReader(typeof(ushort)), GenerateReader(typeof(short))]
[GenerateReader(typeof(uint)), GenerateReader(typeof(int)), GenerateReader(typeof(ulong)), GenerateReader(typeof(long))]
[GenerateReader(typeof(nuint)), GenerateReader(typeof(nint))]
[GenerateWriter(typeof(byte)), GenerateWriter(typeof(sbyte)), GenerateWriter(typeof(ushort)), GenerateWriter(typeof(short))]
[GenerateWriter(typeof(uint)), GenerateWriter(typeof(int)), GenerateWriter(typeof(ulong)), GenerateWriter(typeof(long))]
[GenerateWriter(typeof(nuint)), GenerateWriter(typeof(nint))]
public sealed unsafe partial class ExclusiveSharedMemory : SharedMemory
{
    private readonly bool _isLent;

    // The ticket of the exclusivity under which this memory is lent to a callback; the thread that the callback runs in; and whether another has used the memory.
    private long _ticket;
    private int _thread;
    private bool _isElsewhere;

    /// <summary>Maps zeroed pages with an inaccessible guard page on each side.</summary>
    /// <param name="size">The usable size in bytes: a multiple of the page size (4,096 on x64), at least one page.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, no multiple of the page size, or larger than the address space.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    public ExclusiveSharedMemory(ulong size)
    {
        HostMapping.CheckSize(size, nameof(size));
        Own(LockedMapping.Over(HostMapping.CreateAnonymous(size)));
    }

    /// <summary>
    /// Maps zeroed pages that can be handed to another process by <see cref="SharedMemory.DuplicateHandle"/>, once the memory was built: on
    /// Linux a file in memory that is sealed against shrinking, growing and further seals (memfd_create(2)), on Windows a section.
    /// </summary>
    /// <param name="size">The usable size in bytes: a multiple of the page size (4,096 on x64), at least one page.</param>
    /// <param name="readOnlyForPeers">
    /// Whether no other process is ever to write it, whatever it does with its handle: on Linux (from 5.1 on) it is sealed against future writes
    /// (F_SEAL_FUTURE_WRITE), on Windows the handles are for reading.
    /// </param>
    /// <returns>The memory, with an inaccessible guard page on each side.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0, no multiple of the page size, or larger than the address space.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the memory, its mapping, or a seal.</exception>
    public static ExclusiveSharedMemory CreateShareable(ulong size, bool readOnlyForPeers = false)
    {
        HostMapping.CheckSize(size, nameof(size));
        return Over(() => HostMapping.CreateShareable(size, readOnlyForPeers));
    }

    /// <summary>Creates a handle on nothing yet: <see cref="Begin"/> or <see cref="SharedMemory.Own"/> gives it a mapping.</summary>
    internal ExclusiveSharedMemory(bool isLent) => _isLent = isLent;

    /// <summary>The bytes themselves, to be set up at full speed.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <returns>A span that is dead after <see cref="Build"/>, <see cref="SharedMemory.Dispose()"/>, or the end of the callback.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="NotSupportedException">Another process may write the memory, or take it away.</exception>
    /// <exception cref="InvalidOperationException">The memory is a view of a snapshot of which a writable mapping was handed out: a guest may be writing the bytes. Use <see cref="CopyTo"/>.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively, or another thread changes it as a whole.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built, disposed, or its callback has ended.</exception>
    public Span<byte> AsSpan(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)length);
        mapping.ThrowIfReadOnly();
        ClaimSpan(mapping);

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
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively, or another thread changes it as a whole.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built, disposed, or its callback has ended.</exception>
    public void CopyFrom(ulong offset, ReadOnlySpan<byte> source)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)source.Length);
        mapping.ThrowIfReadOnly();
        AccessSlot slot = Enter(mapping);

        // Sound: in bounds, and mapped until the access is left. A source that is a span of this memory overlaps what is written: it is
        // moved, which touches bytes twice, but only bytes that such a span shows its owner alone.
        var target = new Span<byte>(mapping.Base + offset, source.Length);
        AccessFailure failure = AccessFailure.None;
        if (source.Overlaps(target))
        {
            source.CopyTo(target);
        }
        else
        {
            failure = mapping.CopyInHeld(offset, ref MemoryMarshal.GetReference(source), (nuint)source.Length);
        }

        mapping.Leave(slot);
        GC.KeepAlive(this);
        mapping.ThrowIf(failure, offset, (ulong)source.Length);
    }

    /// <summary>Copies out of the memory.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">Where to copy to; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively, or another thread changes it as a whole.</exception>
    /// <exception cref="ObjectDisposedException">The memory was built, disposed, or its callback has ended.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)destination.Length);
        AccessSlot slot = Enter(mapping);

        // Sound: as in CopyFrom.
        var source = new ReadOnlySpan<byte>(mapping.Base + offset, destination.Length);
        AccessFailure failure = AccessFailure.None;
        if (source.Overlaps(destination))
        {
            source.CopyTo(destination);
        }
        else
        {
            failure = mapping.CopyOutHeld(ref MemoryMarshal.GetReference(destination), offset, (nuint)destination.Length);
        }

        mapping.Leave(slot);
        GC.KeepAlive(this);
        mapping.ThrowIf(failure, offset, (ulong)destination.Length);
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
        if (_isLent)
        {
            throw new InvalidOperationException("An exclusive memory that was lent to a callback cannot be built by it.");
        }

        // Both handles before this one is consumed: should there be no memory for them, it goes on.
        FaultPoint.Reach();
        var host = new HostSharedMemory();
        FaultPoint.Reach();
        var guest = new GuestSharedMemory();
        LockedMapping mapping = Consume() ?? throw Ended();
        EndSpans(mapping);
        mapping.AddOwner();
        host.Own(mapping);
        guest.Own(mapping);
        return (host, guest);
    }

    /// <inheritdoc/>
    public override SafeHandle DuplicateHandle()
    {
        _ = Live;
        throw new InvalidOperationException("An exclusive memory has no handle to give away: call Build before another process gets one.");
    }

    private protected override ObjectDisposedException Ended() => new(
        nameof(ExclusiveSharedMemory), "The exclusive memory has ended: it was disposed, its callback has returned, or Build was called, which hands the memory over to what it returns.");

    /// <summary>Makes a handle the owner of a new mapping.</summary>
    internal static ExclusiveSharedMemory Over(Func<HostMapping> map)
    {
        // The handle first: a mapping that was made has an owner.
        FaultPoint.Reach();
        var exclusive = new ExclusiveSharedMemory(isLent: false);
        exclusive.Own(LockedMapping.Over(map()));
        return exclusive;
    }

    /// <summary>The bytes themselves for a callback that only reads them, of memory that was lent.</summary>
    internal ReadOnlySpan<byte> Contents(ulong offset, int length)
    {
        LockedMapping mapping = Live;
        ClaimSpan(mapping);

        // Sound: the caller has judged the range, and the memory is lent for as long as the callback runs.
        return new ReadOnlySpan<byte>(mapping.Base + offset, length);
    }

    /// <summary>Begins to lend a memory that is held exclusively to a callback.</summary>
    internal void Begin(LockedMapping mapping, long ticket)
    {
        _ticket = ticket;
        _thread = Environment.CurrentManagedThreadId;
        Own(mapping);
    }

    /// <summary>The callback has ended: code that kept the memory gets <see cref="ObjectDisposedException"/>.</summary>
    internal void End()
    {
        if (Consume() is { } mapping)
        {
            EndSpans(mapping);
        }
    }

    /// <summary>Releases the memory. To dispose memory that was lent to a callback does nothing: it ends when the callback returns.</summary>
    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!_isLent)
        {
            base.Dispose(disposing);
        }
    }

    private protected override void Exclusively(Action<HostMapping> change)
    {
        if (!_isLent)
        {
            base.Exclusively(change);
            return;
        }

        // The lender of the memory holds it exclusively already; but the callback may have given it to other threads.
        LockedMapping mapping = Live;
        mapping.ThrowIfReadOnly();
        NoteThread();
        bool isChanging = false;
        bool hasEnded = false;
        try
        {
            try
            {
            }
            finally
            {
                // In a finally block the runtime aborts nothing: what has begun is ended, or the lender of the memory would wait for it.
                isChanging = mapping.TryBeginChange(_ticket, in _isElsewhere, out hasEnded);
            }

            if (!isChanging)
            {
                RegionLock.ThrowNotHeld(hasEnded);
            }

            change(mapping.Mapping);
        }
        finally
        {
            if (isChanging)
            {
                mapping.EndChange();
            }
        }
    }

    /// <summary>Notes that a span is handed out.</summary>
    private void ClaimSpan(LockedMapping mapping)
    {
        AccessSlot slot = Enter(mapping);
        try
        {
            // Inside: before it, another process may have got the memory, and a change of the memory may make it a view of what a guest writes.
            mapping.ThrowIfNoSpan();
            if (_isLent)
            {
                mapping.ClaimLentSpan();
            }
            else
            {
                mapping.ClaimSpan();
            }

            // Build and the end of a callback do not wait for this access. They consume the handle and then end its spans, by locked instructions as a span is noted by one: either they find
            // the one that was just noted, or this finds the handle consumed. It ends no span of a later exclusivity, which does not begin while this access is inside.
            if (MappingOrNull is null)
            {
                EndSpans(mapping);
                throw Ended();
            }
        }
        finally
        {
            mapping.Leave(slot);
        }
    }

    /// <summary>Notes that this memory's spans are dead.</summary>
    private void EndSpans(LockedMapping mapping)
    {
        if (_isLent)
        {
            mapping.EndLentSpan();
        }
        else
        {
            mapping.EndSpan();
        }
    }

    private AccessSlot Enter(LockedMapping mapping)
    {
        if (!_isLent)
        {
            return mapping.Enter();
        }

        NoteThread();
        return mapping.EnterHeld(_ticket);
    }

    /// <summary>Notes a thread that the callback has given the memory, before it uses it.</summary>
    private void NoteThread()
    {
        if (Environment.CurrentManagedThreadId != _thread && !Volatile.Read(ref _isElsewhere))
        {
            // By a locked instruction: RegionLock.TryBeginChange says why.
            Interlocked.Exchange(ref _isElsewhere, true);
        }
    }
}
