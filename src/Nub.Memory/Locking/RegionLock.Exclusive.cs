using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <content>Exclusivity: claimed and confirmed, or with patience; and which users are in its way.</content>
internal abstract partial class RegionLock
{
    /// <summary>Takes the region exclusively; to be ended by one <see cref="LeaveExclusive"/>.</summary>
    /// <returns>The ticket for <see cref="EnterHeld"/>.</returns>
    /// <exception cref="SharedMemoryLockedException">An access, a lease or a guest is inside the memory.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public long EnterExclusive()
    {
        long word = Volatile.Read(ref _word);
        ThrowIfShut(word, isClaim: true);
        if ((word & (PhaseMask | LeaseMask)) != 0)
        {
            throw InUse(word);
        }

        long ticket = NextTicket(word);
        long claim = (word & TraitMask) | ticket | PhaseClaiming;
        if (Interlocked.CompareExchange(ref _word, claim, word) != word)
        {
            throw InUse(Volatile.Read(ref _word));
        }

        Interlocked.MemoryBarrierProcessWide();
        bool inside = AccessSlots.AnyInside(_id);
        long held = (word & TraitMask) | ticket | PhaseExclusive;
        if (!inside && Interlocked.CompareExchange(ref _word, held, claim) == claim)
        {
            return ticket | PhaseExclusive;
        }

        WithdrawClaim(claim);
        word = Volatile.Read(ref _word);
        ThrowIfShut(word, isClaim: true);
        throw InUse(word);
    }

    /// <summary>
    /// Takes the region exclusively, waiting for the accesses that are under way and refusing new ones meanwhile; to be ended by one
    /// <see cref="LeaveExclusive"/>.
    /// </summary>
    /// <param name="patience">How long to wait at most; infinite is -1 ms.</param>
    /// <returns>The ticket for <see cref="EnterHeld"/>.</returns>
    /// <exception cref="SharedMemoryLockedException">A lease is held, the region is held exclusively already, or an access was still under way in the end.</exception>
    /// <exception cref="ObjectDisposedException">The last owner was disposed.</exception>
    public long EnterExclusive(TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        long ticket;
        while (true)
        {
            long word = Volatile.Read(ref _word);
            ThrowIfShut(word, isClaim: true);
            if ((word & LeaseMask) != 0)
            {
                throw InUse(word);
            }

            // Over a claim that is not confirmed yet, too: it finds its word changed, and fails as it does when an access cancels it.
            ticket = NextTicket(word);
            if (Interlocked.CompareExchange(ref _word, (word & TraitMask) | ticket | PhaseExclusive, word) == word)
            {
                break;
            }
        }

        // No access or lease gets in from here on; the barrier shows which accesses were in before.
        bool alone = false;
        try
        {
            Interlocked.MemoryBarrierProcessWide();
            var spinner = new SpinWait();
            while (true)
            {
                alone = !AccessSlots.AnyInside(_id);
                if (alone || (patience != Timeout.InfiniteTimeSpan && Stopwatch.GetElapsedTime(start) >= patience))
                {
                    break;
                }

                // Sleeps after a while, and then Thread.Interrupt ends it.
                spinner.SpinOnce();
            }
        }
        finally
        {
            if (!alone)
            {
                LeaveExclusive();
            }
        }

        return alone ? ticket | PhaseExclusive
            : throw Locked($"The memory cannot be held exclusively: an access was still inside after {patience.TotalMilliseconds:0.###} ms.", isClaim: true);
    }

    /// <summary>Ends exclusivity; while a borrower changes the region, waits until that has ended.</summary>
    public void LeaveExclusive()
    {
        var spinner = new SpinWait();
        bool isInterrupted = false;
        long word = Volatile.Read(ref _word);
        while (true)
        {
            if ((word & PhaseMask) == PhaseChanging)
            {
                try
                {
                    spinner.SpinOnce();
                }
                catch (ThreadInterruptedException)
                {
                    // The next wait is to hear of it: this one's end must not be left out.
                    isInterrupted = true;
                }

                word = Volatile.Read(ref _word);
                continue;
            }

            long seen = Interlocked.CompareExchange(ref _word, word & ~PhaseMask, word);
            if (seen == word)
            {
                break;
            }

            word = seen;
        }

        if ((word & Closed) != 0)
        {
            TryRelease();
        }

        if (isInterrupted)
        {
            Thread.CurrentThread.Interrupt();
        }
    }

