using System.IO.Hashing;

namespace Nub.Memory.Tests;

public class ChunkChecksumTests
{
    [Fact]
    public void It_is_xxh3_of_128_bits()
    {
        byte[] data = new byte[1 << 17];
        new Random(5).NextBytes(data);
        IEnumerable<int> lengths = Enumerable.Range(241, 4000).Concat([1 << 13, 40960, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1 << 17]);
        foreach (int length in lengths)
        {
            Assert.Equal(XxHash128.HashToUInt128(data.AsSpan(0, length)), ChunkChecksum.Compute(data.AsSpan(0, length)));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => ChunkChecksum.Compute(data.AsSpan(0, 240)));
    }
}
