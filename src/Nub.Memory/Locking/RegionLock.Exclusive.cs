using System.Diagnostics;

namespace Nub.Memory;

/// <content>Exclusivity: claimed and confirmed, or with patience; and who is in its way.</content>
internal abstract partial class RegionLock
{
    /// <summary>Takes the region exclusively; to be ended by one <see cref="LeaveExclusive"/>.</summary>
    /// <returns>The ticket for <see cref="EnterHeld"/>.</returns>
    /// <exception cref="SharedMemoryLockedException">Somebody is inside.</exception>
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
    /// <exception cref="SharedMemoryLockedException">A lease is held, somebody else is exclusive, or an access was still under way in the end.</exception>
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

        // Nobody new gets in from here on; the barrier shows who was in before.
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

    /// <summary>Ends exclusivity.</summary>
    public void LeaveExclusive()
    {
        long word = Interlocked.And(ref _word, ~PhaseMask);
        if ((word & Closed) != 0)
        {
            TryRelease();
        }
    }

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
            PhaseClaiming => ", claimed exclusively",
            _ => AccessSlots.AnyInside(_id) ? ", an access inside" : "",
        };
        return users + ((word & Released) != 0 ? ", released" : (word & Closed) != 0 ? ", closed" : "");
    }

    private static SharedMemoryLockedException InUse(long word) => Locked((word & LeaseMask) != 0
        ? $"The memory cannot be held exclusively: {DescribeLeases((word & LeaseMask) / OneLease)} held, by a running guest, a GuestLease or a HostLease. Stop the guest, or dispose it, first."
        : (word & PhaseMask) == PhaseExclusive ? "The memory cannot be held exclusively: somebody else holds it so."
        : "The memory cannot be held exclusively: an access was inside or came in.", isClaim: true);

    private static string DescribeLeases(long count) => count == 1 ? "1 lease is" : $"{count} leases are";
}