    /// <summary>
    /// Begins a change of the whole region by one of the borrowers to whom the holder of <paramref name="ticket"/> has lent it: until <see cref="EndChange"/> it is alone, also among them.
    /// </summary>
    /// <param name="ticket">What <see cref="EnterExclusive()"/> gave to the holder.</param>
    /// <param name="isElsewhere">Whether another thread than the holder's has used the region, which that thread set by a locked instruction before. Only then need accesses be looked for.</param>
    /// <param name="hasEnded">When it may not begin: whether the exclusivity has ended; otherwise another borrower is inside (<see cref="ThrowNotHeld"/>).</param>
    /// <returns>Whether it has begun.</returns>
    public bool TryBeginChange(long ticket, ref readonly bool isElsewhere, out bool hasEnded)
    {
        hasEnded = false;
        long word = Volatile.Read(ref _word);
        while (true)
        {
            if ((word & (PhaseMask | TicketMask)) != ticket)
            {
                hasEnded = HasEnded(word, ticket);
                return false;
            }

            long seen = Interlocked.CompareExchange(ref _word, word | PhaseChanging, word);
            if (seen == word)
            {
                break;
            }

            word = seen;
        }

        // A thread that sets this later looks at the word later still, and is refused. One that is here alone has no access under way.
        if (Volatile.Read(in isElsewhere))
        {
            Interlocked.MemoryBarrierProcessWide();
            if (AccessSlots.AnyInside(_id))
            {
                EndChange();
                return false;
            }
        }

        return true;
    }

    /// <summary>Ends a change; the region is held exclusively as before.</summary>
    public void EndChange() => Interlocked.And(ref _word, ~(PhaseChanging & ~PhaseExclusive));

    /// <summary>Says why a borrower may not touch the region.</summary>
    /// <param name="hasEnded">Whether the exclusivity that it was lent for has ended; otherwise another borrower is inside.</param>
    /// <exception cref="SharedMemoryLockedException">Another borrower is inside.</exception>
    /// <exception cref="ObjectDisposedException">The exclusivity has ended.</exception>
    [DoesNotReturn]
    public static void ThrowNotHeld(bool hasEnded) => throw (hasEnded
        ? new ObjectDisposedException(nameof(ExclusiveSharedMemory), "The exclusive memory was handed out for the duration of a callback, which has ended.")
        : Locked("Another thread that has the exclusive memory too is inside: Zero, Restore and TakeSnapshot are alone also among the threads of a callback.", isClaim: false));

    private static bool HasEnded(long word, long ticket) => (word & (PhaseMask | TicketMask)) != (ticket | PhaseChanging);

    private void WithdrawClaim(long claim)
    {
        // Closing may have been added to the word since; a cancelled claim, or one cancelled and followed by another's, is not ours.
        claim &= PhaseMask | TicketMask;
        long word = Volatile.Read(ref _word);
        while ((word & (PhaseMask | TicketMask)) == claim)
        {
            long seen = Interlocked.CompareExchange(ref _word, word & ~PhaseMask, word);
            if (seen == word)
            {
                if ((word & Closed) != 0)
                {
                    TryRelease();
                }

                return;
            }

            word = seen;
        }
    }

    private static long NextTicket(long word) => ((word & TicketMask) + OneTicket) & TicketMask;

    /// <summary>Who uses the region at this moment, for a debugger.</summary>
    public string DescribeUsers()
    {
        long word = Volatile.Read(ref _word);
        string users = $"{Volatile.Read(ref _owners)} owners, {(word & LeaseMask) / OneLease} leases";
        users += (word & PhaseMask) switch
        {
            PhaseExclusive => ", held exclusively",
            PhaseChanging => ", held exclusively, and changed",
            PhaseClaiming => ", claimed exclusively",
            _ => AccessSlots.AnyInside(_id) ? ", an access inside" : "",
        };
        return users + ((word & Released) != 0 ? ", released" : (word & Closed) != 0 ? ", closed" : "");
    }

    private static SharedMemoryLockedException InUse(long word) => Locked((word & LeaseMask) != 0
        ? $"The memory cannot be held exclusively: {DescribeLeases((word & LeaseMask) / OneLease)} held, by a running guest, a GuestLease or a HostLease. Stop the guest, or dispose it, first."
        : (word & PhaseExclusive) != 0 ? "The memory cannot be held exclusively: it is held so already."
        : "The memory cannot be held exclusively: an access was inside or came in.", isClaim: true);

    private static string DescribeLeases(long count) => count == 1 ? "1 lease is" : $"{count} leases are";
}
