using System.Runtime.InteropServices;

namespace Nub.Memory.Tests;

/// <summary>What the surviving path does when bytes have gone: it says so, each time, and goes on with what is still there.</summary>
public sealed unsafe class VanishedMemoryTests
{
    private const ulong Page = 4096;

    public static TheoryData<int> Widths() => RecoveringAccessTests.Widths();

    [SkippableTheory]
    [MemberData(nameof(Widths))]
    public void Every_member_says_that_bytes_have_gone(int width)
    {
        _ = RecoveringAccessTests.Get();
        var access = new RecoveringAccess(RecoveryPage.Install(new RecoverySystem(), width));
        using var file = new ShrinkingFile(2 * Page);
        byte* place = file.Address;
        file.Shorten(Page);
        byte* gone = place + Page;
        ulong value = 0;
        byte* buffer = stackalloc byte[64];
        foreach (int size in (ReadOnlySpan<int>)[1, 2, 4, 8, 3, 16, 60])
        {
            Assert.False(access.TryLoad(gone, buffer, (nuint)size));
            Assert.False(access.TryStore(gone, buffer, (nuint)size));
            Assert.True(access.TryLoad(gone - size, buffer, (nuint)size));
            Assert.True(access.TryStore(gone - size, buffer, (nuint)size));
            if (size > 1)
            {
                Assert.False(access.TryLoad(gone - 1, buffer, (nuint)size));
            }
        }

        foreach (AtomicOperation operation in Enum.GetValues<AtomicOperation>())
        {
            Assert.False(access.TryAtomic(operation, gone, 4, 1, 0, out value));
            Assert.False(access.TryAtomic(operation, gone, 8, 1, 0, out value));
            Assert.True(access.TryAtomic(operation, gone - 8, 8, 0, 0, out value));
        }

        byte[] data = new byte[2 * Page];
        foreach (int length in (ReadOnlySpan<int>)[1, 63, 64, 65, 100, 511, 512, 4096, 8192])
        {
            int before = Math.Min(length - 1, 4096);
            byte* start = gone - before;
            new Span<byte>(place, (int)Page).Fill(1);
            data.AsSpan().Fill(2);
            Assert.False(access.TryCopyOut(ref data[0], start, (nuint)length));
            Assert.False(access.TryFill(start, (nuint)length, 3));
            data.AsSpan().Fill(4);
            Assert.False(access.TryCopyIn(start, ref data[0], (nuint)length));
            Assert.True(access.TryCopyOut(ref data[0], start, (nuint)before));
        }

        // The owner lengthens it again: what is there is zeroes, and can be used.
        file.Shorten(2 * Page);
        Assert.True(access.TryLoad(gone, (byte*)&value, 8));
        Assert.Equal(0UL, value);
    }

    [SkippableFact]
    public void A_copy_that_fails_half_way_has_copied_no_other_bytes()
    {
        RecoveringAccess access = RecoveringAccessTests.Get();
        using var file = new ShrinkingFile(4 * Page);
        new Span<byte>(file.Address, (int)(4 * Page)).Fill(0x11);
        file.Shorten(2 * Page);
        byte[] copy = new byte[4 * Page];
        Assert.False(access.TryCopyOut(ref copy[0], file.Address, (nuint)(4 * Page)));

        // But for what was loaded and not stored yet: four registers.
        Assert.InRange(copy.AsSpan().IndexOfAnyExcept((byte)0x11), (int)(2 * Page) - 256, (int)(2 * Page));
        Assert.False(copy.AsSpan((int)(2 * Page)).ContainsAnyExcept((byte)0));
    }

    [SkippableFact]
    public void Twenty_thousand_faults_beside_collections()
    {
        RecoveringAccess access = RecoveringAccessTests.Get();
        using var file = new ShrinkingFile(Page);
        file.Shorten(0);
        using var stop = new CancellationTokenSource();
        Task collecting = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                _ = new byte[100_000];
                GC.Collect(1);
            }
        });
        nint place = (nint)file.Address;
        Parallel.For(0, 4, _ =>
        {
            byte[] heap = new byte[64];
            for (int i = 0; i < 5_000; i++)
            {
                Assert.False(access.TryCopyOut(ref heap[0], (byte*)place, 64));
                if (i % 500 == 0)
                {
                    heap = new byte[64];
                }
            }
        });
        stop.Cancel();
        collecting.Wait();
    }

    [SkippableFact]
    public void Addresses_that_were_never_mapped_are_said_to_have_gone()
    {
        RecoveringAccess access = RecoveringAccessTests.Get();
        ulong value;
        foreach (ulong address in (ReadOnlySpan<ulong>)[0, 8, 0xFFF, 0x7FFF_FFFF_F000, 0x8000_0000_0000_0000, ulong.MaxValue - 7])
        {
            Assert.False(access.TryLoad((byte*)address, (byte*)&value, 8));
        }
    }
}

/// <summary>A file in memory that is not sealed, mapped here, and can be shortened as another process would.</summary>
internal sealed unsafe partial class ShrinkingFile : IDisposable
{
    private readonly HostMapping _mapping;

    public ShrinkingFile(ulong size)
    {
        int fd = MemFdCreate("nub-test", 1);
        Assert.True(fd >= 0);
        Handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(fd, ownsHandle: true);
        Shorten(size);
        _mapping = HostMapping.Open(Handle, 0, size, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
    }

    public Microsoft.Win32.SafeHandles.SafeFileHandle Handle { get; }

    public byte* Address => (byte*)_mapping.Address;

    public void Shorten(ulong size) => Assert.Equal(0, FTruncate(Handle, (long)size));

    public void Dispose()
    {
        _mapping.Release();
        Handle.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MemFdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    internal static partial int FTruncate(Microsoft.Win32.SafeHandles.SafeFileHandle fd, long length);
}
