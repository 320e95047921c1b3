using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>The public face of memory that another process has too: what it allows, refuses, and says when bytes are gone.</summary>
[Collection(Alone.Name)]
public sealed class ForeignMemoryTests
{
    private const ulong Page = 4096;

    [SkippableFact]
    public void Every_member_says_which_bytes_are_gone()
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        using SafeFileHandle file = LinuxSharing.MemFd(3 * Page);
        using HostSharedMemory host = HostSharedMemory.Open(file, 0, 3 * Page);
        host.Fill(0, host.Size, 7);
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)Page));
        const ulong gone = Page + 16;
        byte[] data = new byte[2 * Page];

        Faults(gone, 8, () => host.Read<ulong>(gone));
        Faults(gone, 16, () => host.Read<UInt128>(gone));
        Faults(gone, 1, () => host.Write<byte>(gone, 1));
        Faults(gone, 16, () => host.Write<UInt128>(gone, 1));
        Faults(Page - 1, 4, () => host.Read<uint>(Page - 1));
        Faults(0, 2 * Page, () => host.CopyTo(0, data));
        Faults(0, 2 * Page, () => host.CopyFrom(0, data));
        Faults(1, 2 * Page, () => host.Fill(1, 2 * Page, 0));
        Faults(gone, 4, () => host.CompareExchange(gone, 1, 2));
        Faults(gone, 8, () => host.Exchange(gone, 1L));
        Faults(gone, 4, () => host.Add(gone, 1u));
        Faults(gone, 8, () => host.And(gone, 1UL));
        Faults(gone, 4, () => host.Or(gone, 1));
        Faults(gone, 8, () => SharedView.At<ulong>(host, gone).Load());
        Faults(gone, 8, () => SharedView.At<ulong>(host, gone).Store(1));
        Faults(gone + 12, 4, () => _ = SharedArrayView.At<uint>(host, gone, 8)[3]);
        Faults(gone, 64, () => host.StackAt(gone, 64).Push([1]));
        Faults(gone, 64, () => host.StackAt(gone, 64).Pop());
        Faults(0, 3 * Page, host.Zero);
        Faults(gone, 8, () =>
        {
            using HostLease lease = host.Enter();
            lease.Read<ulong>(gone);
        });
        Faults(gone, 4, () =>
        {
            using HostLease lease = host.Enter();
            lease.Write(gone, 1);
        });
        Faults(Page, Page, () =>
        {
            using HostLease lease = host.Enter();
            lease.CopyTo(Page, new byte[Page]);
        });
        Faults(Page, 8, () => host.WithExclusivity(exclusive => exclusive.CopyTo(Page, new byte[8])));
        Faults(Page, 8, () => host.WithExclusivity(exclusive => exclusive.WriteUInt64(Page, 1)));

        Assert.False(host.TryRead(gone, out ulong value));
        Assert.Equal(0UL, value);
        Assert.False(host.TryWrite(gone, 1));
        Assert.False(host.TryCopyTo(gone, data.AsSpan(0, 100)));
        Assert.False(host.TryCopyFrom(gone, data.AsSpan(0, 100)));
        Assert.False(host.TryFill(gone, 100, 1));
        Assert.False(host.TryAdd(gone, 1, out int result));
        Assert.Equal(0, result);
        Assert.False(host.TryCompareExchange(gone, 1L, 0L, out _));
        Assert.False(host.StackAt(gone, 64).TryPush([1], out SharedStackError error));
        Assert.Equal(SharedStackError.MemoryGone, error);
        using (HostLease lease = host.Enter())
        {
            Assert.False(lease.TryRead(gone, out value));
            Assert.False(lease.TryWrite(gone, 1));
            Assert.False(lease.TryCopyTo(gone, data.AsSpan(0, 9)));
        }

        // A range that leaves the memory is another failure than bytes that are gone.
        Assert.Throws<SharedMemoryBoundsException>(() => host.Read<ulong>((3 * Page) - 7));

        // What is still there, and what is there again.
        host.Write<byte>(Page - 1, 7);
        Assert.Equal(7, host.Read<byte>(Page - 1));
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)(3 * Page)));
        Assert.Equal(0UL, host.Read<ulong>(gone));
        host.Write(gone, 5UL);
        Assert.Equal(5UL, host.Read<ulong>(gone));
    }

    [SkippableFact]
    public void A_mapped_file_and_a_private_view_of_it_survive_as_well()
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        File.WriteAllBytes(path, new byte[2 * Page]);
        try
        {
            using var mapped = ReadOnlySharedMemory.MapFile(path, Page);
            using ExclusiveSharedMemory view = mapped.MapCopyOnWrite();
            view.WriteByte(0, 9);
            using (SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                RandomAccess.SetLength(file, (long)Page);
            }

            byte[] copy = new byte[8];
            mapped.CopyTo(Page - 8, copy);
            Faults(Page, 8, () => mapped.CopyTo(Page, copy));
            Faults(0, 2 * Page, () => mapped.CopyToWritable().Dispose());
            Faults(Page, 8, () => view.CopyTo(Page, copy));
            Faults(Page, 4, () => view.WriteUInt32(Page, 1));
            Assert.Equal(9, view.ReadByte(0));
            (HostSharedMemory host, GuestSharedMemory guest) = mapped.MapCopyOnWrite().Build();
            Assert.False(host.TryRead(Page, out byte _));
            host.Dispose();
            guest.Dispose();
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A peer can serve a file itself (FUSE), and answer for it never: neither an access nor statx. What stands in for it here is as little in memory.</summary>
    [SkippableTheory]
    [InlineData("/dev/zero")]
    [InlineData("/proc/self/status")]
    public void A_handle_of_no_file_in_memory_is_refused_before_its_length_is_asked(string path)
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        NotSupportedException refusal = Assert.Throws<NotSupportedException>(() => HostSharedMemory.Open(file, 1UL << 40, Page, SharedMemoryAccess.Read));
        Assert.Contains("allowUnsealed", refusal.Message, StringComparison.Ordinal);

        // A device has no length.
        if (path != "/dev/zero")
        {
            Assert.Throws<SharedMemoryBoundsException>(() => HostSharedMemory.Open(file, 1UL << 40, Page, SharedMemoryAccess.Read, allowUnsealed: true));
        }
    }

    [SkippableFact]
    public void A_file_of_ones_own_is_opened_by_its_path_and_by_a_handle_that_is_trusted()
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        string path = Path.Combine(AppContext.BaseDirectory, $"nub-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(path, [1, 2, 3, 4]);
            using (HostSharedMemory host = HostSharedMemory.OpenFile(path, 0, 4, SharedMemoryAccess.ReadWrite))
            {
                host.Write<byte>(1, 7);
            }

            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            using HostSharedMemory trusted = HostSharedMemory.Open(file, 0, 4, allowUnsealed: true);
            Assert.Equal(0x0403_0701u, trusted.Read<uint>(0));

            // Where the tests lie in memory the file is as good as a memfd.
            if (LinuxNative.FCntl(file, LinuxNative.FGetSeals, 0) < 0)
            {
                Assert.Throws<NotSupportedException>(() => HostSharedMemory.Open(file, 0, 4));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [SkippableFact]
    public void What_has_no_seals_because_it_is_no_descriptor_of_a_file_is_an_error_of_the_system()
    {
        LinuxSharing.SkipElsewhere();
        using var none = new SafeFileHandle(1 << 20, ownsHandle: false);
        Assert.Equal("fcntl", Assert.Throws<SharedMemoryMapException>(() => HostSharedMemory.Open(none, 0, Page)).Call);
    }

    [SkippableFact]
    public void Memory_that_was_opened_for_reading_refuses_every_write()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * Page);
        RandomAccess.Write(file, [42], 8);
        using HostSharedMemory host = HostSharedMemory.Open(file, 0, 2 * Page, SharedMemoryAccess.Read, allowUnsealed: true);
        Assert.Equal(42UL, host.Read<ulong>(8));
        Action[] writes =
        [
            () => host.Write(8, 1),
            () => host.TryWrite(8, 1),
            () => host.Write<UInt128>(8, 1),
            () => host.CopyFrom(8, [1]),
            () => host.TryCopyFrom(8, [1]),
            () => host.Fill(8, 1, 1),
            () => host.TryFill(8, 1, 1),
            () => host.Add(8, 1),
            () => host.TryAdd(8, 1, out int _),
            () => host.CompareExchange(8, 1, 0),
            () => host.StackAt(0, 64).Push([1]),
            () => host.StackAt(0, 64).Reset(),
            () => SharedView.At<uint>(host, 8).Store(1),
            host.Zero,
            () => host.WithExclusivity(exclusive => exclusive.CopyFrom(0, [1])),
            () => host.WithExclusivity(exclusive => exclusive.Zero()),
            () =>
            {
                using HostLease lease = host.Enter();
                lease.Write(8, 1);
            },
            () =>
            {
                using HostLease lease = host.Enter();
                lease.TryFill(8, 1, 1);
            },
        ];
        foreach (Action write in writes)
        {
            Assert.Throws<NotSupportedException>(write);
        }

        Assert.Equal(42UL, host.Read<ulong>(8));
        using HostLease access = host.Enter();
        Assert.Equal(42, access.Read<byte>(8));
    }

    [SkippableFact]
    public void There_are_no_spans_of_what_another_process_may_write()
    {
        LinuxSharing.SkipElsewhere();
        (HostSharedMemory host, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(Page).Build();
        Assert.Equal(0, host.WithContents(bytes => bytes[0]));
        host.WithExclusivity(exclusive => exclusive.AsSpan(0, 8).Fill(3));
        using SafeHandle handle = guest.DuplicateHandle();
        using HostSharedMemory opened = HostSharedMemory.Open(handle, 0, Page);
        foreach (SharedMemory memory in (SharedMemory[])[host, guest, opened])
        {
            Assert.Throws<NotSupportedException>(() => memory.WithContents(bytes => bytes[0]));
            Assert.Throws<NotSupportedException>(() => memory.WithExclusivity(exclusive => exclusive.AsSpan(0, 1).Length));

            // The rest of the exclusive memory works.
            Assert.Equal(3, memory.WithExclusivity(exclusive => exclusive.ReadByte(0)));
            memory.WithExclusivity(exclusive => exclusive.WriteByte(0, 3));
        }

        host.Dispose();
        guest.Dispose();
        Assert.Equal(3, opened.Read<byte>(0));
    }

    [SkippableFact]
    public void Only_what_was_built_gives_a_handle()
    {
        using ExclusiveSharedMemory exclusive = ExclusiveSharedMemory.CreateShareable(Page);
        Assert.Throws<InvalidOperationException>(exclusive.DuplicateHandle);
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        Assert.Throws<ObjectDisposedException>(exclusive.DuplicateHandle);
        host.WithExclusivity(lent => Assert.Throws<InvalidOperationException>(lent.DuplicateHandle));
        host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(guest.DuplicateHandle));
        host.DuplicateHandle().Dispose();
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(host.DuplicateHandle);
        guest.Dispose();
        (host, guest) = new ExclusiveSharedMemory(Page).Build();
        Assert.Throws<NotSupportedException>(host.DuplicateHandle);
        host.Dispose();
        guest.Dispose();
        using var snapshot = ReadOnlySharedMemory.FromBytes([1]);
        if (OperatingSystem.IsWindows())
        {
            // A snapshot's section has its guards inside, which another process would map as bytes.
            Assert.Throws<NotSupportedException>(snapshot.DuplicateHandle);
            return;
        }

        using SafeHandle handle = snapshot.DuplicateHandle();
        Assert.Throws<NotSupportedException>(() => snapshot.AsSpan(0, 1).Length);
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        (host, guest) = view.Build();
        Assert.Throws<NotSupportedException>(host.DuplicateHandle);
        host.Dispose();
        guest.Dispose();
    }

    [SkippableFact]
    public void A_part_smaller_than_a_page_keeps_its_bounds_and_its_alignment()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * Page);
        byte[] bytes = new byte[2 * Page];
        new Random(9).NextBytes(bytes);
        RandomAccess.Write(file, bytes, 0);
        foreach ((ulong offset, ulong size) in new[] { (0UL, 1UL), (4095UL, 3UL), (13UL, 8UL), (100UL, 4096UL), (3UL, 5000UL) })
        {
            using HostSharedMemory host = HostSharedMemory.Open(file, offset, size, allowUnsealed: true);
            Assert.Equal(size, host.Size);
            Assert.Equal(bytes[offset], host.Read<byte>(0));
            Assert.Equal(bytes[offset + size - 1], host.Read<byte>(size - 1));
            Assert.False(host.TryRead(size, out byte _));
            Assert.Equal(size >= 8, host.TryRead(0, out ulong _));
            Assert.False(host.TryRead(size - 1, out ulong _));
            Assert.False(host.TryRead(size < 3 ? 0 : size - 3, out uint _));
            Assert.False(host.TryWrite(size, (byte)1));

            // Aligned is what the processor calls so, not what the offset looks like.
            for (ulong at = 0; at + 4 <= Math.Min(size, 8); at++)
            {
                if ((offset + at) % 4 == 0)
                {
                    host.Add(at, 0);
                }
                else
                {
                    Assert.Throws<ArgumentException>(() => host.Add(at, 0));
                }
            }
        }
    }

    /// <summary>What is refused says where it stands, since the offset looks like a multiple.</summary>
    [SkippableFact]
    public void An_atomic_of_a_part_that_begins_anywhere_is_refused_with_its_address()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * Page);
        Assert.Equal(0, LinuxNative.FCntl(file, LinuxNative.FAddSeals, LinuxSharing.Shrink | LinuxSharing.Grow));
        using HostSharedMemory host = HostSharedMemory.Open(file, 2, Page);
        Assert.Equal(1U, host.Add(2, 1U));
        string where = $"offset 8 (0x8) is not at one: it stands at address 0x{host.BaseAddress + 8:X} of this process";
        Assert.Contains(where, Assert.Throws<ArgumentException>("offset", () => host.Add(8, 1U)).Message, StringComparison.Ordinal);
        Assert.Contains(where, Assert.Throws<ArgumentException>("offset", () => Leased(host, static lease => lease.Add(8, 1U))).Message, StringComparison.Ordinal);
        Assert.Contains(where, Assert.Throws<ArgumentException>("offset", () => new SharedPlace<ulong>(Place.In(host, 4, 8)).Atomic<uint>(4).Add(1)).Message, StringComparison.Ordinal);
        Assert.Contains($"address 0x{host.BaseAddress + 8:X} of this process is not one",
            Assert.Throws<ArgumentException>(() => Leased(host, static lease => new SharedPlace<ulong>(Place.In(in lease, 4, 8)).Atomic<uint>(4).Add(1))).Message, StringComparison.Ordinal);

        static void Leased(HostSharedMemory host, LeaseUse use)
        {
            using HostLease lease = host.Enter();
            use(lease);
        }
    }

    private delegate void LeaseUse(HostLease lease);

    [SkippableFact]
    public void A_memory_mapped_file_of_dotnet_opens_here_and_ours_opens_there()
    {
        LinuxSharing.SkipElsewhere();
        using (MemoryMappedFile theirs = MemoryMappedFile.CreateNew(null, (long)Page))
        using (MemoryMappedViewAccessor accessor = theirs.CreateViewAccessor())
        using (HostSharedMemory host = HostSharedMemory.Open(theirs.SafeMemoryMappedFileHandle, 0, Page, allowUnsealed: true))
        {
            accessor.Write(8, 123);
            Assert.Equal(123, host.Read<int>(8));
            host.Write(16, 456);
            Assert.Equal(456, accessor.ReadInt32(16));
        }

        (HostSharedMemory ours, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(2 * Page).Build();
        using (var handle = (SafeFileHandle)ours.DuplicateHandle())
        using (MemoryMappedFile file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true))
        using (MemoryMappedViewAccessor accessor = file.CreateViewAccessor(0, (long)ours.Size))
        {
            ours.Write(Page, 789);
            Assert.Equal(789, accessor.ReadInt32((long)Page));
            accessor.Write(0, 1);
            Assert.Equal(1, ours.Read<int>(0));
        }

        ours.Dispose();
        guest.Dispose();
    }

    [SkippableFact]
    public void Where_a_fault_is_not_survived_opening_says_so()
    {
        Skip.If(RecoveringAccess.IsSupported(out _) || !OperatingSystem.IsLinux(), "Here faults are survived, or cannot happen.");
        using SafeFileHandle file = LinuxSharing.MemFd(Page);
        Assert.Throws<PlatformNotSupportedException>(() => HostSharedMemory.Open(file, 0, Page));
        using HostSharedMemory host = HostSharedMemory.Open(file, 0, Page, allowUnsealed: true);
        host.Write(0, 1);
    }

    private static void Faults(ulong offset, ulong length, Action access)
    {
        SharedMemoryFaultException fault = Assert.Throws<SharedMemoryFaultException>(access);
        Assert.Equal((offset, length), (fault.Offset, fault.Length));
        Assert.Contains($"{length} bytes at offset {offset}", fault.Message, StringComparison.Ordinal);
    }
}
