/*
 * The locking protocol of src/Nub.Memory/Locking/RegionLock.cs, to be searched exhaustively by spin.
 *
 * Memory is that of x64 (total store order): a thread's plain stores go to a FIFO buffer of its own, which is flushed to
 * memory one store at a time at moments of nobody's choosing. A locked instruction (CompareExchange, Add, And, Or) drains the
 * buffer of its own thread and acts at once. The process-wide barrier drains the buffers of all threads, one after the other,
 * not at one instant. A sequentially consistent model would prove nothing about the barrier, which exists for the buffers alone.
 *
 * With WEAK memory is arm64's, as far as it differs here. A store with release (the slot's) leaves the buffer when all that is before it in
 * program order has been done; data may be loaded or stored before stores that are older reach memory, the slot's publication among them,
 * but not before the load with acquire (the word's) that decided on it. A data access therefore stands in the buffer whether it loads
 * or stores, and leaves it at any moment until the release behind it. The look after the clear may be done while all of these wait, which is
 * to say that it may be early. Nothing of that outlives the process-wide barrier, which interrupts each thread between two instructions.
 *
 * Steps: a load and what the thread decides on it is one step, and so is a store into the own buffer; only the data accesses,
 * which are ghosts that decide nothing, go with the clear of the slot that follows them. A loop of load and CompareExchange that can only end by deciding on what it loaded is one step, that of
 * its last round. Whoever waits for a claim may stop waiting at any moment. A claimant, a lease and the disposer make no plain stores that matter, so they have no buffer.
 *
 * A reader is "inside" when it loads data, and when a data store of it reaches memory: that may be long after its
 * instruction, and must still be before anybody is exclusive or the memory is gone.
 *
 * Claims checked:
 *   - no data access while somebody else is exclusive, nor after the release;
 *   - no data access of anybody else during a change, and no change when nobody is exclusive;
 *   - the release happens exactly once, and it has happened at the end, whoever was inside when the owner was disposed;
 *   - at the end no slot is set, and nobody is left waiting (spin's invalid end states).
 *
 * Sizes: READERS threads of ACCESSES accesses each, LEASES threads that hold a lease, EXCLUSIVES threads that claim, PATIENTS
 * threads that take the memory over the accesses in it and wait for these, HELPERS threads that go on using the exclusive memory
 * they were lent after the callback has ended, one disposer.
 *
 * With CHANGES a helper may change the memory as a whole instead of accessing it (TryBeginChange), and so may whoever is exclusive: then nobody else may be
 * inside, no helper either, and the exclusivity may not end. A helper says that it is there (elsewhere) by a locked instruction before it does anything else;
 * only then are accesses looked for.
 *
 * Second slots, of which each reader has one: with NESTED for an access that code of the user's makes inside of an access; with FRESH
 * for a thread that has no slot yet, and makes its known before it uses it; with RENEWED in the table that replaces the
 * first one at any moment. Of a replaced table the words are looked at until the collector has found that no thread refers to them;
 * it stops all threads for that, and so it acts as a barrier between their last stores there and its finding.
 *
 * Mutations under WEAK alone: CLEAR_NO_RELEASE (a plain store of the slot's clear), LOOK_NO_ACQUIRE (a plain load of the word, so that data may be
 * loaded before it) must fail; PUBLISH_NO_RELEASE must hold: that the publication is a release is not needed.
 *
 * Mutations, each of which must fail (run.sh): NO_BARRIER, NO_BARRIER_RELEASE, SWAP_PUBLISH, NO_LOOK_AFTER_CLEAR,
 * LOOK_BEFORE_CLEAR, SLOW_NO_LOOK, NO_TICKET, SCAN_BEFORE_CLAIM, CONFIRM_WITHOUT_COMPARE, ENTER_DURING_CLAIM,
 * LEAVE_EXCLUSIVE_NO_LOOK, LEAVE_LEASE_NO_LOOK, WITHDRAW_NO_LOOK, WITHDRAW_ANY, RELEASE_IGNORES_LEASES, RELEASE_IGNORES_SLOTS,
 * RELEASE_UNMARKED, SCAN_BEFORE_LOOK, HELPER_NO_SLOT, PATIENT_NO_BARRIER, PATIENT_SCAN_FIRST, PATIENT_OVER_LEASE,
 * PATIENT_GIVES_UP_NO_LOOK, PATIENT_ENTERS_AT_ONCE, NESTED_IN_SAME_SLOT, NESTED_CLEARS_ALL, KNOWN_AFTER_USE, OLD_TABLE_DROPPED, NO_BARRIER_OF_COLLECTOR,
 * CHANGE_IN_PHASE_ALONE, CHANGE_NO_BARRIER, CHANGE_SCAN_FIRST, LEAVE_DURING_CHANGE, NOTED_BY_PLAIN_STORE, NOTED_AFTER_LOOK.
 */

