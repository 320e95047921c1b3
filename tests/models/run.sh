#!/usr/bin/env bash
# Searches the model of the locking protocol exhaustively, and then each mutation of it, which must fail.
# One line each; exits 0 only when the model holds in every configuration and every mutation is found out.
# Exits 77 when spin or a C compiler is missing and cannot be installed.
set -u
model="$(cd "$(dirname "$0")" && pwd)/region-lock.pml"

for tool in spin gcc; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing; trying apt-get"
        if [ "$(id -u)" != 0 ] || ! { apt-get update -qq && apt-get install -y -qq "$tool"; } >/dev/null 2>&1; then
            echo "$tool is missing and cannot be installed: nothing was checked"
            exit 77
        fi
    fi
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
count=0

# search NAME EXPECTED-TO [-D...]: EXPECTED-TO is "hold" or "fail". Writes its line to a file, to be printed in order.
search() {
    local name="$1" expected="$2" outcome report optimize=-O0
    shift 2
    # Optimizing takes the compiler 4 s, which only the searches of millions of states give back.
    [[ "$*" == *READERS=2* ]] && optimize=-O2
    mkdir -p "$work/$name"
    report="$(cd "$work/$name" && spin -a "$@" "$model" 2>&1 && gcc "$optimize" -w -DSAFETY -o pan pan.c 2>&1 && ./pan -w23 -m1000000 -n 2>&1)"
    if ! grep -q "errors:" <<<"$report"; then
        outcome="did not run: $(tail -n 1 <<<"$report")"
    elif ! grep -q "errors: 0" <<<"$report"; then
        outcome="fails: $(grep -m 1 '^pan:1:' <<<"$report" | sed 's/^pan:1: //; s/ (at depth.*//')"
    elif grep -qE "Search not completed|max search depth too small|out of memory" <<<"$report"; then
        outcome="was not searched to the end"
    else
        outcome="holds"
    fi
    local states seconds verdict=ok
    states="$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' <<<"$report")"
    seconds="$(sed -n 's/^pan: elapsed time \([0-9.e+-]*\) .*/\1/p' <<<"$report")"
    case "$expected/$outcome" in
        hold/holds | fail/fails:*) ;;
        *) verdict=WRONG ;;
    esac
    printf '%-6s must %s: %-38s %s (%s states, %s s)\n' "$verdict" "$expected" "$name" "$outcome" "${states:-no}" "${seconds:-no}"
    rm -rf "${work:?}/$name"
}

# start NAME EXPECTED-TO [-D...]: a search beside the others, as many at once as there are processors.
start() {
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
        wait -n
    done
    count=$((count + 1))
    search "$@" >"$work/$(printf '%03d' "$count").line" &
}

full="-DREADERS=2 -DLEASES=1 -DEXCLUSIVES=1"
# What fails with one reader fails with two.
small="-DREADERS=1 -DLEASES=1 -DEXCLUSIVES=1"
claims="-DREADERS=1 -DLEASES=0 -DEXCLUSIVES=2"
lent="-DREADERS=1 -DLEASES=1 -DEXCLUSIVES=1 -DHELPERS=1"
patient="-DREADERS=1 -DPATIENTS=1"
# Those who were lent the memory change it as a whole.
changes="-DREADERS=0 -DLEASES=1 -DEXCLUSIVES=1 -DHELPERS=2 -DCHANGES"
second="-DREADERS=1 -DLEASES=0 -DEXCLUSIVES=1"

