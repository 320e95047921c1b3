namespace Nub.Memory.Tests;

/// <summary>More than 2 and more than 4 GiB: reserved without being backed, and touched in a few pages only.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class LargeRegionTests
{
    private const ulong Size = 5UL << 30;

    // Around every power of two at which a narrower offset would come out wrong, and at both ends.
    private static readonly ulong[] s_places =
        [0, int.MaxValue - 11UL, (1UL << 31) - 3, uint.MaxValue - 11UL, (1UL << 32) - 3, (1UL << 32) + 4096, Size - 8];

    [Fact]
    public void Offsets_beyond_32_bits_reach_their_own_bytes()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Size).Build();
        foreach (ulong place in s_places)
        {
            Assert.Equal(0UL, host.Read<ulong>(place));
            host.Write(place, place + 1);
        }

        foreach (ulong place in s_places)
        {
            Assert.Equal(place + 1, host.Read<ulong>(place));
            byte[] copy = new byte[8];
            host.CopyTo(place, copy);
            Assert.Equal(place + 1, BitConverter.ToUInt64(copy));
        }

        Assert.Equal(2UL, host.Add((1UL << 31) + 16, 2UL));
        SharedStack stack = host.StackAt((1UL << 32) + 65536, 1UL << 20);
        stack.Reset();
        stack.Push([1, 2, 3]);
        Assert.Equal([1, 2, 3], stack.Pop());
        SharedView<uint> view = SharedView.At<uint>(host, Size - 4);
        view.Store(7);
        Assert.Equal(7U, view.Load());
        host.Fill(Size - 100, 92, 9);
        Assert.Equal(9, host.Read<byte>(Size - 9));

        Assert.False(host.TryRead<ulong>(Size - 7, out _));
        Assert.False(host.TryFill(1, Size, 0));
        ExclusiveSharedMemoryTests.AssertBounds(Size - 7, 8, () => host.Read<ulong>(Size - 7), Size);

        // A span cannot hold it: the windowed form can.
        ExclusiveSharedMemoryTests.AssertBounds(0, Size, () => host.WithContents(_ => 0), int.MaxValue);
        Assert.Equal(9, host.WithContents(Size - 100, 10, contents => contents[9]));
        Assert.Equal(9, guest.WithExclusivity(exclusive => exclusive.AsSpan(Size - 100, 1)[0]));

        host.Dispose();
        guest.Dispose();
    }

    [SkippableFact]
    public void Zeroing_gives_back_pages_wherever_they_stand()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "On Windows pages are not given back but filled, and so 5 GiB would come into being.");
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Size).Build();
        foreach (ulong place in s_places)
        {
            host.Write(place, ulong.MaxValue);
        }

        host.Zero();
        foreach (ulong place in s_places)
        {
            Assert.Equal(0UL, host.Read<ulong>(place));
        }

        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void A_buffer_larger_than_an_array_refuses_an_element_larger_than_the_limit_is()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Size).Build();
        SharedStack stack = host.StackAt(0, Size);
        host.Write(0, Size);
        host.Write(Size - 8, 8UL); // an element of 5 GiB
        SharedStackException refusal = Assert.Throws<SharedStackException>(() => stack.Pop());
        Assert.Equal((SharedStackError.ElementTooLarge, Size - 16), (refusal.Error, refusal.Value));
        Assert.Throws<SharedStackException>(() => stack.Pop(element => element.Length));
        Assert.False(stack.TryPop(new byte[100], out _));
        Assert.Equal((Size, 8UL), (host.Read<ulong>(0), host.Read<ulong>(Size - 8)));
        host.Dispose();
        guest.Dispose();
    }
}
