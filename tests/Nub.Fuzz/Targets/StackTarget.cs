using Nub.Fuzz.Engine;
using Nub.Memory;
using Nub.Memory.Tests;

namespace Nub.Fuzz.Targets;

/// <summary>The stack on memory that a peer writes before, between and within the operations: each does what the contract's oracle does to a plain array, and touches nothing beside the buffer.</summary>
internal sealed class StackTarget : FuzzTarget
{
    private const int Before = 24;
    private const int After = 24;
    private const int MaxSize = 160;
    private const int MaxOperations = 64;

    private readonly HostSharedMemory _host;
    private readonly byte[] _contents = new byte[Before + MaxSize + After];
    private readonly byte[] _room = new byte[MaxSize];

    public StackTarget() => _host = OwnMemory(4096);

    public override string Name => "stack";

    public override int MaxLength => 384;

    public override IEnumerable<byte[]> Seeds =>
    [
        // An empty buffer, pushed to and popped from in all ways.
        [48, 0, 1, 4, 1, 2, 3, 4, 0, 3, 9, 8, 7, 4, 64, 255, 0, 0, 3, 64, 8],
        [144, 0, 1, 20, .. new byte[20], 0, 2, 7, 7, 5, 255, 1, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 6, 255, 7, 8],

        // One that a peer left.
        [8, 1, 24, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 0, 0, 0, 0, 0, 0, 0, 6, 255],
    ];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        int size = 16 + (input.Byte() % (MaxSize - 15));
        byte[] model = new byte[size];
        _contents.AsSpan().Fill(0xA5);
        _host.CopyFrom(0, _contents);
        Write(model, 0, input.Bool() ? input.Take(size) : BitConverter.GetBytes(8UL));
        _host.CopyFrom(Before, model);
        SharedStack stack = _host.StackAt(Before, (ulong)size);
        for (int i = 0; i < MaxOperations && !input.IsEmpty; i++)
        {
            Operate(ref input, stack, model);
            Span<byte> contents = _contents.AsSpan(0, Before + size + After);
            _host.CopyTo(0, contents);
            Require(contents.Slice(Before, size).SequenceEqual(model), "the buffer is what the oracle's is");
            Require(!contents[..Before].ContainsAnyExcept((byte)0xA5) && !contents[(Before + size)..].ContainsAnyExcept((byte)0xA5), "nothing beside the buffer is touched");
        }
    }

    private void Operate(ref FuzzInput input, SharedStack stack, byte[] model)
    {
        SharedStackError expected;
        SharedStackError error;
        byte[] element;
        switch (input.Below(9))
        {
            case 0:
                ReadOnlySpan<byte> prefixed = input.Take(input.Byte());

                // A parsed pop takes 8 bytes at least: a shorter element has zeros behind it.
                expected = StackOracle.Push(model, [.. BitConverter.GetBytes(prefixed.Length), .. prefixed, .. new byte[Math.Max(0, 4 - prefixed.Length)]]);
                Require(stack.TryPushPrefixed(prefixed, out error) == (error == SharedStackError.None), "a push says what its error says");
                break;
            case 1:
                ReadOnlySpan<byte> pushed = input.Take(input.Byte());
                expected = StackOracle.Push(model, pushed);
                Require(stack.TryPush(pushed, out error) == (error == SharedStackError.None), "a push says what its error says");
                break;
            case 2:
                // The peer, between two operations.
                PeerWrites(ref input, model);
                return;
            case 3:
                int room = input.Byte() % (MaxSize + 1);
                expected = StackOracle.Pop(model, room, out element);
                Require(stack.TryPop(_room.AsSpan(0, room), out int length, out error) == (error == SharedStackError.None), "a pop says what its error says");
                Require(_room.AsSpan(0, length).SequenceEqual(element), "the element is the oracle's");
                break;
            case 4 or 5:
                PopParsed(ref input, stack, model);
                return;
            case 6:
                PopArray(stack, model, input.Byte());
                return;
            case 7:
                stack.Reset();
                Write(model, 0, BitConverter.GetBytes(8UL));
                return;
            default:
                Require(stack.IsEmpty == (BitConverter.ToUInt64(model) == 8), "it is empty if its pointer says so");
                return;
        }

        Require(error == expected, $"{error} in place of {expected}");
    }

    // In the parser the peer writes as well: what was judged before must hold after it.
    private void PopParsed(ref FuzzInput input, SharedStack stack, byte[] model)
    {
        int limit = input.Byte();
        bool accept = (input.Byte() & 7) != 0;
        int at = input.Byte() % model.Length;
        byte[] written = input.Bool() ? input.Take(Math.Min(8, model.Length - at)).ToArray() : [];
        SharedStackError expected = StackOracle.PopParsed(
            model,
            limit,
            _ =>
            {
                Write(model, at, written);
                return accept;
            },
            out byte[] element);
        byte[] parsed = [];
        bool popped = stack.TryPop(
            (ReadOnlySpan<byte> given, out byte[] copy) =>
            {
                copy = parsed = given.ToArray();
                _host.CopyFrom(Before + (ulong)at, written);
                return accept;
            },
            out byte[]? value,
            out SharedStackError error,
            limit);
        Require(popped == (error == SharedStackError.None), "a pop says what its error says");
        Require(error == expected, $"{error} in place of {expected}");
        Require(popped ? value.AsSpan().SequenceEqual(element) : value is null, "the parsed value is the oracle's, or none");
        Require(parsed.Length <= limit, "no parser is given more than the limit");
    }

    private static void PopArray(SharedStack stack, byte[] model, int limit)
    {
        SharedStackError expected = StackOracle.Pop(model, limit, out byte[] element);

        // The oracle's room has another name for what is too small.
        expected = expected == SharedStackError.DestinationTooSmall ? SharedStackError.ElementTooLarge : expected;
        SharedStackError error = SharedStackError.None;
        byte[] popped = [];
        try
        {
            popped = stack.Pop(limit);
        }
        catch (SharedStackException refusal)
        {
            error = refusal.Error;
        }

        Require(error == expected, $"{error} in place of {expected}");
        Require(popped.AsSpan().SequenceEqual(element), "the element is the oracle's");
    }

    private void PeerWrites(ref FuzzInput input, byte[] model)
    {
        int at = input.Byte() % model.Length;
        ReadOnlySpan<byte> written = input.Take(Math.Min(input.Byte() % 17, model.Length - at));
        Write(model, at, written);
        _host.CopyFrom(Before + (ulong)at, written);
    }

    private static void Write(byte[] model, int at, ReadOnlySpan<byte> bytes) => bytes.CopyTo(model.AsSpan(at));
}
