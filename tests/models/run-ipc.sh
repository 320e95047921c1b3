#!/usr/bin/env bash
# Searches the models of Nub.Ipc's protocols exhaustively (records in a ring, sleeping and waking, broadcast), and then each mutation of them, which
# must fail. One line each; exits 0 only when every model holds in every configuration and every mutation is found out.
# Exits 77 when spin or a C compiler is missing.
set -u
folder="$(cd "$(dirname "$0")" && pwd)"

for tool in spin gcc; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: nothing was checked"; exit 77; }
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
count=0

# search NAME MODEL EXPECTED-TO [-D...]: EXPECTED-TO is "hold" or "fail". Writes its line to a file, to be printed in order.
search() {
    local name="$1" model="$2" expected="$3" outcome report optimize=-O0 verdict=ok states
    shift 3
    [ "$expected" = hold ] && optimize=-O2
    mkdir -p "$work/$name"
    report="$(cd "$work/$name" && spin -a "$@" "$folder/$model.pml" 2>&1 && gcc "$optimize" -w -DSAFETY -o pan pan.c 2>&1 && ./pan -w22 -m1000000 -n 2>&1)"
    if ! grep -q "errors:" <<<"$report"; then
        outcome="did not run: $(tail -n 1 <<<"$report")"
    elif ! grep -q "errors: 0" <<<"$report"; then
        outcome="fails: $(grep -m 1 '^pan:1:' <<<"$report" | sed 's/^pan:1: //; s/ (at depth.*//' | cut -c 1-60)"
    elif grep -qE "Search not completed|max search depth too small|out of memory" <<<"$report"; then
        outcome="was not searched to the end"
    else
        outcome="holds"
    fi
    states="$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' <<<"$report")"
    case "$expected,$outcome" in
        hold,holds | fail,fails*) ;;
        *) verdict=WRONG ;;
    esac
    printf '%-6s %-14s %-38s %-64s %10s states\n' "$verdict" "$model" "$name" "$outcome" "${states:-no}" >"$work/$name.line"
    rm -rf "${work:?}/$name"
}

# start ORDER-KEEPING: a search beside the others, as many at once as there are processors.
start() {
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
        wait -n
    done
    count=$((count + 1))
    local name="$1"
    shift
    search "$(printf '%03d-' "$count")$name" "$@" &
}

echo "Records, one cell more or less, with and without kills"
start two-kills-each-in-four-cells ring hold -DPRODUCER_KILLS=2 -DCONSUMER_KILLS=2
start five-cells ring hold -DCELLS=5 -DRECORDS=5
for mutation in NO_ZERO ZERO_LATE PAYLOAD_LATE NO_RELEASE PADDING_FIRST PADDING_UNORDERED GIVE_BACK_EARLY NO_SPARE_CELL BAD_LIMIT \
    START_AT_CONSUMER KEEP_ZEROES ZERO_TOO_FAR TAKE_OVER_FROM_START; do
    start "$mutation" ring fail "-D$mutation"
done

start four-records ring-waiting hold -DRECORDS=4 -DNUDGES=2
for mutation in NO_BARRIER OWN_FENCE_ONLY NO_FENCE_WHEN_ASKED LOOK_BEFORE_REQUEST FUTEX_AFTER_LOOK NO_LOOK NO_FUTEX_CHANGE ANSWER_BEFORE_REVEAL \
    FENCE_FORGOTTEN ASKS_FOR_TOO_MUCH CLEAR_AFTER_WAKE REQUEST_NOT_READ_AGAIN; do
    start "$mutation" ring-waiting fail "-D$mutation"
done

start two-slots broadcast hold -DRECORDS=7
start three-slots broadcast hold -DSLOTS=3 -DRECORDS=6
for mutation in NO_BUSY_MARK NO_WRITE_BARRIER COMMIT_UNORDERED NO_SECOND_LOOK SECOND_LOOK_FIRST MARK_WITHOUT_LAP RESUME_TOO_EARLY; do
    start "$mutation" broadcast fail "-D$mutation"
done

wait
cat "$work"/*.line
if [ "$(cat "$work"/*.line | grep -c '^ok')" != "$count" ]; then
    echo "Not all searches went as they must"
    exit 1
fi

echo "All $count searches went as they must"
