using System.Buffers.Binary;

namespace GuestCall.Protocol;

/// <summary>An answer: the guest's words in private memory, well-formed but not yet believed.</summary>
internal readonly record struct Response(ResponseHeader Header, byte[] Payload);

/// <summary>How requests and answers are laid into an element of the stack buffer: a u32 length of what follows, a header, a payload.</summary>
internal static class Wire
{
    /// <summary>The size of the length prefix.</summary>
    public const int PrefixSize = sizeof(uint);

    /// <summary>The bytes before a request's payload.</summary>
    public const int RequestOverhead = PrefixSize + RequestHeader.Layout.Size;

    /// <summary>The bytes before an answer's payload.</summary>
    public const int ResponseOverhead = PrefixSize + ResponseHeader.Layout.Size;

    /// <summary>Lays out a request.</summary>
    /// <returns>The part of the destination that was written.</returns>
    public static ReadOnlySpan<byte> Write(in RequestHeader header, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(RequestHeader.Layout.Size + payload.Length));
        header.WriteTo(destination[PrefixSize..]);
        payload.CopyTo(destination[RequestOverhead..]);
        return destination[..(RequestOverhead + payload.Length)];
    }

    /// <summary>Lays out an answer.</summary>
    /// <returns>The part of the destination that was written.</returns>
    public static ReadOnlySpan<byte> Write(in ResponseHeader header, ReadOnlySpan<byte> payload, Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)(ResponseHeader.Layout.Size + payload.Length));
        header.WriteTo(destination[PrefixSize..]);
        payload.CopyTo(destination[ResponseOverhead..]);
        return destination[..(ResponseOverhead + payload.Length)];
    }

    /// <summary>Parses an answer for <see cref="Nub.Memory.SharedStack.Pop{T}(Nub.Memory.SharedStackParser{T}, int)"/>.</summary>
    /// <param name="element">The prefix and what it counts: a private copy that the guest can no longer change.</param>
    /// <exception cref="InvalidDataException">The element is not an answer, so the buffer keeps it and the pop is refused.</exception>
    public static Response ParseResponse(ReadOnlySpan<byte> element)
    {
        if (element.Length < ResponseOverhead)
        {
            throw new InvalidDataException("shorter than a header");
        }

        ResponseHeader header = ResponseHeader.ReadFrom(element[PrefixSize..]);
        ReadOnlySpan<byte> payload = element[ResponseOverhead..];
        if (header.Request.PayloadLength != (uint)payload.Length)
        {
            throw new InvalidDataException("not the payload's length");
        }

        return new Response(header, payload.ToArray());
    }
}
