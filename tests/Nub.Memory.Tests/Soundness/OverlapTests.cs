namespace Nub.Memory.Tests.Soundness;

/// <summary>
/// A copy whose private side is a span of the same memory: both sides overlap, and the copy is as <see cref="Span{T}.CopyTo"/> makes it.
/// </summary>
[Trait("Kind", "slow")]
public class OverlapTests
{
    private const int Size = 3 * 4096;

    /// <summary>All lengths of the small ways, and some of each larger way.</summary>
    private static readonly int[] s_lengths =
        [.. Enumerable.Range(0, 140), 255, 256, 257, 300, 447, 511, 512, 513, 700, 1023, 1024, 2000, 4095, 4096, 4097, 5000, 8000];

    private static readonly int[] s_distances = [-4096, -4095, -513, -512, -200, -129, -128, -65, -64, -63, -33, -32, -31, -17, -16, -15, -8, -7,
        -3, -1, 0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 300, 512, 600, 4000, 4096];

    [Fact]
    public void An_exclusive_memorys_own_span_is_copied_in_as_a_span_is() => Check((memory, from, to, length) =>
        memory.CopyFrom((ulong)to, memory.AsSpan((ulong)from, length)));

    [Fact]
    public void An_exclusive_memory_is_copied_out_into_its_own_span_as_a_span_is() => Check((memory, from, to, length) =>
        memory.CopyTo((ulong)from, memory.AsSpan((ulong)to, length)));

    [Fact]
    public void The_exclusive_memory_of_a_callback_is_copied_into_itself_as_a_span_is()
    {
        using var pair = new Pair(3);
        pair.Host.WithExclusivity(memory =>
        {
            Check(memory, (from, to, length) => memory.CopyFrom((ulong)to, memory.AsSpan((ulong)from, length)));
            Check(memory, (from, to, length) => memory.CopyTo((ulong)from, memory.AsSpan((ulong)to, length)));
        });
    }

    [Fact]
    public void A_huge_overlapping_copy_is_as_a_spans()
    {
        const int Huge = 40 << 20;
        using var memory = new ExclusiveSharedMemory(Huge);
        byte[] model = new byte[Huge];
        new Random(1).NextBytes(model);
        memory.CopyFrom(0, model);
        foreach ((int from, int to, int length) in ((int, int, int)[])[(0, 4097, 20 << 20), (8191, 1, (20 << 20) + 63), (0, 1, 33 << 20)])
        {
            model.AsSpan(from, length).CopyTo(model.AsSpan(to));
            memory.CopyFrom((ulong)to, memory.AsSpan((ulong)from, length));
            Assert.True(model.AsSpan().SequenceEqual(memory.AsSpan(0, Huge)), $"{length} bytes from {from} to {to}");
        }
    }

    private static void Check(Action<ExclusiveSharedMemory, int, int, int> copy)
    {
        using var memory = new ExclusiveSharedMemory(Size);
        Check(memory, (from, to, length) => copy(memory, from, to, length));
    }

    private static void Check(ExclusiveSharedMemory memory, Action<int, int, int> copy)
    {
        byte[] start = new byte[Size];
        new Random(7).NextBytes(start);
        byte[] model = new byte[Size];
        foreach (int length in s_lengths)
        {
            foreach (int distance in s_distances)
            {
                int from = 4096 + (length % 67);
                int to = from + distance;
                if (to + length > Size || from + length > Size)
                {
                    continue;
                }

                start.CopyTo(model, 0);
                start.CopyTo(memory.AsSpan(0, Size));
                model.AsSpan(from, length).CopyTo(model.AsSpan(to));
                copy(from, to, length);
                Assert.True(model.AsSpan().SequenceEqual(memory.AsSpan(0, Size)), $"{length} bytes from {from} to {to}");
            }
        }
    }
}
