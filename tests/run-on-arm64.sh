#!/usr/bin/env bash
# Runs the tests of Nub.Memory, Nub.Ipc and Nub.Virtio as linux-arm64 on an x86-64 machine, in a whole machine that QEMU emulates:
#   tests/run-on-arm64.sh [parts of tests' names, with commas | !parts]      tests/run-on-arm64.sh RaceTests,StressTests
# What is skipped is printed with its reason. The last line is "N passed, N failed[, N skipped]"; the exit code is 3, and the reason the
# last line, when the tests could not be run at all.
#
# Needs Debian on x86-64, the .NET SDK (NuGet restores its runtime for linux-arm64), and 300 MB of disk for a cache; installs what it
# uses where this is root.
#   NUB_ARM64_PROJECTS  whose tests, with commas                      Nub.Memory,Nub.Ipc,Nub.Virtio
#   NUB_ARM64_PAGES     4k, or 16k: the kernel's pages (16k: from Debian's backports)            4k
#   NUB_ARM64_CPU       neoverse-n1 has ARMv8.2's atomics (LSE) and RCpc loads (ldapr), cortex-a72 neither; with max .NET crashes in QEMU 7.2   neoverse-n1
#   NUB_ARM64_MINUTES   how long the tests may take                   40
#   NUB_ARM64_CACHE     where the system inside is kept               ~/.cache/nub-on-arm64
#
# What it shows and what not: machine code, system calls, sizes of structures and pages are arm64's. The order of memory accesses is that
# of the processor beneath: x86-64 lets a load overtake a store, and nothing else that arm64 lets happen. So the lock's process-wide barrier
# is needed here, and tested; a missing acquire or release does not show. For that there are tests/models (WEAK) and the tests of machine code.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly projects="${NUB_ARM64_PROJECTS:-Nub.Memory,Nub.Ipc,Nub.Virtio}" pages="${NUB_ARM64_PAGES:-4k}" cpu="${NUB_ARM64_CPU:-neoverse-n1}"
readonly minutes="${NUB_ARM64_MINUTES:-40}" cache="${NUB_ARM64_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nub-on-arm64}"

cannot() {
    echo "Not run on arm64: $1"
    exit 3
}

[[ "$(uname -sm)" == "Linux x86_64" ]] || cannot "the emulator is set up on Linux on x86-64, and this is $(uname -sm). On arm64 dotnet test runs the same tests."

packages=(qemu-system-arm mmdebstrap cpio)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    command -v apt-get >/dev/null || cannot "it needs ${packages[*]}, and there is no apt-get to install them."
    [[ "$(id -u)" -eq 0 ]] || cannot "it needs ${packages[*]}, and $(id -un) may not install them."
    echo "Installing ${packages[*]} (100 MB)."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 ||
        cannot "they cannot be installed: apt-get update && apt-get install ${packages[*]} says why."
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

archive() {
    (cd "$1" && find . -mindepth 1 -print0 | cpio --null --quiet -o -H newc -R 0:0) >"$2"
}

# The system inside, made once: a kernel, a shell, and the libraries that .NET needs. Its packages are unpacked and not set up, which is
# enough and runs none of their scripts.
readonly system="$cache/$pages-1"
if [[ ! -f "$system/cpio" ]]; then
    echo "Making the system inside, once, in $system."
    mkdir -p "$system"
    root="$work/system"
    # The Debian that this machine has, from where it has it.
    . /etc/os-release
    mirror="$(apt-get indextargets --format '$(SITE)' "Created-By: Packages" "Codename: $VERSION_CODENAME" | sed -n 1p)"
    image=linux-image-cloud-arm64 suites=("$VERSION_CODENAME")
    if [[ "$pages" != 4k ]]; then
        image="linux-image-arm64-$pages"
        suites+=("$VERSION_CODENAME-backports")
    fi
    printf "deb $mirror %s main\n" "${suites[@]}" | mmdebstrap --quiet --variant=extract --architectures=arm64 \
        --include="busybox-static,libstdc++6,$image" "$VERSION_CODENAME" "$root" - >"$work/log" 2>&1 ||
        { cat "$work/log"; cannot "mmdebstrap could not get Debian's packages for arm64."; }
    cp "$root"/boot/vmlinuz-* "$system/vmlinuz"
    mkdir -p "$work/base"/{bin,dev,proc,sys,tmp,lib,usr/lib}
    cp "$root/bin/busybox" "$work/base/bin/"
    cp -a "$root"/lib/{aarch64-linux-gnu,ld-linux-aarch64.so.1} "$work/base/lib/"
    cp -a "$root/usr/lib/aarch64-linux-gnu" "$work/base/usr/lib/"
    archive "$work/base" "$system/cpio.new"
    mv "$system/cpio.new" "$system/cpio"
    rm -rf "$root" "$work/base"
fi

# The tests, as a program that brings its runtime along.
echo "Building for linux-arm64."
mkdir -p "$work/top"
if ! dotnet publish tests/Nub.Runner -c Release -r linux-arm64 --self-contained --artifacts-path "$work/artifacts" -o "$work/top/tests" >"$work/log" 2>&1; then
    if grep -qE 'error NU1[0-9]+: .*linux-arm64' "$work/log"; then
        grep -E 'error NU1[0-9]+' "$work/log" | sort -u
        cannot "NuGet has no runtime for linux-arm64."
    fi
    cat "$work/log"
    exit 1
fi
rm -rf "$work/artifacts"

cat >"$work/top/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir /dev/shm
mount -t tmpfs shm /dev/shm
ip link set lo up
export PATH=/bin HOME=/tmp
read -r up _ </proc/uptime
echo "Linux $(uname -rm) is up after $up s."
cd /tests
sh command
echo "nub: status $?"
echo o >/proc/sysrq-trigger
sleep 60
END
chmod +x "$work/top/init"
printf '%q ' ./Nub.Runner "$projects" "${1:-}" >"$work/top/tests/command"
archive "$work/top" "$work/top.cpio"
cat "$system/cpio" "$work/top.cpio" >"$work/initrd"
rm -rf "$work/top" "$work/top.cpio"

echo "Starting the emulated machine, $(nproc) processors ($cpu), pages of $pages."
timeout "$((minutes * 60))" qemu-system-aarch64 -accel tcg,thread=multi -machine virt,gic-version=3 -cpu "$cpu" -smp "$(nproc)" -m 4G \
    -nic none -no-reboot -display none -monitor none -serial stdio -kernel "$system/vmlinuz" -initrd "$work/initrd" \
    -append "console=ttyAMA0 quiet panic=-1" </dev/null 2>&1 | sed -u 's/\r$//' | tee "$work/log" | sed -u -E '/^nub: status|^[0-9]+ passed, /d' || true

sum="$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/log" | tail -n 1 || true)"
status="$(sed -n 's/^nub: status //p' "$work/log")"
if [[ -z "$sum" ]]; then
    echo "The tests did not come to their end (${status:-no} status, limit $minutes minutes)."
    echo "0 passed, 1 failed"
    exit 1
fi
echo "$sum"
[[ "$status" -eq 0 ]]
