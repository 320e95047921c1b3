# What tests/linux-guest.sh and benchmarks/guest-disk.sh share, to be sourced in the project's directory: makes the guest, whose kernel and first file
# system are then in $made; $work is a directory that is removed at the end. Ends with 3, and the reason as its last line, where that cannot be done.
#   NUB_GUEST_CACHE     where the kernel and the guest's first file system are kept   ~/.cache/nub-linux-guest
readonly cache="${NUB_GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/nub-linux-guest}"

cannot() {
    echo "Not run with Linux as a guest: $1"
    exit 3
}

[[ "$(uname -sm)" == "Linux x86_64" ]] || cannot "the guest is for Linux on x86-64, and this is $(uname -sm)."

packages=(qemu-system-x86 e2fsprogs cpio gcc libc6-dev)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
    command -v apt-get >/dev/null || cannot "it needs ${packages[*]}, and there is no apt-get to install them."
    [[ "$(id -u)" -eq 0 ]] || cannot "it needs ${packages[*]}, and $(id -un) may not install them."
    echo "Installing ${packages[*]}."
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${packages[@]}"; } >/dev/null 2>&1 ||
        cannot "they cannot be installed: apt-get update && apt-get install ${packages[*]} says why."
fi

work="$(mktemp -d)"
backend="" machine=""
end() {
    [[ -z "$machine" ]] || kill -9 "$machine" 2>/dev/null || true
    [[ -z "$backend" ]] || kill -9 "$backend" 2>/dev/null || true
    rm -rf "$work"
}
trap end EXIT

# The guest: Debian's kernel with the modules of virtio's block driver, busybox, and what tests/linux-guest has. Unpacked, not installed, and kept.
made="$cache/$(cat tests/linux-guest/* | sha256sum | cut -c1-16)"
if [[ ! -f "$made/initrd" ]]; then
    mkdir -p "$work/debs" "$work/unpacked" "$work/initrd"/{bin,dev,proc,sys,mnt,modules} "$made"
    kernel="$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -1)"
    if [[ -z "$kernel" ]] || ! (cd "$work/debs" && apt-get -qq download "$kernel" busybox-static) >/dev/null 2>&1; then
        rmdir "$made"
        cannot "Debian's packages linux-image-cloud-amd64 and busybox-static cannot be had: apt-get update && apt-get download says why."
    fi

    for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/unpacked"; done
    cp "$(find "$work/unpacked" -type f -path '*bin/busybox')" "$work/initrd/bin/busybox"
    for applet in sh mount umount insmod mkdir dd cat sha256sum poweroff dmesg ls sleep head grep wc rm ip ping nc cut; do ln -s busybox "$work/initrd/bin/$applet"; done
    modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk failover net_failover virtio_net)
    for module in "${modules[@]}"; do cp "$(find "$work/unpacked" -name "$module.ko")" "$work/initrd/modules/"; done
    echo "${modules[@]}" >"$work/initrd/modules/order"
    for program in verify speed; do gcc -O2 -static -o "$work/initrd/$program" "tests/linux-guest/$program.c" -lpthread; done
    cp tests/linux-guest/init tests/linux-guest/init-network tests/linux-guest/init-speed "$work/initrd/"
    cp "$work"/unpacked/boot/vmlinuz-* "$made/kernel"
    (cd "$work/initrd" && find . -print0 | cpio --null --quiet -o -H newc -R 0:0) | gzip -1 >"$made/initrd.part"
    mv "$made/initrd.part" "$made/initrd"
fi

# Builds a sample and says where it is.
build() {
    dotnet build -c Release "samples/$1" --nologo -v quiet >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; return 1; }
    echo "samples/$1/bin/Release/net10.0/$1"
}

