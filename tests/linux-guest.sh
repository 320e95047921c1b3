#!/usr/bin/env bash
# Boots Debian's kernel in QEMU's software emulator with two disks that samples/VhostUserBlock serves, once for each combination of features, and lets the
# guest's own driver work: the files of an ext4 image are checked, others are written and read again, and a second disk takes random reads and
# writes whose every byte is verified.
#
#   tests/linux-guest.sh [combination ...]
#
# A combination is words joined by commas: split or packed, then any of noindirect, noevent, queues=N (as many processors have them), killed (the back end is
# killed by -9 twice while the guest works, and started again). One that begins with switch boots two guests on samples/VhostUserSwitch instead, which ping one another and
# copy a file, and "bios" has a BIOS boot from a disk by its own driver. Without one: all of split and packed, with and without indirect descriptors, with and without the event index, with 1 and 4 queues, both formats
# killed, both switched, and the BIOS. The guest must have chosen what the combination says.
# The last line is "N passed, N failed"; the exit code is 3, and the reason the last line, when nothing could be run at all.
#
# Needs Debian on x86-64, the .NET SDK, and 100 MB of disk for a cache; installs what it uses where this is root.
#   NUB_GUEST_CACHE     where the kernel and the guest's first file system are kept   ~/.cache/nub-linux-guest
#   NUB_GUEST_SECONDS   how long each of the two rounds of random I/O takes           3
#   NUB_GUEST_MINUTES   how long one boot may take                                    6
#   NUB_GUEST_LOGS      a directory that keeps what guests and back ends printed, a directory for each combination
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly seconds="${NUB_GUEST_SECONDS:-3}" minutes="${NUB_GUEST_MINUTES:-6}"
. tests/linux-guest/make.sh

# 20 files and their sums, 48 MiB; and a disk of nothing.
mkdir "$work/files"
for i in $(seq 1 20); do head -c $((i * 12345)) /dev/urandom >"$work/files/$i"; done
(cd "$work/files" && sha256sum -- * >sums)
mke2fs -q -t ext4 -d "$work/files" "$work/first.img" 48M >/dev/null

server=""
serve() {
    [[ -n "$server" ]] || server="$(build VhostUserBlock)" || return 1
    "$server" --socket "$work/first" --image "$work/first.run" --socket "$work/second" --image "$work/second.run" --queues "$1" >>"$work/server.log" 2>&1 &
    backend=$!
}

# Says whether bit $1 of the features that the guest chose is $2: the line has bit 0 first.
feature_is() {
    local line
    line="$(sed -n 's/.*GUEST: features \([01]*\).*/\1/p' "$work/guest.log" | head -1)"
    [[ "${line:$1:1}" == "$2" ]]
}

