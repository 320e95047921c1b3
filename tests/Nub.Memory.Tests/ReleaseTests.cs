using System.Runtime.CompilerServices;
using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>When a mapping goes, as the kernel sees it: after the last owner and user, and not before.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class ReleaseTests(ITestOutputHelper output)
{
    // What the runtime may open meanwhile: on Windows each thread that it starts has a handful of handles.
    private static readonly int OwnDescriptors = OperatingSystem.IsWindows() ? 50 : 2;
    private static readonly int OwnMaps = OperatingSystem.IsWindows() ? 200 : 20;

    [Fact]
    public void Seventeen_pages_go_with_the_last_owner_and_not_before()
    {
        var pair = new Pair(17);
        nint address = pair.Host.BaseAddress;
        ulong size = pair.Host.Size;
        nint first = pair.Host.RawAddress;
        nint last = first + (nint)pair.Host.RawSize - 1;
        HostSharedMemory clone = pair.Host.Clone();
        pair.Host.Dispose();
        Assert.True(ProcessMaps.Contains(first));
        pair.Guest.Dispose();
        clone.Write(0, 1);
        Assert.True(ProcessMaps.Contains(first) && ProcessMaps.Contains(last) && ProcessMaps.IsMemory(address, size));
        clone.Dispose();
        Assert.False(ProcessMaps.IsMemory(address, size));
    }

    [Fact]
    public void A_lease_or_somebody_exclusive_defers_the_release_to_its_end()
    {
        var pair = new Pair();
        nint address = pair.Host.BaseAddress;
        GuestLease guest = pair.Guest.EnterGuest();
        HostLease host = pair.Host.Enter();
        pair.Dispose();
        host.Write(8, 1);
        host.Dispose();
        Assert.True(ProcessMaps.Contains(address));
        guest.Dispose();
        Assert.False(ProcessMaps.IsMemory(address));

        pair = new Pair();
        address = pair.Host.BaseAddress;
        pair.Host.WithExclusivity(exclusive =>
        {
            pair.Dispose();
            exclusive.CopyFrom(0, [1]);
            Assert.True(ProcessMaps.Contains(address));
        });
        Assert.False(ProcessMaps.IsMemory(address));

        var snapshot = ReadOnlySharedMemory.FromBytes([1]);
        address = snapshot.BaseAddress;
        snapshot.WithContents(contents =>
        {
            snapshot.Dispose();
            Assert.True(ProcessMaps.Contains(address));
            return contents[0];
        });
        Assert.False(ProcessMaps.IsMemory(address));
    }

    [Fact]
    public void Forgotten_handles_are_released_by_their_finalizers()
    {
        nint[] addresses = Forget();
        for (int i = 0; i < 10 && addresses.Any(ProcessMaps.IsMemory); i++)
        {
            Collect();
        }

        Assert.All(addresses, address => Assert.False(ProcessMaps.IsMemory(address), $"{ProcessMaps.Protection(address)} at 0x{address:X}"));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static nint[] Forget()
        {
            var pair = new Pair();
            HostSharedMemory clone = pair.Host.Clone();
            clone.WithExclusivity(exclusive => exclusive.AsSpan(0, 1).Fill(1)); // a span that cannot leave its callback
            var exclusive = new ExclusiveSharedMemory(Pair.Page);
            var built = new ExclusiveSharedMemory(Pair.Page);
            built.AsSpan(0, 1)[0] = 1; // dead since Build
            (HostSharedMemory host, _) = built.Build();
            var snapshot = ReadOnlySharedMemory.FromBytes([1]);
            ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
            return [pair.Host.BaseAddress, exclusive.BaseAddress, host.BaseAddress, snapshot.BaseAddress, view.BaseAddress];
        }
    }

    [Fact]
    public void A_clone_that_lives_keeps_what_was_forgotten()
    {
        HostSharedMemory clone = Forget();
        Collect();
        clone.Write(0, 5);
        Assert.Equal(5, clone.Read<int>(0));
        nint address = clone.BaseAddress;
        clone.Dispose();
        Assert.False(ProcessMaps.IsMemory(address));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static HostSharedMemory Forget() => new Pair().Host.Clone();
    }

    [Fact]
    public void A_lease_keeps_what_was_forgotten_mapped()
    {
        GuestLease lease = Forget(out nint address);
        Collect();
        Assert.True(ProcessMaps.Contains(address));
        lease.Dispose();
        Assert.False(ProcessMaps.IsMemory(address));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static GuestLease Forget(out nint address)
        {
            var pair = new Pair();
            address = pair.Host.BaseAddress;
            return pair.Guest.EnterGuest();
        }
    }

    [Fact]
    public void A_span_that_escaped_keeps_its_forgotten_memory_mapped_and_the_leak_is_traced()
    {
        using var listener = new EventSourceTests.Listener();
        nint exclusive = Forget(out nint snapshot);
        Collect();
        Assert.True(ProcessMaps.Contains(exclusive) && ProcessMaps.Contains(snapshot));
        Assert.Equal([(long)exclusive, 4096L], listener.Last("MappingLeaked", exclusive));
        Assert.NotNull(listener.Last("MappingLeaked", snapshot));
        Unmap(exclusive);
        Unmap(snapshot);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static nint Forget(out nint snapshot)
        {
            var memory = new ExclusiveSharedMemory(Pair.Page);
            memory.AsSpan(0, 1)[0] = 1;
            var bytes = ReadOnlySharedMemory.FromBytes([1]);
            _ = bytes.AsSpan(0, 1);
            snapshot = bytes.BaseAddress;
            return memory.BaseAddress;
        }

        static void Unmap(nint address) => Assert.True(OperatingSystem.IsWindows()
            ? WindowsNative.UnmapViewOfFile(address - (nint)Pair.Page)
            : LinuxNative.MUnmap(address - (nint)Pair.Page, (nuint)(3 * Pair.Page)) == 0);
    }

    [Fact]
    public void Ten_thousand_rounds_leave_the_map_and_the_descriptors_as_they_were()
    {
        // The JIT maps room for the optimized code of all this, and is let finish before anything is counted.
        for (int i = 0; i < 500; i++)
        {
            Round();
            Thread.Sleep(i % 100 == 0 ? 200 : 0);
        }

        Collect();
        (int Maps, int Descriptors) before = (ProcessMaps.Count, ProcessMaps.DescriptorCount);
        for (int i = 0; i < 10_000; i++)
        {
            Round();
        }

        Collect();
        (int Maps, int Descriptors) after = (ProcessMaps.Count, ProcessMaps.DescriptorCount);
        output.WriteLine($"before {before}, after {after}");

        // The runtime itself maps a little while it runs; ten thousand rounds would show as thousands.
        Assert.InRange(after.Maps, 0, before.Maps + OwnMaps);
        Assert.InRange(after.Descriptors, 0, before.Descriptors + OwnDescriptors);

        static void Round()
        {
            var exclusive = new ExclusiveSharedMemory(Pair.Page);
            exclusive.AsSpan(0, 8).Fill(1);
            (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
            host.Write(0, host.Read<int>(4));
            GuestLease lease = guest.EnterGuest();
            host.Dispose();
            guest.Dispose();
            lease.Dispose();
            using var snapshot = ReadOnlySharedMemory.FromBytes([1, 2, 3]);
            using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
            view.AsSpan(0, 1)[0] = 2;
            view.Restore();
        }
    }

    [Fact]
    public void Refused_mappings_leave_nothing_behind()
    {
        (int Maps, int Descriptors) before = (ProcessMaps.Count, ProcessMaps.DescriptorCount);
        for (int i = 0; i < 1000; i++)
        {
            Assert.Throws<SharedMemoryMapException>(() => new ExclusiveSharedMemory(1UL << 62));
            Assert.Throws<ArgumentOutOfRangeException>(() => new ExclusiveSharedMemory(1));
        }

        Assert.InRange(ProcessMaps.Count, 0, before.Maps + OwnMaps);
        Assert.InRange(ProcessMaps.DescriptorCount, 0, before.Descriptors + OwnDescriptors);
    }

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
