using System.Diagnostics.CodeAnalysis;

namespace Nub.Memory;

/// <summary>The rule of the stack buffer that was broken.</summary>
public enum SharedStackError
{
    /// <summary>No rule was broken.</summary>
    None = 0,

    /// <summary>The stack pointer (u64 at offset 0 of the buffer) is outside its range: [8, size] for a push, [16, size] for a pop.</summary>
    StackPointerOutOfBounds,

    /// <summary>The back-pointer (u64 below the stack pointer) is outside [8, SP - 8], or [8, SP - 16] for a parsed pop.</summary>
    CorruptBackPointer,

    /// <summary>The u32 size prefix of the element plus its own 4 bytes exceeds 32 bits.</summary>
    SizePrefixOverflow,

    /// <summary>The u32 size prefix of the element plus its own 4 bytes exceeds the element.</summary>
    SizePrefixTooLarge,

    /// <summary>The data and its 8-byte back-pointer do not fit above the stack pointer.</summary>
    BufferFull,

    /// <summary>The parser refused the element.</summary>
    ParseFailed,

    /// <summary>The element is larger than the destination of the caller.</summary>
    DestinationTooSmall,

    /// <summary>The element is larger than the limit of a pop that allocates.</summary>
    ElementTooLarge,

    /// <summary>Some of the buffer's bytes are gone: the owner of the memory shortened it.</summary>
    MemoryGone,
}

/// <summary>A push or pop was refused. The buffer is as it was.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the numbers it would say nothing.")]
public sealed class SharedStackException : SharedMemoryException
{
    internal SharedStackException(in SharedStackRefusal refusal, Exception? inner = null)
        : base(refusal.ToString(), inner!)
    {
        Error = refusal.Error;
        Value = refusal.Value;
        Minimum = refusal.Minimum;
        Maximum = refusal.Maximum;
        BufferSize = refusal.BufferSize;
    }

    /// <summary>The rule that was broken.</summary>
    public SharedStackError Error { get; }

    /// <summary>The number that broke it, in bytes: a stack pointer, a back-pointer, a prefix or a length.</summary>
    public ulong Value { get; }

    /// <summary>The least legal number, in bytes.</summary>
    public ulong Minimum { get; }

    /// <summary>The greatest legal number, in bytes. Smaller than <see cref="Minimum"/> where no number is legal.</summary>
    public ulong Maximum { get; }

    /// <summary>The size of the buffer in bytes.</summary>
    public ulong BufferSize { get; }
}

/// <summary>Why a push or pop was refused, without the cost of an exception: a guest can cause a million a second.</summary>
internal readonly record struct SharedStackRefusal(SharedStackError Error, ulong Value, ulong Minimum, ulong Maximum, ulong BufferSize)
{
    /// <summary>The bytes of a stack pointer or a back-pointer. A stack pointer of this value is an empty stack's.</summary>
    public const ulong PointerSize = sizeof(ulong);

    private const string NoRoom = ": there is no room for an element of 8 bytes, the least that a parsed pop takes";

    public override string ToString() => Error switch
    {
        // Where the elements begin: the one value that a guest has done nothing wrong with.
        SharedStackError.StackPointerOutOfBounds when Value == PointerSize =>
            $"The stack is empty: its stack pointer is {Value}, and outside [{Minimum}, {Maximum}] of the buffer of {BufferSize} bytes, where one with an element is.",
        SharedStackError.StackPointerOutOfBounds =>
            $"Stack pointer {Value} is outside [{Minimum}, {Maximum}] of the buffer of {BufferSize} bytes.{(Value == 0 ? " A new buffer is emptied with Reset first." : "")}",
        SharedStackError.CorruptBackPointer =>
            $"Corrupt back-pointer: {Value} is outside [{Minimum}, {Maximum}] of the buffer of {BufferSize} bytes{(Maximum < Minimum ? NoRoom : "")}.",
        SharedStackError.SizePrefixOverflow => $"Corrupt size prefix: {Value} overflows 32 bits when its own 4 bytes are added; at most {Maximum} fit the element.",
        SharedStackError.SizePrefixTooLarge => $"Corrupt size prefix: {Value} bytes and its own 4 exceed the element; at most {Maximum} fit.",
        SharedStackError.BufferFull => $"Not enough space: {Value} bytes wanted, back-pointer included, {Maximum} free in the buffer of {BufferSize} bytes.",
        SharedStackError.ParseFailed => $"The parser refused the element of {Value} bytes.",
        SharedStackError.DestinationTooSmall => $"The element of {Value} bytes does not fit the destination of {Maximum} bytes.",
        SharedStackError.ElementTooLarge => $"The element of {Value} bytes is larger than the {Maximum} bytes that this pop takes (maxLength).",
        SharedStackError.MemoryGone => $"Bytes of the buffer of {BufferSize} bytes at offset {Value} are gone.",
        _ => "No refusal.",
    };
}
