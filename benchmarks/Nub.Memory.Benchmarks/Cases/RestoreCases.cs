namespace Nub.Memory.Benchmarks;

/// <summary>
/// Memory that is brought back, to a snapshot or to zeroes, the writes before it included: each touched page that is given back is a fault of
/// the next round. Beside it, what cannot be had for less: to overwrite the pages that were written, and one scan by the kernel for them.
/// </summary>
internal static unsafe class RestoreCases
{
    private const string Overwrite = "overwrite the written pages";
    private const string Scan = "one scan";
    private const string Both = "overwrite and one scan";
    private const int Page = 4096;

    // Of what cannot be had for less.
    private const double MostTime = 1.5;

    public static IEnumerable<Contest> All()
    {
        foreach (int size in (int[])[4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20])
        {
            yield return Zero(size, everyPage: 1);
        }

        foreach (int everyPage in (int[])[64, 8, 2, 1])
        {
            yield return Zero(16 << 20, everyPage);
        }

        foreach (int written in (int[])[16, 256, 4096, 16384])
        {
            yield return Restore(written);
        }
    }

    // The peer takes no lock, which is most of a small Zero, and its memory never gives a page back.
    private static Contest Zero(int size, int everyPage)
    {
        var memory = new ExclusiveSharedMemory((ulong)size);

        // Each peer has its own, so that none finds in the cache what the one before has put there.
        var filled = new ExclusiveSharedMemory((ulong)size);
        var filledToo = new ExclusiveSharedMemory((ulong)size);
        bool isJudged = size == 16 << 20 && PageScan.IsSupported;
        var written = new Pages(size / Page / everyPage, everyPage);
        var peers = new List<Side>
        {
            new(Overwrite, times => Repeat(times, () =>
            {
                written.Touch(filled);
                written.Clear(filled);
            })),
        };
        if (PageScan.IsSupported)
        {
            peers.Add(new Side(Scan, times => Repeat(times, () => PageScan.Present(memory))));
            peers.Add(new Side(Both, times => Repeat(times, () =>
            {
                written.Touch(filledToo);
                written.Clear(filledToo);
                PageScan.Present(filledToo);
            })));
        }

        return new Contest("restore", $"write {(everyPage == 1 ? "all pages" : $"1 page in {everyPage}")} and Zero {BulkCases.Words(size)}",
            new Side("Nub", times => Repeat(times, () =>
            {
                written.Touch(memory);
                memory.Zero();
            })),
            [.. peers],
            isJudged ? [new Limit(Both, MostTime)] : size >= 1 << 20 ? [new Limit(Overwrite, 2)] : []);
    }

    // The pages that are written stand apart, as a guest's do; all others are there, because the view has read them.
    private static Contest Restore(int count)
    {
        const int All = 16384;
        byte[] contents = new byte[All * Page];
        ReadOnlySharedMemory snapshot = ReadOnlySharedMemory.FromBytes(contents);
        ExclusiveSharedMemory view = snapshot.MapCopyOnWrite();
        ExclusiveSharedMemory copied = snapshot.CopyToWritable();
        ExclusiveSharedMemory copiedToo = snapshot.CopyToWritable();
        var written = new Pages(count, All / count);
        new Pages(All, 1).Read(view);
        var peers = new List<Side>
        {
            new(Overwrite, times => Repeat(times, () =>
            {
                written.Touch(copied);
                written.Copy(contents, copied);
            })),
        };
        if (PageScan.IsSupported)
        {
            peers.Add(new Side(Scan, times => Repeat(times, () => PageScan.Copies(view))));
            peers.Add(new Side(Both, times => Repeat(times, () =>
            {
                written.Touch(copiedToo);
                written.Copy(contents, copiedToo);
                PageScan.Copies(view);
            })));
        }

        return new Contest("restore", $"write {count} of {All} pages and Restore",
            new Side("Nub", times => Repeat(times, () =>
            {
                written.Touch(view);
                view.Restore();
            })),
            [.. peers],
            PageScan.IsSupported ? [new Limit(Both, MostTime)] : []);
    }

    private static void Repeat(int times, Action operation)
    {
        for (int i = 0; i < times; i++)
        {
            operation();
        }
    }

    /// <summary>Pages at equal distances.</summary>
    private sealed record Pages(int Count, int Distance)
    {
        private int Length => Count * Distance * Page;

        public void Touch(ExclusiveSharedMemory memory)
        {
            Span<byte> bytes = memory.AsSpan(0, Length);
            for (int i = 0; i < bytes.Length; i += Distance * Page)
            {
                bytes[i] = 1;
            }
        }

        public int Read(ExclusiveSharedMemory memory)
        {
            Span<byte> bytes = memory.AsSpan(0, Length);
            int sum = 0;
            for (int i = 0; i < bytes.Length; i += Distance * Page)
            {
                sum += bytes[i];
            }

            return sum;
        }

        public void Clear(ExclusiveSharedMemory memory)
        {
            Span<byte> bytes = memory.AsSpan(0, Length);
            if (Distance == 1)
            {
                bytes.Clear();
                return;
            }

            for (int i = 0; i < bytes.Length; i += Distance * Page)
            {
                bytes.Slice(i, Page).Clear();
            }
        }

        public void Copy(byte[] source, ExclusiveSharedMemory memory)
        {
            Span<byte> bytes = memory.AsSpan(0, Length);
            if (Distance == 1)
            {
                source.AsSpan(0, Length).CopyTo(bytes);
                return;
            }

            for (int i = 0; i < bytes.Length; i += Distance * Page)
            {
                source.AsSpan(i, Page).CopyTo(bytes.Slice(i, Page));
            }
        }
    }
}
