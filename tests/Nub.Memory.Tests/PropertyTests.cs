using FsCheck;
using FsCheck.Fluent;

namespace Nub.Memory.Tests;

/// <summary>Random programs of reads, writes, copies and fills, against a plain array. FsCheck prints the seed of a failure.</summary>
[Trait("Kind", "slow")]
public class PropertyTests
{
    // Three pages: copies cross both boundaries.
    private const int Size = 3 * 4096;

    private enum Kind
    {
        Read,
        Write,
        CopyOut,
        CopyIn,
        Fill,
        Exclusive,
        Zero,
    }

    private sealed record Step(Kind Kind, ulong Offset, int Length, int Type, int Seed)
    {
        public override string ToString() => $"{Kind} at {Offset}, {Length} bytes, {TypedCase.All[Type]}, seed {Seed}";
    }

    // Offsets everywhere, around the pages' and the memory's ends, and at the ends of 64 bits.
    private static readonly Gen<ulong> s_offsets = Gen.Frequency(
        (6, Gen.Choose(0, Size + 40).Select(i => (ulong)i)),
        (3, Gen.Choose(0, 80).SelectMany(i => Gen.Elements(0, 4096, 8192, Size).Select(page => unchecked((ulong)(page + i - 40))))),
        (2, Gen.Choose(0, 40).Select(i => ulong.MaxValue - (ulong)i)),
        (1, Gen.Choose(0, 63).SelectMany(bit => Gen.Choose(-1, 1).Select(i => unchecked((1UL << bit) + (ulong)i)))));

    private static readonly Gen<int> s_lengths = Gen.Frequency(
        (4, Gen.Choose(0, 300)), (2, Gen.Choose(0, Size + 10)), (2, Gen.Elements(0, 1, 17, 31, 33, 47, 63, 65, 100, 127, 129, 255, 257, 4096, Size)));

    private static readonly Gen<Step> s_steps =
        from kind in Gen.Elements(Kind.Read, Kind.Write, Kind.Write, Kind.CopyOut, Kind.CopyIn, Kind.CopyIn, Kind.Fill, Kind.Exclusive, Kind.Zero)
        from offset in s_offsets
        from length in s_lengths
        from type in Gen.Choose(0, TypedCase.All.Length - 1)
        from seed in Gen.Choose(0, int.MaxValue)
        select new Step(kind, offset, length, type, seed);

