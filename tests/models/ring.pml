/*
 * The records of src/Nub.Ipc/Ring (RingLayout.cs), to be searched exhaustively by spin: one producer and one consumer over a ring of CELLS cells, each of
 * which may be killed at any step and followed by another that takes over.
 *
 * A record is a header and 0 or 1 cells of payload, as the producer likes, and never wraps round: where it does not fit before the end, a header
 * for padding fills the rest. A header names its position. A payload is the worst that it can be: what a header would be in that place in the next lap.
 *
 * Memory is weaker than x64's: the producer's stores wait in a buffer and reach memory in any order, but for two to one cell. A store with
 * release semantics lets all earlier ones reach memory first. The consumer's loads are in order, by acquire semantics, and its only store is that of its
 * position. Who takes over sees all that its predecessor has stored: the system made it so when it ended that process.
 *
 * Claims checked:
 *   - the consumer takes for a header only what was written as the header of that place and revealed; its payload is that record's;
 *   - the records come in order, none is missing; a consumer that takes over may read again what its predecessor had in hand, and nothing else;
 *   - a producer that takes over goes on behind the last record that was revealed;
 *   - nobody waits for ever (spin's invalid end states).
 *
 * Mutations, each of which must fail (run-ipc.sh): NO_ZERO, ZERO_LATE, PAYLOAD_LATE, NO_RELEASE, PADDING_FIRST, PADDING_UNORDERED, GIVE_BACK_EARLY,
 * NO_SPARE_CELL, BAD_LIMIT, START_AT_CONSUMER, KEEP_ZEROES, ZERO_TOO_FAR, TAKE_OVER_FROM_START.
 */

#ifndef CELLS
#define CELLS 4
#endif
#ifndef RECORDS
#define RECORDS 4
#endif
#ifndef PRODUCER_KILLS
#define PRODUCER_KILLS 1
#endif
#ifndef CONSUMER_KILLS
#define CONSUMER_KILLS 1
#endif

#define PLACE(p)             ((p) % CELLS)
#define TAIL(p)              (CELLS - PLACE(p))

/* A header: its position, and its length in cells with itself. Never 0. Padding has the length 0 and reaches to the end. */
#define HEADER(p, length)    (((p) + 1) * 4 + (length))
#define POSITION(h)          ((h) / 4 - 1)
#define LENGTH(h)            ((h) % 4)
#define STEP(h)              (LENGTH(h) == 0 -> TAIL(POSITION(h)) : LENGTH(h))
#define PAYLOAD(p)           HEADER((p) + CELLS, 1)

byte cell[CELLS];
byte given;                      /* the position that the consumer has published */

byte stored[CELLS];              /* the producer's buffer */
bit waits[CELLS];

/* Ghosts: what was revealed, and how far somebody has read. */
byte count;                      /* records revealed */
byte start[RECORDS + 1];
byte behind[RECORDS + 1];        /* behind[0] is 0: where the first record, or its padding, begins */
byte seen;                       /* the last record that was read */
bit ended;                       /* the producer has */
bit read_all;                    /* the consumer has */

bit kill_producer;
bit kill_consumer;
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

inline store(p, value) {
    if
    :: waits[PLACE(p)] -> flush(PLACE(p))
    :: else
    fi;
    stored[PLACE(p)] = value;
    waits[PLACE(p)] = 1
}

inline release(p, value) {
#ifndef NO_RELEASE
    flush_all();
#endif
    store(p, value)
}

#ifdef PADDING_UNORDERED
#define reveal(p, value) store(p, value)
#else
#define reveal(p, value) release(p, value)
#endif

