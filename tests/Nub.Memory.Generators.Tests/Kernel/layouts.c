/*
 * Prints where the C compiler puts the fields of structs that hosts and guests, kernels and programs share.
 *     cc layouts.c -o layouts && ./layouts > layouts.txt
 * Lines: struct <name> <size> <alignment>, then <field> <offset> <size> for each. x86-64, Linux's own headers.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/fuse.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <linux/virtio_vsock.h>

/* Not in the exported headers: Xen's, as XSA-216 found it. */
struct blkif_response { uint64_t id; uint8_t operation; int16_t status; };

#define S(type) printf("struct %s %zu %zu\n", #type, sizeof(struct type), _Alignof(struct type));
#define F(type, field) printf("%s %zu %zu\n", #field, offsetof(struct type, field), sizeof(((struct type *)0)->field));

int main(void)
{
#define T vring_desc
    S(vring_desc) F(T, addr) F(T, len) F(T, flags) F(T, next)
#undef T
#define T vring_used_elem
    S(vring_used_elem) F(T, id) F(T, len)
#undef T
#define T vring_packed_desc
    S(vring_packed_desc) F(T, addr) F(T, len) F(T, id) F(T, flags)
#undef T
#define T vring_packed_desc_event
    S(vring_packed_desc_event) F(T, off_wrap) F(T, flags)
#undef T
#define T virtio_blk_outhdr
    S(virtio_blk_outhdr) F(T, type) F(T, ioprio) F(T, sector)
#undef T
#define T virtio_net_hdr
    S(virtio_net_hdr) F(T, flags) F(T, gso_type) F(T, hdr_len) F(T, gso_size) F(T, csum_start) F(T, csum_offset)
#undef T
#define T virtio_net_hdr_v1
    S(virtio_net_hdr_v1) F(T, flags) F(T, gso_type) F(T, hdr_len) F(T, gso_size) F(T, csum_start) F(T, csum_offset) F(T, num_buffers)
#undef T
#define T virtio_net_hdr_v1_hash
    S(virtio_net_hdr_v1_hash) F(T, hdr) F(T, hash_value) F(T, hash_report) F(T, padding)
#undef T
#define T virtio_vsock_hdr
    S(virtio_vsock_hdr) F(T, src_cid) F(T, dst_cid) F(T, src_port) F(T, dst_port) F(T, len) F(T, type) F(T, op) F(T, flags) F(T, buf_alloc) F(T, fwd_cnt)
#undef T
#define T virtio_pci_common_cfg
    S(virtio_pci_common_cfg) F(T, device_feature_select) F(T, device_feature) F(T, guest_feature_select) F(T, guest_feature) F(T, msix_config)
    F(T, num_queues) F(T, device_status) F(T, config_generation) F(T, queue_select) F(T, queue_size) F(T, queue_msix_vector) F(T, queue_enable)
    F(T, queue_notify_off) F(T, queue_desc_lo) F(T, queue_desc_hi) F(T, queue_avail_lo) F(T, queue_avail_hi) F(T, queue_used_lo) F(T, queue_used_hi)
#undef T
#define T virtio_gpu_ctrl_hdr
    S(virtio_gpu_ctrl_hdr) F(T, type) F(T, flags) F(T, fence_id) F(T, ctx_id) F(T, ring_idx) F(T, padding)
#undef T
#define T io_uring_cqe
    S(io_uring_cqe) F(T, user_data) F(T, res) F(T, flags)
#undef T
#define T io_uring_sqe
    S(io_uring_sqe) F(T, opcode) F(T, flags) F(T, ioprio) F(T, fd) F(T, off) F(T, cmd_op) F(T, __pad1) F(T, addr) F(T, len) F(T, rw_flags) F(T, poll_events)
    F(T, user_data) F(T, buf_index) F(T, personality) F(T, splice_fd_in) F(T, addr_len) F(T, addr3) F(T, __pad2)
#undef T
#define T io_sqring_offsets
    S(io_sqring_offsets) F(T, head) F(T, tail) F(T, ring_mask) F(T, ring_entries) F(T, flags) F(T, dropped) F(T, array)
#undef T
#define T kvm_dirty_gfn
    S(kvm_dirty_gfn) F(T, flags) F(T, slot) F(T, offset)
#undef T
#define T kvm_coalesced_mmio
    S(kvm_coalesced_mmio) F(T, phys_addr) F(T, len) F(T, pio) F(T, data)
#undef T
#define T kvm_userspace_memory_region
    S(kvm_userspace_memory_region) F(T, slot) F(T, flags) F(T, guest_phys_addr) F(T, memory_size) F(T, userspace_addr)
#undef T
#define T kvm_segment
    S(kvm_segment) F(T, base) F(T, limit) F(T, selector) F(T, type) F(T, present) F(T, dpl) F(T, db) F(T, s) F(T, l) F(T, g) F(T, avl) F(T, unusable) F(T, padding)
#undef T
#define T kvm_dtable
    S(kvm_dtable) F(T, base) F(T, limit) F(T, padding)
#undef T
#define T kvm_sregs
    S(kvm_sregs) F(T, cs) F(T, ds) F(T, es) F(T, fs) F(T, gs) F(T, ss) F(T, tr) F(T, ldt) F(T, gdt) F(T, idt) F(T, cr0) F(T, cr2) F(T, cr3) F(T, cr4) F(T, cr8)
    F(T, efer) F(T, apic_base) F(T, interrupt_bitmap)
#undef T
#define T kvm_cpuid_entry2
    S(kvm_cpuid_entry2) F(T, function) F(T, index) F(T, flags) F(T, eax) F(T, ebx) F(T, ecx) F(T, edx) F(T, padding)
#undef T
#define T kvm_clock_data
    S(kvm_clock_data) F(T, clock) F(T, flags) F(T, pad0) F(T, realtime) F(T, host_tsc) F(T, pad)
#undef T
#define T fuse_in_header
    S(fuse_in_header) F(T, len) F(T, opcode) F(T, unique) F(T, nodeid) F(T, uid) F(T, gid) F(T, pid) F(T, total_extlen) F(T, padding)
#undef T
#define T fuse_attr
    S(fuse_attr) F(T, ino) F(T, size) F(T, blocks) F(T, atime) F(T, mtime) F(T, ctime) F(T, atimensec) F(T, mtimensec) F(T, ctimensec) F(T, mode)
    F(T, nlink) F(T, uid) F(T, gid) F(T, rdev) F(T, blksize) F(T, flags)
#undef T
#define T xdp_desc
    S(xdp_desc) F(T, addr) F(T, len) F(T, options)
#undef T
#define T perf_event_mmap_page
    S(perf_event_mmap_page) F(T, version) F(T, compat_version) F(T, lock) F(T, index) F(T, offset) F(T, time_enabled) F(T, time_running) F(T, capabilities)
    F(T, pmc_width) F(T, time_shift) F(T, time_mult) F(T, time_offset) F(T, time_zero) F(T, size) F(T, __reserved_1) F(T, time_cycles) F(T, time_mask) F(T, __reserved)
    F(T, data_head) F(T, data_tail) F(T, data_offset) F(T, data_size) F(T, aux_head) F(T, aux_tail) F(T, aux_offset) F(T, aux_size)
#undef T
#define T blkif_response
    S(blkif_response) F(T, id) F(T, operation) F(T, status)
#undef T
    return 0;
}
