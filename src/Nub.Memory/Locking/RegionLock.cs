using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// Who may touch a region, and when it may be released. Every kind of use excludes the others as the lifecycle says, no call
/// waits for another user (except the end of exclusivity, for a change by those it was lent to), and the common one, a single access, costs two plain stores and two plain loads.
/// </summary>
/// <remarks>
/// <para><b>The users.</b>
/// An <em>access</em> is one read, write or copy. A <em>lease</em> is long: a guest that runs, a <see cref="HostLease"/>.
/// The holder of <em>exclusivity</em> is alone. An <em>owner</em> is a handle that was not disposed; when the last one goes, the
/// region is <em>closed</em>: no new user gets in, and as soon as none is inside it is released, once.</para>
///
/// <para><b>The word.</b> One 64-bit word holds the phase, whether the region is closed or released, the number of leases, and
/// the ticket of the last claim. It changes by CompareExchange only, so leases, exclusivity and closing exclude each other
/// without further thought. Accesses do not write it; they are the reason for the rest of this page.</para>
///
/// <para><b>An access</b> (<see cref="Publish"/>, <see cref="MayRead"/>, <see cref="Leave(AccessSlot)"/>):
/// (1) store the region's id to a slot that is this thread's and idle (<see cref="AccessSlots"/>); (2) load the word; if it is claimed, exclusive
/// or closed, clear the slot and go the slow way; (3) touch the memory; (4) store to the slot what it held while idle; (5) load the word again; if it is
/// closed, try to release. Nothing of ours between 1 and 4 throws. Code of the user's may run there all the same, such as a
/// handler that the runtime calls while it compiles a method: its accesses find the slot in use and take another, so that
/// neither hides the other.</para>
///
/// <para><b>Two traits</b> stand in the word from the beginning to the end: the bytes of an <em>indirect</em> region are never touched on
/// the fast path, and those of a <em>read-only</em> one never written. The load of (2) finds them at no cost.</para>
///
/// <para><b>A thread that looks for accesses</b> first changes the word, then calls
/// <see cref="Interlocked.MemoryBarrierProcessWide"/>, then reads every slot. The barrier acts as a full fence on each thread,
/// somewhere between two of its instructions. Where it falls after (1), the store is visible and the access is found. Where
/// it falls before (2), the access sees the changed word. One of them is always so, because (1) comes before (2): an access
/// that was not found does not take place. That costs the rare side a microsecond and the accesses nothing.</para>
///
/// <para><b>Exclusivity is claimed, then confirmed.</b> A claim is visible in the word; the slots are read; the claim is
/// confirmed by CompareExchange, or withdrawn when an access is inside. An access or lease that meets a claim looks at the word
/// again a bounded number of times and then cancels the claim. So a claim that fails never makes an access fail, and a claimant that
/// the scheduler has put to sleep delays no other thread. The ticket keeps a cancelled claim from being confirmed in another's name.</para>
///
/// <para><b>Exclusivity with patience</b> is exclusive at once, so that accesses and leases are refused, and then looks at the slots until no access is
/// inside or the time is over. No access waits for it, and any number of them delay it by no more than the longest takes.</para>
///
/// <para><b>Lent.</b> The holder of exclusivity may lend the region to other threads, the borrowers. Their accesses (<see cref="EnterHeld"/>) are published as all are and compare the
/// word's phase and ticket with those they were lent. A <em>change</em> of the region as a whole (<see cref="TryBeginChange"/>) is a phase of its own: the word is changed, the barrier called and
/// the slots read, so that no access, no other change and no end of the exclusivity falls into it. The end (<see cref="LeaveExclusive"/>) waits for a change that is under way; not for accesses, which
/// the next claimant or the closer finds in their slots.</para>
///
/// <para><b>Release.</b> Closing sets the closed bit; then <see cref="TryRelease()"/>: the word has no lease and no
/// phase, barrier, no slot names the region, and one CompareExchange of that word to released wins. If a user was inside,
/// it releases when it leaves: by (5) for an access (its clear either was visible to the closer's look or its load of
/// the word comes after the closer's barrier), and by the value of its own CompareExchange for a lease or exclusivity. Of several that leave at once, the
/// last one's look finds no other.</para>
///
/// <para><b>An aborted thread</b> (ControlledExecution.Run) may leave its slot as in (1). The region is then never released and never exclusive again, which
/// is safe; its other users go on.</para>
///
/// <para>On x64 a volatile store followed by a volatile load of another address are two plain moves in program order. That the
/// compiler keeps that order is its habit, not the specification's promise; the machine-code tests assert it.
/// The protocol is checked as an exhaustive model with explicit store buffers in tests/models.</para>
/// </remarks>
internal abstract partial class RegionLock
{
    private const long PhaseMask = 0b11;
    private const long PhaseClaiming = 0b01;
    private const long PhaseExclusive = 0b10;

    // Exclusive, too, and one borrower is alone even among the borrowers.
    private const long PhaseChanging = 0b11;
    private const long Closed = 0b100;
    private const long Released = 0b1000;

