using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory;

/// <summary>
/// Memory that the host does not write: a snapshot that any number of virtual machines share, or each get their own
/// copy-on-write view of.
/// </summary>
public sealed unsafe class ReadOnlySharedMemory : SharedMemory
{
    private readonly ulong _guestMappedSize;

    private ReadOnlySharedMemory(ulong guestMappedSize) => _guestMappedSize = guestMappedSize;

    /// <summary>How many bytes, from the first, a guest is to see: a multiple of the page size.</summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ulong GuestMappedSize
    {
        get
        {
            _ = Live;
            return _guestMappedSize;
        }
    }

    /// <summary>Makes a snapshot of bytes. A ragged last page is filled up with zeroes.</summary>
    /// <param name="contents">The bytes, at least one.</param>
    /// <returns>The snapshot, a private copy.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are no bytes.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    public static ReadOnlySharedMemory FromBytes(ReadOnlySpan<byte> contents)
    {
        ArgumentOutOfRangeException.ThrowIfZero(contents.Length, nameof(contents));
        ulong page = HostMapping.PageSize;
        HostMapping mapping = HostMapping.CreateSnapshot(((ulong)contents.Length + page - 1) / page * page);

        // Sound: the mapping is new and not shared yet, and at least as long as the contents.
        BulkCopy.CopyIn((byte*)mapping.Address, ref MemoryMarshal.GetReference(contents), (nuint)contents.Length);
        return Frozen(mapping, mapping.Size);
    }

    /// <summary>Makes a snapshot of a file's contents, which are copied: what happens to the file afterwards does not matter.</summary>
    /// <param name="path">The file. Its length is a multiple of the page size.</param>
    /// <param name="guestMappedSize">How many bytes, from the first, a guest is to see: a multiple of the page size, at least one page.</param>
    /// <returns>The snapshot.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The file is empty or its length is not a multiple of the page size; or <paramref name="guestMappedSize"/> is 0, no multiple
    /// of the page size, or beyond the file.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    public static ReadOnlySharedMemory FromFile(string path, ulong guestMappedSize)
    {
        using SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        ulong size = CheckFile(path, file, guestMappedSize);
        HostMapping mapping = HostMapping.CreateSnapshot(size);
        try
        {
            for (ulong done = 0; done < size;)
            {
                // Sound: the mapping is new and not shared yet, and the span stays within it.
                var rest = new Span<byte>((byte*)mapping.Address + done, (int)Math.Min(size - done, 1 << 30));
                int read = RandomAccess.Read(file, rest, (long)done);
                done += read != 0 ? (ulong)read
                    : throw new EndOfStreamException($"{path} ended after {done} of {size} bytes, while it was read.");
            }
        }
        catch
        {
            mapping.Release();
            throw;
        }

        return Frozen(mapping, guestMappedSize);
    }

    /// <summary>
    /// Maps a file without copying it, and so sees what others write to it: there are no spans of it. An access to what they cut off is
    /// a <see cref="SharedMemoryFaultException"/>; where no access survives that (Linux on arm64), it ends this process (SIGBUS). Windows refuses to shorten a file while it is mapped.
    /// </summary>
    /// <inheritdoc cref="FromFile(string, ulong)"/>
    /// <returns>The memory.</returns>
    /// <exception cref="SharedMemoryBoundsException">The file became shorter while it was mapped.</exception>
    public static ReadOnlySharedMemory MapFile(string path, ulong guestMappedSize)
    {
        // Opened once: what is mapped is the file whose length was asked.
        using SafeFileHandle file = HostMapping.OpenPath(path, SharedMemoryAccess.Read);
        ulong size = CheckFile(path, file, guestMappedSize);
        return Over(() => HostMapping.Open(file, 0, size, SharedMemoryAccess.Read, allowUnsealed: true), guestMappedSize);
    }

    /// <summary>Makes another owner of the same memory.</summary>
    /// <returns>The other owner, to be disposed on its own.</returns>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ReadOnlySharedMemory Clone()
    {
        FaultPoint.Reach();
        var clone = new ReadOnlySharedMemory(_guestMappedSize);
        ShareWith(clone);
        return clone;
    }

    /// <summary>The bytes themselves.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">The length in bytes.</param>
    /// <returns>A span that is dead after the last owner's <see cref="SharedMemory.Dispose()"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="InvalidOperationException">A writable mapping was handed out: a guest may be writing the bytes. Use <see cref="CopyTo"/>.</exception>
    /// <exception cref="NotSupportedException">The memory is a mapped file, or was handed to another process. Use <see cref="CopyTo"/>.</exception>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    /// <exception cref="SharedMemoryLockedException">A writable mapping is being made of the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ReadOnlySpan<byte> AsSpan(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)length);
        mapping.ThrowIfNoSpan();
        AccessSlot slot = mapping.Enter();
        try
        {
            // Inside, so that a claim of writing has either ended or begins afterwards.
            mapping.ClaimSpan();
        }
        finally
        {
            mapping.Leave(slot);
        }

