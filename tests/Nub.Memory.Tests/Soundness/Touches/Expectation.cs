using System.Text;

namespace Nub.Memory.Tests.Soundness.Touches;

/// <summary>What one access is to touch of a memory, and what it was seen to touch.</summary>
internal sealed class Expectation(string name, ulong address, ulong size, int open)
{
    private readonly int[] _reads = new int[size];
    private readonly int[] _writes = new int[size];
    private readonly StringBuilder _log = new();

    public string Name => name;

    public ulong Base => address;

    public ulong Size => size;

    /// <summary>The protection that the memory has when it is not observed.</summary>
    public int Open => open;

    public bool Covers(ulong place) => place >= address && place - address < size;

    /// <summary>Bytes that are to be touched once; what is not is to be touched never.</summary>
    public void Expect(int offset, int length, bool writes)
    {
        foreach (ref int count in (writes ? _writes : _reads).AsSpan(offset, length))
        {
            count--;
        }
    }

    public void Count(List<Touch> touches, string instruction)
    {
        _log.Append("  ").AppendLine(instruction);
        foreach (Touch touch in touches)
        {
            for (int i = 0; i < touch.Length; i++)
            {
                ulong place = touch.Address + (ulong)i;
                if ((touch.Mask != 0 && (touch.Mask >> i & 1) == 0) || !Covers(place))
                {
                    continue;
                }

                _reads[place - address] += touch.Reads ? 1 : 0;
                _writes[place - address] += touch.Writes ? 1 : 0;
            }
        }
    }

    /// <summary>What went wrong; null if nothing did.</summary>
    public string? Judge()
    {
        if (!_reads.AsSpan().ContainsAnyExcept(0) && !_writes.AsSpan().ContainsAnyExcept(0))
        {
            return null;
        }

        var report = new StringBuilder(name).AppendLine();
        foreach ((int[] counts, string how) in ((int[], string)[])[(_reads, "read"), (_writes, "written")])
        {
            for (int i = 0; i < counts.Length; i++)
            {
                if (counts[i] != 0)
                {
                    report.AppendLine(counts[i] < 0 ? $"  byte {i} was not {how}" : $"  byte {i} was {how} {counts[i]} times too often");
                    break;
                }
            }
        }

        return report.Append(_log).ToString();
    }
}
