using Nub.Memory;

namespace GuestCall;

/// <summary>The number in shared memory that an attack overwrites.</summary>
internal enum Target
{
    /// <summary>The stack pointer of the output buffer (u64).</summary>
    OutputStackPointer,

    /// <summary>The back-pointer above the answer (u64).</summary>
    BackPointer,

    /// <summary>The length prefix of the answer (u32).</summary>
    SizePrefix,

    /// <summary>The payload length in the answer's header (u32).</summary>
    PayloadLength,

    /// <summary>The stack pointer of the input buffer (u64).</summary>
    InputStackPointer,
}

/// <summary>What the forged number is counted from.</summary>
internal enum Anchor
{
    /// <summary>Zero.</summary>
    Zero,

    /// <summary>The size of the buffer.</summary>
    BufferSize,

    /// <summary>The output buffer's stack pointer after the answer.</summary>
    StackPointer,

    /// <summary>The length of the answer, prefix included.</summary>
    ElementLength,
}

/// <summary>One way for the guest to turn on the host: after an honest answer it overwrites one number with another.</summary>
/// <param name="Kind">The kind of the request that the guest answers in this way.</param>
/// <param name="What">What it does, for the reader of the report.</param>
/// <param name="Target">The number it overwrites.</param>
/// <param name="Anchor">What the forged number is counted from.</param>
/// <param name="Delta">What is added to the anchor; below zero it wraps, as it would in the guest.</param>
/// <param name="Expected">The rule that the host must find broken.</param>
/// <remarks>Data rather than code, so that the assembled guest and the one played by a thread cannot differ in what they try.</remarks>
internal sealed record Attack(ushort Kind, string What, Target Target, Anchor Anchor, long Delta, SharedStackError Expected)
{
    /// <summary>The kind of a request that is answered honestly.</summary>
    public const ushort Honest = 0;

    /// <summary>Every attack there is.</summary>
    public static IReadOnlyList<Attack> All { get; } =
    [
        new(1, "stack pointer 0", Target.OutputStackPointer, Anchor.Zero, 0, SharedStackError.StackPointerOutOfBounds),
        new(2, "stack pointer claims an empty buffer", Target.OutputStackPointer, Anchor.Zero, 8, SharedStackError.StackPointerOutOfBounds),
        new(3, "stack pointer one past the end", Target.OutputStackPointer, Anchor.BufferSize, 1, SharedStackError.StackPointerOutOfBounds),
        new(4, "stack pointer 2^64 - 1", Target.OutputStackPointer, Anchor.Zero, -1, SharedStackError.StackPointerOutOfBounds),
        new(5, "back-pointer into the stack pointer", Target.BackPointer, Anchor.Zero, 0, SharedStackError.CorruptBackPointer),
        new(6, "back-pointer leaves no room for a prefix", Target.BackPointer, Anchor.StackPointer, -8, SharedStackError.CorruptBackPointer),
        new(7, "back-pointer at the stack pointer itself", Target.BackPointer, Anchor.StackPointer, 0, SharedStackError.CorruptBackPointer),
        new(8, "back-pointer that wraps when added to", Target.BackPointer, Anchor.Zero, -8, SharedStackError.CorruptBackPointer),
        new(9, "size prefix 2^32 - 1", Target.SizePrefix, Anchor.Zero, -1, SharedStackError.SizePrefixOverflow),
        new(10, "size prefix that wraps to 0", Target.SizePrefix, Anchor.Zero, -4, SharedStackError.SizePrefixOverflow),
        new(11, "size prefix one byte too large", Target.SizePrefix, Anchor.ElementLength, -3, SharedStackError.SizePrefixTooLarge),
        new(12, "size prefix 0, so no header", Target.SizePrefix, Anchor.Zero, 0, SharedStackError.ParseFailed),
        new(13, "payload length 2^32 - 1 in the header", Target.PayloadLength, Anchor.Zero, -1, SharedStackError.ParseFailed),
        new(14, "input stack pointer one past the end", Target.InputStackPointer, Anchor.BufferSize, 1, SharedStackError.StackPointerOutOfBounds),
        new(15, "input buffer claims to be full", Target.InputStackPointer, Anchor.BufferSize, 0, SharedStackError.BufferFull),
    ];

    /// <summary>The number that the guest writes.</summary>
    /// <param name="stackPointer">The output buffer's stack pointer after the answer.</param>
    /// <param name="elementLength">The length of the answer, prefix included.</param>
    public ulong Forge(ulong stackPointer, ulong elementLength)
    {
        ulong anchor = Anchor switch
        {
            Anchor.Zero => 0,
            Anchor.BufferSize => (ulong)GuestMap.Output.Size,
            Anchor.StackPointer => stackPointer,
            Anchor.ElementLength => elementLength,
            _ => throw new InvalidOperationException($"No such anchor: {Anchor}."),
        };
        return unchecked(anchor + (ulong)Delta);
    }
}