    [Fact]
    public void Every_program_does_to_the_memory_what_it_does_to_an_array()
    {
        using var pair = new Pair(3);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1500).WithEndSize(40),
            Prop.ForAll(s_steps.ListOf().ToArbitrary(), program =>
            {
                byte[] model = pair.FillWithPattern(3);
                foreach (Step step in program)
                {
                    Take(step, pair, model);
                    int same = pair.Contents().AsSpan().CommonPrefixLength(model);
                    Assert.True(same == Size, $"After {step} byte {same} differs.");
                }
            }));
    }

    [Fact]
    public void Every_program_of_the_stack_does_what_the_contract_says()
    {
        using var pair = new Pair();
        const int BufferSize = 200;
        Gen<(int Kind, int Length, ulong Value)> steps =
            from kind in Gen.Choose(0, 9)
            from length in Gen.Frequency((5, Gen.Choose(0, 40)), (1, Gen.Choose(0, 250)))
            from value in Gen.Frequency((4, Gen.Choose(0, 260).Select(i => (ulong)i)), (1, s_offsets))
            select (kind, length, value);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1500).WithEndSize(60),
            Prop.ForAll(steps.ListOf().ToArbitrary(), program =>
            {
                pair.Host.Fill(0, pair.Size, 0xA5);
                SharedStack stack = pair.Host.StackAt(100, BufferSize);
                stack.Reset();
                byte[] model = pair.Contents()[100..(100 + BufferSize)];
                foreach ((int kind, int length, ulong value) in program)
                {
                    TakeStack(kind, length, value, stack, pair, model);
                    byte[] contents = pair.Contents();
                    Assert.Equal(model, contents[100..(100 + BufferSize)]);
                    Assert.Equal(-1, contents.AsSpan(0, 100).IndexOfAnyExcept((byte)0xA5));
                    Assert.Equal(-1, contents.AsSpan(100 + BufferSize).IndexOfAnyExcept((byte)0xA5));
                }
            }));
    }

    private static void Take(Step step, Pair pair, byte[] model)
    {
        HostSharedMemory host = pair.Host;
        TypedCase type = TypedCase.All[step.Type];
        int length = step.Kind is Kind.Read or Kind.Write ? type.Size : step.Length;
        bool legal = (UInt128)step.Offset + (UInt128)length <= Size;
        Span<byte> place = legal ? model.AsSpan((int)step.Offset, length) : [];
        byte[] bytes = new byte[length];
        new Random(step.Seed).NextBytes(bytes);
        bool held = step.Seed % 2 == 0;
        switch (step.Kind)
        {
            case Kind.Read:
                bool read = held ? type.TryReadHeld(host, step.Offset, out byte[] value) : type.TryRead(host, step.Offset, out value);
                Assert.Equal(legal, read);
                Assert.True(value.AsSpan().SequenceEqual(legal ? place : new byte[length]));
                break;
            case Kind.Write:
                Assert.Equal(legal, held ? type.TryWriteHeld(host, step.Offset, bytes) : type.TryWrite(host, step.Offset, bytes));
                bytes.AsSpan(0, place.Length).CopyTo(place);
                break;
            case Kind.CopyOut:
                byte[] target = (byte[])bytes.Clone();
                Assert.Equal(legal, host.TryCopyTo(step.Offset, target));
                Assert.True(target.AsSpan().SequenceEqual(legal ? place : bytes));
                break;
            case Kind.CopyIn:
                Assert.Equal(legal, host.TryCopyFrom(step.Offset, bytes));
                bytes.AsSpan(0, place.Length).CopyTo(place);
                break;
            case Kind.Fill:
                Assert.Equal(legal, host.TryFill(step.Offset, (ulong)length, (byte)step.Seed));
                place.Fill((byte)step.Seed);
                break;
            case Kind.Exclusive:
                Exception? refused = Record.Exception(() => host.WithExclusivity(exclusive =>
                {
                    exclusive.CopyFrom(step.Offset, bytes);
                    Assert.True(exclusive.AsSpan(step.Offset, length).SequenceEqual(bytes));
                }));
                Assert.Equal(!legal, refused is SharedMemoryBoundsException);
                bytes.AsSpan(0, place.Length).CopyTo(place);
                break;
            default:
                pair.Guest.Zero();
                model.AsSpan().Clear();
                break;
        }
    }

    private static void TakeStack(int kind, int length, ulong value, SharedStack stack, Pair pair, byte[] model)
    {
        SharedStackError expected;
        SharedStackError error;
        switch (kind)
        {
            case 0: // a guest writes the stack pointer
                pair.Host.Write(100, value);
                BitConverter.TryWriteBytes(model, value);
                break;
            case 1: // a guest writes anywhere
                if (value <= (ulong)model.Length - 8)
                {
                    pair.Host.Write(100 + value, (ulong)length);
                    BitConverter.TryWriteBytes(model.AsSpan((int)value), (ulong)length);
                }

                break;
            case 2 or 3 or 4:
                byte[] data = [.. Enumerable.Range(0, length).Select(i => (byte)(i + (int)value))];
                if (kind == 4 && length >= 4)
                {
                    BitConverter.TryWriteBytes(data, length - 4);
                }

                expected = StackOracle.Push(model, data);
                stack.TryPush(data, out error);
                Assert.Equal(expected, error);
                break;
            case 5 or 6:
                byte[] target = new byte[length];
                expected = StackOracle.Pop(model, length, out byte[] element);
                bool popped = stack.TryPop(target, out int poppedLength, out error);
                Assert.Equal((expected, element.Length, expected == SharedStackError.None), (error, poppedLength, popped));
                Assert.True(target.AsSpan(0, poppedLength).SequenceEqual(element));
                break;
            case 7 or 8:
                bool accept = length % 4 != 0;
                expected = StackOracle.PopParsed(model, SharedStack.DefaultMaxLength, _ => accept, out element);
                stack.TryPop((ReadOnlySpan<byte> bytes, out byte[] parsed) => (parsed = bytes.ToArray()) is not null && accept, out byte[]? seen, out error);
                Assert.Equal(expected, error);
                Assert.True((seen ?? []).AsSpan().SequenceEqual(element));
                break;
            default:
                stack.Reset();
                BitConverter.TryWriteBytes(model, 8UL);
                break;
        }
    }
}
