namespace Nub.Memory.Tests;

/// <summary>
/// What a guest can cause, it can cause a million times a second: the Try forms neither throw nor allocate, whatever it does.
/// </summary>
[Collection(Alone.Name)]
public class AllocationTests
{
    [Fact]
    public void No_Try_form_allocates_or_throws_whatever_a_guest_does()
    {
        using var pair = new Pair();
        SharedStack stack = pair.Host.StackAt(0, 1024);
        byte[] bytes = new byte[64];
        byte[] large = new byte[8192];
        ulong[] offsets = [0, 1, 4095, 4096, 4097, 1UL << 32, 1UL << 63, ulong.MaxValue - 3, ulong.MaxValue];
        (ulong Pointer, ulong Back, uint Prefix)[] stacks =
        [
            (0, 0, 0), (7, 0, 0), (8, 0, 0), (1025, 0, 0), (ulong.MaxValue, 0, 0), (16, 8, 0), (40, 7, 0), (40, 33, 0), (40, ulong.MaxValue, 0),
            (40, 8, 20), (40, 8, 21), (40, 8, uint.MaxValue), (40, 8, uint.MaxValue - 4), (1024, 8, 1008), (1024, 8, 1005), (1024, 8, 1004), (1024, 8, 100),
        ];
        SharedStackTryParser<int> accepts = (ReadOnlySpan<byte> element, out int value) => (value = element.Length) >= 0;
        SharedStackTryParser<int> refuses = (ReadOnlySpan<byte> element, out int value) => (value = element.Length) < 0;

        void All()
        {
            foreach (ulong offset in offsets)
            {
                _ = pair.Host.TryRead(offset, out ulong _) | pair.Host.TryRead(offset, out byte _) | pair.Host.TryRead(offset, out Bytes17 _)
                    | pair.Host.TryRead(offset, out Int128 _) | pair.Host.TryWrite(offset, 1L) | pair.Host.TryWrite(offset, default(Bytes3))
                    | pair.Host.TryCopyTo(offset, bytes) | pair.Host.TryCopyFrom(offset, bytes) | pair.Host.TryCopyTo(offset, large)
                    | pair.Host.TryFill(offset, 10, 1) | pair.Host.TryFill(offset, ulong.MaxValue, 1) | pair.Host.TryFill(offset, offset, 1);
                using HostLease access = pair.Host.Enter();
                _ = access.TryRead(offset, out ulong _) | access.TryRead(offset, out Bytes17 _) | access.TryWrite(offset, 1L)
                    | access.TryCopyTo(offset, bytes) | access.TryCopyFrom(offset, bytes) | access.TryFill(offset, 10, 1);
            }

            foreach ((ulong pointer, ulong back, uint prefix) in stacks)
            {
                for (int form = 0; form < 6; form++)
                {
                    pair.Host.Write(8, prefix);
                    if (pointer is >= 16 and <= 1024)
                    {
                        pair.Host.Write(pointer - 8, back);
                    }

                    pair.Host.Write(0, pointer);
                    _ = form switch
                    {
                        0 => stack.TryPush(bytes),
                        1 => stack.TryPush(large, out SharedStackError _),
                        2 => stack.TryPop(bytes, out int _),
                        3 => stack.TryPop(large, out int _, out SharedStackError _),
                        4 => stack.TryPop(accepts, out int _),
                        _ => stack.TryPop(refuses, out int _, out SharedStackError _),
                    };
                }
            }
        }

        // Twice, so that everything is compiled and every pool is warm.
        All();
        All();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            All();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_guest_lease_allocates_nothing()
    {
        using var pair = new Pair();
        pair.Guest.EnterGuest().Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            pair.Guest.EnterGuest().Dispose();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
