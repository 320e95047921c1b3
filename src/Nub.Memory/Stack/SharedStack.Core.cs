using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Nub.Memory;

// How an element is pushed, popped and parsed, and what is said when it is refused; StackAccess has the steps.
public readonly unsafe partial struct SharedStack
{
    private const ulong PointerSize = StackAccess.PointerSize;
    private const uint PrefixSize = StackAccess.PrefixSize;
    private const int OnStack = 512;

    private SharedStackRefusal PushCore(ReadOnlySpan<byte> data, bool prefixed)
    {
        StackRange range = Range;
        var access = new StackAccess(in range);
        SharedStackRefusal refusal = access.Push(ref MemoryMarshal.GetReference(data), (uint)data.Length, prefixed);
        access.Leave();
        return access.IsGone ? Gone(in range) : refusal;
    }

    private SharedStackRefusal PopCore(Span<byte> destination, out int length)
    {
        StackRange range = Range;
        var access = new StackAccess(in range);
        SharedStackRefusal refusal = access.FindTop(
            PointerSize, (ulong)destination.Length, SharedStackError.DestinationTooSmall, out StackElement top);
        if (refusal.Error == SharedStackError.None)
        {
            access.CopyTo(top.Start, ref MemoryMarshal.GetReference(destination), (nuint)top.Length);
            access.Remove(top);
        }

        access.Leave();
        length = access.IsGone ? 0 : (int)top.Length;
        return access.IsGone ? Gone(in range) : refusal;
    }

    private SharedStackRefusal PopArray(int maxLength, out byte[] element)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        StackRange range = Range;
        element = [];
        var access = new StackAccess(in range);
        SharedStackRefusal refusal = access.FindTop(PointerSize, (ulong)maxLength, SharedStackError.ElementTooLarge, out StackElement top);
        access.Leave();
        if (access.IsGone)
        {
            return Gone(in range);
        }

        if (refusal.Error != SharedStackError.None)
        {
            return refusal;
        }

        // Nothing allocates while the memory is entered.
        FaultPoint.Reach();
        byte[] copy = GC.AllocateUninitializedArray<byte>((int)top.Length);
        access = new StackAccess(in range);
        access.CopyTo(top.Start, ref MemoryMarshal.GetArrayDataReference(copy), (nuint)copy.Length);
        access.Remove(top);
        access.Leave();
        if (access.IsGone)
        {
            return Gone(in range);
        }

        element = copy;
        return default;
    }

    private SharedStackRefusal PopParsed<T, TState>(SharedStackTryParser<T, TState> parser, TState state, int maxLength, out T value)
        where TState : allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        value = default!;
        StackRange range = Range;

        // The prefix is fetched once, ahead of the rest, so that a lie costs no copy and no array.
        var access = new StackAccess(in range);
        SharedStackRefusal refusal = access.FindTop(
            PointerSize + StackAccess.LeastParsed, (ulong)Array.MaxLength, SharedStackError.ElementTooLarge, out StackElement top);
        uint prefix = refusal.Error == SharedStackError.None ? access.Load<uint>(top.Start) : 0;
        access.Leave();
        if (access.IsGone)
        {
            return Gone(in range);
        }

        if (refusal.Error != SharedStackError.None)
        {
            return refusal;
        }

        if (prefix > top.Length - PrefixSize)
        {
            SharedStackError error = prefix > uint.MaxValue - PrefixSize ? SharedStackError.SizePrefixOverflow : SharedStackError.SizePrefixTooLarge;
            return new(error, prefix, 0, top.Length - PrefixSize, range.Size);
        }

        ulong wanted = (ulong)prefix + PrefixSize;
        if (wanted > (ulong)maxLength)
        {
            return new(SharedStackError.ElementTooLarge, wanted, 0, (ulong)maxLength, range.Size);
        }

        int length = (int)wanted;
        FaultPoint.Reach();
        byte[]? rented = length > OnStack ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> element = (rented ?? stackalloc byte[OnStack])[..length];
        try
        {
            BinaryPrimitives.WriteUInt32LittleEndian(element, prefix);
            access = new StackAccess(in range);
            access.CopyTo(top.Start + PrefixSize, ref MemoryMarshal.GetReference(element[(int)PrefixSize..]), prefix);
            access.Leave();
            if (access.IsGone)
            {
                return Gone(in range);
            }

            if (!parser(element, state, out value))
            {
                value = default!;
                return new(SharedStackError.ParseFailed, wanted, 0, top.Length, range.Size);
            }

            access = new StackAccess(in range);
            access.Remove(top);
            access.Leave();
            if (access.IsGone)
            {
                value = default!;
                return Gone(in range);
            }

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

    private static SharedStackRefusal Gone(in StackRange range) => new(SharedStackError.MemoryGone, range.Offset, 0, range.Size, range.Size);

    private static void ThrowIfRefused(in SharedStackRefusal refusal)
    {
        if (refusal.Error == SharedStackError.MemoryGone)
        {
            throw new SharedMemoryFaultException(refusal.Value, refusal.BufferSize);
        }

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
        MemoryCounts.RefuseStack();
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
