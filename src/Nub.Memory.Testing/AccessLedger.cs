using System.Collections;
using System.Globalization;
using System.Text;

namespace Nub.Memory.Testing;

/// <summary>A range of the memory.</summary>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">How many bytes.</param>
public readonly record struct MemoryRange(ulong Offset, ulong Length)
{
    /// <summary>Whether another range lies within this one.</summary>
    /// <param name="offset">Its first byte.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <returns>Whether it does.</returns>
    public bool Contains(ulong offset, ulong length) => offset >= Offset && offset - Offset <= Length && length <= Length - (offset - Offset);

    /// <summary>For a message.</summary>
    /// <returns>Such as <c>[0x10, 0x14)</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"[0x{Offset:X}, 0x{Offset + Length:X})");
}

/// <summary>Says that a parser did what it should not have.</summary>
public sealed class LedgerException : Exception
{
    internal LedgerException(string message, MemoryAccess? access = null)
        : base(message) => Access = access;

    /// <summary>The first access that should not have been, where it was one.</summary>
    public MemoryAccess? Access { get; }
}

/// <summary>Every access of one run of a parser, in order.</summary>
public sealed class AccessLedger : IReadOnlyList<MemoryAccess>
{
    private readonly MemoryAccess[] _accesses;

    internal AccessLedger(Observation observation, long allocated, ulong size)
    {
        _accesses = [.. observation.Touches.Select((touch, index) => new MemoryAccess(index, touch))];
        AllocatedBytes = allocated;
        WasStopped = observation.WasStopped;
        MemorySize = size;
    }

    /// <summary>The number of accesses.</summary>
    public int Count => _accesses.Length;

    /// <summary>What the parser allocated on the thread that ran it, in bytes, without what writing down took.</summary>
    public long AllocatedBytes { get; }

    /// <summary>Whether the parser met <see cref="HostileMemory.MaxAccesses"/>: the memory was gone for what came after.</summary>
    public bool WasStopped { get; }

    /// <summary>The size of the memory in bytes.</summary>
    public ulong MemorySize { get; }

    /// <summary>An access by its place in the order.</summary>
    /// <param name="index">From 0 on.</param>
    public MemoryAccess this[int index] => _accesses[index];

    /// <summary>Asserts that every byte that was read lies in one of some ranges.</summary>
    /// <param name="ranges">The ranges. A read may not go from one into another.</param>
    /// <returns>This, for more assertions.</returns>
    /// <exception cref="LedgerException">A read leaves them: the message names it.</exception>
    public AccessLedger AssertReadsWithin(params ReadOnlySpan<MemoryRange> ranges) => AssertWithin(MemoryAccessKind.Read, ranges);

    /// <summary>Asserts that every byte that was written lies in one of some ranges.</summary>
    /// <param name="ranges">The ranges. A write may not go from one into another.</param>
    /// <returns>This, for more assertions.</returns>
    /// <exception cref="LedgerException">A write leaves them: the message names it.</exception>
    public AccessLedger AssertWritesWithin(params ReadOnlySpan<MemoryRange> ranges) => AssertWithin(MemoryAccessKind.Write, ranges);

    /// <summary>Asserts that the parser allocated no more than a limit, whatever size the guest gave it. The first run of a program allocates more: run it once before.</summary>
    /// <param name="bytes">The limit in bytes.</param>
    /// <returns>This, for more assertions.</returns>
    /// <exception cref="LedgerException">It allocated more.</exception>
    public AccessLedger AssertAllocatesAtMost(long bytes) => AllocatedBytes <= bytes ? this : throw new LedgerException(
        $"The parser allocated {AllocatedBytes} bytes; at most {bytes} were expected.");

    /// <summary>Asserts that the parser ended by itself within a number of accesses: that the guest cannot keep it busy.</summary>
    /// <param name="accesses">The number.</param>
    /// <returns>This, for more assertions.</returns>
    /// <exception cref="LedgerException">It made more, or was stopped.</exception>
    public AccessLedger AssertEndsWithin(int accesses) => Count <= accesses && !WasStopped ? this : throw new LedgerException(
        $"The parser made {(WasStopped ? $"all {Count} accesses that it may and was then stopped" : $"{Count} accesses")}; at most {accesses} were expected.",
        Count > accesses ? this[accesses] : null);

    /// <summary>The accesses as a table of text: number, kind, offset, length, field, place.</summary>
    /// <returns>The table, a line for each.</returns>
    public string ToTable()
    {
        var rows = new List<string[]> { (string[])["#", "kind", "offset", "length", "field", "place"] };
        rows.AddRange(_accesses.Select(access => (string[])[
            access.Index.ToString(CultureInfo.InvariantCulture), MemoryAccess.Name(access.Kind), $"0x{access.Offset:X}",
            access.Length.ToString(CultureInfo.InvariantCulture), access.Field ?? "", access.Place ?? ""]));
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        var table = new StringBuilder();
        foreach (string[] row in rows)
        {
            table.AppendLine(string.Join("  ", row.Select((cell, column) => column is 0 or 2 or 3 ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))).TrimEnd());
        }

        return table.ToString();
    }

    /// <summary>A picture of the memory: what was read once, read again, written, and both.</summary>
    /// <returns>An SVG document, of the parts of the memory that were touched.</returns>
    public string ToSvg() => LedgerPicture.Draw(this);

    /// <summary>How many accesses there were.</summary>
    /// <returns>Such as <c>3 accesses</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} {(Count == 1 ? "access" : "accesses")}");

    /// <inheritdoc/>
    public IEnumerator<MemoryAccess> GetEnumerator() => ((IEnumerable<MemoryAccess>)_accesses).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _accesses.GetEnumerator();

    private AccessLedger AssertWithin(MemoryAccessKind kind, ReadOnlySpan<MemoryRange> ranges)
    {
        foreach (MemoryAccess access in _accesses)
        {
            if (access.Kind != kind && access.Kind != MemoryAccessKind.Atomic)
            {
                continue;
            }

            bool contained = false;
            foreach (MemoryRange range in ranges)
            {
                contained |= range.Contains(access.Offset, access.Length);
            }

            if (!contained)
            {
                throw new LedgerException($"The {access} lies in none of {string.Join(", ", ranges.ToArray())}.", access);
            }
        }

        return this;
    }
}
