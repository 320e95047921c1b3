/*
 * How an end of a ring sleeps and is woken (src/Nub.Ipc/Waiting/RingEnd.Waiting.cs), to be searched exhaustively by spin: a waker that reveals RECORDS records,
 * and a sleeper that waits for each. Nobody looks again after a while, as the code does: so a lost wake-up is a sleeper that sleeps for ever.
 *
 * Memory is that of x64 (total store order): a thread's plain stores go to a FIFO buffer of its own. A fence and a locked instruction drain the own buffer;
 * the system barrier drains that of every thread, one after the other.
 *
 * The futex call compares the futex and goes to sleep in one step, as the kernel does under its lock; a wake ends the sleep of whoever sleeps then.
 * Somebody may cancel the wait: NUDGES times anybody changes the futex and wakes, for no record.
 *
 * Mutations, each of which must fail (run-ipc.sh): NO_BARRIER, OWN_FENCE_ONLY, NO_FENCE_WHEN_ASKED, LOOK_BEFORE_REQUEST, FUTEX_AFTER_LOOK, NO_LOOK,
 * NO_FUTEX_CHANGE, ANSWER_BEFORE_REVEAL, FENCE_FORGOTTEN, ASKS_FOR_TOO_MUCH, CLEAR_AFTER_WAKE, REQUEST_NOT_READ_AGAIN.
 */

#ifndef RECORDS
#define RECORDS 3
#endif
#ifndef NUDGES
#define NUDGES 1
#endif

#define SLEEPS 1
#define FENCE  2
#define ASK(position) ((position) * 4)
#define POSITION(request) ((request) / 4)

byte revealed;          /* the position that a reader of the ring finds */
byte request;
byte futex;
bit asleep;
byte done;

/* Buffered stores: of the waker, to revealed; of the sleeper, to the request. Each has one kind only, so the value is enough. */
chan wakers = [3] of { byte };
chan sleepers = [3] of { byte };

hidden byte what;

inline drain_waker() { do :: nempty(wakers) -> wakers?what; revealed = what :: empty(wakers) -> break od }
inline drain_sleeper() { do :: nempty(sleepers) -> sleepers?what; request = what :: empty(sleepers) -> break od }

proctype Waker() {
    byte position; byte seen;
    do
    :: position == RECORDS -> break
    :: position < RECORDS ->
        position++;
#ifdef ANSWER_BEFORE_REVEAL
        seen = request;
#endif
        wakers!position;
#ifndef ANSWER_BEFORE_REVEAL
        seen = request;
#endif
        if
        :: atomic { (seen & FENCE) -> skip };
#ifndef NO_FENCE_WHEN_ASKED
            atomic { drain_waker() };
#endif
#ifndef REQUEST_NOT_READ_AGAIN
            seen = request
#endif
        :: atomic { !(seen & FENCE) -> skip }
        fi;
        if
        :: atomic { (seen & SLEEPS) && position >= POSITION(seen) -> skip };
#ifndef CLEAR_AFTER_WAKE
            atomic {
                drain_waker();
                if
                :: request == seen -> request = seen & FENCE
                :: else -> seen = 0
                fi
            };
#endif
            if
            :: atomic { seen != 0 -> skip };
#ifndef NO_FUTEX_CHANGE
                atomic { drain_waker(); futex = futex + 1 };
#endif
                asleep = 0
#ifdef CLEAR_AFTER_WAKE
                ; atomic { drain_waker(); request = request & FENCE }
#endif
            :: atomic { seen == 0 -> skip }
            fi
        :: atomic { !((seen & SLEEPS) && position >= POSITION(seen)) -> skip }
        fi;
        seen = 0
    od;
    done++
}

proctype Sleeper() {
    byte read; byte word; bit fenced; byte seen;
    do
    :: read == RECORDS -> break
    :: read < RECORDS ->
        seen = revealed;
        do
        :: atomic { seen > read -> break }
        :: atomic { seen <= read -> skip };
#ifndef FUTEX_AFTER_LOOK
            word = futex;
#endif
#ifdef LOOK_BEFORE_REQUEST
            seen = revealed;
#endif
#ifdef ASKS_FOR_TOO_MUCH
            sleepers!(ASK(read + 2) | SLEEPS | FENCE);
#else
            sleepers!(ASK(read + 1) | SLEEPS | FENCE);
#endif
#ifdef OWN_FENCE_ONLY
            atomic { drain_sleeper() };
            fenced = 1;
#else
#ifndef NO_BARRIER
            if
            :: atomic { fenced -> drain_sleeper() }
            :: atomic { !fenced -> drain_sleeper() }; atomic { drain_waker(); fenced = 1 }
            fi;
#endif
#endif
#ifndef NO_LOOK
#ifndef LOOK_BEFORE_REQUEST
            seen = revealed;
#endif
#endif
#ifdef FUTEX_AFTER_LOOK
            word = futex;
#endif
            if
            :: atomic { seen > read -> sleepers!FENCE }
            :: atomic { seen <= read -> drain_sleeper();
                if
                :: futex == word -> asleep = 1
                :: else
                fi };
                atomic { !asleep -> skip };
                seen = revealed
            fi;
            word = 0
        od;
        read++;
        seen = 0;
        /* The end of a lap without sleep: the fence is taken back. */
        if
#ifdef FENCE_FORGOTTEN
        :: atomic { fenced -> sleepers!0 }
#else
        :: atomic { fenced -> sleepers!0; fenced = 0 }
#endif
        :: skip
        fi
    od;
    atomic { word = 0; fenced = 0; done++ }
}

proctype Nudger() {
    byte n;
    do
    :: n == NUDGES -> break
    :: n < NUDGES -> atomic { futex = futex + 1; asleep = 0; n++ }
    :: n < NUDGES -> break
    od;
    atomic { n = 0; done++ }
}

proctype Memory() {
end:
    do
    :: atomic { nempty(wakers) -> wakers?what; revealed = what }
    :: atomic { nempty(sleepers) -> sleepers?what; request = what }
    od
}

/* At the end: nobody sleeps, and nothing is left to do. */
proctype Judge() {
    atomic { done == 3; assert(!asleep) }
}

init {
    atomic { run Waker(); run Sleeper(); run Nudger(); run Memory(); run Judge() }
}
