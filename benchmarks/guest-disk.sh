#!/usr/bin/env bash
# Measures samples/VhostUserBlock from within a Linux guest, side by side with another server of disks: one guest has a disk of each and measures them in turn, so that
# both meet the same noise. Prints for each kind of work the best and the median of the rounds, the processor time that the server took for a request, and the ratios.
#
#   benchmarks/guest-disk.sh reference   beside qemu-storage-daemon, which does the same work in C
#   benchmarks/guest-disk.sh packed      a packed ring beside a split one, both ours
#
#   NUB_ROUNDS     rounds, after one that is not counted   5
#   NUB_SECONDS    how long one measurement takes          3
#   NUB_QUEUES     queues of each disk, and processors     1
#   NUB_MINUTES    how long all of it may take             20
#   NUB_DIRECTORY  where the images of 256 MiB are made    the directory for temporary files
#   NUB_ACCELERATION  QEMU's: kvm, or the emulator, which takes most of the time itself   tcg,thread=multi
# Needs what tests/linux-guest.sh needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

other="${1:?usage: guest-disk.sh reference|packed}"
rounds="${NUB_ROUNDS:-5}" seconds="${NUB_SECONDS:-3}" queues="${NUB_QUEUES:-1}"
[[ "$other" != reference ]] || command -v qemu-storage-daemon >/dev/null || { apt-get update && apt-get install -y --no-install-recommends qemu-utils; } >/dev/null 2>&1
. tests/linux-guest/make.sh
images="$(mktemp -d -p "${NUB_DIRECTORY:-$work}")"
reference=""
end_all() {
    for process in $backend $reference; do kill "$process" 2>/dev/null && wait "$process" || true; done
    backend=""
    rm -rf "$images"
    end
}
trap end_all EXIT

server="$(build VhostUserBlock)"
for image in first second; do dd if=/dev/zero of="$images/$image" bs=1M count=256 status=none; done
"$server" --socket "$work/first" --image "$images/first" --queues "$queues" >"$work/server.log" 2>&1 &
backend=$!
packed=""
case "$other" in
reference)
    qemu-storage-daemon --blockdev driver=file,node-name=file,filename="$images/second" --blockdev driver=raw,node-name=disk,file=file \
        --export type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path="$work/second",writable=on,num-queues="$queues" &
    ;;
packed)
    packed=,packed=on
    "$server" --socket "$work/second" --image "$images/second" --queues "$queues" >"$work/server.log" 2>&1 &
    ;;
esac
reference=$!
for _ in $(seq 100); do [[ -S "$work/first" && -S "$work/second" ]] && break; sleep 0.1; done

# With packed, the first disk is the packed one, so that a ratio above 1 speaks for it.
# KVM only by request: without the processor's own virtualization behind it (as nested in some clouds), Debian's kernel does not get to its first line.
# Without arch-capabilities: QEMU 7.2 offers bits of it that some hosts then refuse to set (MSR 0x10a), and ends itself.
acceleration="${NUB_ACCELERATION:-tcg,thread=multi}" processor=max
[[ "$acceleration" != kvm ]] || processor=max,arch-capabilities=off
echo "acceleration $acceleration, $queues queues, $rounds rounds of $seconds s"
mkfifo "$work/console"
timeout -k 5 "${NUB_MINUTES:-20}m" qemu-system-x86_64 -accel "$acceleration" -cpu "$processor" -smp "$queues" -m 256 \
    -object memory-backend-memfd,id=memory,size=256M,share=on -numa node,memdev=memory \
    -kernel "$made/kernel" -initrd "$made/initrd" -append "console=ttyS0 quiet panic=-1 mitigations=off verify_seconds=$seconds rounds=$rounds" \
    -nodefaults -nographic -no-reboot -serial stdio \
    -chardev "socket,id=first,path=$work/first" -device "vhost-user-blk-pci,chardev=first,num-queues=$queues$packed" \
    -chardev "socket,id=second,path=$work/second" -device "vhost-user-blk-pci,chardev=second,num-queues=$queues" </dev/null >"$work/console" 2>"$work/qemu.log" &
machine=$!

# User and system time so far, in ticks of 10 ms (proc(5): fields 14 and 15; the name before them has no space).
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
first_begin=0 second_begin=0
while read -r line; do
    line="${line%$'\r'}"
    case "$line" in
    *"SPEED begin"*) first_begin="$(ticks "$backend")" second_begin="$(ticks "$reference")" ;;
    *"SPEED "*vda*) echo "${line#*SPEED } $(($(ticks "$backend") - first_begin))" >>"$work/measured" ;;
    *"SPEED "*vdb*) echo "${line#*SPEED } $(($(ticks "$reference") - second_begin))" >>"$work/measured" ;;
    esac
done <"$work/console"
wait "$machine" || { cat "$work/qemu.log" >&2; exit 1; }
machine=""

# Columns: round, disk, kind, threads, requests, "requests of", bytes, "bytes in", microseconds, "us,", failed, "failed", ticks.
awk -v other="$other" '
    function median(list, count,   sorted, i, j, t) {
        for (i = 1; i <= count; i++) sorted[i] = list[i]
        for (i = 2; i <= count; i++) for (j = i; j > 1 && sorted[j] < sorted[j - 1]; j--) { t = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = t }
        return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
    }
    $1 == 0 { next }
    { key = $3 " " $4; if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
      rate[key, $2, $1] = $5 * 1e6 / $11; bytes[key] = $8; cost[key, $2, $1] = $NF * 10000 / $5; if ($1 > rounds) rounds = $1; failed += $13 }
    END {
        printf "%-10s %28s %28s %7s %7s %24s\n", "", "ours: best, median", (other == "packed" ? "split" : other) ": best, median", "best", "median", "us of processor/request"
        for (k = 1; k <= keys; k++) {
            key = order[k]; best["vda"] = best["vdb"] = 0
            for (d = 0; d < 2; d++) { disk = d ? "vdb" : "vda"
                for (i = 1; i <= rounds; i++) { r[i] = rate[key, disk, i]; c[i] = cost[key, disk, i]; if (r[i] > best[disk]) best[disk] = r[i] }
                middle[disk] = median(r, rounds); used[disk] = median(c, rounds) }
            unit = bytes[key] > 4096 ? "MB/s" : "IOPS"; scale = bytes[key] > 4096 ? bytes[key] / 1e6 : 1
            printf "%-10s %11.0f %11.0f %-4s %11.0f %11.0f %-4s %7.3f %7.3f %7.2f %7.2f %7.3f\n", key, best["vda"] * scale, middle["vda"] * scale, unit,
                best["vdb"] * scale, middle["vdb"] * scale, unit, best["vda"] / best["vdb"], middle["vda"] / middle["vdb"], used["vda"], used["vdb"], used["vda"] / used["vdb"]
        }
        print failed + 0, "requests failed"
    }' "$work/measured"