#ifndef READERS
#define READERS 2
#endif
#ifndef ACCESSES
#define ACCESSES 1
#endif
#ifndef LEASES
#define LEASES 1
#endif
#ifndef EXCLUSIVES
#define EXCLUSIVES 1
#endif
#ifndef HELPERS
#define HELPERS 0
#endif
#ifndef PATIENTS
#define PATIENTS 0
#endif
#if defined(NESTED) || defined(FRESH) || defined(RENEWED)
#define SECOND
#endif

/* Threads: readers, then helpers, which have a slot and a buffer each; then exclusives, leases, patients, the disposer. */
#define FIRST_EXCLUSIVE (READERS + HELPERS)
#define SLOTS   (READERS + HELPERS)
#define THREADS (READERS + HELPERS + EXCLUSIVES + LEASES + PATIENTS + 1)
#define NOBODY  255

/* The word, as RegionLock packs it, with narrower counts: at most 3 leases and 4 claims. */
#define PHASE       3
#define CLAIMING    1
#define ALONE       2
#define CHANGING    3
#define CLOSED      4
#define RELEASED    8
#define ONE_LEASE   16
#define LEASE_MASK  48
#define ONE_TICKET  64
#define TICKET_MASK 192

#ifdef NO_TICKET
#define NEXT_TICKET(w) 0
#else
#define NEXT_TICKET(w) (((w) + ONE_TICKET) & TICKET_MASK)
#endif

/* What a release that meets it leaves to whoever ends it. */
#ifdef RELEASE_IGNORES_LEASES
#define STAYS (PHASE | RELEASED)
#else
#define STAYS (PHASE | LEASE_MASK | RELEASED)
#endif

/* A buffered store: to the own slot, or to the data; to the own second slot, or to the count of the known ones. */
#define CLEAR   0
#define PUBLISH 1
#define DATA    2
#define CLEAR2   3
#define PUBLISH2 4
#define KNOWN2   5
#define NOTED    6

byte word;
bit slot[SLOTS];
#ifdef SECOND
bit slot2[SLOTS];
bit known2[SLOTS];
bit renewed;           /* whether a new table has taken the place of the first one */
byte refs;             /* readers that refer to the first one: the collector's, not the protocol's */
bit dropped;           /* whether the collector has found none */
chan buffer[SLOTS] = [9] of { byte };
#else
chan buffer[SLOTS] = [5] of { byte };
#endif

#ifdef OLD_TABLE_DROPPED
#define LOOKED_AT (!renewed)
#else
#define LOOKED_AT (!dropped)
#endif

/* Where a reader is found inside: k is a known second slot, or not. */
#ifdef SECOND
#define INSIDE(n) ((slot[n] && LOOKED_AT) || ((k >> (n)) & 1 && slot2[n]))
#define KNOWN_NOW atomic { k = known2[0]; what = SLOTS - 1; do :: what > 0 -> k = k | (known2[what] << what); what-- :: what == 0 -> break od };
#define SCAN_LOCALS byte k
#else
#define INSIDE(n) slot[n]
#define KNOWN_NOW
#define SCAN_LOCALS bit unused
#endif

