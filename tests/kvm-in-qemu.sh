#!/usr/bin/env bash
# Runs the tests of Nub.Kvm where there is no /dev/kvm: tests/kvm-in-qemu.sh [parts of tests' names, with commas | !parts]
# or the sample that boots Linux:                       tests/kvm-in-qemu.sh --boot-linux [its arguments]
# QEMU's software emulator offers AMD's SVM with nested paging to a Debian kernel inside it, which loads kvm_amd. What is skipped is
# printed with its reason. The last line is "N passed, N failed[, N skipped]"; the exit code is 3, and the reason the last line, when
# the tests could not be run at all.
#
# Needs Debian on x86-64, the .NET SDK, and 300 MB of disk for a cache; installs what it uses where this is root.
#   NUB_QEMU_CACHE     where the system inside is kept               ~/.cache/nub-kvm-in-qemu
#   NUB_QEMU_MINUTES   how long the tests may take                   25
#   NUB_QEMU_MEMORY    the machine's memory                          4G
#
# Now and then the emulated machine stands still for ever: both its processors run, and no interrupt arrives any more, so that not even
# its own watchdogs speak. Seen with QEMU 7.2 while virtual machines are made and ended by the dozen. Then it is ended, and another one runs
# the test classes that were not finished: at most three in all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly minutes="${NUB_QEMU_MINUTES:-25}" memory="${NUB_QEMU_MEMORY:-4G}"
readonly cache="${NUB_QEMU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nub-kvm-in-qemu}"

cannot() {
    echo "Not run in QEMU: $1"
    exit 3
}

[[ "$(uname -sm)" == "Linux x86_64" ]] || cannot "the tests are for Linux on x86-64, and this is $(uname -sm)."

packages=(qemu-system-x86 mmdebstrap cpio kmod)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    command -v apt-get >/dev/null || cannot "it needs ${packages[*]}, and there is no apt-get to install them."
    [[ "$(id -u)" -eq 0 ]] || cannot "it needs ${packages[*]}, and $(id -un) may not install them."
    echo "Installing ${packages[*]} (100 MB)."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 ||
        cannot "they cannot be installed: apt-get update && apt-get install ${packages[*]} says why."
fi

