namespace Nub.Memory;

/// <summary>
/// Brings the pages of a Windows copy-on-write view back that were written. A page that was not is not visited, so the time is
/// proportional to the pages that were ever written: a page stays private once it was.
/// </summary>
/// <remarks>
/// "The private page is marked as PAGE_READWRITE" (Memory Protection Constants, PAGE_WRITECOPY), and VirtualQuery tells runs of
/// pages that are marked alike. A system that does not tell (Wine 8.0 goes on saying PAGE_WRITECOPY) is found out by a trial;
/// there all pages are compared with the original.
/// </remarks>
internal static unsafe class CopiedPages
{
    private static readonly Lazy<bool> s_areMarked = Once.Make(static () => new Lazy<bool>(TryOut, LazyThreadSafetyMode.PublicationOnly));

    /// <summary>Whether this system marks the pages that were written. For tests.</summary>
    internal static bool AreMarked => s_areMarked.Value;

    /// <summary>Copies what differs from the original back into a view that the caller holds exclusively.</summary>
    /// <exception cref="SharedMemoryMapException">The system refused to describe the view.</exception>
    public static void CopyBack(nint view, nint original, ulong size)
    {
        bool marked = AreMarked;
        for (ulong at = 0; at < size;)
        {
            WindowsNative.MemoryBasicInformation run = WindowsView.Query(view + (nint)at);
            ulong end = Math.Min(size, (ulong)(run.BaseAddress - view) + run.RegionSize);
            if (!marked || run.Protect != WindowsNative.PageWriteCopy)
            {
                CopyDifferences((byte*)view, (byte*)original, at, end);
            }

            at = end;
        }
    }

    private static void CopyDifferences(byte* view, byte* original, ulong from, ulong to)
    {
        int page = (int)HostMapping.PageSize;
        for (ulong at = from; at < to; at += (uint)page)
        {
            // Sound: whole pages of two views that their mapping keeps; no other code writes the first meanwhile. Pages that are
            // alike are not written, or each would become a private copy.
            var target = new Span<byte>(view + at, page);
            var source = new ReadOnlySpan<byte>(original + at, page);
            if (!source.SequenceEqual(target))
            {
                source.CopyTo(target);
            }
        }
    }

    private static bool TryOut()
    {
        uint size = (uint)HostMapping.PageSize;
        using SectionHandle section = WindowsNative.CreateFileMapping(WindowsNative.PagingFile, 0, WindowsNative.PageReadWrite, 0, size, 0);
        if (section.IsInvalid)
        {
            return false;
        }

        WindowsView view = WindowsView.Map(section, 0, size, WindowsNative.FileMapCopy);
        try
        {
            // Sound: a page of our own.
            *(byte*)view.Address = 1;
            return WindowsView.Query(view.Address).Protect == WindowsNative.PageReadWrite;
        }
        finally
        {
            view.Release();
        }
    }
}
