using System.Buffers;
using System.Buffers.Binary;

namespace Nub.Memory;

// How elements are pushed, found and removed. Each number of the guest's is fetched once, judged, and used only then.
public readonly partial struct SharedStack
{
    private const ulong PointerSize = sizeof(ulong);
    private const uint PrefixSize = sizeof(uint);
    private const ulong LeastParsed = 8;
    private const int OnStack = 512;

    private SharedStackRefusal PushCore(ReadOnlySpan<byte> data, bool prefixed)
    {
        HostSharedMemory memory = Memory;
        ulong pointer = memory.Read<ulong>(_offset);
        if (pointer < PointerSize || pointer > _size)
        {
            return new(SharedStackError.StackPointerOutOfBounds, pointer, PointerSize, _size, _size);
        }

        // A parsed pop takes no element of less than 8 bytes; a shorter one gets zeroes behind it, which its prefix does not count.
        ulong prefix = prefixed ? PrefixSize : 0;
        ulong filled = prefix + (ulong)data.Length;
        ulong length = prefixed ? Math.Max(filled, LeastParsed) : filled;
        ulong free = _size - pointer;
        if (length + PointerSize > free)
        {
            return new(SharedStackError.BufferFull, length + PointerSize, 0, free, _size);
        }

        if (prefixed)
        {
            memory.Write(_offset + pointer, (uint)data.Length);
        }

        memory.CopyFrom(_offset + pointer + prefix, data);
        if (length > filled)
        {
            memory.Fill(_offset + pointer + filled, length - filled, 0);
        }

        memory.Write(_offset + pointer + length, pointer);
        memory.Write(_offset, pointer + length + PointerSize);
        return default;
    }

    private SharedStackRefusal PopCore(Span<byte> destination, out int length)
    {
        length = 0;
        SharedStackRefusal refusal = FindTop(PointerSize, (ulong)destination.Length, out Element top);
        if (refusal.Error == SharedStackError.None)
        {
            Memory.CopyTo(_offset + top.Start, destination[..(int)top.Length]);
            Remove(top);
            length = (int)top.Length;
        }

        return refusal;
    }

    private SharedStackRefusal PopParsed<T, TState>(SharedStackTryParser<T, TState> parser, TState state, out T value)
        where TState : allows ref struct
    {
        value = default!;
        SharedStackRefusal refusal = FindTop(PointerSize + LeastParsed, (ulong)Array.MaxLength, out Element top);
        if (refusal.Error != SharedStackError.None)
        {
            return refusal;
        }

        int slot = (int)top.Length;
        byte[]? rented = slot > OnStack ? ArrayPool<byte>.Shared.Rent(slot) : null;
        Span<byte> copy = (rented ?? stackalloc byte[OnStack])[..slot];
        try
        {
            Memory.CopyTo(_offset + top.Start, copy);
            uint prefix = BinaryPrimitives.ReadUInt32LittleEndian(copy);
            if (prefix > top.Length - PrefixSize)
            {
                SharedStackError error = prefix > uint.MaxValue - PrefixSize ? SharedStackError.SizePrefixOverflow : SharedStackError.SizePrefixTooLarge;
                return new(error, prefix, 0, top.Length - PrefixSize, _size);
            }

            if (!parser(copy[..(int)(prefix + PrefixSize)], state, out value))
            {
                value = default!;
                return new(SharedStackError.ParseFailed, prefix + PrefixSize, 0, top.Length, _size);
            }

            Remove(top);
            return default;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>Fetches the stack pointer and the back-pointer, once each, and judges them.</summary>
    /// <param name="least">The least bytes between the back-pointer and the stack pointer.</param>
    /// <param name="room">The greatest element that the caller can take, in bytes.</param>
    /// <param name="top">Where the top element stands.</param>
    private SharedStackRefusal FindTop(ulong least, ulong room, out Element top)
    {
        top = default;
        HostSharedMemory memory = Memory;
        ulong pointer = memory.Read<ulong>(_offset);
        if (pointer < 2 * PointerSize || pointer > _size)
        {
            return new(SharedStackError.StackPointerOutOfBounds, pointer, 2 * PointerSize, _size, _size);
        }

        ulong back = memory.Read<ulong>(_offset + pointer - PointerSize);
        if (back < PointerSize || back > pointer - least)
        {
            return new(SharedStackError.CorruptBackPointer, back, PointerSize, pointer - least, _size);
        }

        ulong length = pointer - back - PointerSize;
        if (length > room)
        {
            return new(SharedStackError.DestinationTooSmall, length, 0, room, _size);
        }

        top = new Element(back, length);
        return default;
    }

    /// <summary>Gives the element's bytes back to the buffer, zeroed: no later reader finds an old message in a new slot.</summary>
    private void Remove(Element top)
    {
        HostSharedMemory memory = Memory;
        memory.Write(_offset, top.Start);
        memory.Fill(_offset + top.Start, top.Length + PointerSize, 0);
    }

    private static void ThrowIfRefused(in SharedStackRefusal refusal)
    {
        if (refusal.Error != SharedStackError.None)
        {
            throw Refused(refusal);
        }
    }

    private static SharedStackException Refused(in SharedStackRefusal refusal, Exception? inner = null)
    {
        Trace(refusal);
        return new SharedStackException(refusal, inner);
    }

    private static bool Succeeded(in SharedStackRefusal refusal, out SharedStackError error)
    {
        error = refusal.Error;
        if (error == SharedStackError.None)
        {
            return true;
        }

        Trace(refusal);
        return false;
    }

    private static void Trace(in SharedStackRefusal refusal)
    {
        if (NubMemoryEventSource.Log.IsEnabled())
        {
            NubMemoryEventSource.Log.StackRefused(
                refusal.Error.ToString(), refusal.Value, refusal.Minimum, refusal.Maximum, refusal.BufferSize);
        }
    }

    /// <summary>Makes a parser that throws into one that refuses, and keeps what it threw.</summary>
    private sealed class GuardedParser<T>(SharedStackParser<T> parser)
    {
        public Exception? Thrown { get; private set; }

        public bool TryParse(ReadOnlySpan<byte> element, out T parsed)
        {
            try
            {
                parsed = parser(element);
                return true;
            }
#pragma warning disable CA1031 // Whatever the parser throws is its way to refuse; it becomes the inner exception.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Thrown = exception;
                parsed = default!;
                return false;
            }
        }
    }

    /// <summary>Where an element stands: its first byte from the start of the buffer, and its length without the back-pointer.</summary>
    private readonly record struct Element(ulong Start, ulong Length);
}