/* Of an access that is not nested: in the first slot, or in the second. */
#ifdef SECOND
#define ENTERING (second -> PUBLISH2 : PUBLISH)
#define LEAVING  (second -> CLEAR2 : CLEAR)
#else
#define ENTERING PUBLISH
#define LEAVING  CLEAR
#endif

/* Ghosts: what is true, whatever the protocol believes. */
byte alone = NOBODY;   /* who is exclusive */
bit gone;              /* the memory was released */
byte done;             /* threads that have ended */
byte changing = NOBODY; /* who changes the memory as a whole */
bit elsewhere;         /* of the protocol: whether a helper has said that it is there */
byte lent;             /* the ticket that helpers were lent, 0 before */

#ifdef LOOK_NO_ACQUIRE
bit spoilt[SLOTS];     /* the data was loaded before the word was, and somebody else was exclusive or it was gone */
#define EARLY(n) spoilt[n] = (gone || alone != NOBODY)
#define TIMELY(n) assert(!spoilt[n])
#define REFETCH(n) spoilt[n] = 0
#else
#define EARLY(n) skip
#define TIMELY(n) skip
#define REFETCH(n) skip
#endif

hidden byte what;

/* A data access that takes place now. A helper whose exclusivity has ended must not meet the release, and that is all. */
inline touched(thread) {
    assert(!gone);
    assert(changing == NOBODY || changing == (thread));
    assert(alone == NOBODY || alone == (thread) || ((thread) >= READERS && (thread) < FIRST_EXCLUSIVE))
}

inline flush(whose) {
    buffer[whose]?what;
    if
    :: what == DATA -> touched(whose)
#ifdef NOTED_BY_PLAIN_STORE
    :: what == NOTED -> elsewhere = 1
#endif
#ifdef SECOND
    :: what == KNOWN2 -> known2[whose] = 1
    :: what == CLEAR2 || what == PUBLISH2 -> slot2[whose] = (what == PUBLISH2)
#endif
    :: what == CLEAR || what == PUBLISH -> slot[whose] = what
    fi;
    what = 0
}

inline drain(owner) {
    do
    :: nempty(buffer[owner]) -> flush(owner)
    :: empty(buffer[owner]) -> break
    od
}

/* What the process-wide barrier does to one thread: loads that were early are made again. */
inline interrupt(owner) {
    drain(owner);
    REFETCH(owner)
}

inline process_wide_barrier() {
    do
    :: atomic { i < SLOTS - 1 -> interrupt(i); i++ }
    :: atomic { i == SLOTS - 1 -> interrupt(i); i = 0; break }
    od
}

inline any_inside(seen) {
    KNOWN_NOW
    do
    :: atomic { i < SLOTS - 1 && !INSIDE(i) -> i++ }
    :: atomic { INSIDE(i) -> seen = 1; i = 0; break }
    :: atomic { i == SLOTS - 1 && !INSIDE(i) -> i = 0; break }
    od
}

/*
 * TryRelease. Uses the locals found and i of the thread. The last step stands for the CompareExchange from the word that the
 * first step saw: a closed word without phase and leases changes once more only, to released.
 */
inline try_release() {
    if
#ifndef SCAN_BEFORE_LOOK
    :: atomic { word & STAYS -> skip }
    :: atomic { !(word & STAYS) -> skip };
#else
    :: true ->
#endif
#ifndef NO_BARRIER_RELEASE
        process_wide_barrier();
#endif
#ifndef RELEASE_IGNORES_SLOTS
        any_inside(found);
#endif
        atomic {
            if
            :: found -> found = 0
            :: !found && (word & STAYS) -> skip
            :: else ->
#ifndef RELEASE_UNMARKED
                word = word | RELEASED;
#endif
                assert(!gone);
                assert(alone == NOBODY);
                gone = 1
            fi
        }
    fi
}

/* The look at the word after the slot was cleared. */
inline look() {
#ifdef NO_LOOK_AFTER_CLEAR
    skip
#else
    if
    :: atomic { word & CLOSED -> skip }; try_release()
    :: atomic { !(word & CLOSED) -> skip }
    fi
#endif
}

