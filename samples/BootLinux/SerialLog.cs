using System.Text;

namespace BootLinux;

/// <summary>
/// What a guest has sent, line by line, to the terminal. A guest is not trusted, and a terminal obeys: so control characters are left
/// out, and a line that does not end is cut.
/// </summary>
internal sealed class SerialLog(TextWriter output)
{
    private const int MostOfALine = 4096;

    private readonly StringBuilder _line = new();

    /// <summary>The status that the guest's script told, if it has.</summary>
    public int? Status { get; private set; }

    public void Add(byte value)
    {
        switch (value)
        {
            case (byte)'\n':
                Flush();
                break;
            case (byte)'\t' or >= 0x20 and < 0x7F:
                _line.Append((char)value);
                if (_line.Length == MostOfALine)
                {
                    Flush();
                }

                break;
        }
    }

    public void Flush()
    {
        string line = _line.ToString();
        _line.Clear();
        output.WriteLine(line);
        if (line.StartsWith(Ramdisk.StatusMark, StringComparison.Ordinal) && int.TryParse(line.AsSpan(Ramdisk.StatusMark.Length), out int status))
        {
            Status = status;
        }
    }
}
