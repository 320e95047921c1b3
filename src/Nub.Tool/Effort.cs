namespace Nub.Tool;

/// <summary>
/// How much a file may make its reader do. References, names and descriptions that overlap let a small file be read without end, or into memory without bound; what a compiler writes is read in
/// about as many steps as it has bytes.
/// </summary>
/// <param name="of">What is read, for the message.</param>
/// <param name="bytes">How many bytes it has, decompressed.</param>
/// <param name="file">How many bytes the file has: what is compressed well is still little.</param>
internal sealed class Effort(string of, long bytes, long file)
{
    private readonly long _most = 1_000_000 + (16 * bytes);
    private readonly long _mostKept = (64L << 20) + (16 * file);
    private long _spent;
    private long _kept;

    /// <summary>Counts steps: an entry, an attribute, or a character that was read.</summary>
    /// <exception cref="ToolException">They are too many.</exception>
    public void Spend(long steps)
    {
        _spent += steps;
        if (_spent > _most)
        {
            throw new ToolException($"The {of} is damaged: to read its {bytes} bytes takes more than {_most} steps.");
        }
    }

    /// <summary>Counts memory that is kept, before it is taken: about so many bytes.</summary>
    /// <exception cref="ToolException">They are too many.</exception>
    public void Keep(long about)
    {
        _kept += about;
        if (_kept > _mostKept)
        {
            throw new ToolException($"The {of} is damaged: what is to be kept of it takes more than {_mostKept} bytes.");
        }
    }
}
