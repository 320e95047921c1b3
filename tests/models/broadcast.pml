/*
 * The slots of src/Nub.Ipc/Broadcast, to be searched exhaustively by spin: one producer that never waits, over SLOTS slots of a mark and two cells, and a
 * consumer that may be overtaken.
 *
 * Memory is weaker than x64's: the producer's stores wait in a buffer and reach memory in any order, but for two to one cell, for a release, which lets all earlier ones reach
 * memory first, and for a write barrier, which does the same. The consumer's loads are in order where its barriers say so; between the first look at the
 * mark and the second, the two cells are loaded in either order.
 *
 * Claims checked: a record that the consumer accepts is the one of the number that it wanted, and whole; what it says that it lost is exactly what it did
 * not get; it gets the last record or one that came later than what it lost.
 *
 * Mutations, each of which must fail (run-ipc.sh): NO_BUSY_MARK, NO_WRITE_BARRIER, COMMIT_UNORDERED, NO_SECOND_LOOK, SECOND_LOOK_FIRST, MARK_WITHOUT_LAP,
 * RESUME_TOO_EARLY.
 */

#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef RECORDS
#define RECORDS 5
#endif

/* Cells of a slot: its mark, and two of content. */
#define CELLS (SLOTS * 3)
#define MARK(n)  (((n) % SLOTS) * 3)

#ifdef MARK_WITHOUT_LAP
#define BUSY(n)  1
#define DONE(n)  2
#else
#define BUSY(n)  (2 * (n) + 1)
#define DONE(n)  (2 * (n) + 2)
#endif

byte cell[CELLS];
byte stored[CELLS];
bit waits[CELLS];
byte lost;
byte got;
hidden byte k;

inline flush(c) { cell[c] = stored[c]; stored[c] = 0; waits[c] = 0 }

inline flush_all() {
    k = 0;
    do
    :: k < CELLS && waits[k] -> flush(k); k++
    :: k < CELLS && !waits[k] -> k++
    :: k == CELLS -> k = 0; break
    od
}

inline store(c, value) {
    if
    :: waits[c] -> flush(c)
    :: else
    fi;
    stored[c] = value; waits[c] = 1
}

proctype Producer() {
    byte n;
    do
    :: n == RECORDS -> break
    :: n < RECORDS ->
#ifndef NO_BUSY_MARK
        atomic { store(MARK(n), BUSY(n)) };
#endif
#ifndef NO_WRITE_BARRIER
        atomic { flush_all() };
#endif
        atomic { store(MARK(n) + 1, n + 1) };
        atomic { store(MARK(n) + 2, n + 1) };
#ifndef COMMIT_UNORDERED
        atomic { flush_all() };
#endif
        atomic { store(MARK(n), DONE(n)); n++ }
    od
}

proctype Consumer() {
    byte n; byte first; byte second; byte mark; byte next;
    do
    :: n >= RECORDS -> break
    :: n < RECORDS ->
        /* Waits for its record, or for a later one in the same place. */
        atomic { cell[MARK(n)] >= DONE(n) -> mark = cell[MARK(n)] };
#ifdef SECOND_LOOK_FIRST
        next = cell[MARK(n)];
#endif
        if
        :: first = cell[MARK(n) + 1]; second = cell[MARK(n) + 2]
        :: second = cell[MARK(n) + 2]; first = cell[MARK(n) + 1]
        fi;
#ifndef SECOND_LOOK_FIRST
#ifdef NO_SECOND_LOOK
        next = mark;
#else
        next = cell[MARK(n)];
#endif
#endif
        if
        :: atomic { mark == DONE(n) && next == mark -> assert(first == n + 1 && second == n + 1); n++; got++ }
        :: atomic { !(mark == DONE(n) && next == mark) ->
            /* The slot has a later record, done or busy: the oldest that can be whole stands a ring before it, and one more. */
#ifdef RESUME_TOO_EARLY
            mark = (next - 1) / 2 - SLOTS;
#else
            mark = (next - 1) / 2 - SLOTS + 1;
#endif
            assert(mark > n && mark <= RECORDS);
            lost = lost + (mark - n); n = mark }
        fi;
        atomic { first = 0; second = 0; mark = 0; next = 0 }
    od;
    assert(got + lost == RECORDS)
}

proctype Memory() {
end:
    do
    :: atomic { waits[0] -> flush(0) }
    :: atomic { waits[1] -> flush(1) }
    :: atomic { waits[2] -> flush(2) }
#if SLOTS > 1
    :: atomic { waits[3] -> flush(3) }
    :: atomic { waits[4] -> flush(4) }
    :: atomic { waits[5] -> flush(5) }
#endif
#if SLOTS > 2
    :: atomic { waits[6] -> flush(6) }
    :: atomic { waits[7] -> flush(7) }
    :: atomic { waits[8] -> flush(8) }
#endif
    od
}

init {
    atomic { run Producer(); run Consumer(); run Memory() }
}
