using System.Buffers.Binary;
using System.Diagnostics;
using Iced.Intel;
using Nub.Memory;
using Xunit.Abstractions;
using static Iced.Intel.AssemblerRegisters;

namespace Nub.Kvm.Tests;

/// <summary>A guest that rewrites the stack pointer, back-pointers and size prefixes at full speed while the host pops.</summary>
[Trait("Kind", "hostile")]
public sealed class HostileStackTests(ITestOutputHelper output)
{
    private const ulong Buffer = Guest.DataAddress + 0x1000;
    private const int Size = 256;
    private const ulong Counter = Guest.DataAddress;
    private const ulong Tables = Guest.DataAddress + 0x800;
    private const int Pops = 1_000_000;

    /// <summary>What stands around the buffer, and what the guest never writes: no element may show it.</summary>
    private const byte Secret = 0xA5;

    private static readonly ulong[] s_stackPointers =
        [0, 8, 16, 24, 40, 64, 100, 128, 160, 200, 224, 248, Size, Size + 1, 1UL << 63, ulong.MaxValue];

    private static readonly ulong[] s_backPointers =
        [0, 7, 8, 8, 16, 16, 24, 32, 40, 48, 64, 80, 128, 9999, 1UL << 63, ulong.MaxValue - 7];

    private static readonly ulong[] s_prefixes =
        [0, 1, 4, 8, 12, 20, 28, 60, 200, Size, 1U << 31, uint.MaxValue - 4, uint.MaxValue - 3, uint.MaxValue - 2, uint.MaxValue - 1, uint.MaxValue];

    private static readonly SharedStackError[] s_expected =
    [
        SharedStackError.None, SharedStackError.StackPointerOutOfBounds, SharedStackError.CorruptBackPointer,
        SharedStackError.SizePrefixOverflow, SharedStackError.SizePrefixTooLarge,
    ];

    [Reread(Justification = "How far the guest has counted meanwhile.")]
    [SkippableFact]
    public void A_million_pops_beside_a_guest_that_rewrites_the_buffer_are_whole_elements_or_typed_refusals()
    {
        using var guest = new Guest(Rewrite);
        guest.Host.Fill(Buffer - 0x400, 0x800, Secret);
        guest.Host.Fill(Buffer, Size, 0);
        Write(guest.Host, Tables, [.. s_stackPointers, .. s_backPointers, .. s_prefixes]);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        var outcomes = new long[Enum.GetValues<SharedStackError>().Length];
        long pops = 0;
        long rewritten;
        try
        {
            Patience.WaitUntil(() => guest.Host.Read<ulong>(Counter) != 0);
            ulong before = guest.Host.Read<ulong>(Counter);
            SharedStack stack = guest.Host.StackAt(Buffer, Size);
            var room = new byte[Size];
            var clock = Stopwatch.StartNew();
            ulong seen = before;

            // On a slow machine fewer pops will do, but each way to fail is to be met.
            for (; (pops < Pops && clock.Elapsed < TimeSpan.FromSeconds(20)) || (!MetAll(outcomes) && clock.Elapsed < TimeSpan.FromMinutes(4)); pops++)
            {
                outcomes[(int)PopOne(stack, room, parsed: pops % 2 == 0)]++;

                // Where both have to share a processor, the guest is let go on.
                if (pops % 1024 == 0 && guest.Host.Read<ulong>(Counter) is var now)
                {
                    if (now == seen)
                    {
                        Thread.Sleep(1);
                    }

                    seen = now;
                }
            }

            rewritten = (long)(guest.Host.Read<ulong>(Counter) - before);
        }
        finally
        {
            stop.Cancel();
            runner.Join();
        }

        Assert.Equal(VmExitReason.Cancelled, runner.Reason);
        AssertSecret(guest.Host, Buffer - 0x400, 0x400);
        AssertSecret(guest.Host, Buffer + Size, 0x400 - Size);
        output.WriteLine($"{pops} pops beside {rewritten} rewrites: {string.Join(", ", Enum.GetValues<SharedStackError>().Select(e => $"{e} {outcomes[(int)e]}"))}");

        // The guest did run meanwhile, and every way to refuse was met as well as whole elements.
        Assert.True(rewritten > pops / 100, $"The guest rewrote the buffer only {rewritten} times.");
        Assert.All(s_expected, error => Assert.True(outcomes[(int)error] > 0, $"No pop ended with {error}."));
    }