proctype Reader(byte me) {
    bit found; byte i; byte n; byte w; SCAN_LOCALS;
#ifdef SECOND
    bit second; bit nested;
#endif
    do
    :: n == ACCESSES -> break
    :: n < ACCESSES ->
#ifdef RENEWED
        /* The table that is the newest now; it may be another when the slot is used. */
        atomic { second = renewed; refs = refs + !second };
#endif
#ifdef FRESH
        second = 1;
#endif
#if (defined(RENEWED) || defined(FRESH)) && !defined(KNOWN_AFTER_USE)
        if
        :: atomic { second && !known2[me] -> drain(me); buffer[me]!KNOWN2 }
        :: atomic { !second || known2[me] -> skip }
        fi;
#endif
        /* Enter. The loop is EnterSlow's; its first round is Enter's. */
        do
        :: true ->
#ifdef SWAP_PUBLISH
            w = word;
            buffer[me]!ENTERING;
            atomic {
#else
            buffer[me]!ENTERING;
#ifdef LOOK_NO_ACQUIRE
            EARLY(me);
#endif
            atomic {
                w = word;
#endif
                if
#ifdef ENTER_DURING_CLAIM
                :: !(w & ALONE) && !(w & CLOSED) -> w = 0; goto inside
#else
                :: !(w & (PHASE | CLOSED)) -> w = 0; goto inside
#endif
                :: else -> w = 0
                fi
            };
            buffer[me]!LEAVING;
again:
#ifndef SLOW_NO_LOOK
            look();
#endif
            /* A claim is looked at again as often as the reader likes, then cancelled. */
            if
            :: atomic { (word & CLOSED) || (word & ALONE) -> goto refused }
            :: atomic { !(word & CLOSED) && (word & PHASE) == CLAIMING -> goto again }
            :: atomic { !(word & CLOSED) && (word & PHASE) == CLAIMING -> w = word };
               atomic { drain(me); if :: word == w -> word = w & ~PHASE :: else -> skip fi; w = 0 }
            :: atomic { !(word & CLOSED) && (word & PHASE) == 0 -> skip }
            fi
        od;
inside:
#ifdef NESTED
        /* Code of the user's, that the runtime runs inside of the access, makes an access of its own; or it does not. */
        if
        :: atomic { !nested -> nested = 1 };
#ifdef NESTED_IN_SAME_SLOT
            buffer[me]!PUBLISH;
            if
            :: atomic { !(word & (PHASE | CLOSED)) -> touched(me); buffer[me]!DATA; buffer[me]!CLEAR }
            :: atomic { word & (PHASE | CLOSED) -> buffer[me]!CLEAR }
            fi;
#else
            if
            :: atomic { !known2[me] -> drain(me); buffer[me]!KNOWN2 }
            :: known2[me]
            fi;
            buffer[me]!PUBLISH2;
            if
            :: atomic { !(word & (PHASE | CLOSED)) -> touched(me); buffer[me]!DATA; buffer[me]!CLEAR2 }
            :: atomic { word & (PHASE | CLOSED) -> buffer[me]!CLEAR2 }
            fi;
#ifdef NESTED_CLEARS_ALL
            buffer[me]!CLEAR;
#endif
#endif
            look()
        :: skip
        fi;
#endif
#if defined(KNOWN_AFTER_USE)
        atomic { touched(me); buffer[me]!KNOWN2; buffer[me]!DATA; buffer[me]!LEAVING };
        look();
#elif defined(LOOK_BEFORE_CLEAR)
        atomic { touched(me); buffer[me]!DATA };
        if
        :: atomic { word & CLOSED -> skip }; buffer[me]!CLEAR; try_release()
        :: atomic { !(word & CLOSED) -> skip }; buffer[me]!CLEAR
        fi;
#else
#ifdef WEAK
        /* The data is loaded or stored when it leaves the buffer. */
        atomic { TIMELY(me); buffer[me]!DATA; buffer[me]!LEAVING };
#else
        atomic { touched(me); buffer[me]!DATA; buffer[me]!LEAVING };
#endif
        look();
#endif
refused:
        atomic {
#ifdef RENEWED
            refs = refs - !second;
#endif
#ifdef SECOND
            nested = 0; second = 0;
#endif
            n++;
            if
            :: n == ACCESSES -> done++; break
            :: else -> skip
            fi
        }
    od
}

/* What a locked instruction does to the buffer of the thread that makes it, if it has one. */
#define FENCE(n) if :: (n) < SLOTS -> drain(n) :: else -> skip fi

/* TryBeginChange and EndChange, with the change in between. Uses the locals found and i of the thread. */
inline change(who, with) {
#ifdef CHANGE_SCAN_FIRST
    process_wide_barrier();
    any_inside(found);
#endif
    atomic {
        FENCE(who);
        if
#ifdef CHANGE_IN_PHASE_ALONE
        :: (word & (PHASE | TICKET_MASK)) == (with) -> skip
#else
        :: (word & (PHASE | TICKET_MASK)) == (with) -> word = word | CHANGING
#endif
        :: else -> found = 0; goto unchanged
        fi
    };
#ifndef CHANGE_SCAN_FIRST
    if
    :: atomic { elsewhere -> skip };
#ifndef CHANGE_NO_BARRIER
        process_wide_barrier();
#endif
        any_inside(found)
    :: atomic { !elsewhere -> skip }
    fi;
#endif
    atomic {
        if
        :: found -> found = 0; FENCE(who); word = word & ~(CHANGING & ~ALONE); goto unchanged
        :: else -> assert(!gone); assert(alone != NOBODY); assert(changing == NOBODY); changing = who
        fi
    };
    atomic {
        touched(who);
        assert(alone != NOBODY);
        changing = NOBODY;
        FENCE(who);
        word = word & ~(CHANGING & ~ALONE)
    };
unchanged:
    skip
}

/* A thread that was lent the exclusive memory, and uses it during the callback or after it (EnterHeld). */
proctype Helper(byte me) {
    bit found; byte i; byte ticket; SCAN_LOCALS;
    if
    :: atomic { lent != 0 -> ticket = lent }
    :: atomic { lent == 0 && done >= EXCLUSIVES + LEASES + PATIENTS + 1 -> goto over }
    fi;
#ifdef CHANGES
#if defined(NOTED_BY_PLAIN_STORE)
    buffer[me]!NOTED;
#elif !defined(NOTED_AFTER_LOOK)
    atomic { drain(me); elsewhere = 1 };
#endif
    if
    :: change(me, ticket); goto over
    :: skip
    fi;
#endif
#ifndef HELPER_NO_SLOT
    buffer[me]!PUBLISH;
#endif
    if
    :: atomic { (word & (PHASE | TICKET_MASK)) == ticket -> skip };
#ifdef NOTED_AFTER_LOOK
        atomic { drain(me); elsewhere = 1 };
#endif
        atomic { touched(me); buffer[me]!DATA; buffer[me]!CLEAR }
    :: atomic { (word & (PHASE | TICKET_MASK)) != ticket -> skip }; buffer[me]!CLEAR
    fi;
    look();
over:
    atomic { ticket = 0; done++ }
}

proctype Exclusive(byte me) {
    bit found; byte i; byte w; byte claim; SCAN_LOCALS;
    atomic {
        w = word;
        if
        :: w & (CLOSED | PHASE | LEASE_MASK) -> goto refused
        :: else -> claim = NEXT_TICKET(w) | CLAIMING
        fi
    };
#ifdef SCAN_BEFORE_CLAIM
    process_wide_barrier();
    any_inside(found);
#endif
    atomic {
        if
        :: word == w -> word = claim; w = 0
        :: else -> goto refused
        fi
    };
#ifndef SCAN_BEFORE_CLAIM
#ifndef NO_BARRIER
    process_wide_barrier();
#endif
    any_inside(found);
#endif
    atomic {
        if
#ifdef CONFIRM_WITHOUT_COMPARE
        :: !found ->
            word = (word & ~PHASE) | ALONE;
#else
        :: !found && word == claim ->
            word = (claim & ~PHASE) | ALONE;
#endif
            assert(alone == NOBODY); alone = me; lent = (claim & ~PHASE) | ALONE; goto inside
        :: else -> found = 0
        fi
    };
    /* WithdrawClaim */
    atomic {
        if
#ifdef WITHDRAW_ANY
        :: (word & PHASE) != 0 -> w = word; word = word & ~PHASE
#else
        :: (word & (PHASE | TICKET_MASK)) == claim -> w = word; word = word & ~PHASE
#endif
        :: else -> goto refused
        fi
    };
#ifndef WITHDRAW_NO_LOOK
    if
    :: w & CLOSED -> try_release()
    :: else -> skip
    fi;
#endif
    goto refused;
inside:
#ifdef CHANGES
    if
    :: change(me, (claim & ~PHASE) | ALONE)
    :: skip
    fi;
#else
    touched(me);
#endif
    /* LeaveExclusive, which waits for the end of a change. */
#ifdef LEAVE_DURING_CHANGE
    atomic { w = word & CLOSED; claim = 0; word = word & ~PHASE; alone = NOBODY };
#else
    atomic { (word & PHASE) != CHANGING -> w = word & CLOSED; claim = 0; word = word & ~PHASE; alone = NOBODY };
#endif
#ifndef LEAVE_EXCLUSIVE_NO_LOOK
    if
    :: w -> w = 0; try_release()
    :: else -> skip
    fi;
#endif
refused:
    atomic { w = 0; claim = 0; done++ }
}

proctype Lease(byte me) {
    bit found; byte i; byte w; SCAN_LOCALS;
    if
    :: atomic { (word & CLOSED) || (word & ALONE) -> goto refused }
    :: atomic { !(word & CLOSED) && !(word & ALONE) -> word = (word & ~PHASE) + ONE_LEASE }
    fi;
    touched(me);
    /* LeaveLease */
    atomic { word = word - ONE_LEASE; w = word & CLOSED };
#ifndef LEAVE_LEASE_NO_LOOK
    if
    :: w -> w = 0; try_release()
    :: else -> skip
    fi;
#endif
refused:
    atomic { w = 0; done++ }
}

/* EnterExclusive with patience: exclusive at once, then a look at the slots until nobody is inside or the time is over. */
proctype Patient(byte me) {
    bit found; byte i; byte w; SCAN_LOCALS;
#ifdef PATIENT_SCAN_FIRST
    process_wide_barrier();
    do
    :: atomic { found = 0 }; any_inside(found);
       if
       :: found -> skip
       :: !found -> break
       fi
    od;
#endif
    atomic {
        w = word;
        if
#ifdef PATIENT_OVER_LEASE
        :: (w & CLOSED) || (w & ALONE) -> goto refused
        :: else -> word = (w & LEASE_MASK) | NEXT_TICKET(w) | ALONE
#else
        :: (w & (CLOSED | LEASE_MASK)) || (w & ALONE) -> goto refused
        :: else -> word = NEXT_TICKET(w) | ALONE
#endif
        fi;
        w = 0
    };
#ifndef PATIENT_SCAN_FIRST
#ifndef PATIENT_NO_BARRIER
    process_wide_barrier();
#endif
#ifndef PATIENT_ENTERS_AT_ONCE
    do
    :: any_inside(found);
       if
       :: atomic { !found -> break }
       :: atomic { found -> found = 0 }
       /* The time is over. */
       :: atomic { found -> found = 0; w = word & CLOSED; word = word & ~PHASE; goto over }
       fi
    od;
#endif
#endif
    atomic { assert(alone == NOBODY); alone = me; lent = word & (PHASE | TICKET_MASK) };
    touched(me);
    atomic { w = word & CLOSED; word = word & ~PHASE; alone = NOBODY };
#ifdef PATIENT_GIVES_UP_NO_LOOK
    if
    :: w -> w = 0; try_release()
    :: else -> skip
    fi;
over:
#else
over:
    if
    :: w -> w = 0; try_release()
    :: else -> skip
    fi;
#endif
refused:
    atomic { w = 0; done++ }
}

proctype Disposer() {
    bit found; byte i; SCAN_LOCALS;
    word = word | CLOSED;
    try_release();
    done++
}

#ifdef RENEWED
/* A new table takes the first one's place; later the collector finds that nobody refers to that one any more. */
proctype Renewer() {
    byte i;
    renewed = 1;
end:
    atomic {
        refs == 0;
#ifndef NO_BARRIER_OF_COLLECTOR
        do
        :: i < SLOTS -> drain(i); i++
        :: else -> break
        od;
#endif
        dropped = 1;
        i = 0
    }
}
#endif

/* Under WEAK: a data access that is done before older stores are in memory; a plain store of the slot, if no older one is of the slot too. */
#ifdef WEAK
#define OVERTAKE_DATA(n) :: atomic { buffer[n]??[DATA] -> buffer[n]??DATA; touched(n) }
#else
#define OVERTAKE_DATA(n)
#endif
#ifdef CLEAR_NO_RELEASE
#define OVERTAKE_CLEAR(n) :: atomic { buffer[n]??[CLEAR] && !buffer[n]??[PUBLISH] -> buffer[n]??CLEAR; slot[n] = 0 }
#else
#define OVERTAKE_CLEAR(n)
#endif
#ifdef PUBLISH_NO_RELEASE
#define OVERTAKE_PUBLISH(n) :: atomic { buffer[n]??[PUBLISH] && !buffer[n]??[CLEAR] -> buffer[n]??PUBLISH; slot[n] = 1 }
#else
#define OVERTAKE_PUBLISH(n)
#endif

/* The processors: each thread's oldest store reaches memory some time. */
proctype Memory() {
end:
    do
    :: atomic { nempty(buffer[0]) -> flush(0) }
    OVERTAKE_DATA(0)
    OVERTAKE_CLEAR(0)
    OVERTAKE_PUBLISH(0)
#if (READERS + HELPERS) > 1
    :: atomic { nempty(buffer[1]) -> flush(1) }
    OVERTAKE_DATA(1)
    OVERTAKE_CLEAR(1)
    OVERTAKE_PUBLISH(1)
#endif
#if (READERS + HELPERS) > 2
    :: atomic { nempty(buffer[2]) -> flush(2) }
    OVERTAKE_DATA(2)
    OVERTAKE_CLEAR(2)
    OVERTAKE_PUBLISH(2)
#endif
    od
}

/* At the end: everything was carried out. */
proctype Judge() {
    byte i;
    atomic {
        done == THREADS;
        do
#ifdef SECOND
        :: i < SLOTS -> drain(i); assert(!slot[i] && !slot2[i]); i++
#else
        :: i < SLOTS -> drain(i); assert(!slot[i]); i++
#endif
        :: else -> break
        od;
        assert(gone);
        assert((word & (PHASE | LEASE_MASK)) == 0)
    }
}

init {
    byte i;
    atomic {
        do
        :: i < READERS -> run Reader(i); i++
        :: i >= READERS && i < FIRST_EXCLUSIVE -> run Helper(i); i++
        :: i >= FIRST_EXCLUSIVE && i < FIRST_EXCLUSIVE + EXCLUSIVES -> run Exclusive(i); i++
        :: i >= FIRST_EXCLUSIVE + EXCLUSIVES && i < THREADS - 1 - PATIENTS -> run Lease(i); i++
        :: i >= THREADS - 1 - PATIENTS && i < THREADS - 1 -> run Patient(i); i++
        :: i == THREADS - 1 -> run Disposer(); break
        od;
        i = 0;
#ifdef RENEWED
        run Renewer();
#endif
        run Memory();
        run Judge()
    }
}
