namespace Nub.Memory;

// Snapshots of a memory, and the ways back to one.
public abstract partial class SharedMemory
{
    /// <summary>
    /// Brings back the snapshot that a copy-on-write view was made of, or that <see cref="TakeSnapshot"/> took last, holding the memory exclusively, in time proportional to the
    /// pages that were written; on Windows, to the pages that were ever written.
    /// </summary>
    /// <remarks>
    /// On Linux what was written is copied back where it stands, up to <see cref="ResidentLimit"/>, and what is beyond is given back to the kernel. A page that was
    /// written lately stays the view's own copy. All of a view is given back where the snapshot may be written (a mapped file, or
    /// <see cref="ReadOnlySharedMemory.MappingAt(ulong, MemoryRegionType, MemoryRegionFlags)"/> with <see cref="MemoryRegionFlags.Write"/>), so that the view
    /// shows it as it is. Memory that was opened or made to be shared is compared with its snapshot, all of it.
    /// </remarks>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. Others may have been brought back.</exception>
    /// <exception cref="SharedMemoryMapException">The system gave nothing back, and the snapshot is a mapped file, of which nothing is copied. Some of the bytes may have been brought back.</exception>
    /// <exception cref="InvalidOperationException">There is no snapshot: the memory is not a view from <see cref="ReadOnlySharedMemory.MapCopyOnWrite"/>, and none was taken.</exception>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory is read-only.</exception>
    public void Restore()
    {
        HostMapping restored = Live.Mapping;
        if (!restored.HasSnapshot && this is not ReadOnlySharedMemory)
        {
            throw new InvalidOperationException("There is no snapshot to restore: the memory is not a copy-on-write view, and none was taken of it.");
        }

        Exclusively(static mapping => mapping.Restore());
        restored.TraceRestored();
    }

    /// <summary>
    /// Makes the bytes those of a snapshot, holding the memory exclusively; <see cref="Restore()"/> brings it back from then on. Private memory becomes a copy-on-write view of
    /// it, as <see cref="TakeSnapshot"/> says.
    /// </summary>
    /// <param name="snapshot">The snapshot, of the same size. It may be disposed afterwards.</param>
    /// <exception cref="ArgumentException">The snapshot has another size.</exception>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. Others may have been brought back.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused. Some of the bytes may have been brought back.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed, or the snapshot.</exception>
    /// <exception cref="NotSupportedException">The memory is read-only.</exception>
    public void Restore(ReadOnlySharedMemory snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        RefuseExclusivity();
        LockedMapping source = snapshot.Live;
        ulong size = Size;
        if (source.Size != size)
        {
            throw new ArgumentException($"The snapshot has {source.Size} bytes, and the memory {size}.", nameof(snapshot));
        }

        // A lease, so that the snapshot stays until the memory has a share of it.
        source.EnterLease();
        GC.KeepAlive(snapshot);
        try
        {
            Exclusively(mapping => mapping.RestoreTo(source.Mapping));
        }
        finally
        {
            source.LeaveLease();
        }
    }

    /// <summary>
    /// Copies the contents into a snapshot, holding the memory exclusively. <see cref="Restore()"/> brings it back from then on, and any number of others may have views of
    /// it (<see cref="ReadOnlySharedMemory.MapCopyOnWrite"/>).
    /// </summary>
    /// <remarks>
    /// On Linux private memory becomes a copy-on-write view of the snapshot, at the same address: what is not written is there once, and a restore takes time in
    /// proportion to what is. What was asked of the system for the old pages (mlock, madvise, huge pages) is to be asked anew, and a device that the kernel has
    /// pinned them for goes on with the old ones. Memory that was opened or made to be shared, and all memory on Windows, is compared with the snapshot to be
    /// restored. The copy takes time in proportion to the pages that are in use.
    /// </remarks>
    /// <returns>The snapshot, to be disposed; the memory keeps what it needs of it.</returns>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. The memory is as it was.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused. The memory is as it was.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory is read-only, or its size is not a multiple of the page size.</exception>
    public ReadOnlySharedMemory TakeSnapshot()
    {
        RefuseExclusivity();
        ulong size = Size;
        if (size % HostMapping.PageSize != 0)
        {
            throw new NotSupportedException($"A memory of {size} bytes has no snapshot: it is no multiple of the page size of {HostMapping.PageSize} bytes.");
        }

        // The handle first: a snapshot that was taken has an owner.
        var snapshot = ReadOnlySharedMemory.ForSnapshot(size);
        HostMapping? taken = null;
        Exclusively(mapping => taken = mapping.TakeSnapshot());

        // When the memory is free again: a listener's code runs in here.
        snapshot.Own(LockedMapping.Over(taken!));
        return snapshot;
    }
}
