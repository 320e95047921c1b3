using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>A callback over the contents of a memory that is held exclusively for its duration.</summary>
/// <typeparam name="TResult">What the callback returns.</typeparam>
/// <param name="contents">The bytes. Dead when the callback returns.</param>
/// <returns>The callback's result.</returns>
public delegate TResult SharedMemoryContents<out TResult>(ReadOnlySpan<byte> contents);

/// <summary>
/// The base of the kinds of shared memory: an owner of a mapping with an inaccessible guard page on each side. Any number of
/// owners may share a mapping; it is released once, when the last was disposed and no access, lease or exclusive callback is inside.
/// </summary>
/// <remarks>
/// Every member may be called from any thread at any time. After <see cref="Dispose()"/> each throws
/// <see cref="ObjectDisposedException"/>; nothing ever touches unmapped memory.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
[DebuggerTypeProxy(typeof(SharedMemoryDebugView))]
public abstract partial class SharedMemory : IDisposable
{
    private LockedMapping? _mapping;

    // A handle is made before the share that it is to own is taken: so a share is never taken that nothing would give back.
    private protected SharedMemory()
    {
    }

    /// <summary>Releases this owner's share if it was not disposed.</summary>
    ~SharedMemory() => Dispose(disposing: false);

    /// <summary>The usable size in bytes, without the guard pages: a multiple of the page size, except for memory that another process made.</summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ulong Size => Live.Size;

    /// <summary>
    /// The address of the first usable byte in this process. Dereferencing it bypasses every check (NUB0013). Valid while an owner or a lease lives: hold a
    /// <see cref="HostLease"/> across native calls.
    /// </summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public nint BaseAddress => Live.Mapping.Address;

    /// <summary>The address of the first guard page in this process.</summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public nint RawAddress => Live.Mapping.RawAddress;

    /// <summary>The size in bytes with both guard pages.</summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ulong RawSize => Live.Mapping.RawSize;

    /// <summary>
    /// The most bytes of physical memory that <see cref="Zero"/> and <see cref="Restore()"/> leave with the memory: 64 MiB unless it is set, 0 to have all go
    /// back to the kernel. A page that stays is overwritten where it stands; one that is given back costs a page fault, some microseconds, at its next
    /// touch. The limit is rounded down to a multiple of the page size, and is the same for all owners. On Windows nothing can be given back, and the limit is not looked at.
    /// </summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public ulong ResidentLimit
    {
        get => Live.Mapping.ResidentLimit;
        set => Live.Mapping.ResidentLimit = value;
    }

    /// <summary>The mapping, for a debugger; <see langword="null"/> of an owner that has ended.</summary>
    internal LockedMapping? MappingOrNull => _mapping;

    /// <summary>The mapping, of an owner that is alive.</summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    internal LockedMapping Live
    {
        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
        get
        {
            LockedMapping? mapping = _mapping;
            if (mapping is null)
            {
                ThrowDisposed();
            }

            return mapping;
        }
    }

    /// <summary>Whether two memories are one mapping, so that a byte written through one is seen through the other.</summary>
    /// <param name="other">The other memory.</param>
    /// <returns>Whether they share one mapping.</returns>
    /// <exception cref="ObjectDisposedException">This owner or the other was disposed.</exception>
    public bool IsSameMemory(SharedMemory other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(Live, other.Live);
    }

    /// <summary>
    /// Runs a callback that is alone with the memory: no access, no running guest and no other exclusive user is inside.
    /// Other owners may exist; what they try in the meantime throws <see cref="SharedMemoryLockedException"/>.
    /// </summary>
    /// <param name="action">
    /// The callback. The memory that it gets can be neither built nor disposed, and is dead when it returns.
    /// </param>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory. The call does not wait; it may be tried again.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory is read-only.</exception>
    public void WithExclusivity(Action<ExclusiveSharedMemory> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _ = Lend(ToFunction(action), patience: null);
    }

    /// <inheritdoc cref="WithExclusivity(Action{ExclusiveSharedMemory})"/>
    /// <typeparam name="TResult">What the callback returns.</typeparam>
    /// <param name="callback">
    /// The callback. The memory that it gets can be neither built nor disposed, and is dead when it returns.
    /// </param>
    /// <returns>What the callback returned.</returns>
    public TResult WithExclusivity<TResult>(Func<ExclusiveSharedMemory, TResult> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return Lend(callback, patience: null);
    }