        // Until here, so that a finalizer which runs now has seen that a span escaped.
        GC.KeepAlive(this);

        // Sound: in bounds and mapped. It stays so until the last owner's Dispose, which ends the span's life by contract; a
        // finalizer does not unmap once a span was handed out.
        return new ReadOnlySpan<byte>(mapping.Base + offset, length);
    }

    /// <summary>Copies out of the memory. Every shared byte is read exactly once.</summary>
    /// <param name="offset">The first byte to read.</param>
    /// <param name="destination">Where to copy to; all of it is written.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. The destination is as it was.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. What comes before them may have been copied.</exception>
    /// <exception cref="SharedMemoryLockedException">A writable mapping is being made of the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public void CopyTo(ulong offset, Span<byte> destination)
    {
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)destination.Length);
        AccessSlot slot = mapping.Enter();
        AccessFailure failure = mapping.CopyOutHeld(ref MemoryMarshal.GetReference(destination), offset, (nuint)destination.Length);
        mapping.Leave(slot);
        GC.KeepAlive(this);
        mapping.ThrowIf(failure, offset, (ulong)destination.Length);
    }

    /// <summary>Copies the memory into a new one that is exclusive and writable.</summary>
    /// <returns>The copy, of the same size.</returns>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone.</exception>
    /// <exception cref="SharedMemoryLockedException">A writable mapping is being made of the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ExclusiveSharedMemory CopyToWritable()
    {
        LockedMapping mapping = Live;
        FaultPoint.Reach();
        var copy = new ExclusiveSharedMemory(mapping.Size);
        AccessFailure failure;
        try
        {
            // The copy is not shared yet, so nothing shuts it.
            AccessSlot slot = mapping.Enter();
            failure = mapping.CopyOutHeld(ref *copy.Live.Base, 0, (nuint)mapping.Size);
            mapping.Leave(slot);
            GC.KeepAlive(this);
            mapping.ThrowIf(failure, 0, mapping.Size);
        }
        catch
        {
            copy.Dispose();
            throw;
        }

        return copy;
    }

    /// <summary>
    /// Maps a private copy-on-write view: it costs no copy, a write to it shows in no other view, and its
    /// <see cref="SharedMemory.Restore()"/> brings the snapshot back in time proportional to the pages that were written.
    /// </summary>
    /// <remarks>
    /// Pages that the view has not written show the snapshot as it is now. It changes only where a writable mapping of it was
    /// handed out (<see cref="MappingAt(ulong, MemoryRegionType, MemoryRegionFlags)"/>), when there are no spans of the view either, or a mapped file was written. A page that was written may stay the
    /// view's own after <see cref="SharedMemory.Restore()"/>, with the snapshot's bytes of that time; on Windows each does. The view keeps the snapshot mapped.
    /// </remarks>
    /// <returns>The view, of the same size.</returns>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    /// <exception cref="SharedMemoryLockedException">A writable mapping is being made of the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ExclusiveSharedMemory MapCopyOnWrite()
    {
        LockedMapping mapping = Live;

        // A lease, so that the file behind the snapshot stays open for the length of a system call.
        mapping.EnterLease();
        GC.KeepAlive(this);
        try
        {
            return ExclusiveSharedMemory.Over(mapping.Mapping.MapCopyOnWrite);
        }
        finally
        {
            mapping.LeaveLease();
        }
    }

    /// <summary>
    /// Begins a lease, to be held while a guest runs on the memory, and disposed from any thread. The mapping stays meanwhile, and no
    /// writable one can be made of it.
    /// </summary>
    /// <returns>The lease.</returns>
    /// <exception cref="SharedMemoryLockedException">A writable mapping is being made of the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public GuestLease EnterGuest()
    {
        GuestLease lease = new(Live);
        GC.KeepAlive(this);
        return lease;
    }

    /// <summary>Describes what a guest is to see as a region to be mapped into a virtual machine: readable and executable.</summary>
    /// <param name="guestAddress">The guest physical address of the first byte.</param>
    /// <param name="type">What the region is for: <see cref="MemoryRegionType.Snapshot"/>.</param>
    /// <returns>The region, <see cref="GuestMappedSize"/> bytes long.</returns>
    /// <exception cref="ArgumentException">Another type, or a region that would end beyond 2^64.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public MemoryRegion MappingAt(ulong guestAddress, MemoryRegionType type) =>
        MappingAt(guestAddress, type, MemoryRegionFlags.Read | MemoryRegionFlags.Execute);

    /// <inheritdoc cref="MappingAt(ulong, MemoryRegionType)"/>
    /// <summary>Describes what a guest is to see as a region to be mapped into a virtual machine.</summary>
    /// <param name="guestAddress">The guest physical address of the first byte.</param>
    /// <param name="type">What the region is for: <see cref="MemoryRegionType.Snapshot"/>.</param>
    /// <param name="flags">
    /// What the guest may do. With <see cref="MemoryRegionFlags.Write"/> its writes go through to every sharer of the snapshot,
    /// and <see cref="AsSpan"/> is refused from then on, also that of its views.
    /// </param>
    /// <exception cref="InvalidOperationException">The mapping is to be writable, but a span of the memory, or of a view that shows its pages, was handed out.</exception>
    /// <exception cref="SharedMemoryLockedException">The mapping is to be writable, but an access or a lease is inside.</exception>
    /// <exception cref="SharedMemoryMapException">The mapping is to be writable, but the memory is a mapped file.</exception>
    public MemoryRegion MappingAt(ulong guestAddress, MemoryRegionType type, MemoryRegionFlags flags)
    {
        if (type != MemoryRegionType.Snapshot)
        {
            throw new ArgumentException($"Read-only memory is mapped as Snapshot, not as {type}.", nameof(type));
        }

        LockedMapping mapping = Live;
        MemoryRegion region = mapping.RegionAt(guestAddress, _guestMappedSize, type, flags);
        if (flags.HasFlag(MemoryRegionFlags.Write))
        {
            // Alone, so that no callback is looking at a span of the bytes while they become writable.
            _ = mapping.EnterExclusive();
            GC.KeepAlive(this);
            try
            {
                mapping.Mapping.MakeWritable();
            }
            finally
            {
                mapping.LeaveExclusive();
            }
        }

        return region;
    }

    /// <summary>Runs a callback over a window of the contents. Any number may run at once: none of them writes.</summary>
    /// <inheritdoc/>
    /// <exception cref="SharedMemoryLockedException">A writable mapping is being made of the memory.</exception>
    /// <exception cref="InvalidOperationException">A writable mapping was handed out: a guest may be writing the bytes. Use <see cref="CopyTo"/>.</exception>
    public override TResult WithContents<TResult>(ulong offset, int length, SharedMemoryContents<TResult> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)length);
        mapping.ThrowIfNoSpan();
        mapping.EnterLease();
        GC.KeepAlive(this);
        try
        {
            mapping.ThrowIfWrittenThrough();

            // Sound: in bounds, and mapped for as long as the lease is held.
            return callback(new ReadOnlySpan<byte>(mapping.Base + offset, length));
        }
        finally
        {
            mapping.LeaveLease();
        }
    }

    private protected override void RefuseExclusivity()
    {
        // A disposed owner says so first, from every member.
        _ = Live;
        throw new NotSupportedException("Read-only memory cannot be taken exclusively, zeroed or restored.");
    }

    /// <summary>Makes a handle on nothing yet, for a snapshot that is about to be taken.</summary>
    internal static ReadOnlySharedMemory ForSnapshot(ulong size)
    {
        FaultPoint.Reach();
        return new ReadOnlySharedMemory(size);
    }

    /// <summary>Makes a handle the owner of a mapping that is read-only already.</summary>
    internal static ReadOnlySharedMemory Over(Func<HostMapping> map, ulong guestMappedSize)
    {
        // The handle first: a mapping that was made has an owner.
        FaultPoint.Reach();
        var memory = new ReadOnlySharedMemory(guestMappedSize);
        memory.Own(LockedMapping.Over(map()));
        return memory;
    }

    /// <summary>Ends the writing of a new snapshot and makes a handle its owner. Takes over the mapping, whether it succeeds or not.</summary>
    internal static ReadOnlySharedMemory Frozen(HostMapping mapping, ulong guestMappedSize)
    {
        bool owned = false;
        try
        {
            mapping.Freeze();
            FaultPoint.Reach();
            var memory = new ReadOnlySharedMemory(guestMappedSize);

            // Whether it succeeds or not, it takes over the mapping.
            owned = true;
            memory.Own(LockedMapping.Over(mapping));
            return memory;
        }
        finally
        {
            if (!owned)
            {
                mapping.Release();
            }
        }
    }

    private static ulong CheckFile(string path, SafeFileHandle file, ulong guestMappedSize)
    {
        ulong size = (ulong)RandomAccess.GetLength(file);
        if (size == 0 || size % HostMapping.PageSize != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(path), size,
                $"{path} has {size} bytes; it must have at least a page, and a multiple of the page size of {HostMapping.PageSize} bytes.");
        }

        HostMapping.CheckSize(guestMappedSize, nameof(guestMappedSize));
        return guestMappedSize <= size ? size : throw new ArgumentOutOfRangeException(nameof(guestMappedSize), guestMappedSize,
            $"The guest is to see {guestMappedSize} bytes of {path}, which has {size}.");
    }
}
