using System.Buffers.Binary;

namespace Nub.Memory.Touches;

// The stack buffer: what is pushed, and what is popped in each way, element by element.
internal sealed partial class Subject
{
    private const int StackSize = 32 << 10;
    private const int Base = 4096;

    private IEnumerable<Case> Stack(int length)
    {
        SharedStack stack = _host.StackAt(Base, StackSize);
        ReadOnlyMemory<byte> data = _buffer.AsMemory(3, length);
        Memory<byte> room = _buffer.AsMemory(20_000, 10_000);

        // An element is at 8, where an empty stack begins; its back-pointer is behind it, and the stack pointer in front.
        Bytes pointer = new(Base, 8);
        Bytes element = new(Base + 8, length);
        Bytes back = new(Base + 8 + length, 8);
        yield return new($"Push of {length} bytes", _host, [pointer], [element, back, pointer], () => stack.Push(data.Span), stack.Reset);
        yield return new($"TryPush of {length} bytes", _host, [pointer], [element, back, pointer], () => _done = stack.TryPush(data.Span), stack.Reset);

        void Pushed()
        {
            stack.Reset();
            stack.Push(data.Span);
        }

        Bytes whole = new(Base + 8, length + 8);
        yield return new($"Pop of {length} bytes", _host, [pointer, back, element], [pointer, whole], () => stack.Pop(), Pushed);
        yield return new($"Pop(span) of {length} bytes", _host, [pointer, back, element], [pointer, whole], () => stack.Pop(room.Span), Pushed);
        yield return new($"TryPop(span) of {length} bytes", _host, [pointer, back, element], [pointer, whole],
            () => _done = stack.TryPop(room.Span, out _), Pushed);

        void PushedPrefixed()
        {
            stack.Reset();
            stack.PushPrefixed(data.Span);
        }

        // At least eight bytes: the rest is zeroes that the prefix does not count, and that are not read.
        int slot = Math.Max(length + 4, 8);
        Bytes slotBack = new(Base + 8 + slot, 8);
        Bytes slotWhole = new(Base + 8, slot + 8);
        Bytes parsed = new(Base + 8, length + 4);
        yield return new($"PushPrefixed of {length} bytes", _host, [pointer], [slotWhole, pointer], () => stack.PushPrefixed(data.Span), stack.Reset);
        yield return new($"Pop(parser) of {length} bytes", _host, [pointer, slotBack, parsed], [pointer, slotWhole],
            () => _result = (ulong)stack.Pop(bytes => bytes.Length), PushedPrefixed);
        yield return new($"TryPop(parser) of {length} bytes", _host, [pointer, slotBack, parsed], [pointer, slotWhole],
            () => _done = stack.TryPop((ReadOnlySpan<byte> bytes, out int value) =>
            {
                value = bytes.Length;
                return true;
            }, out int _), PushedPrefixed);
        yield return new($"TryPop(parser) that refuses {length} bytes", _host, [pointer, slotBack, parsed], [],
            () => _done = stack.TryPop((ReadOnlySpan<byte> bytes, out int value) =>
            {
                value = 0;
                return false;
            }, out int _), PushedPrefixed);
    }

    private IEnumerable<Case> RefusedStacks()
    {
        SharedStack stack = _host.StackAt(Base, StackSize);
        Bytes pointer = new(Base, 8);
        yield return new("IsEmpty", _host, [pointer], [], () => _done = stack.IsEmpty, stack.Reset);
        yield return new("Reset", _host, [], [pointer], stack.Reset);
        yield return new("TryPop of an empty stack", _host, [pointer], [], () => _done = stack.TryPop(_buffer, out _), stack.Reset);
        yield return new("TryPop of a stack pointer out of bounds", _host, [pointer], [], () => _done = stack.TryPop(_buffer, out _),
            () => _host.Write(Base, ulong.MaxValue));
        yield return new("TryPush onto a stack pointer out of bounds", _host, [pointer], [], () => _done = stack.TryPush([1]),
            () => _host.Write(Base, (ulong)StackSize + 1));
        yield return new("TryPush onto a full stack", _host, [pointer], [], () => _done = stack.TryPush([1]), () => _host.Write(Base, (ulong)StackSize));
        yield return new("TryPop of a corrupt back-pointer", _host, [pointer, new(Base + 40, 8)], [], () => _done = stack.TryPop(_buffer, out _),
            () =>
            {
                _host.Write(Base, 48UL);
                _host.Write(Base + 40, 47UL);
            });
        yield return new("TryPop into too little room", _host, [pointer, new(Base + 40, 8)], [], () => _done = stack.TryPop(_buffer.AsSpan(0, 3), out _),
            () =>
            {
                _host.Write(Base, 48UL);
                _host.Write(Base + 40, 8UL);
            });
        yield return new("TryPop(parser) of a prefix too large", _host, [pointer, new(Base + 40, 8), new(Base + 8, 4)], [],
            () => _done = stack.TryPop((ReadOnlySpan<byte> bytes, out int value) =>
            {
                value = BinaryPrimitives.ReadInt32LittleEndian(bytes);
                return true;
            }, out int _),
            () =>
            {
                _host.Write(Base, 48UL);
                _host.Write(Base + 40, 8UL);
                _host.Write(Base + 8, uint.MaxValue);
            });
    }
}