    /// <summary>
    /// Runs a callback that is alone with the memory, also where accesses come without a pause: for at most
    /// <paramref name="patience"/> it waits for those that are under way, and refuses new ones with <see cref="SharedMemoryLockedException"/>.
    /// </summary>
    /// <param name="action">
    /// The callback. The memory that it gets can be neither built nor disposed, and is dead when it returns.
    /// </param>
    /// <param name="patience">How long to wait for accesses at most; <see cref="Timeout.InfiniteTimeSpan"/> for as long as they take. Leases are not waited for.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    /// <exception cref="SharedMemoryLockedException">
    /// A lease is held, by a running guest for example; the memory is held exclusively already; or an access was still under way when the time was over.
    /// </exception>
    /// <exception cref="ThreadInterruptedException">The thread was interrupted while it waited.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory is read-only.</exception>
    public void WithExclusivity(Action<ExclusiveSharedMemory> action, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(action);
        _ = Lend(ToFunction(action), Checked(patience));
    }

    /// <inheritdoc cref="WithExclusivity(Action{ExclusiveSharedMemory}, TimeSpan)"/>
    /// <typeparam name="TResult">What the callback returns.</typeparam>
    /// <param name="callback">
    /// The callback. The memory that it gets can be neither built nor disposed, and is dead when it returns.
    /// </param>
    /// <param name="patience">How long to wait for accesses at most; <see cref="Timeout.InfiniteTimeSpan"/> for as long as they take. Leases are not waited for.</param>
    /// <returns>What the callback returned.</returns>
    public TResult WithExclusivity<TResult>(Func<ExclusiveSharedMemory, TResult> callback, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return Lend(callback, Checked(patience));
    }

    /// <summary>Runs a callback over the whole contents, holding the memory exclusively.</summary>
    /// <typeparam name="TResult">What the callback returns.</typeparam>
    /// <param name="callback">The callback. The span is dead when it returns.</param>
    /// <returns>What the callback returned.</returns>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="SharedMemoryBoundsException">The memory is larger than a span: use the form with an offset and a length.</exception>
    /// <exception cref="NotSupportedException">Another process may write the memory: it was opened, or <see cref="DuplicateHandle"/> was called.</exception>
    /// <exception cref="InvalidOperationException">The memory is a view of a snapshot of which a writable mapping was handed out: a guest may be writing the bytes.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public TResult WithContents<TResult>(SharedMemoryContents<TResult> callback)
    {
        ulong size = Size;
        if (size > int.MaxValue)
        {
            throw new SharedMemoryBoundsException(0, size, int.MaxValue);
        }

        return WithContents(0, (int)size, callback);
    }

