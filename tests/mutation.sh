#!/usr/bin/env bash
# Changes the code of a folder of Nub.Memory, or of its generator, in one place at a time and runs the tests that know it: what no test notices is printed, to be killed by a test or explained in docs/testing.md.
#   tests/mutation.sh [Stack|Locking|Access|Views|Layout] [FILES]
# FILES is a glob of files of the folder without their ending, such as 'Region*'; all when it is left out.
# The last line is "N killed, N survived, N not covered: score N.NN of FOLDER"; the exit code is 3, and the reason the last line, when it could not be run at all.
#
# Needs the .NET SDK and dotnet-stryker from NuGet, which is put into a temporary folder. Run it with nothing else running: a test that takes too long counts as a mutation that was noticed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly folder="${1:-Stack}" files="${2:-*}" version=5.1.0

# The classes that test a folder: all others would run for each mutation without a chance to notice it. And what of them takes seconds, to notice what others notice as well.
project=Nub.Memory slow=() settings=("")
case "$folder" in
Stack) classes=(SharedStackTests SharedStackFormTests StackOfPeerTests ContractTests ErrorMessageTests AllocationTests ForeignMemoryTests ExclusivityTests MeterTests EventSourceTests) ;;
Locking)
    classes=(RegionLockTests LeaseTests AccessSlotTests ExclusivityTests ExclusiveSharedMemoryTests ReadOnlySharedMemoryTests LifecycleTests HostLeaseTests GuestLeaseTests ContractTests ErrorMessageTests
        DebugViewTests MeterTests EventSourceTests AllocationTests VanishedMemoryTests SlotTests ReleaseTests)
    slow=(Ten_thousand_rounds Refused_mappings Threads_that_have_ended Twenty_thousand_faults)
    ;;
Access)
    classes=(BulkWaysTests FileTransferTests ByteMaskTests AtomicsTests PlaceTests LockedPlaceTests GuestPlaceTests ArrayTests HostileThreadTests)
    slow=(Pops_under_fire)

    # With all instructions that the processor has, and without the widest: the code has a way for either.
    settings=("" DOTNET_EnableAVX512=0)
    ;;
Views) classes=(PlaceTests LockedPlaceTests ArrayViewTests GuestPlaceTests TailedPlaceTests ArrayTests) ;;
Layout)
    # Without what runs the generator or the analyzers: each mutation starts a process, in which the compiler's code has to be compiled first.
    project=Nub.Memory.Generators classes=(LayoutModelTests ShapeModelTests NameModelTests MemberModelTests)
    ;;
*)
    echo "Not run: no tests are named for '$folder' yet; say which in this script."
    exit 3
    ;;
esac

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
dotnet tool install dotnet-stryker --version "$version" --tool-path "$work/tool" >"$work/install.log" 2>&1 || {
    echo "Not run: dotnet-stryker $version cannot be had: $(tail -n 1 "$work/install.log")"
    exit 3
}

filter="$(printf '|FullyQualifiedName~.%s.' "${classes[@]}")"
filter="(${filter:1})"
((${#slow[@]} == 0)) || filter+="$(printf '&FullyQualifiedName!~.%s' "${slow[@]}")"
cat >"$work/config.json" <<END
{ "stryker-config": {
  "project": "$project.csproj", "mutate": ["**/$folder/$files.cs"], "test-case-filter": "$filter",
  "concurrency": 1, "coverage-analysis": "perTest", "additional-timeout": 5000, "reporters": ["json"]
} }
END
reports=()
for setting in "${settings[@]}"; do
    out="$work/out${#reports[@]}"
    (cd "tests/$project.Tests" && env $setting "$work/tool/dotnet-stryker" --config-file "$work/config.json" --output "$out") | tee "$work/log" | grep -E 'tests found|tested|ERR' || true
    report="$(find "$out" -name mutation-report.json 2>/dev/null | head -n 1)"
    [[ -n "$report" ]] || { tail -n 20 "$work/log"; echo "No mutation was tried: dotnet-stryker gave no report."; exit 1; }
    reports+=("$report")
done
python3 - "$folder" "${reports[@]}" <<'END'
import collections, json, sys

# Of one mutation in several reports the best: noticed once is noticed.
ORDER = ["Killed", "Timeout", "Survived", "NoCoverage"]
found, sources = {}, {}
for report in sys.argv[2:]:
    for path, file in json.load(open(report))["files"].items():
        sources[path] = file["source"].splitlines()
        for mutant in file["mutants"]:
            if mutant["status"] in ORDER:
                start, end = mutant["location"]["start"], mutant["location"]["end"]
                key = (path, start["line"], start["column"], end["line"], end["column"], mutant["mutatorName"], mutant["replacement"])
                found[key] = min(found.get(key, "NoCoverage"), mutant["status"], key=ORDER.index)

counts = collections.Counter(found.values())
for (path, line, *_, replacement), status in sorted(found.items()):
    if status in ("Survived", "NoCoverage"):
        print(f'{status:10} {path.rsplit("/")[-1]}:{line}: {sources[path][line - 1].strip()} => {" ".join(replacement.split())}')

killed, missed = counts["Killed"] + counts["Timeout"], counts["Survived"] + counts["NoCoverage"]
print(f'{killed} killed, {counts["Survived"]} survived, {counts["NoCoverage"]} not covered: score {killed / max(1, killed + missed):.2f} of {sys.argv[1]}')
END