    // What a region is for all its life: no access touches its bytes on the fast path; no access writes them.
    private const long Indirect = 0b1_0000;
    private const long ReadOnly = 0b10_0000;
    private const long TraitMask = Indirect | ReadOnly;

    private const long OneLease = 1L << 8;
    private const long LeaseMask = 0xFF_FFFFL << 8;
    private const long OneTicket = 1L << 32;
    private const long TicketMask = unchecked((long)0xFFFF_FFFF_0000_0000);

    // How often a claim in progress is looked at before it is cancelled: a few microseconds, several times what a claim takes.
    private const int Patience = 64;

    private static long s_lastId;

    // The sign bit of the id is set, so it is neither the number of a page nor 0, which a slot holds while it is idle.
    private readonly long _id = Interlocked.Increment(ref s_lastId) | long.MinValue;
    private long _word;
    private int _owners = 1;

    /// <summary>Creates the lock of a region that has one owner.</summary>
    /// <param name="isIndirect">Whether no access may touch the bytes on the fast path, ever.</param>
    /// <param name="isReadOnly">Whether no access may write, ever.</param>
    protected RegionLock(bool isIndirect, bool isReadOnly) => _word = (isIndirect ? Indirect : 0) | (isReadOnly ? ReadOnly : 0);

    /// <summary>What slots and leases name the region by: never 0, and never another's.</summary>
    public long Id => _id;

    /// <summary>Whether no access may touch the bytes on the fast path.</summary>
    public bool IsIndirect => (Volatile.Read(ref _word) & Indirect) != 0;

    /// <summary>Whether no access may write.</summary>
    public bool IsReadOnly => (Volatile.Read(ref _word) & ReadOnly) != 0;

