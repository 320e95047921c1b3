namespace Nub.Kvm;

/// <summary>A set of dirty pages as a debugger shows it.</summary>
internal sealed class DirtyPageSetProxy(DirtyPageSet pages)
{
    private const int Most = 1024;

    public ulong Count => pages.Count;

    public ulong PageCount => pages.PageCount;

    /// <summary>The first of the dirty pages, at most 1,024.</summary>
    public ulong[] Pages
    {
        get
        {
            var shown = new List<ulong>();
            foreach (ulong page in pages)
            {
                if (shown.Count == Most)
                {
                    break;
                }

                shown.Add(page);
            }

            return [.. shown];
        }
    }
}
