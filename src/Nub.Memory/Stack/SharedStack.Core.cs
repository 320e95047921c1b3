using System.Buffers;
using System.Buffers.Binary;

namespace Nub.Memory;

// How an element is pushed, popped and parsed, and what is said when it is refused; StackAccess has the steps.
public readonly unsafe partial struct SharedStack
{
    private const ulong PointerSize = StackAccess.PointerSize;
    private const uint PrefixSize = StackAccess.PrefixSize;
    private const int OnStack = 512;

    private SharedStackRefusal PushCore(ReadOnlySpan<byte> data, bool prefixed)
    {
        HostSharedMemory memory = Memory;
        SharedStackRefusal refusal;
        fixed (byte* from = data)
        {
            StackAccess access = StackAccess.Enter(memory, _offset, _size);
            refusal = access.Push(from, (uint)data.Length, prefixed);
            access.Leave();
        }

        return refusal;
    }

    private SharedStackRefusal PopCore(Span<byte> destination, out int length)
    {
        HostSharedMemory memory = Memory;
        SharedStackRefusal refusal;
        StackElement top;
        fixed (byte* to = destination)
        {
            StackAccess access = StackAccess.Enter(memory, _offset, _size);
            refusal = access.FindTop(PointerSize, (ulong)destination.Length, out top);
            if (refusal.Error == SharedStackError.None)
            {
                access.CopyTo(top.Start, to, (nuint)top.Length);
                access.Remove(top);
            }

            access.Leave();
        }

        length = (int)top.Length;
        return refusal;
    }

    private SharedStackRefusal PopParsed<T, TState>(SharedStackTryParser<T, TState> parser, TState state, out T value)
        where TState : allows ref struct
    {
        value = default!;
        HostSharedMemory memory = Memory;

        // The prefix is fetched once, ahead of the rest, so that a lie costs no copy and no array.
        StackAccess access = StackAccess.Enter(memory, _offset, _size);
        SharedStackRefusal refusal = access.FindTop(PointerSize + StackAccess.LeastParsed, (ulong)Array.MaxLength, out StackElement top);
        uint prefix = refusal.Error == SharedStackError.None ? access.Load<uint>(top.Start) : 0;
        access.Leave();
        if (refusal.Error != SharedStackError.None)
        {
            return refusal;
        }

        if (prefix > top.Length - PrefixSize)
        {
            SharedStackError error = prefix > uint.MaxValue - PrefixSize ? SharedStackError.SizePrefixOverflow : SharedStackError.SizePrefixTooLarge;
            return new(error, prefix, 0, top.Length - PrefixSize, _size);
        }

        int length = (int)(prefix + PrefixSize);
        byte[]? rented = length > OnStack ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> element = (rented ?? stackalloc byte[OnStack])[..length];
        try
        {
            BinaryPrimitives.WriteUInt32LittleEndian(element, prefix);
            fixed (byte* to = element)
            {
                access = StackAccess.Enter(memory, _offset, _size);
                access.CopyTo(top.Start + PrefixSize, to + PrefixSize, prefix);
                access.Leave();
            }

            if (!parser(element, state, out value))
            {
                value = default!;
                return new(SharedStackError.ParseFailed, prefix + PrefixSize, 0, top.Length, _size);
            }

            access = StackAccess.Enter(memory, _offset, _size);
            access.Remove(top);
            access.Leave();
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
}
