using System.Runtime.CompilerServices;

namespace Nub.Ipc;

/// <summary>A record's header, judged on a private copy: whatever a peer wrote there, the record lies within the ring.</summary>
/// <param name="Kind">Record, Group, Padding or End.</param>
/// <param name="Length">The bytes behind the header.</param>
internal readonly record struct RecordHeader(ulong Kind, uint Length)
{
    /// <summary>The bytes from this header to the next one.</summary>
    public ulong Span => RingLayout.SpanOf(Length);

    /// <summary>Judges a header that is not 0.</summary>
    /// <param name="header">The copy.</param>
    /// <param name="position">The position that it was read at.</param>
    /// <param name="tail">The bytes from there to the end of the ring, at least 8.</param>
    /// <param name="maxLength">The longest record.</param>
    /// <param name="record">What it says.</param>
    /// <param name="refusal">The rule that it breaks.</param>
    /// <returns>Whether it breaks none.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParse(ulong header, ulong position, ulong tail, int maxLength, out RecordHeader record, out RingRefusal refusal)
    {
        ulong length = header & RingLayout.LengthMask;
        ulong kind = header & RingLayout.KindMask;
        record = new RecordHeader(kind, (uint)length);
        refusal = default;
        ulong span = RingLayout.SpanOf(length);
        bool inOrder = header >> 32 == RingLayout.MarkOf(position) >> 32
            && (kind == RingLayout.Padding ? span == tail && length % 8 == 0 : span <= tail && length <= (uint)maxLength);
        return inOrder || Explain(header, position, tail, maxLength, out refusal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Explain(ulong header, ulong position, ulong tail, int maxLength, out RingRefusal refusal)
    {
        ulong length = header & RingLayout.LengthMask;
        ulong mark = RingLayout.MarkOf(position) >> 32;
        refusal = header >> 32 != mark ? new RingRefusal(SharedRingError.RecordOutOfPlace, position, header >> 32, mark)
            : (header & RingLayout.KindMask) == RingLayout.Padding ? new RingRefusal(SharedRingError.PaddingInvalid, position, length, tail - RingLayout.HeaderSize)
            : new RingRefusal(SharedRingError.RecordTooLong, position, length, Math.Min(tail - RingLayout.HeaderSize, (uint)maxLength));
        return false;
    }
}