proctype Producer() {
    byte position; byte limit; byte from; byte end; byte zeroed; byte length; byte h;
take_over:
    {
        atomic {
            flush_all();
            position = given;
            limit = given + CELLS;
#ifndef START_AT_CONSUMER
            do
            :: cell[PLACE(position)] != 0 -> h = cell[PLACE(position)]; position = position + STEP(h)
            :: else -> h = 0; break
            od;
#endif
            zeroed = position + 1;
            assert(position == behind[count])
        };
        do
        :: count == RECORDS -> break
        :: count < RECORDS ->
            /* TryReserve, with a length that it need not keep if it gives up. */
            atomic {
                if
                :: length = 1
                :: length = 2
                fi;
                from = (length <= TAIL(position) -> position : position + TAIL(position));
                end = from + length
            };
#ifdef NO_SPARE_CELL
#define ROOM (end <= limit)
#else
#define ROOM (end + 1 <= limit)
#endif
            if
            :: atomic { ROOM -> skip }
#ifdef BAD_LIMIT
            :: atomic { !ROOM -> limit = limit + 1 }
#else
            :: atomic { !ROOM && given + CELLS > limit -> limit = given + CELLS }
#endif
            fi;
            if
            :: atomic { !ROOM -> goto again }
            :: atomic { ROOM -> skip }
            fi;
            /* The next header's place, and one more where that is free and not beyond the end of the ring. */
#ifndef ZERO_LATE
#ifndef NO_ZERO
            if
            :: atomic { end + 1 > zeroed -> store(end, 0);
                if
#ifdef ZERO_TOO_FAR
                :: TAIL(end) > 1 -> store(end + 1, 0); zeroed = end + 2
#else
                :: TAIL(end) > 1 && end + 2 <= limit -> store(end + 1, 0); zeroed = end + 2
#endif
                :: else -> zeroed = end + 1
                fi }
            :: atomic { end + 1 <= zeroed -> skip }
            fi;
#endif
#endif
#ifdef PADDING_FIRST
            if
            :: atomic { from != position -> release(position, HEADER(position, 0)) }
            :: atomic { from == position -> skip }
            fi;
#endif
#ifndef PAYLOAD_LATE
            if
            :: atomic { length == 2 -> store(from + 1, PAYLOAD(from + 1)) }
            :: atomic { length != 2 -> skip }
            fi;
#endif
            /* Somebody takes the memory exclusively here: the record is given up. */
            if
#ifdef KEEP_ZEROES
            :: atomic { end + 1 <= zeroed -> goto again }
#else
            :: atomic { zeroed = 0; goto again }
#endif
            :: skip
            fi;
            if
#ifndef PADDING_FIRST
            :: atomic { from != position -> release(from, HEADER(from, length)) };
                atomic { reveal(position, HEADER(position, 0)); count++; start[count] = from; behind[count] = end }
#endif
            :: atomic {
#ifndef PADDING_FIRST
                from == position ->
#endif
                release(from, HEADER(from, length)); count++; start[count] = from; behind[count] = end }
            fi;
#ifdef ZERO_LATE
            atomic { store(end, 0) };
#endif
#ifdef PAYLOAD_LATE
            if
            :: atomic { length == 2 -> store(from + 1, PAYLOAD(from + 1)) }
            :: atomic { length != 2 -> skip }
            fi;
#endif
            position = end;
again:
            skip
        od
    } unless { atomic { kill_producer -> kill_producer = 0; from = 0; end = 0; length = 0; h = 0; goto take_over } };
    atomic { position = 0; limit = 0; from = 0; end = 0; zeroed = 0; length = 0; ended = 1 }
}

proctype Consumer() {
    byte position; byte at; byte h; byte n;
take_over:
    {
        atomic {
#ifdef TAKE_OVER_FROM_START
            position = 0;
#else
            position = given;
#endif
            n = 0;
            do
            :: n < count && behind[n] != position -> n++
            :: else -> break
            od;
            assert(behind[n] == position)
        };
        do
        :: n == RECORDS -> break
        :: n < RECORDS ->
            atomic { cell[PLACE(position)] != 0 -> h = cell[PLACE(position)]; at = position; assert(POSITION(h) == at) };
            if
            :: atomic { LENGTH(h) == 0 -> at = at + TAIL(at); h = cell[PLACE(at)]; assert(h != 0 && POSITION(h) == at && LENGTH(h) != 0) }
            :: atomic { LENGTH(h) != 0 -> skip }
            fi;
            atomic {
                n++;
                assert(n <= count && start[n] == at && behind[n] == at + LENGTH(h));
                assert(n <= seen + 1);
                position = behind[n]
            };
#ifdef GIVE_BACK_EARLY
            given = position;
#endif
            if
            :: atomic { LENGTH(h) == 2 -> assert(cell[PLACE(at + 1)] == PAYLOAD(at + 1)) }
            :: atomic { LENGTH(h) != 2 -> skip }
            fi;
            atomic { seen = (n > seen -> n : seen); h = 0; at = 0 };
            /* The room is given back now, or with the next record's if there is one already. */
            if
            :: given = position
            :: atomic { n < RECORDS && cell[PLACE(position)] != 0 -> skip }
            fi
        od
    } unless { atomic { kill_consumer -> kill_consumer = 0; h = 0; at = 0; goto take_over } };
    atomic { n = 0; position = 0; read_all = 1 }
}

proctype Memory() {
end:
    do
    :: atomic { waits[0] -> flush(0) }
    :: atomic { waits[1] -> flush(1) }
    :: atomic { waits[2] -> flush(2) }
#if CELLS > 3
    :: atomic { waits[3] -> flush(3) }
#endif
#if CELLS > 4
    :: atomic { waits[4] -> flush(4) }
#endif
    od
}

proctype Killer() {
    byte producers = PRODUCER_KILLS; byte consumers = CONSUMER_KILLS;
    do
    :: atomic { producers > 0 && !kill_producer && !ended -> producers--; kill_producer = 1 }
    :: atomic { consumers > 0 && !kill_consumer && !read_all -> consumers--; kill_consumer = 1 }
    :: atomic { ended && read_all -> producers = 0; consumers = 0; break }
    od
}

init {
    atomic { run Producer(); run Consumer(); run Memory(); run Killer() }
}
