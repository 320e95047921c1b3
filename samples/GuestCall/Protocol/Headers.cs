using Nub.Memory;

namespace GuestCall.Protocol;

/// <summary>What the host asks of the guest. The payload follows it.</summary>
/// <remarks>
/// <c>[AllValid]</c>: any 16 bytes that the other side writes are a legal header, so reading one can never yield an
/// impossible value. The generator proves that, adds <c>Layout</c>, the span forms and the views, and refuses padding.
/// </remarks>
[AllValid]
internal partial record struct RequestHeader
{
    /// <summary>Bit of <see cref="Flags"/>: the transformed payload is wanted back to front.</summary>
    public const byte Reverse = 1;

    /// <summary>The caller's number for this call; the answer repeats it.</summary>
    public ulong Id;

    /// <summary>The length of the payload in bytes.</summary>
    public uint PayloadLength;

    /// <summary>0 for an honest answer; otherwise the number of the attack that follows it (<see cref="Attack.Kind"/>).</summary>
    public ushort Kind;

    /// <summary><see cref="Reverse"/> or 0. A plain number: an enum has illegal bit patterns, and so may not cross.</summary>
    public byte Flags;

    /// <summary>What each payload byte is combined with.</summary>
    public byte Key;
}

/// <summary>What the guest answers. The transformed payload follows it.</summary>
[AllValid]
internal partial struct ResponseHeader
{
    /// <summary>The request, repeated byte for byte.</summary>
    public RequestHeader Request;

    /// <summary>The FNV-1a checksum of the payload as it was asked.</summary>
    public ulong Checksum;
}

/// <summary>What the guest says about itself, in a place of its own that the host may look at whenever it likes.</summary>
[AllValid]
internal partial struct GuestStatus
{
    /// <summary>The requests it has answered.</summary>
    public ulong Answered;

    /// <summary>The requests it would not answer because they were malformed.</summary>
    public ulong Refused;

    /// <summary>The payload bytes it has worked through.</summary>
    public ulong PayloadBytes;
}