work="$(mktemp -d)"
machine=""
end() {
    [[ -z "$machine" ]] || kill -9 "$machine" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

# An archive that the kernel unpacks into its first file system. Several of them, one after the other, are one.
archive() {
    (cd "$1" && find . -mindepth 1 -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$2"
}

# The system inside, made once: a kernel, a shell, a C compiler and a firmware for the tests that use them, and the .NET runtime.
# Its packages are unpacked and not set up, which is enough and runs none of their scripts.
dotnet_folder="$(dirname "$(realpath "$(command -v dotnet)")")"
runtime="$(dotnet --list-runtimes | sed -n 's/^Microsoft.NETCore.App \(10\.[^ ]*\) .*/\1/p' | tail -1)"
[[ -n "$runtime" ]] || cannot "there is no .NET 10 runtime."
readonly system="$cache/runtime-$runtime-1"
if [[ ! -f "$system/cpio" ]]; then
    echo "Making the system inside, once, in $system."
    rm -rf "$cache"/runtime-*
    mkdir -p "$system"
    root="$work/root"
    mmdebstrap --quiet --variant=extract \
        --include=linux-image-cloud-amd64,busybox-static,gcc,libc6-dev,libstdc++6,libssl3,zlib1g,seabios \
        bookworm "$root" >"$work/debstrap.log" 2>&1 ||
        { cat "$work/debstrap.log"; cannot "mmdebstrap could not get Debian's packages."; }
    cp "$root"/boot/vmlinuz-* "$system/vmlinuz"

    # The modules for KVM, in the order in which they are loaded; the rest of the kernel's stays outside.
    version="$(ls "$root/lib/modules")"
    depmod -b "$root" "$version"
    mkdir "$root/modules"
    modprobe -d "$root" -S "$version" --show-depends kvm_amd | awk '$1 == "insmod" { print $2 }' >"$work/modules"
    while read -r file; do
        cp "$file" "$root/modules/"
        basename "$file" >>"$root/modules/order"
    done <"$work/modules"
    rm -rf "$root"/{boot,lib/modules,usr/share/{doc,man,locale,info},var,etc/apt} "$root"/usr/lib/gcc/x86_64-linux-gnu/*/lto1

    mkdir -p "$root/dotnet/shared/Microsoft.NETCore.App" "$root"/{proc,sys,tmp,tests}
    cp -a "$dotnet_folder"/{dotnet,host} "$root/dotnet/"
    cp -a "$dotnet_folder/shared/Microsoft.NETCore.App/$runtime" "$root/dotnet/shared/Microsoft.NETCore.App/"
    archive "$root" "$system/cpio.new"
    mv "$system/cpio.new" "$system/cpio"
fi

mkdir -p "$work/top/tests"
if [[ "${1:-}" == --boot-linux ]]; then
    shift
    project=samples/BootLinux
    cp "$system/vmlinuz" "$work/top/tests/vmlinuz"
    arguments=(BootLinux.dll --kernel vmlinuz --busybox /bin/busybox "$@")
else
    project=tests/Nub.Kvm.Runner
    arguments=(Nub.Kvm.Runner.dll "$@")
fi

echo "Building $project."
dotnet build -c Release -v quiet "$project" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
cp -a "$project"/bin/Release/net10.0/. "$work/top/tests/"
cat >"$work/top/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module"; done </modules/order
ip link set lo up
export PATH=/usr/bin:/bin HOME=/tmp DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
read -r up _ </proc/uptime
echo "Linux $(uname -r) is up after $up s."
cd /tests
sh command
echo "nub: status $?"
echo o >/proc/sysrq-trigger
sleep 60
END
chmod +x "$work/top/init"

# Runs the machine, until it ends, has told nothing for too long (status 2), or the time is over (status 3). Its output goes to the log.
readonly silence=240 deadline=$((SECONDS + minutes * 60))
run_machine() {
    : >"$log"
    # The kernel is not to check whether the timer interrupts in time, which on a busy machine it does not.
    qemu-system-x86_64 -accel tcg,thread=multi -machine q35 -cpu max -smp "$(nproc)" -m "$memory" \
        -nic none -no-reboot -display none -monitor none -serial "file:$log" \
        -kernel "$system/vmlinuz" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet mitigations=off no_timer_check panic=-1" </dev/null &
    machine=$!
    tail -n +1 -f --pid="$machine" "$log" | sed -u -E 's/\r$//; /^nub: status|^[0-9]+ passed, /d' &
    printer=$!

    local status=0
    while kill -0 "$machine" 2>/dev/null; do
        sleep 5
        if [[ "$SECONDS" -ge "$deadline" ]]; then
            status=3
        elif [[ $(($(date +%s) - $(stat -c %Y "$log"))) -ge "$silence" ]]; then
            status=2
        else
            continue
        fi

        kill -9 "$machine" 2>/dev/null || true
        break
    done
    wait "$machine" 2>/dev/null || true
    wait "$printer" 2>/dev/null || true
    return "$status"
}

# What is to run goes into an archive of its own, behind the system's.
start() {
    printf '%q ' /dotnet/dotnet exec "$@" >"$work/top/tests/command"
    archive "$work/top" "$work/top.cpio"
    cat "$system/cpio" "$work/top.cpio" >"$work/initrd"
    echo "Starting the emulated machine, $(nproc) processors and $memory."
    ended=0
    run_machine || ended=$?
    status="$(sed -n 's/\r$//; s/^nub: status //p' "$log")"
}

log="$work/log"
if [[ "$project" == samples/* ]]; then
    start "${arguments[@]}"
    exit "${status:-1}"
fi

# Adds what came of the classes that ended to the sums.
passed=0 failed=0 skipped=0 finished=()
note_finished() {
    local class count bad left
    while read -r class count; do
        bad="$(grep -c "^  FAILED $class\." "$log" || true)"
        left="$(grep -c "^  skipped $class\." "$log" || true)"
        failed=$((failed + bad))
        skipped=$((skipped + left))
        passed=$((passed + count - bad - left))
        finished+=("${class##*.}.")
    done < <(sed -n -E 's/^  (Nub\.Kvm\.Tests\.[A-Za-z]+): ([0-9]+) tests, .*/\1 \2/p' "$log")
}

for attempt in 1 2 3; do
    start "${arguments[@]}"
    note_finished
    [[ -z "$status" ]] || break
    case "$ended" in
        2) echo "The machine has stood still for $silence s, at attempt $attempt of 3." ;;
        3) echo "The machine did not come to the end of the tests in $minutes minutes." && break ;;
        *) echo "The machine ended before the tests did, at attempt $attempt of 3." ;;
    esac

    # The rest, of all tests or of those that were asked for.
    if [[ ${#finished[@]} -gt 0 && -z "${1:-}" ]]; then
        arguments=(Nub.Kvm.Runner.dll "!$(IFS=,; echo "${finished[*]}")")
    elif [[ ${#finished[@]} -gt 0 ]]; then
        passed=0 failed=0 skipped=0 finished=()
    fi
done

# One that was never finished counts as one that failed; so does what failed outside of a test.
if [[ -z "$status" ]] || [[ "$status" -ne 0 && "$failed" -eq 0 ]]; then
    failed=$((failed + 1))
fi

line="$passed passed, $failed failed"
[[ "$skipped" -eq 0 ]] || line+=", $skipped skipped"
echo "$line"
[[ "$failed" -eq 0 && "$passed" -gt 0 ]]
