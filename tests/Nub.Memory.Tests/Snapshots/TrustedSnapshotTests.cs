using System.Globalization;

namespace Nub.Memory.Tests;

/// <summary>Snapshots that are mapped as they are in the file.</summary>
public sealed class TrustedSnapshotTests : IDisposable
{
    private static readonly int s_page = (int)Pair.Page;

    private readonly SnapshotFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void There_is_no_span_of_it_and_no_way_to_write_through_it()
    {
        SkipUnlessMapped();
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(_folder.Save("one", SnapshotFolder.Pattern(8)));
        Assert.Throws<NotSupportedException>(() => trusted.Memory.AsSpan(0, 1));
        Assert.Throws<NotSupportedException>(() => trusted.Memory.WithContents(0, 1, bytes => bytes[0]));
        Assert.Throws<NotSupportedException>(trusted.Memory.DuplicateHandle);
        using ExclusiveSharedMemory view = trusted.Memory.MapCopyOnWrite();
        Assert.Throws<NotSupportedException>(() => view.AsSpan(0, 1));
        Assert.Throws<SharedMemoryMapException>(() => trusted.Memory.MappingAt(0, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write));

        // Guards on both sides.
        Assert.Equal("---p", ProcessMaps.Protection(trusted.Memory.BaseAddress - 1));
        Assert.Equal("---p", ProcessMaps.Protection(trusted.Memory.BaseAddress + (nint)trusted.Memory.Size));
    }

    [SkippableFact]
    public void Nothing_stays_when_it_ends()
    {
        SkipUnlessMapped();

        // No other test maps as many pages: they would be found where these have gone.
        byte[] bytes = SnapshotFolder.Pattern(31);
        string path = _folder.Save("one", bytes);
        nint address;
        using (SharedMemorySnapshot whole = SharedMemorySnapshot.OpenTrusted(path))
        {
            bytes[0]++;
            string layer = _folder.Save("layer", bytes, whole);
            using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(layer, whole);
            address = trusted.Memory.BaseAddress;
            Assert.Equal([layer, path, path], Descriptors());
        }

        Assert.Empty(Descriptors());
        Assert.False(ProcessMaps.IsMemory(address, (ulong)bytes.Length));

        // Other tests close theirs meanwhile.
        List<string> Descriptors() => [.. Directory.GetFiles("/proc/self/fd").Select(one => new FileInfo(one).LinkTarget ?? "")
            .Where(target => target == _folder["one"] || target == _folder["layer"]).Order(StringComparer.Ordinal)];
    }

    [SkippableFact]
    public void A_file_that_is_shortened_costs_an_error_and_not_the_process()
    {
        SkipUnlessMapped();
        Skip.IfNot(RecoveringAccess.IsSupported(out string? whyNot), whyNot);
        string path = _folder.Save("one", Enumerable.Repeat((byte)7, 64 * s_page).ToArray());
        using SharedMemorySnapshot trusted = SharedMemorySnapshot.OpenTrusted(path);
        (HostSharedMemory host, GuestSharedMemory guest) = trusted.Memory.MapCopyOnWrite().Build();
        using (host)
        using (guest)
        {
            host.Write(60UL * (ulong)s_page, 1L);
            using (FileStream file = File.OpenWrite(path))
            {
                file.SetLength(33 * s_page);
            }

            byte[] page = new byte[s_page];
            trusted.Memory.CopyTo(31UL * (ulong)s_page, page);
            Assert.Equal(7, page[0]);
            SharedMemoryFaultException gone = Assert.Throws<SharedMemoryFaultException>(() => trusted.Memory.CopyTo(40UL * (ulong)s_page, page));
            Assert.Equal(40UL * (ulong)s_page, gone.Offset);
            Assert.False(host.TryCopyTo(40UL * (ulong)s_page, page));
            Assert.Throws<SharedMemoryFaultException>(() => host.Read<long>(63UL * (ulong)s_page));
            host.Restore();
            Assert.Equal(7, host.Read<byte>(0));
            Assert.Throws<SharedMemoryFaultException>(() => trusted.Save(_folder["flat"]));
            Assert.Throws<SharedMemoryFaultException>(() => SharedMemorySnapshot.Save(_folder["flat"], host));
            Assert.Throws<SharedMemoryFaultException>(() => SharedMemorySnapshot.Take(trusted.Memory));
            Assert.Equal([path], _folder.Files);
        }

        Assert.Equal(SharedMemorySnapshotError.Truncated, Assert.Throws<SharedMemorySnapshotException>(() => SharedMemorySnapshot.Open(path)).Error);
    }

