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

    /// <summary>The first byte that both reads have in common, from the start of the memory. Where nothing was seen of the second read, the first byte that was changed.</summary>
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
        return Of(first, second, new MemoryRange(start, length), ChangeOf(changed, honest, hostile), honestOutcome, hostileOutcome, report);
    }

    /// <summary>Bytes of which only the first read was seen, and that make a difference when they are inverted, several of them only together.</summary>
    /// <param name="first">The first read of any of them.</param>
    /// <param name="changed">The bytes, in order.</param>
    /// <param name="honest">What the first of them was.</param>
    /// <param name="honestOutcome">What the parser did without the change.</param>
    /// <param name="hostileOutcome">What it did with it.</param>
    /// <param name="report">What the proof has seen until then.</param>
    internal static DoubleFetchException OfUnseen(MemoryAccess first, int[] changed, byte honest, string honestOutcome, string hostileOutcome, SingleFetchReport report)
    {
        var ranges = new List<MemoryRange>();
        foreach (int at in changed)
        {
            if (ranges.Count > 0 && ranges[^1] is var last && last.Offset + last.Length == (ulong)at)
            {
                ranges[^1] = last with { Length = last.Length + 1 };
            }
            else
            {
                ranges.Add(new MemoryRange((ulong)at, 1));
            }
        }

        string change = changed.Length == 1 ? ChangeOf((ulong)changed[0], honest, (byte)(honest ^ 0xFF)) : $"all bytes of {string.Join(", ", ranges)} were inverted in between.";
        return Of(first, null, ranges[0], change, honestOutcome, hostileOutcome, report);
    }

    private static string ChangeOf(ulong at, byte honest, byte hostile) =>
        string.Create(CultureInfo.InvariantCulture, $"the byte at 0x{at:X} was changed from 0x{honest:X2} to 0x{hostile:X2} in between.");

    private static DoubleFetchException Of(
        MemoryAccess first, MemoryAccess? second, MemoryRange common, string change, string honestOutcome, string hostileOutcome, SingleFetchReport report)
    {
        string? field = first.Field ?? second?.Field;
        var message = new StringBuilder();
        message.Append(CultureInfo.InvariantCulture,
            $"The parser reads {common.Length} {(common.Length == 1 ? "byte" : "bytes")} at 0x{common.Offset:X}{(field is null ? "" : $" ({field})")} twice, and depends on both reads: {change}").AppendLine();
        message.Append("First:  ").Append(first).AppendLine();
        message.Append("Second: ").AppendLine(second?.ToString() ?? "past the library, by a raw pointer or by the kernel: nothing of it was seen");
        message.Append("Without the change the parser ").AppendLine(honestOutcome);
        message.Append("With the change the parser    ").AppendLine(hostileOutcome);
        message.Append(report);
        Append(message, "Stack of the first read:", first);
        Append(message, "Stack of the second read:", second);
        return new DoubleFetchException(message.ToString(), common.Offset, common.Length, first, second);
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