    private static bool MetAll(long[] outcomes) => Array.TrueForAll(s_expected, error => outcomes[(int)error] > 0);

    private static SharedStackError PopOne(SharedStack stack, byte[] room, bool parsed)
    {
        SharedStackError error;
        if (parsed)
        {
            bool popped = stack.TryPop(Judge, out int length, out error);
            Assert.Equal(popped, error == SharedStackError.None);
            Assert.True(popped ? length is >= 4 and <= Size - 16 : length == 0, $"{error}, {length}");
        }
        else
        {
            bool popped = stack.TryPop(room, out int length, out error);
            Assert.Equal(popped, error == SharedStackError.None);
            Assert.InRange(length, 0, Size - 16);
            Assert.False(room.AsSpan(0, length).Contains(Secret));
        }

        return error;
    }

    /// <summary>Takes an element whose prefix is its length, on the copy that the pop judged, and that shows nothing from around the buffer.</summary>
    private static bool Judge(ReadOnlySpan<byte> element, out int length)
    {
        length = element.Length;
        Assert.Equal((uint)length - 4, BinaryPrimitives.ReadUInt32LittleEndian(element));
        Assert.False(element.Contains(Secret));
        return true;
    }

    private static void AssertSecret(HostSharedMemory host, ulong offset, ulong length)
    {
        var bytes = new byte[length];
        host.CopyTo(offset, bytes);
        Assert.Equal(-1, bytes.AsSpan().IndexOfAnyExcept(Secret));
    }

    private static void Write(HostSharedMemory host, ulong offset, ulong[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            host.Write(offset + ((ulong)i * sizeof(ulong)), values[i]);
        }
    }

    /// <summary>Endlessly: a stack pointer, a back-pointer and a prefix of the tables, the latter two at random places of the buffer.</summary>
    private static void Rewrite(Assembler a)
    {
        Label again = a.CreateLabel();
        a.mov(rdi, Buffer);
        a.mov(rsi, Tables);
        a.mov(rax, 0x9E37_79B9_7F4A_7C15);
        a.Label(ref again);

        // A step of xorshift64.
        a.mov(rcx, rax);
        a.shl(rcx, 13);
        a.xor(rax, rcx);
        a.mov(rcx, rax);
        a.shr(rcx, 7);
        a.xor(rax, rcx);
        a.mov(rcx, rax);
        a.shl(rcx, 17);
        a.xor(rax, rcx);

        Choose(a, shift: 0, table: 0);
        a.mov(__qword_ptr[rdi], rcx);

        // A back-pointer and, below, a prefix at multiples of 8, where elements begin and end: most can be made sense of.
        Choose(a, shift: 8, table: 1);
        a.mov(rdx, rax);
        a.shr(rdx, 16);
        a.and(rdx, (Size / 4) - 2);
        a.mov(__qword_ptr[rdi + (rdx * 4)], rcx);

        Choose(a, shift: 24, table: 2);
        a.mov(rdx, rax);
        a.shr(rdx, 32);
        a.and(rdx, (Size / 4) - 2);
        a.mov(__dword_ptr[rdi + (rdx * 4)], ecx);
        a.inc(__qword_ptr[rsi - (int)(Tables - Counter)]);
        a.jmp(again);
    }

    /// <summary>Puts one of the 16 values of a table into rcx, by four bits of the random number.</summary>
    private static void Choose(Assembler a, byte shift, int table)
    {
        a.mov(rcx, rax);
        a.shr(rcx, shift);
        a.and(rcx, 15);
        a.mov(rcx, __qword_ptr[rsi + (rcx * 8) + (table * 16 * sizeof(ulong))]);
    }
}
