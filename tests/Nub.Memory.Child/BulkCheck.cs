using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Nub.Memory.Child;

/// <summary>
/// Copies and fills of every length and alignment that could matter, compared byte by byte with what the runtime makes of a private
/// array. In a process of its own, because which instructions do it is decided when the runtime starts.
/// </summary>
internal static class BulkCheck
{
    private const int Beside = 64;

    /// <summary>The instructions that the runtime was told it has, for the test to know that it tested what it meant to.</summary>
    public static string Instructions =>
        $"byte masks {Avx512BW.IsSupported}, 512 bits {Vector512.IsHardwareAccelerated}, 256 bits {Vector256.IsHardwareAccelerated}, AVX {Avx.IsSupported}";

    public static void Run()
    {
        // All remainders of all blocks, the changes from one way to another at 512 and 4,096, and the longest runs of the loop's end.
        int[] lengths = [.. Enumerable.Range(0, 196), .. Enumerable.Range(255, 8), .. Enumerable.Range(440, 420), 1023, 1024, 1087, .. Enumerable.Range(4090, 140)];
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(16 << 10).Build();
        using (host)
        using (guest)
        {
            foreach (int length in lengths)
            {
                foreach (int start in (int[])[0, 1, 15, 16, 31, 32, 33, 48, 63, 64, (int)host.Size - (2 * Beside) - length])
                {
                    Check(host, start + Beside, length, privateStart: (start * 7) % 64);
                }
            }
        }

        // Past the caches: a fill from 64 MiB on, a copy from a quarter of that.
        const int Huge = 64 << 20;
        (host, guest) = new ExclusiveSharedMemory(Huge + (1 << 20)).Build();
        using (host)
        using (guest)
        {
            foreach ((int start, int length, int privateStart) in ((int, int, int)[])[(64, Huge, 0), (65, Huge + 447, 3), (127, Huge - 1, 48), (96, Huge / 4, 1)])
            {
                Check(host, start, length, privateStart);
            }
        }
    }

    [Reread(Justification = "What was written last is what is to be read.")]
    private static void Check(HostSharedMemory host, int start, int length, int privateStart)
    {
        byte[] source = new byte[privateStart + length];
        new Random(length).NextBytes(source);
        byte[] expected = new byte[length + (2 * Beside)];
        byte[] seen = new byte[expected.Length];
        ulong window = (ulong)(start - Beside);

        // The neighbours are looked at too: with everything at 0xAA, then the range copied in.
        host.Fill(window, (ulong)expected.Length, 0xAA);
        host.CopyFrom((ulong)start, source.AsSpan(privateStart));
        expected.AsSpan().Fill(0xAA);
        source.AsSpan(privateStart).CopyTo(expected.AsSpan(Beside));
        host.CopyTo(window, seen);
        Compare(expected, seen, "copied in");

        byte[] target = new byte[privateStart + length + Beside];
        host.CopyTo((ulong)start, target.AsSpan(privateStart, length));
        Compare(source.AsSpan(privateStart), target.AsSpan(privateStart, length), "copied out");
        if (target.AsSpan(0, privateStart).ContainsAnyExcept((byte)0) || target.AsSpan(privateStart + length).ContainsAnyExcept((byte)0))
        {
            throw new InvalidOperationException($"A copy of {length} bytes out of {start} wrote beside its destination.");
        }

        host.Fill((ulong)start, (ulong)length, 0x55);
        expected.AsSpan(Beside, length).Fill(0x55);
        host.CopyTo(window, seen);
        Compare(expected, seen, "filled");

        void Compare(ReadOnlySpan<byte> wanted, ReadOnlySpan<byte> found, string how)
        {
            if (!wanted.SequenceEqual(found))
            {
                throw new InvalidOperationException($"{length} bytes at {start}, {how}: wrong from byte {wanted.CommonPrefixLength(found)} on.");
            }
        }
    }
}