    [SkippableFact]
    public void Ten_machines_over_it_take_the_pages_that_they_write()
    {
        SkipUnlessMapped();
        const int Pages = 1024;
        byte[] bytes = new byte[Pages * s_page];
        new Random(1).NextBytes(bytes);
        using SharedMemorySnapshot whole = SharedMemorySnapshot.OpenTrusted(_folder.Save("base", bytes));
        bytes.AsSpan(100 * s_page, s_page).Clear();
        bytes[200 * s_page]++;
        using SharedMemorySnapshot layer = SharedMemorySnapshot.OpenTrusted(_folder.Save("layer", bytes, whole), whole);
        HostSharedMemory[] machines = [.. Enumerable.Range(0, 10).Select(_ =>
        {
            (HostSharedMemory host, GuestSharedMemory guest) = layer.Memory.MapCopyOnWrite().Build();
            guest.Dispose();
            return host;
        })];
        try
        {
            byte[] seen = new byte[bytes.Length];
            for (int machine = 0; machine < machines.Length; machine++)
            {
                machines[machine].CopyTo(0, seen);
                Assert.Equal(bytes, seen);
                for (int page = 0; page <= machine; page++)
                {
                    machines[machine].Write(150UL * (ulong)s_page + (ulong)(7 * page * s_page), 1L);
                }
            }

            // Page 100 was only read. Where the kernel shares no page of zeroes, it is one more of its own.
            int read = View.SharesZeroes ? 0 : 1;
            for (int machine = 0; machine < machines.Length; machine++)
            {
                Assert.Equal((machine + 1 + read) * s_page, PrivateBytes(machines[machine]));

                // To go back takes nothing either.
                machines[machine].Restore();
                machines[machine].CopyTo(0, seen);
                Assert.Equal(bytes, seen);

                // A page map that is read and not scanned (before Linux 6.7) does not tell the page of zeroes from a copy: page 100 is given one.
                int more = PageMap.Own is { Scans: true } ? read : 1;
                Assert.InRange(PrivateBytes(machines[machine]), 0, (machine + 1 + more) * s_page);
            }

            Assert.Equal(read * s_page, PrivateBytes(layer.Memory));
            Assert.Equal(0, PrivateBytes(whole.Memory));
        }
        finally
        {
            foreach (HostSharedMemory machine in machines)
            {
                machine.Dispose();
            }
        }
    }

    [SkippableFact]
    public void To_save_what_was_not_touched_brings_no_page_into_being()
    {
        SkipUnlessMapped();
        Skip.If(PageMap.Own is null, "The system does not tell which pages are there.");
        const ulong Size = 1UL << 30;
        using var sparse = new ExclusiveSharedMemory(Size);

        // Where huge pages are given unasked (Debian's kernels), the first byte would bring 2 MiB into being.
        _ = LinuxNative.MAdvise(sparse.BaseAddress, (nuint)Size, LinuxNative.MAdvNoHugePage);
        sparse.CopyFrom(Size / 2 + 5, [1]);
        sparse.CopyFrom(Size - 1, [2]);
        _ = SharedMemorySnapshot.Save(_folder["base"], sparse);
        using (SharedMemorySnapshot taken = SharedMemorySnapshot.Take(sparse))
        {
            // Reading a chunk of 64 KiB for its one page brings none of its others into being, where the kernel shares a page of zeroes.
            Assert.Equal(2 * (View.SharesZeroes ? s_page : 64 << 10), BytesOf(sparse, "Rss:"));
            Assert.Equal(SharedMemorySnapshot.ReadInfo(_folder["base"]).ContentHash, taken.ContentHash);
        }

        // The view of a base, and of a layer over it.
        using SharedMemorySnapshot whole = SharedMemorySnapshot.OpenTrusted(_folder["base"]);
        using ExclusiveSharedMemory view = whole.Memory.MapCopyOnWrite();
        _ = LinuxNative.MAdvise(view.BaseAddress, (nuint)Size, LinuxNative.MAdvNoHugePage);
        view.CopyFrom(Size / 4, [3]);
        view.CopyFrom(Size - 1, [0]);
        _ = SharedMemorySnapshot.Save(_folder["layer"], view, whole);
        Assert.Equal((ulong)s_page, SharedMemorySnapshot.ReadInfo(_folder["layer"]).StoredSize);
        using SharedMemorySnapshot layer = SharedMemorySnapshot.Open(_folder["layer"], whole);
        byte[] found = new byte[4];
        layer.Memory.CopyTo(Size / 4, found.AsSpan(0, 1));
        layer.Memory.CopyTo(Size / 2 + 5, found.AsSpan(1, 1));
        layer.Memory.CopyTo(Size - 1, found.AsSpan(2, 1));
        Assert.Equal([3, 1, 0, 0], found);
        Assert.InRange(BytesOf(view, "Rss:"), 2 * s_page, 40 * s_page);
    }

    // The anonymous pages of a memory: those that are its own.
    private static long PrivateBytes(SharedMemory memory) => BytesOf(memory, "Anonymous:");

    private static long BytesOf(SharedMemory memory, string field)
    {
        long sum = 0;
        bool inside = false;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].Split('-') is [var start, var end])
            {
                nint first = nint.Parse(start, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                nint last = nint.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                inside = first >= memory.BaseAddress && last <= memory.BaseAddress + (nint)memory.Size;
            }
            else if (inside && words[0] == field)
            {
                sum += 1024 * long.Parse(words[1], CultureInfo.InvariantCulture);
            }
        }

        return sum;
    }

    private static void SkipUnlessMapped() => Skip.IfNot(OperatingSystem.IsLinux(), "A snapshot is mapped on Linux only; elsewhere it is copied.");
}
