using System.Runtime.Intrinsics;

namespace Nub.Memory.Tests;

/// <summary>A byte more in a mask would be a byte that is touched twice, which no comparison of contents can see.</summary>
public class ByteMaskTests
{
    public static TheoryData<int> Counts => [.. Enumerable.Range(0, 65)];

    [Theory]
    [MemberData(nameof(Counts))]
    public void A_mask_has_so_many_bytes_at_its_end_or_beginning_and_no_others(int count)
    {
        Assert.Equal([.. Enumerable.Repeat((byte)255, count), .. Enumerable.Repeat((byte)0, 64 - count)], Bytes(ByteMasks.First((nuint)count)));
        Assert.Equal([.. Enumerable.Repeat((byte)0, 64 - count), .. Enumerable.Repeat((byte)255, count)], Bytes(ByteMasks.Last((nuint)count)));
    }

    private static byte[] Bytes(Vector512<byte> mask)
    {
        byte[] bytes = new byte[64];
        mask.CopyTo(bytes);
        return bytes;
    }
}