    /// <summary>Whether exclusivity is neither held nor claimed, and the last owner is not gone.</summary>
    public bool IsOpen
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Volatile.Read(ref _word) & (PhaseMask | Closed)) == 0;
    }

    /// <summary>Whether an access that was published may read on the fast path; otherwise <see cref="Wait"/> says more.</summary>
    public bool MayRead
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Volatile.Read(ref _word) & (PhaseMask | Closed | Indirect)) == 0;
    }

    /// <summary>Whether an access that was published may write on the fast path; otherwise <see cref="Wait"/> says more.</summary>
    public bool MayWrite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Volatile.Read(ref _word) & (PhaseMask | Closed | Indirect | ReadOnly)) == 0;
    }

    /// <summary>Gives the region back. Called exactly once, after the last owner is gone, when no user is inside.</summary>
    protected abstract void Release();

    /// <summary>
    /// Publishes an access, which has begun only when <see cref="MayRead"/>, <see cref="MayWrite"/> or <see cref="Wait"/> has been asked. Nothing may
    /// throw until <see cref="Leave(AccessSlot)"/>.
    /// </summary>
    /// <returns>The slot to leave by.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AccessSlot Publish()
    {
        AccessSlot slot = AccessSlots.Current;
        Volatile.Write(ref slot.Word, _id);
        return slot;
    }

    /// <summary>Begins an access that need not be the fastest.</summary>
    /// <returns>The slot to leave by.</returns>
    /// <exception cref="SharedMemoryLockedException">The region is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AccessSlot Enter()
    {
        AccessSlot slot = Publish();
        if ((Volatile.Read(ref _word) & (PhaseMask | Closed)) != 0)
        {
            Wait(slot);
        }

        return slot;
    }

    /// <summary>Begins an access on behalf of the holder of exclusivity with <paramref name="ticket"/>.</summary>
    /// <returns>The slot to leave by.</returns>
    /// <exception cref="SharedMemoryLockedException">Another borrower changes the region.</exception>
    /// <exception cref="ObjectDisposedException">That exclusivity has ended.</exception>
    public AccessSlot EnterHeld(long ticket)
    {
        AccessSlot slot = Publish();
        long word = Volatile.Read(ref _word);
        if ((word & (PhaseMask | TicketMask)) != ticket)
        {
            Leave(slot);
            ThrowNotHeld(HasEnded(word, ticket));
        }

        return slot;
    }

    /// <summary>Ends an access.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave(AccessSlot slot)
    {
        Volatile.Write(ref slot.Word, slot.Idle);
        if ((Volatile.Read(ref _word) & Closed) != 0)
        {
            TryRelease();
        }

        // The id in a slot does not root the region: without this the finalizer could release it before the slot is cleared.
        GC.KeepAlive(this);
    }

    /// <summary>Ends an access that has read a value, and hands the value through: so it is not kept across the rare call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Leave<T>(AccessSlot slot, T value)
    {
        Volatile.Write(ref slot.Word, slot.Idle);
        if ((Volatile.Read(ref _word) & Closed) != 0)
        {
            value = TryRelease(value);
        }

        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Begins a lease; each is to be ended by one <see cref="LeaveLease"/>, from any thread.</summary>
    /// <exception cref="SharedMemoryLockedException">The region is held exclusively.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public void EnterLease()
    {
        int patience = Patience;
        while (true)
        {
            long word = Volatile.Read(ref _word);
            ThrowIfShut(word);
            if ((word & LeaseMask) == LeaseMask)
            {
                throw new SharedMemoryLockedException($"The memory has {LeaseMask / OneLease} leases already, the most it can count.");
            }

            if ((word & PhaseMask) == PhaseClaiming && patience-- > 0)
            {
                Thread.SpinWait(8);
                continue;
            }

            // Takes the lease, and cancels a claim that was given its time.
            if (Interlocked.CompareExchange(ref _word, (word & ~PhaseMask) + OneLease, word) == word)
            {
                return;
            }
        }
    }

    /// <summary>Ends a lease.</summary>
    public void LeaveLease()
    {
        long word = Interlocked.Add(ref _word, -OneLease);
        if ((word & Closed) != 0)
        {
            TryRelease();
        }
    }

    /// <summary>Adds an owner, unless the last one is gone.</summary>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public void AddOwner()
    {
        int owners = Volatile.Read(ref _owners);
        while (true)
        {
            ObjectDisposedException.ThrowIf(owners == 0, typeof(SharedMemory));
            int seen = Interlocked.CompareExchange(ref _owners, owners + 1, owners);
            if (seen == owners)
            {
                return;
            }

            owners = seen;
        }
    }

    /// <summary>Removes an owner; the last one closes the region, which is released now or when the last user leaves.</summary>
    public void RemoveOwner()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            Interlocked.Or(ref _word, Closed);
            TryRelease();
        }
    }

    /// <summary>Releases a closed region unless a user is inside, which then releases it on leaving.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void TryRelease()
    {
        // The word before the slots: while exclusivity is held, threads that were lent the memory still get in
        // (EnterHeld), so a look at the slots proves nothing until the word has shown that this is over.
        long word = Volatile.Read(ref _word);
        if ((word & (PhaseMask | LeaseMask | Released)) != 0)
        {
            return;
        }

        Interlocked.MemoryBarrierProcessWide();
        if (AccessSlots.AnyInside(_id))
        {
            return;
        }

        // A closed word without phase and leases changes only once more, at the release.
        if (Interlocked.CompareExchange(ref _word, word | Released, word) == word)
        {
            Release();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T TryRelease<T>(T value)
    {
        TryRelease();
        return value;
    }

    /// <summary>
    /// Begins an access that was published but found the region claimed, exclusive or closed; of an indirect or read-only region it
    /// only says that nothing else is in the way.
    /// </summary>
    /// <exception cref="SharedMemoryLockedException">The region is held exclusively; the access has been left.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed; the access has been left.</exception>
    public void Wait(AccessSlot slot)
    {
        if (!TryWait(slot))
        {
            ThrowClosed();
        }
    }

    /// <summary>The same for a caller that may come when the last owner is gone.</summary>
    /// <returns>Whether the access has begun; otherwise the last owner was disposed, and the access has been left.</returns>
    /// <exception cref="SharedMemoryLockedException">The region is held exclusively; the access has been left.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public bool TryWait(AccessSlot slot)
    {
        for (int patience = Patience; (Volatile.Read(ref _word) & (PhaseMask | Closed)) != 0; patience--)
        {
            // No other thread may find this one inside while it waits. Leaving looks at the word as every clear must: the thread that
            // closed the region may have found the slot and left the release to us.
            Leave(slot);
            long word = Volatile.Read(ref _word);
            if ((word & Closed) != 0)
            {
                return false;
            }

            ThrowIfShut(word);
            if ((word & PhaseMask) == PhaseClaiming)
            {
                if (patience > 0)
                {
                    Thread.SpinWait(8);
                }
                else if (patience < -Patience)
                {
                    throw Locked("One claim of exclusivity after another kept this access out.", isClaim: false);
                }
                else
                {
                    Interlocked.CompareExchange(ref _word, word & ~PhaseMask, word);
                }
            }

            Volatile.Write(ref slot.Word, _id);
        }

        return true;
    }

    private static void ThrowIfShut(long word, bool isClaim = false)
    {
        if ((word & Closed) != 0)
        {
            ThrowClosed();
        }

        if ((word & PhaseExclusive) != 0)
        {
            throw Locked("The memory is held exclusively: by another thread, or by the callback of WithExclusivity that this is called from.", isClaim);
        }
    }

    /// <exception cref="ObjectDisposedException">Always.</exception>
    [DoesNotReturn]
    protected static void ThrowClosed() => throw new ObjectDisposedException(nameof(SharedMemory), "The last owner of the memory was disposed.");

    private static SharedMemoryLockedException Locked(string reason, bool isClaim)
    {
        if (isClaim)
        {
            MemoryCounts.LoseClaim();
        }
        else
        {
            MemoryCounts.LockOut();
        }

        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.LockRefused(reason);
        }

        return new SharedMemoryLockedException(reason);
    }
}