run() {
    local combination="$1" options="" queues=1 killed="" reconnect="" name kills=0
    local packed=0 indirect=1 event=1
    for name in ${combination//,/ }; do
        case "$name" in
        split) ;;
        packed) packed=1 options+=",packed=on" ;;
        noindirect) indirect=0 options+=",indirect_desc=off" ;;
        noevent) event=0 options+=",event_idx=off" ;;
        queues=[1-9]) queues="${name#queues=}" ;;
        killed) killed=1 reconnect=",reconnect=1" ;;
        *)
            echo "There is no '$name' in a combination."
            return 1
            ;;
        esac
    done

    cp "$work/first.img" "$work/first.run"
    rm -f "$work/second.run" "$work/first" "$work/second"
    truncate -s 48M "$work/second.run"
    : >"$work/server.log"
    : >"$work/guest.log"
    serve "$queues" || return 1
    for _ in $(seq 100); do [[ -S "$work/first" && -S "$work/second" ]] && break; sleep 0.1; done

    local disks=() disk
    for disk in first second; do
        disks+=(-chardev "socket,id=$disk,path=$work/$disk$reconnect" -device "vhost-user-blk-pci,chardev=$disk,num-queues=$queues$options")
    done
    timeout -k 5 "${minutes}m" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp "$queues" -m 256 \
        -object memory-backend-memfd,id=memory,size=256M,share=on -numa node,memdev=memory \
        -kernel "$made/kernel" -initrd "$made/initrd" -append "console=ttyS0 quiet panic=-1 mitigations=off verify_seconds=$seconds" \
        -nodefaults -nographic -no-reboot -serial stdio "${disks[@]}" </dev/null >"$work/guest.log" 2>"$work/qemu.log" &
    machine=$!

    while kill -0 "$machine" 2>/dev/null; do
        # In the middle of the first round of random I/O, and once more in the second.
        if [[ -n "$killed" && "$kills" -lt 2 ]] && grep -q 'GUEST: verifying' "$work/guest.log"; then
            sleep "$(((seconds + 1) / 2))"
            { kill -9 "$backend" && wait "$backend"; } 2>/dev/null || true
            kills=$((kills + 1))
            serve "$queues"
            sleep "$seconds"
        fi
        sleep 0.2
    done
    wait "$machine" 2>/dev/null || true
    machine=""

    # It stops as by Ctrl+C, which a process in the background does not get, and says so.
    kill -TERM "$backend" 2>/dev/null || true
    local status=0
    wait "$backend" || status=$?
    backend=""

    grep -a '^GUEST: ' "$work/guest.log" | tr -d '\r' | sed "s/^GUEST: /$combination: /" | grep -v ': features '
    local broken=()
    grep -q 'GUEST: all right: yes' "$work/guest.log" || broken+=("the guest did not say that all is right")
    feature_is 34 "$packed" || broken+=("packed is not $packed")
    feature_is 28 "$indirect" || broken+=("indirect descriptors are not $indirect")
    feature_is 29 "$event" || broken+=("the event index is not $event")
    grep -q "GUEST: queues $queues" "$work/guest.log" || broken+=("the guest does not use $queues queues")
    [[ "$status" -eq 0 ]] && tail -1 "$work/server.log" | grep -q 'stopped' || broken+=("the back end ended with $status")
    grep -q 'stands still\|has ended: ' "$work/server.log" && broken+=("the back end refused something")
    [[ -z "$killed" || "$kills" -eq 2 ]] || broken+=("the back end was killed $kills times, not 2")
    if [[ ${#broken[@]} -ne 0 ]]; then
        printf '%s\n' "${broken[@]}" | sed "s/^/$combination: FAILED: /"
        tail -20 "$work/guest.log" | sed "s/^/$combination:   guest: /"
        tail -10 "$work/server.log" | sed "s/^/$combination:   server: /"
        tail -5 "$work/qemu.log" | sed "s/^/$combination:   qemu: /"
        return 1
    fi
}

# Starts one of two guests at the switch. With vectors=0, because QEMU 7.2 without KVM crashes itself when a vhost network device gets MSI-X interrupts; without an option ROM,
# which would look for a network to boot from.
start_at_switch() {
    local role="$1" number="$2" options="$3"
    timeout -k 5 "${minutes}m" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 1 -m 256 \
        -object memory-backend-memfd,id=memory,size=256M,share=on -numa node,memdev=memory \
        -kernel "$made/kernel" -initrd "$made/initrd" -append "console=ttyS0 quiet panic=-1 mitigations=off role=$role" \
        -nodefaults -nographic -no-reboot -serial stdio -chardev "socket,id=port,path=$work/$role" -netdev vhost-user,id=net,chardev=port \
        -device "virtio-net-pci,netdev=net,mac=52:54:00:12:34:0$number,vectors=0,romfile=$options" </dev/null >"$work/$role.log" 2>"$work/$role.qemu.log" &
}

run_switch() {
    local combination="$1" options="" packed=0 other switch
    [[ "$combination" != *packed* ]] || packed=1 options=",packed=on"
    rm -f "$work/first" "$work/second"
    switch="$(build VhostUserSwitch)" || return 1
    "$switch" --socket "$work/first" --socket "$work/second" >"$work/server.log" 2>&1 &
    backend=$!
    for _ in $(seq 300); do [[ -S "$work/first" && -S "$work/second" ]] && break; sleep 0.1; done
    start_at_switch first 1 "$options"
    machine=$!
    start_at_switch second 2 "$options"
    other=$!
    wait "$other" || true
    wait "$machine" || true
    machine=""
    kill -TERM "$backend" 2>/dev/null || true
    local status=0
    wait "$backend" || status=$?
    backend=""

    local broken=() sums
    sums="$(cat "$work/first.log" "$work/second.log" | tr -d '\r' | grep -a '^GUEST: file' || true)"
    sed "s/^GUEST: /$combination: /" <<<"$sums"
    grep -a '^GUEST: .*received' "$work/second.log" | tr -d '\r' | sed "s/^GUEST: /$combination: /" || true
    [[ "$(wc -l <<<"$sums")" -eq 2 && "$(sort -u <<<"$sums" | wc -l)" -eq 1 && "$sums" == *"of 4194304 bytes"* ]] || broken+=("the file is not the same on both sides")
    grep -q ' 0% packet loss' "$work/second.log" || broken+=("a ping was lost")
    cp "$work/first.log" "$work/guest.log"
    feature_is 34 "$packed" || broken+=("packed is not $packed")
    [[ "$status" -eq 0 ]] && tail -1 "$work/server.log" | grep -q 'stopped' || broken+=("the switch ended with $status")
    grep -q 'stands still\|has ended: ' "$work/server.log" && broken+=("the switch refused something")
    if [[ ${#broken[@]} -ne 0 ]]; then
        printf '%s\n' "${broken[@]}" | sed "s/^/$combination: FAILED: /"
        tail -n 10 "$work"/{first,second,server,first.qemu,second.qemu}.log | sed "s/^/$combination:   /"
        return 1
    fi
}

# A disk that begins with tests/linux-guest/boot.S, whose sectors 1 to 64 begin and end with their numbers.
run_bios() {
    local combination="$1"
    as --32 -o "$work/boot.o" tests/linux-guest/boot.S && ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o "$work/first.run" "$work/boot.o"
    for i in $(seq 1 64); do
        printf '%b' "\\x$(printf %02x "$i")\\x00$(printf '\\x00%.0s' $(seq 508))\\x$(printf %02x "$i")\\x00" >>"$work/first.run"
    done
    truncate -s 1M "$work/first.run"
    rm -f "$work/first" "$work/second"
    truncate -s 1M "$work/second.run"
    : >"$work/server.log"
    serve 1 || return 1
    for _ in $(seq 100); do [[ -S "$work/first" ]] && break; sleep 0.1; done
    timeout -k 5 "${minutes}m" qemu-system-x86_64 -accel tcg -m 256 -object memory-backend-memfd,id=memory,size=256M,share=on -numa node,memdev=memory \
        -nodefaults -nographic -no-reboot -serial stdio -chardev "socket,id=disk,path=$work/first" -device vhost-user-blk-pci,chardev=disk,bootindex=1 \
        </dev/null >"$work/guest.log" 2>"$work/qemu.log" || true
    kill -TERM "$backend" 2>/dev/null || true
    wait "$backend" || true
    backend=""
    grep -a -o 'GUEST: .*' "$work/guest.log" | tr -d '\r' | sed "s/^GUEST: /$combination: /"

    # The guest has written what it read of sector 64, with one byte changed.
    local written
    written="$(od -An -tx1 -j $((200 * 512)) -N 3 "$work/first.run" | tr -d ' ')"
    if ! grep -q 'GUEST: the BIOS has booted, read and written' "$work/guest.log" || [[ "$written" != 40005a ]]; then
        echo "$combination: FAILED: the guest did not say that all is right, or sector 200 begins with $written, not 40005a"
        tail -n 10 "$work"/{guest,server,qemu}.log | sed "s/^/$combination:   /"
        return 1
    fi
}

combinations=("$@")
if [[ ${#combinations[@]} -eq 0 ]]; then
    for format in split packed; do
        for indirect in "" ,noindirect; do
            for event in "" ,noevent; do
                for queues in 1 4; do combinations+=("$format$indirect$event,queues=$queues"); done
            done
        done
        combinations+=("$format,killed" "switch,$format")
    done
    combinations+=(bios)
fi

passed=0 failed=0
for combination in "${combinations[@]}"; do
    runner=run
    [[ "$combination" != switch* ]] || runner=run_switch
    [[ "$combination" != bios ]] || runner=run_bios
    if "$runner" "$combination"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    if [[ -n "${NUB_GUEST_LOGS:-}" ]]; then
        mkdir -p "$NUB_GUEST_LOGS/$combination"
        cp "$work"/*.log "$NUB_GUEST_LOGS/$combination/"
    fi
done

echo "$passed passed, $failed failed"
[[ "$failed" -eq 0 ]]
