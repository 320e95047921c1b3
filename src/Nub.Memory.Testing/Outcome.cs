using System.Collections;
using System.Runtime.CompilerServices;
using System.Text;

namespace Nub.Memory.Testing;

/// <summary>What came of one run: what the parser returned or threw, and what the memory holds afterwards.</summary>
internal sealed class Outcome(object? result, Exception? exception, byte[] content, Observation observation)
{
    public object? Result { get; } = result;

    public Exception? Exception { get; } = exception;

    public byte[] Content { get; } = content;

    public Observation Observation { get; } = observation;

    /// <summary>In what this differs from the outcome with honest content, or null. What the guest wrote last is not the parser's.</summary>
    public string? DifferenceFrom(Outcome honest, Func<object?, object?, bool> areEqual)
    {
        if (Exception?.GetType() != honest.Exception?.GetType() || (Exception is null && !areEqual(Result, honest.Result)))
        {
            return Words();
        }

        for (int at = 0; at < Content.Length; at++)
        {
            if (Content[at] != honest.Content[at] && !Observation.ChangedByGuest[at])
            {
                return $"{Words()} and left 0x{Content[at]:X2} at 0x{at:X}, in place of 0x{honest.Content[at]:X2}";
            }
        }

        return null;
    }

    /// <summary>What the parser did, as the end of a sentence about it.</summary>
    public string Words()
    {
        string words = Exception is { } exception ? $"threw {exception.GetType().Name}: {exception.Message}" : Result is Nothing ? "returned" : $"returned {Show(Result)}";
        return Observation.WasStopped ? $"{words} (stopped after {Observation.Plan.Limit} accesses)" : words;
    }

    /// <summary>Equality as a test means it: of sequences and tuples element by element.</summary>
    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (string first, string second) => first == second,
        (byte[] first, byte[] second) => first.AsSpan().SequenceEqual(second),
        (ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second) => first.Span.SequenceEqual(second.Span),
        (Memory<byte> first, Memory<byte> second) => first.Span.SequenceEqual(second.Span),
        (ITuple first, ITuple second) => AreEqual(first, second),
        (IEnumerable first, IEnumerable second) when !left.Equals(right) => first.GetType() == second.GetType() && AreEqual(first, second),
        _ => left.Equals(right),
    };

    private static bool AreEqual(ITuple left, ITuple right)
    {
        bool equal = left.GetType() == right.GetType() && left.Length == right.Length;
        for (int at = 0; equal && at < left.Length; at++)
        {
            equal = AreEqual(left[at], right[at]);
        }

        return equal;
    }

    private static bool AreEqual(IEnumerable left, IEnumerable right)
    {
        IEnumerator others = right.GetEnumerator();
        foreach (object? item in left)
        {
            if (!others.MoveNext() || !AreEqual(item, others.Current))
            {
                return false;
            }
        }

        return !others.MoveNext();
    }

    private static string Show(object? value)
    {
        const int most = 16;
        switch (value)
        {
            case null:
                return "null";
            case string text:
                return text.Length <= 4 * most ? $"\"{text}\"" : $"\"{text[..(4 * most)]}…\", {text.Length} characters";
            case ITuple tuple:
                return $"({string.Join(", ", Enumerable.Range(0, tuple.Length).Select(at => Show(tuple[at])))})";
            case IEnumerable items:
                var list = new StringBuilder("[");
                int count = 0;
                foreach (object? item in items)
                {
                    if (count++ == most)
                    {
                        list.Append(", …");
                        break;
                    }

                    list.Append(count == 1 ? "" : ", ").Append(Show(item));
                }

                return list.Append(']').ToString();
            default:
                return value.ToString() ?? value.GetType().Name;
        }
    }
}

/// <summary>The result of a parser that returns none.</summary>
internal sealed class Nothing
{
    public static Nothing Instance { get; } = new();
}
