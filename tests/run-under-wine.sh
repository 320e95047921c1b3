#!/usr/bin/env bash
# Builds the tests of Nub.Memory and Nub.Ipc for Windows and runs them under Wine: tests/run-under-wine.sh [part of a test's name]
# Needs the .NET SDK, whose win-x64 runtime pack NuGet restores. Installs Wine where there is apt-get and this is root. What is
# skipped is printed with its reason. The last line is "N passed, N failed[, N skipped]"; the exit code is 3, and the reason the
# last line, when the tests could not be run at all. It is 4 when nothing failed but a run stopped for ever, twice over: below
# is why that is Wine's; it counts as one that failed.
#
# Wine 8.0 is not Windows, and .NET needs to be humoured there:
#   one processor      Wine's FlushProcessWriteBuffers does nothing. On one processor, where threads take turns, nothing is needed.
#   a debug build      .NET stops a thread in a loop without calls by changing its context, which it does not do under Wine, and
#                      waits for ever. A debug build calls where a release build has inlined. It is what `dotnet test` runs, too.
#   no W^X             the dynamic methods that .NET maps twice for it do not survive their finalizers.
#   few collections    (for StressTests and AttackTests, whose threads never rest) each stops all threads, and now and then one is not stopped: of
#                      eleven runs six stopped for ever, and with a nursery of 256 MB none of ten.
#   emitted calls      (in the runner's project) the second exception that passes native frames kills its thread.
# The tests are the same as on Linux, where they run on all processors with none of this.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Seconds for whatever is done before the tests.
readonly step_limit=900
readonly wine_folder=/usr/lib/wine

cannot() {
    echo "Not run under Wine: $1"
    exit 3
}

if [[ ! -x "$wine_folder/wine64" ]]; then
    command -v apt-get >/dev/null || cannot "there is no $wine_folder/wine64, and no apt-get to install it."
    [[ "$(id -u)" -eq 0 ]] || cannot "there is no $wine_folder/wine64, and $(id -un) may not install it (apt-get install wine64)."
    echo "Installing wine64 (100 MB)."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends wine64; } >/dev/null 2>&1 ||
        cannot "wine64 cannot be installed: apt-get update && apt-get install wine64 says why."
    [[ -x "$wine_folder/wine64" ]] || cannot "the package wine64 has no $wine_folder/wine64."
fi

work="$(mktemp -d)"
export WINEPREFIX="$work/prefix" WINEDEBUG=-all
unset DISPLAY WAYLAND_DISPLAY

# The prefix's own server, and with it every process that runs in the prefix.
end_wine() {
    if [[ -d "$WINEPREFIX" ]]; then
        timeout 20 "$wine_folder/wineserver" -k || true
        timeout 20 "$wine_folder/wineserver" -w || true
    fi
    rm -rf "$work"
}
trap end_wine EXIT

echo "Building for win-x64."
if ! timeout "$step_limit" dotnet publish tests/Nub.Memory.WindowsRunner -c Debug -r win-x64 --self-contained \
    --artifacts-path "$work/artifacts" -o "$work/tests" >"$work/build.log" 2>&1; then
    if grep -qE 'error NU1[0-9]+: .*win-x64' "$work/build.log"; then
        grep -E 'error NU1[0-9]+' "$work/build.log" | sort -u
        cannot "NuGet has no runtime pack for win-x64."
    fi
    cat "$work/build.log"
    exit 1
fi

mkdir "$WINEPREFIX"
WINEDLLOVERRIDES='mscoree,mshtml=' timeout "$step_limit" "$wine_folder/wine64" wineboot -i </dev/null >"$work/boot.log" 2>&1 ||
    { cat "$work/boot.log"; cannot "wineboot failed."; }

echo "Running under $("$wine_folder/wine64" --version), on one processor."
export DOTNET_EnableWriteXorExecute=0
processor="$(taskset -pc $$ | sed -E 's/.*: ([0-9]+).*/\1/')"
# Runs the tests that the filter takes, and prints what they print but for the last line, which is their sum. What stops for ever
# is tried again.
sums=""
status=0

# run TESTS [SECONDS]: those that Wine stops for ever take a minute where it does not.
run() {
    local result attempt time_limit="${2:-400}"
    for attempt in 1 2; do
        result=0
        timeout -k 5 "$time_limit" taskset -c "$processor" "$wine_folder/wine64" "$work/tests/Nub.Memory.WindowsRunner.exe" "$1" \
            </dev/null >"$work/log" 2>&1 || result=$?
        [[ "$result" -ge 124 ]] || break
        echo "The tests \"$1\" did not come to their end in $time_limit seconds, at attempt $attempt of 2 (status $result)."
    done

    # Windows ends its lines with a carriage return.
    sed -i 's/\r$//' "$work/log"
    if [[ "$result" -le 1 ]] && tail -1 "$work/log" | grep -qE '^[0-9]+ passed, [0-9]+ failed'; then
        head -n -1 "$work/log"
        sums+="$(tail -1 "$work/log")"$'\n'
        [[ "$result" -eq 0 ]] || status=1
    else
        cat "$work/log"
        sums+="0 passed, 1 failed"$'\n'
        if [[ "$result" -lt 124 ]]; then
            status=1
        elif [[ "$status" -eq 0 ]]; then
            status=4
        fi
    fi
}

if [[ $# -gt 0 ]]; then
    run "$1"
else
    # Those with threads that never pause, in processes of their own: once the runtime has compiled its library's loops anew, see
    # above, such a thread is not stopped any more.
    DOTNET_GCgen0size=0x10000000 run "StressTests"
    DOTNET_JITMinOpts=1 run "HostileThreadTests"
    DOTNET_GCgen0size=0x10000000 DOTNET_JITMinOpts=1 run "AttackTests" 150
    DOTNET_GCgen0size=0x10000000 DOTNET_JITMinOpts=1 run "Nub.Ipc.Tests"
    run "!StressTests,HostileThreadTests,AttackTests,Nub.Ipc.Tests"
fi

# "12 passed, 0 failed, 3 skipped", of which the last may be missing.
awk '{ passed += $1; failed += $3; skipped += $5 }
    END { printf "%d passed, %d failed", passed, failed; if (skipped) printf ", %d skipped", skipped; print "" }' <<<"$sums"
exit "$status"
