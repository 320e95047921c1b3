using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Nub.Memory.Testing;

/// <summary>A parser has read a byte twice, and what came of it depends on both reads: a guest that changes the byte in between decides what.</summary>
public sealed class DoubleFetchException : Exception
{
    internal DoubleFetchException(string message, ulong offset, ulong length, MemoryAccess firstRead, MemoryAccess? secondRead)
        : base(message)
    {
        Offset = offset;
        Length = length;
        FirstRead = firstRead;
        SecondRead = secondRead;
    }

    /// <summary>The first byte that both reads have in common, from the start of the memory.</summary>
    public ulong Offset { get; }

    /// <summary>How many bytes they have in common, at least 1.</summary>
    public ulong Length { get; }

    /// <summary>The field, such as <c>Descriptor.Length</c>, where either read used a generated view; otherwise null.</summary>
    public string? Field => FirstRead.Field ?? SecondRead?.Field;

    /// <summary>The read after which the guest changed a byte, with its call stack.</summary>
    public MemoryAccess FirstRead { get; }

    /// <summary>
    /// The read that saw the change, with its call stack. Null where the second read went past the library: by a raw pointer
    /// (<see cref="SharedMemory.BaseAddress"/>) or by the kernel (<see cref="HostSharedMemory.WriteTo"/>).
    /// </summary>
    public MemoryAccess? SecondRead { get; }

    internal static DoubleFetchException Of(
        MemoryAccess first, MemoryAccess? second, ulong changed, byte honest, byte hostile, string honestOutcome, string hostileOutcome, SingleFetchReport report)
    {
        ulong start = second is null ? changed : Math.Max(first.Offset, second.Offset);
        ulong length = second is null ? 1 : Math.Min(first.Offset + first.Length, second.Offset + second.Length) - start;
        string? field = first.Field ?? second?.Field;
        var message = new StringBuilder();
        message.Append(CultureInfo.InvariantCulture,
            $"The parser reads {length} {(length == 1 ? "byte" : "bytes")} at 0x{start:X}{(field is null ? "" : $" ({field})")} twice, and depends on both reads: ");
        message.Append(CultureInfo.InvariantCulture, $"the byte at 0x{changed:X} was changed from 0x{honest:X2} to 0x{hostile:X2} in between.").AppendLine();
        message.Append("First:  ").Append(first).AppendLine();
        message.Append("Second: ").AppendLine(second?.ToString() ?? "past the library, by a raw pointer or by the kernel: nothing of it was seen");
        message.Append("Without the change the parser ").AppendLine(honestOutcome);
        message.Append("With the change the parser    ").AppendLine(hostileOutcome);
        message.Append(report);
        Append(message, "Stack of the first read:", first);
        Append(message, "Stack of the second read:", second);
        return new DoubleFetchException(message.ToString(), start, length, first, second);
    }

    private static void Append(StringBuilder message, string title, MemoryAccess? access)
    {
        if (access?.Stack is { } stack)
        {
            // Without what runs the parser, which is the same for all.
            IEnumerable<StackFrame> frames = stack.GetFrames().TakeWhile(frame => frame.GetMethod()?.DeclaringType?.Assembly != typeof(HostileMemory).Assembly);
            message.AppendLine().AppendLine(title).Append(new StackTrace(frames).ToString().TrimEnd());
        }
    }
}
