using System.Diagnostics.Tracing;
using System.Runtime.InteropServices;

namespace Nub.Memory.Tests;

/// <summary>How a private view is brought back: by each way that finds what was written.</summary>
[Collection(Alone.Name)]
public sealed unsafe partial class RestoringTests
{
    private const int Pages = 24;

    public static TheoryData<string> Copying => ["reading", "scanning", "protecting"];

    public static TheoryData<string> Every => ["giving back", "reading", "scanning", "protecting"];

    [SkippableTheory]
    [MemberData(nameof(Every))]
    public void What_was_written_is_as_it_was_and_the_snapshot_too(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        for (int round = 0; round < 3; round++)
        {
            foreach (int page in (int[])[0, 3, 4, 5, round + 9, Pages - 1])
            {
                view.Bytes.Slice(page * View.Page, View.Page).Fill((byte)(round + 1));
            }

            _ = view.Bytes[7 * View.Page];
            view.Restore(way);
            Assert.True(view.Bytes.SequenceEqual(view.Contents));
            Assert.True(view.Snapshot.SequenceEqual(view.Contents));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Copying))]
    public void What_was_written_stays_and_what_was_read_is_not_copied(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        for (int round = 0; round < 3; round++)
        {
            view.Bytes[2 * View.Page] ^= 1;
            view.Bytes[3 * View.Page] ^= 1;
            _ = view.Bytes[7 * View.Page];
            view.Restore(way);
            Assert.Equal(2UL * HostMapping.PageSize, view.Private);

            // Of these alone the next write costs no fault, and is not seen: they are copied back each time.
            Assert.Equal(way == "protecting" ? view.Private : (ulong)view.Bytes.Length, view.Unprotected);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Copying))]
    public void Copies_beyond_the_limit_are_given_back(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        foreach (int kept in (int[])[5, 0, 3, Pages])
        {
            for (int round = 0; round < 2; round++)
            {
                view.Bytes.Clear();
                view.Restore(way, (ulong)kept * HostMapping.PageSize);
                Assert.Equal((ulong)kept * HostMapping.PageSize, view.Private);
                Assert.True(view.Bytes.SequenceEqual(view.Contents));
            }
        }

        // No whole number of pages: nothing of the last stays.
        view.Bytes.Clear();
        view.Restore(way, 2 * HostMapping.PageSize - 1);
        Assert.Equal(HostMapping.PageSize, view.Private);
        Assert.True(view.Bytes.SequenceEqual(view.Contents));
    }

    [SkippableTheory]
    [MemberData(nameof(Copying))]
    public void Copies_that_are_left_alone_go_in_the_end_and_those_in_use_do_not(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        view.Bytes.Clear();
        for (int round = 0; round < 100; round++)
        {
            view.Bytes[(5 * View.Page) + 17] ^= 1;
            view.Restore(way);
            Assert.True(view.Private >= HostMapping.PageSize);
        }

        Assert.Equal(HostMapping.PageSize, view.Private);

        // Those that went are seen when they are written again.
        view.Bytes.Clear();
        view.Restore(way);
        Assert.True(view.Bytes.SequenceEqual(view.Contents));
    }

    [SkippableTheory]
    [MemberData(nameof(Copying))]
    public void Copies_that_are_written_with_what_they_have_go_ever_more_seldom(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        int gone = 0, late = 0;
        for (int round = 0; round < 4096; round++)
        {
            // A byte of the second page is the same again, as a stack is that was pushed to and popped from.
            view.Bytes[View.Page] = view.Contents[View.Page];
            view.Bytes[(5 * View.Page) + 17] ^= 1;
            view.Restore(way);
            if (view.Private == HostMapping.PageSize)
            {
                gone++;
                late += round > 1024 ? 1 : 0;
            }
        }

        // After 64, 128, 256 and so on up to 4,096, instead of 64 times.
        Assert.Equal((7, 2), (gone, late));

        // What is left alone goes soon, when others do not come back.
        for (int round = 0; round < 4096 + 64; round++)
        {
            view.Bytes[(round / 64 % Pages) * View.Page] ^= 1;
            view.Restore(way);
        }

        Assert.True(view.Private <= 3 * HostMapping.PageSize, $"{view.Private} bytes of copies stayed.");
    }

    [SkippableTheory]
    [MemberData(nameof(Every))]
    public void What_the_kernel_writes_is_restored_too(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        File.WriteAllBytes(path, new byte[3 * View.Page]);
        try
        {
            using var file = File.OpenHandle(path);
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(3 * View.Page, RandomAccess.Read(file, view.Bytes.Slice(View.Page + 100, 3 * View.Page), 0));
                Assert.Equal(0, view.Bytes[2 * View.Page]);
                view.Restore(way);
                Assert.True(view.Bytes.SequenceEqual(view.Contents));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Every))]
    public void Locked_memory_is_restored(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(4));
        Skip.If(MLock(view.Address, (nuint)view.Bytes.Length) != 0, $"Four pages may not be locked here: error {Marshal.GetLastPInvokeError()}.");
        foreach (ulong keep in (ulong[])[ulong.MaxValue, 0])
        {
            view.Bytes.Clear();
            view.Restore(way, keep);
            Assert.True(view.Bytes.SequenceEqual(view.Contents));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Every))]
    public void A_view_of_what_is_written_through_follows_it_after_a_restore(string way)
    {
        View.SkipWithout(way);
        using var view = new View(Contents(Pages));
        view.Bytes[0] ^= 1;
        view.Restore(way);
        view.WriteThrough();
        view.WriteSnapshot(5, 201);
        view.WriteSnapshot(3 * View.Page, 202);
        view.Restore(way);
        Assert.Equal((0UL, 201, 202), (view.Private, view.Bytes[5], view.Bytes[3 * View.Page]));
        view.WriteSnapshot(5, 203);
        Assert.Equal(203, view.Bytes[5]);
    }

    [SkippableFact]
    public void The_ways_agree_on_what_a_view_has_copies_of()
    {
        View.SkipWithout("scanning");
        using var view = new View(Contents(700));
        var random = new Random(5);
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 150; i++)
            {
                int at = random.Next(view.Bytes.Length);
                view.Bytes[at] = random.Next(3) == 0 ? view.Bytes[at] : (byte)i;
                _ = view.Bytes[random.Next(view.Bytes.Length)];
            }

            PageQuery query = new(PageTraits.OfFile, PageTraits.Present, PageTraits.OfFile, PageTraits.Present);
            Assert.Equal(Find(PageMap.Own!.Reading, view, query), Find(PageMap.Own, view, query));
            view.Restore(round % 2 == 0 ? "scanning" : "reading", 300 * HostMapping.PageSize);
        }
    }

    [SkippableFact]
    public void A_restore_is_traced_with_what_it_did()
    {
        View.SkipWithout("reading");
        using var listener = new EventSourceTests.Listener();
        using ReadOnlySharedMemory snapshot = ReadOnlySharedMemory.FromBytes(Contents(4));
        using ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        Assert.Equal(64UL << 20, view.ResidentLimit);
        view.ResidentLimit = HostMapping.PageSize;
        view.AsSpan(0, 3 * View.Page).Clear();
        view.Restore();
        Assert.Equal(
            [(long)view.BaseAddress, (long)View.Page, 2L * View.Page, LinuxRestoring.Best.ToString()],
            listener.Last("Restored", view.BaseAddress));
        listener.AssertNoErrors();
    }

    [SkippableFact]
    public void A_restore_is_traced_when_the_memory_is_free_again()
    {
        View.SkipWithout("reading");
        using ReadOnlySharedMemory snapshot = ReadOnlySharedMemory.FromBytes(Contents(4));
        (HostSharedMemory host, GuestSharedMemory guest) = snapshot.MapCopyOnWrite().Build();
        nint address = host.BaseAddress;
        bool? read = null;
        using (var listener = new Looking(e =>
        {
            if (e.EventName == "Restored" && e.Payload is [long where, ..] && where == address)
            {
                try
                {
                    read = host.TryRead(0, out int _);
                }
                catch (SharedMemoryLockedException)
                {
                    read = false;
                }
            }
        }))
        {
            host.Write(0, 1);
            host.Restore();
        }

        Assert.True(read);
        guest.Dispose();
        host.Dispose();
    }

    /// <summary>What code of others may do with an event.</summary>
    private sealed class Looking(Action<EventWrittenEventArgs> look) : EventListener
    {
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Nub.Memory")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) => look(eventData);
    }

    [Fact]
    public void A_snapshot_stays_mapped_until_its_last_view_has_gone_and_no_longer()
    {
        var snapshot = ReadOnlySharedMemory.FromBytes(Contents(Pages));
        nint address = snapshot.BaseAddress;
        ExclusiveSharedMemory one = snapshot.MapCopyOnWrite();
        ExclusiveSharedMemory two = snapshot.MapCopyOnWrite();
        snapshot.Dispose();
        one.Dispose();
        two.AsSpan(0, 5).Clear();
        two.Restore();
        Assert.Equal(Contents(1)[1], two.AsSpan(1, 1)[0]);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal("r--s", ProcessMaps.Protection(address));
        }

        two.Dispose();
        Assert.False(ProcessMaps.IsMemory(address, (ulong)(Pages * View.Page)));
    }

    private static List<(nint Start, nint End)> Find(PageMap map, View view, PageQuery query)
    {
        var found = new List<(nint, nint)>();
        var runs = new PageRun[7];
        nint end = view.Address + view.Bytes.Length;
        for (nint at = view.Address; at < end;)
        {
            int count = map.Find(query, ref at, end, runs);
            Assert.InRange(count, 0, runs.Length);
            foreach (PageRun run in runs[..count])
            {
                // A run may be told in two parts, where one call ends and the next begins.
                if (found.Count > 0 && found[^1].Item2 == run.Start)
                {
                    found[^1] = (found[^1].Item1, run.End);
                }
                else
                {
                    found.Add((run.Start, run.End));
                }
            }
        }

        return found;
    }

    private static byte[] Contents(int pages) => [.. Enumerable.Range(0, pages * View.Page).Select(i => (byte)(i * 13 + i / 256 + 1))];

    [LibraryImport("libc", EntryPoint = "mlock", SetLastError = true)]
    private static partial int MLock(nint address, nuint length);
}
