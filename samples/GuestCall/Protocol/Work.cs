namespace GuestCall.Protocol;

/// <summary>What the guest computes, and the host computes again to check it.</summary>
internal static class Work
{
    /// <summary>The offset basis of 64-bit FNV-1a.</summary>
    public const ulong ChecksumBasis = 0xCBF2_9CE4_8422_2325;

    /// <summary>The prime of 64-bit FNV-1a.</summary>
    public const ulong ChecksumPrime = 0x0000_0100_0000_01B3;

    /// <summary>64-bit FNV-1a: simple enough to be a handful of instructions, and any changed byte changes it.</summary>
    public static ulong Checksum(ReadOnlySpan<byte> payload)
    {
        ulong checksum = ChecksumBasis;
        foreach (byte value in payload)
        {
            checksum = (checksum ^ value) * ChecksumPrime;
        }

        return checksum;
    }

    /// <summary>Combines each byte with the key and rotates it by its position; back to front if the request says so.</summary>
    public static void Transform(in RequestHeader request, ReadOnlySpan<byte> payload, Span<byte> result)
    {
        bool reverse = (request.Flags & RequestHeader.Reverse) != 0;
        for (int i = 0; i < payload.Length; i++)
        {
            byte mixed = (byte)(payload[i] ^ request.Key);
            byte rotated = (byte)((mixed << (i & 7)) | (mixed >> (8 - (i & 7))));
            result[reverse ? payload.Length - 1 - i : i] = rotated;
        }
    }
}
