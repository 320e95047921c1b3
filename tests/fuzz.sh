#!/usr/bin/env bash
# Fuzzing that coverage leads: runs targets of tests/Nub.Fuzz, one after the other, on instrumented copies of the library, and says for each how far it came.
#   tests/fuzz.sh [stack memory ...]
# The last line is "N targets, N executions, N failed"; the exit code is 1 when one failed, whose input is saved and printed with the line that runs it again, and 3, with the reason as the last
# line, when it could not be run at all.
#
# NUB_FUZZ_TARGET_SECONDS is the time for each target (10; 400 makes an hour of all nine), NUB_FUZZ_SEED repeats the random numbers of a run.
# NUB_FUZZ_KEEP=tests/Nub.Fuzz/Corpus writes what was found, minimized, over the corpus; otherwise nothing in the repository changes.
# Needs the .NET SDK, and SharpFuzz from NuGet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=true DOTNET_CLI_TELEMETRY_OPTOUT=true DOTNET_CLI_UI_LANGUAGE=en

command -v dotnet >/dev/null || { echo "Not run: there is no dotnet here."; exit 3; }
[[ "$(uname -s)" == Linux ]] || { echo "Not run: the targets are for Linux."; exit 3; }
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
dotnet restore tests/Nub.Fuzz >"$log" 2>&1 || { cat "$log"; echo "Not run: its packages cannot be had."; exit 3; }
dotnet build --no-restore -c Release tests/Nub.Fuzz >"$log" 2>&1 || { cat "$log"; echo "0 targets, 0 executions, 1 failed"; exit 1; }

# In the background, so that a signal to this script is passed on at once: the program removes its folder then.
dotnet tests/Nub.Fuzz/bin/Release/net10.0/Nub.Fuzz.dll fuzz "${NUB_FUZZ_TARGET_SECONDS:-10}" "${NUB_FUZZ_KEEP:--}" "$@" &
fuzzer=$!
trap 'kill "$fuzzer" 2>/dev/null; wait "$fuzzer" || true; echo "Stopped by a signal."; exit 130' INT TERM HUP
wait "$fuzzer"
