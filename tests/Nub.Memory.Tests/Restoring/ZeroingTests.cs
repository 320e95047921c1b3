namespace Nub.Memory.Tests;

/// <summary>How private memory is made zero, and what of it stays.</summary>
[Collection(Alone.Name)]
public sealed unsafe class ZeroingTests
{
    private const int Pages = 64;

    public static TheoryData<string> Ways => ["reading", "scanning"];

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public void Pages_that_are_there_stay_and_others_do_not_come_into_being(string way)
    {
        View.SkipWithout(way);
        HostMapping memory = HostMapping.CreateAnonymous(Pages * HostMapping.PageSize);
        Span<byte> bytes = Bytes(memory);
        foreach (int page in (int[])[1, 2, 3, 9, Pages - 1])
        {
            bytes.Slice(page * View.Page, View.Page).Fill(7);
        }

        LinuxZeroing.Zero(memory.Address, memory.Size, memory.Size, Map(way));
        Assert.Equal(5UL * HostMapping.PageSize, View.Resident(memory));
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        memory.Release();
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public void What_is_beyond_the_limit_is_given_back(string way)
    {
        View.SkipWithout(way);
        HostMapping memory = HostMapping.CreateAnonymous(Pages * HostMapping.PageSize);
        Span<byte> bytes = Bytes(memory);
        foreach (int kept in (int[])[0, 1, 20, Pages])
        {
            bytes.Fill(7);
            LinuxZeroing.Zero(memory.Address, memory.Size, (ulong)kept * HostMapping.PageSize, Map(way));
            Assert.Equal((ulong)kept * HostMapping.PageSize, View.Resident(memory));
            Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        }

        memory.Release();
    }

    [SkippableFact]
    public void Pages_that_were_only_read_are_left_alone()
    {
        View.SkipWithout("scanning");
        Skip.IfNot(View.SharesZeroes, "This kernel gives memory that was only read pages of its own.");
        HostMapping memory = HostMapping.CreateAnonymous(Pages * HostMapping.PageSize);
        Span<byte> bytes = Bytes(memory);
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        bytes[3 * View.Page] = 1;
        LinuxZeroing.Zero(memory.Address, memory.Size, memory.Size, PageMap.Own);
        PageQuery own = new(PageTraits.Present | PageTraits.SharedZero, PageTraits.None, PageTraits.SharedZero, PageTraits.None);
        PageRun[] runs = new PageRun[4];
        nint at = memory.Address;
        Assert.Equal(1, PageMap.Own!.Find(own, ref at, at + (nint)memory.Size, runs));
        Assert.Equal(HostMapping.PageSize, runs[0].Length);
        Assert.Equal(0, bytes[3 * View.Page]);
        memory.Release();
    }

    [SkippableTheory]
    [MemberData(nameof(Ways))]
    public void Huge_pages_are_made_zero_and_brought_back(string way)
    {
        View.SkipWithout(way);
        const ulong Size = 8 << 20;
        using var memory = new ExclusiveSharedMemory(Size);
        Skip.If(LinuxNative.MAdvise(memory.BaseAddress, (nuint)Size, 14) != 0, "This kernel has no transparent huge pages.");
        Span<byte> bytes = memory.AsSpan(0, (int)Size);
        foreach (ulong kept in (ulong[])[Size, 3 << 20, 0])
        {
            bytes.Fill(7);
            LinuxZeroing.Zero(memory.BaseAddress, Size, kept, Map(way));
            Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        }

        bytes.Fill(9);
        memory.TakeSnapshot().Dispose();
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)9));
        bytes[(int)Size / 2] = 1;
        memory.Restore();
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)9));
    }

    [SkippableFact]
    public void Where_nothing_tells_what_is_there_all_is_given_back()
    {
        View.SkipWithout("reading");
        HostMapping memory = HostMapping.CreateAnonymous(Pages * HostMapping.PageSize);
        Span<byte> bytes = Bytes(memory);
        bytes.Fill(7);
        LinuxZeroing.Zero(memory.Address, memory.Size, memory.Size, map: null);
        Assert.Equal(0UL, View.Resident(memory));
        Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
        memory.Release();
    }

    [SkippableFact]
    public void The_limit_is_the_memorys_whoever_sets_it()
    {
        View.SkipWithout("reading");
        using var pair = new Pair(Pages);
        pair.Guest.ResidentLimit = 2 * HostMapping.PageSize;
        Assert.Equal(2 * HostMapping.PageSize, pair.Host.ResidentLimit);
        pair.Host.Fill(0, pair.Size, 7);
        pair.Host.Zero();
        Assert.Equal(2 * HostMapping.PageSize, View.Resident(pair.Host.Live.Mapping));
        pair.Host.WithExclusivity(memory => memory.ResidentLimit = 0);
        pair.Host.Fill(0, pair.Size, 7);
        pair.Host.Zero();
        Assert.Equal(0UL, View.Resident(pair.Host.Live.Mapping));
        Assert.Equal(0, pair.Host.Read<byte>(0));

        // No whole number of pages: nothing of the last stays.
        pair.Host.ResidentLimit = 2 * HostMapping.PageSize - 1;
        pair.Host.Fill(0, pair.Size, 7);
        pair.Host.Zero();
        Assert.Equal(HostMapping.PageSize, View.Resident(pair.Host.Live.Mapping));
    }

    private static PageMap Map(string way) => way == "reading" ? PageMap.Own!.Reading : PageMap.Own!;

    private static Span<byte> Bytes(HostMapping mapping) => new((void*)mapping.Address, (int)mapping.Size);
}