    /// <summary>Runs a callback over a window of the contents, holding the memory exclusively.</summary>
    /// <typeparam name="TResult">What the callback returns.</typeparam>
    /// <param name="offset">The first byte of the window.</param>
    /// <param name="length">The length of the window in bytes.</param>
    /// <param name="callback">The callback. The span is dead when it returns.</param>
    /// <returns>What the callback returned.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="SharedMemoryBoundsException">The window leaves the memory.</exception>
    /// <exception cref="NotSupportedException">Another process may write the memory: it was opened, or <see cref="DuplicateHandle"/> was called.</exception>
    /// <exception cref="InvalidOperationException">The memory is a view of a snapshot of which a writable mapping was handed out: a guest may be writing the bytes.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public virtual TResult WithContents<TResult>(ulong offset, int length, SharedMemoryContents<TResult> callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        LockedMapping mapping = Live;
        mapping.CheckBounds(offset, (ulong)length);
        return WithExclusivity(exclusive => callback(exclusive.Contents(offset, length)));
    }

    /// <summary>
    /// Makes every byte zero, holding the memory exclusively, in the way that suits its backing: private anonymous pages that
    /// are in use are overwritten, up to <see cref="ResidentLimit"/>, and all others are given back to the kernel; a file in memory (a memfd, tmpfs) gets a hole,
    /// unless it is sealed against writing. What cannot be given back, another file, a copy-on-write view and every mapping on Windows, is
    /// overwritten.
    /// </summary>
    /// <exception cref="SharedMemoryFaultException">Some of the bytes are gone. Others may have been made zero.</exception>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    /// <exception cref="NotSupportedException">The memory is read-only.</exception>
    public void Zero() => Exclusively(mapping => mapping.Zero());

    /// <summary>
    /// Gives another handle on what lies behind the memory, to be passed to another process, such as by <see cref="SocketHandles"/>.
    /// From then on that process may be inside at any time: <see cref="WithContents{TResult}(SharedMemoryContents{TResult})"/> and spans are
    /// refused.
    /// </summary>
    /// <returns>
    /// A <c>SafeFileHandle</c> on Linux, a <c>SafeMemoryMappedFileHandle</c> on Windows, the caller's to dispose.
    /// <c>MemoryMappedFile.CreateFromFile</c> takes the former. What it shows begins where the file does, also where a part was opened.
    /// </returns>
    /// <exception cref="InvalidOperationException">The memory is exclusive: <see cref="ExclusiveSharedMemory.Build"/> it first.</exception>
    /// <exception cref="NotSupportedException">
    /// Nothing lies behind it that another process could map: it is private or a copy-on-write view. Memory to be passed on is made by
    /// <see cref="ExclusiveSharedMemory.CreateShareable"/>.
    /// </exception>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused.</exception>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    public virtual SafeHandle DuplicateHandle()
    {
        SafeHandle handle = Live.DuplicateHandle();
        GC.KeepAlive(this);
        return handle;
    }

    /// <summary>
    /// Gives up this owner's share. The mapping is released when the last owner is gone and no access, lease or exclusive callback is inside;
    /// this neither waits nor throws.
    /// </summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives up this owner's share.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> calls it; otherwise the finalizer does.</param>
    protected virtual void Dispose(bool disposing)
    {
        LockedMapping? mapping = Consume();
        if (mapping is null)
        {
            return;
        }

        if (!disposing && mapping.SpanEscaped)
        {
            // A span of the memory may still be in use, and no finalizer can know. A leak is safe; unmapping is not.
            mapping.Leak();
            return;
        }

        mapping.RemoveOwner();
    }

    /// <summary>Runs a change of the mapping's contents while holding it exclusively.</summary>
    private protected virtual void Exclusively(Action<HostMapping> change)
    {
        RefuseExclusivity();
        LockedMapping mapping = Live;
        mapping.ThrowIfReadOnly();
        _ = mapping.EnterExclusive();
        GC.KeepAlive(this);
        try
        {
            change(mapping.Mapping);
        }
        finally
        {
            mapping.LeaveExclusive();
        }
    }

    /// <summary>The kind of memory and its size; takes no lock and never throws.</summary>
    /// <returns>For a log or a debugger.</returns>
    public override string ToString() => _mapping is { } mapping ? $"{GetType().Name}, {mapping.Size} bytes" : $"{GetType().Name}, ended";

    /// <summary>Throws where the memory can never be taken exclusively, of an owner that is alive.</summary>
    private protected virtual void RefuseExclusivity()
    {
    }

    /// <summary>Gives a handle the share of a mapping that it owns from then on. The share was taken already.</summary>
    internal void Own(LockedMapping mapping) => Volatile.Write(ref _mapping, mapping);

    /// <summary>Lets a handle have a share of a mapping beside this one.</summary>
    /// <exception cref="ObjectDisposedException">This owner was disposed.</exception>
    private protected void ShareWith(SharedMemory other)
    {
        LockedMapping mapping = Live;
        mapping.AddOwner();
        other.Own(mapping);
        GC.KeepAlive(this);
    }

    /// <summary>Ends this handle and returns the share of the mapping that it owned, if it still did.</summary>
    private protected LockedMapping? Consume()
    {
#pragma warning disable CA1816 // Not only Dispose ends a handle: Build and the end of a callback do too.
        GC.SuppressFinalize(this);
#pragma warning restore CA1816
        return Interlocked.Exchange(ref _mapping, null);
    }

    private static Func<ExclusiveSharedMemory, object?> ToFunction(Action<ExclusiveSharedMemory> action) => exclusive =>
    {
        action(exclusive);
        return null;
    };

    private static TimeSpan Checked(TimeSpan patience) => patience >= TimeSpan.Zero || patience == Timeout.InfiniteTimeSpan ? patience
        : throw new ArgumentOutOfRangeException(nameof(patience), patience, "A time to wait is not negative, but for Timeout.InfiniteTimeSpan.");

    private TResult Lend<TResult>(Func<ExclusiveSharedMemory, TResult> callback, TimeSpan? patience)
    {
        RefuseExclusivity();
        LockedMapping mapping = Live;

        // Before the memory is taken: what fails in between would leave it taken.
        FaultPoint.Reach();
        var exclusive = new ExclusiveSharedMemory(isLent: true);
        long ticket = patience is { } time ? mapping.EnterExclusive(time) : mapping.EnterExclusive();
        try
        {
            // Until here, as in every other call that enters: a finalizer must not close the memory under the last call on it.
            GC.KeepAlive(this);
            exclusive.Begin(mapping, ticket);
            return callback(exclusive);
        }
        finally
        {
            exclusive.End();
            mapping.LeaveExclusive();
        }
    }

    [DoesNotReturn]
    private void ThrowDisposed() => throw Ended();

    /// <summary>What is thrown when this owner is used after its end.</summary>
    private protected virtual ObjectDisposedException Ended() => new(GetType().Name);
}
