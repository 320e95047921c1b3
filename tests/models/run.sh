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
failures=0

# search NAME EXPECTED-TO [-D...]: EXPECTED-TO is "hold" or "fail".
search() {
    local name="$1" expected="$2" outcome report
    shift 2
    mkdir -p "$work/$name"
    report="$(cd "$work/$name" && spin -a "$@" "$model" 2>&1 && gcc -O2 -w -DSAFETY -o pan pan.c 2>&1 && ./pan -m1000000 -n 2>&1)"
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
        *) verdict=WRONG; failures=$((failures + 1)) ;;
    esac
    printf '%-6s %-42s %s (%s states, %s s)\n' "$verdict" "$name" "$outcome" "${states:-no}" "${seconds:-no}"
    rm -rf "${work:?}/$name"
}

full="-DREADERS=2 -DLEASES=1 -DEXCLUSIVES=1"
claims="-DREADERS=1 -DLEASES=0 -DEXCLUSIVES=2"
lent="-DREADERS=1 -DLEASES=1 -DEXCLUSIVES=1 -DHELPERS=1"

echo "The protocol: no access while exclusive or released, released once and in the end, no slot left, no deadlock"
# shellcheck disable=SC2086
{
    search "two-readers-lease-exclusive-disposer" hold $full
    search "two-accesses-of-a-reader" hold -DREADERS=1 -DLEASES=1 -DEXCLUSIVES=1 -DACCESSES=2
    search "two-exclusives" hold $claims
    search "a-thread-that-was-lent-the-memory" hold $lent

    echo "Mutations, each of which must fail"
    search "NO_BARRIER" fail $full -DNO_BARRIER
    search "NO_BARRIER_RELEASE" fail $full -DNO_BARRIER_RELEASE
    search "SWAP_PUBLISH" fail $full -DSWAP_PUBLISH
    search "NO_LOOK_AFTER_CLEAR" fail $full -DNO_LOOK_AFTER_CLEAR
    search "LOOK_BEFORE_CLEAR" fail $full -DLOOK_BEFORE_CLEAR
    search "SLOW_NO_LOOK" fail $full -DSLOW_NO_LOOK
    search "SCAN_BEFORE_CLAIM" fail $full -DSCAN_BEFORE_CLAIM
    search "CONFIRM_WITHOUT_COMPARE" fail $full -DCONFIRM_WITHOUT_COMPARE
    search "ENTER_DURING_CLAIM" fail $full -DENTER_DURING_CLAIM
    search "LEAVE_EXCLUSIVE_NO_LOOK" fail $full -DLEAVE_EXCLUSIVE_NO_LOOK
    search "LEAVE_LEASE_NO_LOOK" fail $full -DLEAVE_LEASE_NO_LOOK
    search "WITHDRAW_NO_LOOK" fail $full -DWITHDRAW_NO_LOOK
    search "RELEASE_IGNORES_LEASES" fail $full -DRELEASE_IGNORES_LEASES
    search "RELEASE_IGNORES_SLOTS" fail $full -DRELEASE_IGNORES_SLOTS
    search "RELEASE_UNMARKED" fail $full -DRELEASE_UNMARKED
    search "NO_TICKET" fail $claims -DNO_TICKET
    search "WITHDRAW_ANY" fail $claims -DWITHDRAW_ANY
    search "SCAN_BEFORE_LOOK" fail $lent -DSCAN_BEFORE_LOOK
    search "HELPER_NO_SLOT" fail $lent -DHELPER_NO_SLOT
}

if [ "$failures" != 0 ]; then
    echo "$failures of the searches went wrong"
    exit 1
fi

echo "All searches went as they must"