echo "The protocol: no access while exclusive or released, released once and in the end, no slot left, no deadlock"
# shellcheck disable=SC2086
{
    start "two-readers-lease-exclusive-disposer" hold $full
    start "two-accesses-of-a-reader" hold -DREADERS=1 -DLEASES=1 -DEXCLUSIVES=1 -DACCESSES=2
    start "two-exclusives" hold $claims
    start "weak-memory" hold $full -DWEAK
    start "weak-memory-two-accesses" hold $small -DWEAK -DACCESSES=2
    start "weak-memory-two-exclusives" hold $claims -DWEAK
    start "weak-memory-lent" hold $lent -DWEAK
    start "weak-memory-patience" hold $patient -DLEASES=0 -DEXCLUSIVES=1 -DWEAK
    start "weak-memory-PUBLISH_NO_RELEASE" hold $small -DWEAK -DACCESSES=2 -DPUBLISH_NO_RELEASE
    start "weak-memory-CLEAR_NO_RELEASE" fail $small -DWEAK -DCLEAR_NO_RELEASE
    start "weak-memory-LOOK_NO_ACQUIRE" fail $small -DWEAK -DLOOK_NO_ACQUIRE
    start "weak-memory-NO_BARRIER" fail $small -DWEAK -DNO_BARRIER
    start "weak-memory-NO_BARRIER_RELEASE" fail $small -DWEAK -DNO_BARRIER_RELEASE
    start "weak-memory-NO_LOOK_AFTER_CLEAR" fail $small -DWEAK -DNO_LOOK_AFTER_CLEAR
    start "weak-memory-LOOK_BEFORE_CLEAR" fail $small -DWEAK -DLOOK_BEFORE_CLEAR
    start "a-thread-that-was-lent-the-memory" hold $lent

    start "NO_BARRIER" fail $small -DNO_BARRIER
    start "NO_BARRIER_RELEASE" fail $small -DNO_BARRIER_RELEASE
    start "SWAP_PUBLISH" fail $small -DSWAP_PUBLISH
    start "NO_LOOK_AFTER_CLEAR" fail $small -DNO_LOOK_AFTER_CLEAR
    start "LOOK_BEFORE_CLEAR" fail $small -DLOOK_BEFORE_CLEAR
    start "SLOW_NO_LOOK" fail $small -DSLOW_NO_LOOK
    start "SCAN_BEFORE_CLAIM" fail $small -DSCAN_BEFORE_CLAIM
    start "CONFIRM_WITHOUT_COMPARE" fail $small -DCONFIRM_WITHOUT_COMPARE
    start "ENTER_DURING_CLAIM" fail $small -DENTER_DURING_CLAIM
    start "LEAVE_EXCLUSIVE_NO_LOOK" fail $small -DLEAVE_EXCLUSIVE_NO_LOOK
    start "LEAVE_LEASE_NO_LOOK" fail $small -DLEAVE_LEASE_NO_LOOK
    start "WITHDRAW_NO_LOOK" fail $small -DWITHDRAW_NO_LOOK
    start "RELEASE_IGNORES_LEASES" fail $small -DRELEASE_IGNORES_LEASES
    start "RELEASE_IGNORES_SLOTS" fail $small -DRELEASE_IGNORES_SLOTS
    start "RELEASE_UNMARKED" fail $small -DRELEASE_UNMARKED
    start "NO_TICKET" fail $claims -DNO_TICKET
    start "WITHDRAW_ANY" fail $claims -DWITHDRAW_ANY
    start "SCAN_BEFORE_LOOK" fail $lent -DSCAN_BEFORE_LOOK
    start "HELPER_NO_SLOT" fail $lent -DHELPER_NO_SLOT

    start "two-threads-that-change-what-they-were-lent" hold $changes
    start "a-reader-beside-a-change" hold -DREADERS=1 -DLEASES=0 -DEXCLUSIVES=1 -DHELPERS=1 -DCHANGES
    start "a-change-and-the-next-exclusive" hold -DREADERS=0 -DLEASES=0 -DEXCLUSIVES=2 -DHELPERS=1 -DCHANGES
    start "weak-memory-change" hold -DREADERS=0 -DLEASES=0 -DEXCLUSIVES=1 -DHELPERS=2 -DCHANGES -DWEAK
    for mutation in CHANGE_IN_PHASE_ALONE CHANGE_NO_BARRIER CHANGE_SCAN_FIRST LEAVE_DURING_CHANGE NOTED_BY_PLAIN_STORE NOTED_AFTER_LOOK; do
        start "$mutation" fail $changes -D$mutation
    done

    start "patience-beside-a-claim" hold $patient -DLEASES=0 -DEXCLUSIVES=1
    start "patience-beside-a-lease" hold $patient -DLEASES=1 -DEXCLUSIVES=0
    start "PATIENT_NO_BARRIER" fail $patient -DLEASES=0 -DEXCLUSIVES=0 -DPATIENT_NO_BARRIER
    start "PATIENT_SCAN_FIRST" fail $patient -DLEASES=0 -DEXCLUSIVES=0 -DPATIENT_SCAN_FIRST
    start "PATIENT_ENTERS_AT_ONCE" fail $patient -DLEASES=0 -DEXCLUSIVES=0 -DPATIENT_ENTERS_AT_ONCE
    start "PATIENT_GIVES_UP_NO_LOOK" fail $patient -DLEASES=0 -DEXCLUSIVES=0 -DPATIENT_GIVES_UP_NO_LOOK
    start "PATIENT_OVER_LEASE" fail $patient -DLEASES=1 -DEXCLUSIVES=0 -DPATIENT_OVER_LEASE

    start "an-access-inside-of-an-access" hold $second -DNESTED
    start "a-slot-that-is-new" hold $second -DFRESH
    start "a-table-that-is-replaced" hold $second -DRENEWED
    start "NESTED_IN_SAME_SLOT" fail $second -DNESTED -DNESTED_IN_SAME_SLOT
    start "NESTED_CLEARS_ALL" fail $second -DNESTED -DNESTED_CLEARS_ALL
    start "KNOWN_AFTER_USE" fail $second -DFRESH -DKNOWN_AFTER_USE
    start "OLD_TABLE_DROPPED" fail $second -DRENEWED -DOLD_TABLE_DROPPED
    start "NO_BARRIER_OF_COLLECTOR" fail $second -DRENEWED -DNO_BARRIER_OF_COLLECTOR
}

wait
cat "$work"/*.line
if [ "$(cat "$work"/*.line | grep -c '^ok')" != "$count" ]; then
    echo "Not all searches went as they must"
    exit 1
fi

echo "All searches went as they must"
