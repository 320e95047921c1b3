using System.Buffers.Binary;

namespace Nub.Memory.Tests;

/// <summary>
/// The stack buffer as the contract describes it byte by byte, over a plain array, written apart from the library and by other
/// means (128-bit arithmetic, no shared code), to judge it by.
/// </summary>
internal static class StackOracle
{
    public static SharedStackError Push(byte[] buffer, ReadOnlySpan<byte> data)
    {
        Int128 pointer = Word(buffer, 0);
        if (pointer < 8 || pointer > buffer.Length)
        {
            return SharedStackError.StackPointerOutOfBounds;
        }

        if (pointer + data.Length + 8 > buffer.Length)
        {
            return SharedStackError.BufferFull;
        }

        data.CopyTo(buffer.AsSpan((int)pointer));
        SetWord(buffer, (int)pointer + data.Length, pointer);
        SetWord(buffer, 0, pointer + data.Length + 8);
        return SharedStackError.None;
    }

    /// <summary>A raw pop.</summary>
    public static SharedStackError Pop(byte[] buffer, int room, out byte[] element)
    {
        element = [];
        SharedStackError error = Find(buffer, 8, out int start, out int end);
        if (error != SharedStackError.None)
        {
            return error;
        }

        if (end - start > room)
        {
            return SharedStackError.DestinationTooSmall;
        }

        element = buffer[start..end];
        Remove(buffer, start, end);
        return SharedStackError.None;
    }

    /// <summary>A parsed pop.</summary>
    public static SharedStackError PopParsed(byte[] buffer, int limit, Func<byte[], bool> accepts, out byte[] element)
    {
        element = [];
        SharedStackError error = Find(buffer, 16, out int start, out int end);
        if (error != SharedStackError.None)
        {
            return error;
        }

        Int128 length = (Int128)BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(start)) + 4;
        if (length > uint.MaxValue)
        {
            return SharedStackError.SizePrefixOverflow;
        }

        if (length > end - start)
        {
            return SharedStackError.SizePrefixTooLarge;
        }

        if (length > limit)
        {
            return SharedStackError.ElementTooLarge;
        }

        byte[] candidate = buffer[start..(start + (int)length)];
        if (!accepts(candidate))
        {
            return SharedStackError.ParseFailed;
        }

        element = candidate;
        Remove(buffer, start, end);
        return SharedStackError.None;
    }

    private static SharedStackError Find(byte[] buffer, int least, out int start, out int end)
    {
        (start, end) = (0, 0);
        Int128 pointer = Word(buffer, 0);
        if (pointer < 16 || pointer > buffer.Length)
        {
            return SharedStackError.StackPointerOutOfBounds;
        }

        Int128 back = Word(buffer, (int)pointer - 8);
        if (back < 8 || back > pointer - least)
        {
            return SharedStackError.CorruptBackPointer;
        }

        (start, end) = ((int)back, (int)pointer - 8);
        return SharedStackError.None;
    }

    private static void Remove(byte[] buffer, int start, int end)
    {
        SetWord(buffer, 0, start);
        Array.Clear(buffer, start, end + 8 - start);
    }

    private static Int128 Word(byte[] buffer, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(offset));

    private static void SetWord(byte[] buffer, int offset, Int128 value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(buffer.AsSpan(offset), (ulong)value);
}
