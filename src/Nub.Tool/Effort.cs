namespace Nub.Tool;

/// <summary>
/// How much a file may make its reader do. References, names and descriptions that overlap let a small file be read without end, or into memory without bound; what a compiler writes is read in
/// about as many steps as it has bytes.
/// </summary>
/// <param name="of">What is read, for the message.</param>
/// <param name="bytes">How many bytes it has.</param>
internal sealed class Effort(string of, long bytes)
{
    private readonly long _most = 1_000_000 + (16 * bytes);
    private long _spent;

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
}
