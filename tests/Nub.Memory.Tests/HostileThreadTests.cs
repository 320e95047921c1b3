using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>A thread that plays a hostile guest: it rewrites what the host is reading, as fast as it can, past every lock.</summary>
[Trait("Kind", "hostile")]
[Collection(Alone.Name)]
public class HostileThreadTests(ITestOutputHelper output)
{
    private const ulong Size = 256;
    private const int Pops = 300_000;

    [Fact]
    public unsafe void Pops_under_fire_give_whole_answers_or_typed_refusals()
    {
        using var pair = new Pair();
        byte* guest = (byte*)pair.Host.BaseAddress;
        using GuestLease running = pair.Guest.EnterGuest();
        using var stop = new CancellationTokenSource();
        pair.Host.Fill(Size, pair.Size - Size, 0xA5);
        var hostile = new Thread(() =>
        {
            var random = new Random(5);
            ulong[] pointers = [0, 8, 16, 24, 40, 64, 100, Size, Size + 1, ulong.MaxValue];
            while (!stop.IsCancellationRequested)
            {
                for (int i = 0; i < 64; i++)
                {
                    Volatile.Write(ref *(ulong*)guest, pointers[random.Next(pointers.Length)]);
                    int place = random.Next(1, (int)Size / 8) * 8;
                    Volatile.Write(ref *(ulong*)(guest + place), random.Next(3) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(0, 64));
                }
            }
        });
        hostile.Start();
        SharedStack stack = pair.Host.StackAt(0, Size);
        byte[] room = new byte[Size];
        long[] outcomes = new long[Enum.GetValues<SharedStackError>().Length];
        try
        {
            for (int i = 0; i < Pops; i++)
            {
                SharedStackError error;
                if (i % 2 == 0)
                {
                    bool popped = stack.TryPop(Parse, out int length, out error);
                    Assert.Equal(popped, error == SharedStackError.None);
                    Assert.True(popped ? length is >= 4 and <= (int)Size - 16 : length == 0, $"{length}");
                }
                else
                {
                    bool popped = stack.TryPop(room, out int length, out error);
                    Assert.Equal(popped, error == SharedStackError.None);
                    Assert.InRange(length, 0, (int)Size - 16);
                }

                outcomes[(int)error]++;
                if (i % 16 == 0)
                {
                    stack.TryPush(room.AsSpan(0, i % 40));
                }
            }
        }
        finally
        {
            stop.Cancel();
            hostile.Join();
        }

        byte[] rest = new byte[pair.Size - Size];
        pair.Host.CopyTo(Size, rest);
        Assert.Equal(-1, rest.AsSpan().IndexOfAnyExcept((byte)0xA5));
        output.WriteLine(string.Join(", ", Enum.GetValues<SharedStackError>().Select(e => $"{e} {outcomes[(int)e]}")));
        Assert.True(outcomes[0] > 100 && outcomes[(int)SharedStackError.StackPointerOutOfBounds] > 100);
    }

    [Fact, Reread(Justification = "Each way to read is to come upon the other thread's writes.")]
    public unsafe void Aligned_values_are_never_torn_and_every_copy_is_of_bytes_that_stood_there()
    {
        using var pair = new Pair();
        byte* guest = (byte*)pair.Host.BaseAddress;
        using var stop = new CancellationTokenSource();
        var hostile = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                for (int i = 0; i < 1000; i++)
                {
                    ulong value = (i & 1) == 0 ? 0 : ulong.MaxValue;
                    Volatile.Write(ref *(ulong*)guest, value);
                    Volatile.Write(ref *(ulong*)(guest + 8), value);
                }
            }
        });
        hostile.Start();
        try
        {
            long mixed = 0;
            byte[] copy = new byte[16];
            for (int i = 0; i < 300_000; i++)
            {
                Assert.True(pair.Host.Read<ulong>(0) is 0 or ulong.MaxValue);
                Assert.True(pair.Host.Read<uint>(4) is 0 or uint.MaxValue);
                Assert.True(pair.Host.Read<ushort>(6) is 0 or ushort.MaxValue);
                UInt128 whole = pair.Host.Read<UInt128>(0);
                mixed += (ulong)whole != (ulong)(whole >> 64) ? 1 : 0;
                pair.Host.CopyTo(0, copy);
                Assert.True(copy.AsSpan().IndexOfAnyExcept((byte)0, (byte)0xFF) < 0);
            }

            output.WriteLine($"{mixed} of 300000 reads of 16 bytes were of two writes");
        }
        finally
        {
            stop.Cancel();
            hostile.Join();
        }
    }

    private static bool Parse(ReadOnlySpan<byte> element, out int length)
    {
        // The copy is private: what was checked is what is parsed.
        length = element.Length;
        return BitConverter.ToUInt32(element) == (uint)element.Length - 4
            ? true
            : throw new InvalidOperationException("The prefix is not the one that was judged.");
    }
}
