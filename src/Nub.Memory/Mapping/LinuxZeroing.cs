namespace Nub.Memory;

/// <summary>
/// Zeroes private anonymous memory, page by page in the way that costs its user least: a page that is there is overwritten, one
/// that is not is left to the kernel, which gives a zeroed one when it is touched.
/// </summary>
/// <remarks>
/// <para>Measured, with the first write to each page afterwards: of 1 MiB that is all there, giving the pages back
/// (MADV_DONTNEED) costs 435 µs and overwriting them 15 µs, because each page given back is a fault later; of 1 MiB with one
/// page in eight there, 46 µs and 389 µs, because overwriting makes the kernel find pages only to zero them.</para>
/// <para>What is there is asked of mincore(2). A page that is swapped out is not there, and is dropped with its contents by
/// MADV_DONTNEED, which for private anonymous pages means zeroes (madvise(2)).</para>
/// </remarks>
internal static unsafe class LinuxZeroing
{
    private const int ChunkPages = 512;

    // Asking costs 0.9 µs, about what overwriting this much does.
    private const ulong AskFrom = 64 << 10;

    // What is overwritten stays resident; beyond this much the memory goes back, so that what was zeroed does not hold it.
    private const ulong KeepAtMost = 16 << 20;

    /// <summary>Zeroes the range, which the caller holds exclusively. Both ends are multiples of the page size.</summary>
    public static void Zero(nint address, ulong length, ulong pageSize)
    {
        if (length < AskFrom)
        {
            Overwrite(address, length);
            return;
        }

        ulong chunk = ChunkPages * pageSize;
        ulong kept = 0;
        while (length > 0 && kept < KeepAtMost)
        {
            ulong size = Math.Min(chunk, length);
            if (IsResident(address, size, pageSize))
            {
                Overwrite(address, size);
                kept += size;
            }
            else
            {
                GiveBack(address, size);
            }

            address += (nint)size;
            length -= size;
        }

        if (length > 0)
        {
            GiveBack(address, length);
        }
    }

    /// <summary>Whether at least three pages in four are there, from where overwriting the rest too costs less than giving all back.</summary>
    private static bool IsResident(nint address, ulong size, ulong pageSize)
    {
        byte* pages = stackalloc byte[ChunkPages];
        int count = (int)(size / pageSize);

        // Sound: the kernel writes one byte for each of count pages, which is at most ChunkPages.
        if (LinuxNative.MInCore(address, (nuint)size, pages) != 0)
        {
            return false;
        }

        int resident = 0;
        for (int i = 0; i < count; i++)
        {
            resident += pages[i] & 1;
        }

        return resident * 4L >= count * 3L;
    }

    private static void GiveBack(nint address, ulong size)
    {
        // The kernel refuses locked pages, which are overwritten instead.
        if (LinuxNative.MAdvise(address, (nuint)size, LinuxNative.MAdvDontNeed) != 0)
        {
            Overwrite(address, size);
        }
    }

    // Sound: the range is a part of the mapping, which the caller holds exclusively and which stays mapped meanwhile.
    private static void Overwrite(nint address, ulong size) => BulkFill.Fill((byte*)address, (nuint)size, 0);
}
