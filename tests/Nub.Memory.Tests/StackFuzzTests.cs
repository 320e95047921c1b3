using System.Diagnostics;
using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>
/// Corrupt buffers by the million from a recorded seed, each popped and judged by the oracle: a typed refusal with nothing
/// changed, or the right element; nothing else.
/// </summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class StackFuzzTests(ITestOutputHelper output)
{
    private const ulong Seed = 0x6E75_6220_2026;
    private const int Buffers = 10_000_000;
    private const int Size = 72;
    private const int Before = 24;

    [Fact]
    public void Ten_million_corrupt_buffers_are_refused_or_popped_right()
    {
        var clock = Stopwatch.StartNew();
        long[] outcomes = new long[Enum.GetValues<SharedStackError>().Length];
        const int Parts = 2;
        Parallel.For(0, Parts, part => FuzzPart(part, Buffers / Parts, outcomes));
        output.WriteLine($"{Buffers} buffers, seed 0x{Seed:X}, {clock.Elapsed.TotalSeconds:F1} s");
        foreach (SharedStackError error in Enum.GetValues<SharedStackError>())
        {
            output.WriteLine($"{error}: {outcomes[(int)error]}");

            // This memory's bytes do not go.
            Assert.True(error == SharedStackError.MemoryGone || outcomes[(int)error] > 10_000, $"{error} was hardly reached");
        }
    }

    private static void FuzzPart(int part, int count, long[] outcomes)
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(Before, Size);
        byte[] model = new byte[Size];
        byte[] contents = new byte[Before + Size + 24];
        byte[] around = [.. Enumerable.Repeat((byte)0xA5, contents.Length)];
        byte[] room = new byte[Size];
        ulong state = Seed + (ulong)part;
        long[] own = new long[outcomes.Length];
        bool accept = true;
        byte[] seen = new byte[Size];
        int seenLength = 0;
        SharedStackTryParser<int> parser = (ReadOnlySpan<byte> element, out int length) =>
        {
            element.CopyTo(seen);
            seenLength = length = element.Length;
            return accept;
        };
        Func<byte[], bool> judge = _ => accept;
        pair.Host.CopyFrom(0, around);
        for (int i = 0; i < count; i++)
        {
            Corrupt(model, ref state);
            pair.Host.CopyFrom(Before, model);
            ulong choice = Next(ref state);
            SharedStackError expected;
            SharedStackError error;
            byte[] element;
            switch (choice % 4)
            {
                case 0:
                    int length = (int)((choice >> 8) % 24);
                    expected = StackOracle.Push(model, room.AsSpan(0, length));
                    stack.TryPush(room.AsSpan(0, length), out error);
                    break;
                case 1:
                    int space = (choice >> 8) % 4 == 0 ? (int)((choice >> 16) % Size) : Size;
                    expected = StackOracle.Pop(model, space, out element);
                    bool popped = stack.TryPop(seen.AsSpan(0, space), out seenLength, out error);
                    Require(popped == (error == SharedStackError.None), part, i, "the result");
                    Require(seen.AsSpan(0, seenLength).SequenceEqual(element), part, i, "the element");
                    break;
                default:
                    accept = (choice >> 8) % 8 != 0;
                    seenLength = 0;
                    int limit = (choice >> 16) % 4 == 0 ? (int)((choice >> 24) % Size) : SharedStack.DefaultMaxLength;
                    expected = StackOracle.PopParsed(model, limit, judge, out element);
                    stack.TryPop(parser, out int parsed, out error, limit);
                    Require(parsed == element.Length, part, i, "the parsed value");
                    Require(expected == SharedStackError.ParseFailed || seen.AsSpan(0, seenLength).SequenceEqual(element), part, i, "the element");
                    break;
            }

            Require(error == expected, part, i, $"the outcome {error} for {expected}");
            pair.Host.CopyTo(0, contents);
            Require(contents.AsSpan(Before, Size).SequenceEqual(model), part, i, "the buffer");
            Require(contents.AsSpan(0, Before).SequenceEqual(around.AsSpan(0, Before)), part, i, "what stands before the buffer");
            Require(contents.AsSpan(Before + Size).SequenceEqual(around.AsSpan(Before + Size)), part, i, "what stands after the buffer");
            own[(int)error]++;
        }

        lock (outcomes)
        {
            for (int i = 0; i < own.Length; i++)
            {
                outcomes[i] += own[i];
            }
        }
    }

    /// <summary>Makes a buffer whose numbers are often legal, often almost, and sometimes anything.</summary>
    private static void Corrupt(byte[] buffer, ref ulong state)
    {
        for (int i = 0; i < buffer.Length; i += 8)
        {
            BitConverter.TryWriteBytes(buffer.AsSpan(i), Next(ref state));
        }

        ulong pointer = Number(ref state, 16, Size);
        BitConverter.TryWriteBytes(buffer, pointer);
        if (pointer is < 16 or > Size)
        {
            return;
        }

        ulong back = Number(ref state, 8, pointer - 8);
        BitConverter.TryWriteBytes(buffer.AsSpan((int)pointer - 8), back);
        if (back <= Size - 4)
        {
            ulong slot = pointer - back - 8;
            uint prefix = (uint)Number(ref state, 0, slot >= 4 ? slot - 4 : 0);
            BitConverter.TryWriteBytes(buffer.AsSpan((int)back), prefix);
        }
    }

    private static ulong Number(ref ulong state, ulong least, ulong most)
    {
        ulong random = Next(ref state);
        ulong choice = random >> 32;
        return (random % 16) switch
        {
            < 9 => least + choice % (most - least + 1),
            9 => least - 1 - choice % 3,
            10 => most + 1 + choice % 10,
            11 => most - choice % 9,
            12 => uint.MaxValue - choice % 8,
            13 => ulong.MaxValue - choice % 40,
            14 => 1UL << (int)(choice % 64),
            _ => Next(ref state),
        };
    }

    // SplitMix64: the same numbers on every runtime, for ever.
    private static ulong Next(ref ulong state)
    {
        ulong z = state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    private static void Require(bool condition, int part, int index, string what)
    {
        if (!condition)
        {
            Assert.Fail($"Buffer {index} of part {part}, seed 0x{Seed:X}: wrong {what}.");
        }
    }
}
