using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

// The structs of tests/Nub.Memory.Generators.Tests/Kernel/layouts.c, field by field and by the kernel's own names.
#pragma warning disable CS0649 // Nothing assigns the fields: the tests compare where they stand.
#pragma warning disable CS8981 // The kernel's names are lower case.
#pragma warning disable CS0169 // Reserved fields are never used.
#pragma warning disable IDE0044, IDE0051, IDE1006, CA1812, CA1823, CA1815, CA1051

namespace Nub.Memory.StrictConsumer.Kernel;

[AllValid] internal partial struct vring_desc { public ulong addr; public uint len; public ushort flags; public ushort next; }
[AllValid] internal partial struct vring_used_elem { public uint id; public uint len; }
[AllValid] internal partial struct vring_packed_desc { public ulong addr; public uint len; public ushort id; public ushort flags; }
[AllValid] internal partial struct vring_packed_desc_event { public ushort off_wrap; public ushort flags; }
[AllValid] internal partial struct virtio_blk_outhdr { public uint type; public uint ioprio; public ulong sector; }

[AllValid]
internal partial struct virtio_net_hdr
{
    public byte flags, gso_type;
    public ushort hdr_len, gso_size, csum_start, csum_offset;
}

[AllValid]
internal partial struct virtio_net_hdr_v1
{
    public byte flags, gso_type;
    public ushort hdr_len, gso_size, csum_start, csum_offset, num_buffers;
}

[AllValid]
internal partial struct virtio_net_hdr_v1_hash
{
    public virtio_net_hdr_v1 hdr;
    public uint hash_value;
    public ushort hash_report, padding;
}

[StructLayout(LayoutKind.Sequential, Pack = 1), AllValid]
internal partial struct virtio_vsock_hdr
{
    public ulong src_cid, dst_cid;
    public uint src_port, dst_port, len;
    public ushort type, op;
    public uint flags, buf_alloc, fwd_cnt;
}

[AllValid]
internal partial struct virtio_pci_common_cfg
{
    public uint device_feature_select, device_feature, guest_feature_select, guest_feature;
    public ushort msix_config, num_queues;
    public byte device_status, config_generation;
    public ushort queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
    public uint queue_desc_lo, queue_desc_hi, queue_avail_lo, queue_avail_hi, queue_used_lo, queue_used_hi;
}

[InlineArray(3)] internal struct Byte3 { private byte _first; }
[InlineArray(8)] internal struct Byte8 { private byte _first; }
[InlineArray(928)] internal struct Byte928 { private byte _first; }
[InlineArray(3)] internal struct UShort3 { private ushort _first; }
[InlineArray(4)] internal struct ULong4 { private ulong _first; }
[InlineArray(3)] internal struct UInt3 { private uint _first; }
[InlineArray(4)] internal struct UInt4 { private uint _first; }

[AllValid]
internal partial struct virtio_gpu_ctrl_hdr
{
    public uint type, flags;
    public ulong fence_id;
    public uint ctx_id;
    public byte ring_idx;
    public Byte3 padding;
}

[AllValid] internal partial struct io_uring_cqe { public ulong user_data; public int res; public uint flags; }

[StructLayout(LayoutKind.Explicit), AllValid]
internal partial struct io_uring_sqe
{
    [FieldOffset(0)] public byte opcode;
    [FieldOffset(1)] public byte flags;
    [FieldOffset(2)] public ushort ioprio;
    [FieldOffset(4)] public int fd;
    [FieldOffset(8)] public ulong off;
    [FieldOffset(8)] public uint cmd_op;
    [FieldOffset(12)] public uint __pad1;
    [FieldOffset(16)] public ulong addr;
    [FieldOffset(24)] public uint len;
    [FieldOffset(28)] public uint rw_flags;
    [FieldOffset(28)] public ushort poll_events;
    [FieldOffset(32)] public ulong user_data;
    [FieldOffset(40)] public ushort buf_index;
    [FieldOffset(42)] public ushort personality;
    [FieldOffset(44)] public int splice_fd_in;
    [FieldOffset(44)] public ushort addr_len;
    [FieldOffset(48)] public ulong addr3;
    [FieldOffset(56)] public ulong __pad2;
}

[AllValid]
internal partial struct io_sqring_offsets
{
    public uint head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
    public ulong resv2;
}

[AllValid] internal partial struct kvm_dirty_gfn { public uint flags, slot; public ulong offset; }

[AllValid]
internal partial struct kvm_coalesced_mmio
{
    public ulong phys_addr;
    public uint len, pio;
    public Byte8 data;
}

[AllValid]
internal partial struct kvm_userspace_memory_region
{
    public uint slot, flags;
    public ulong guest_phys_addr, memory_size, userspace_addr;
}

[AllValid]
internal partial struct kvm_segment
{
    public ulong @base;
    public uint limit;
    public ushort selector;
    public byte type, present, dpl, db, s, l, g, avl, unusable, padding;
}

[AllValid]
internal partial struct kvm_dtable
{
    public ulong @base;
    public ushort limit;
    public UShort3 padding;
}

[AllValid]
internal partial struct kvm_sregs
{
    public kvm_segment cs, ds, es, fs, gs, ss, tr, ldt;
    public kvm_dtable gdt, idt;
    public ulong cr0, cr2, cr3, cr4, cr8, efer, apic_base;
    public ULong4 interrupt_bitmap;
}

[AllValid]
internal partial struct kvm_cpuid_entry2
{
    public uint function, index, flags, eax, ebx, ecx, edx;
    public UInt3 padding;
}

[AllValid]
internal partial struct kvm_clock_data
{
    public ulong clock;
    public uint flags, pad0;
    public ulong realtime, host_tsc;
    public UInt4 pad;
}

[AllValid]
internal partial struct fuse_in_header
{
    public uint len, opcode;
    public ulong unique, nodeid;
    public uint uid, gid, pid;
    public ushort total_extlen, padding;
}

[AllValid]
internal partial struct fuse_attr
{
    public ulong ino, size, blocks, atime, mtime, ctime;
    public uint atimensec, mtimensec, ctimensec, mode, nlink, uid, gid, rdev, blksize, flags;
}

[AllValid] internal partial struct xdp_desc { public ulong addr; public uint len, options; }

[AllValid]
internal partial struct perf_event_mmap_page
{
    public uint version, compat_version, @lock, index;
    public long offset;
    public ulong time_enabled, time_running, capabilities;
    public ushort pmc_width, time_shift;
    public uint time_mult;
    public ulong time_offset, time_zero;
    public uint size, __reserved_1;
    public ulong time_cycles, time_mask;
    public Byte928 __reserved;
    public ulong data_head, data_tail, data_offset, data_size, aux_head, aux_tail, aux_offset, aux_size;
}
