using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>A stack in memory whose bytes a peer can take away: what it does, and what it says when some are gone at each of its steps.</summary>
[Collection(Alone.Name)]
public sealed class StackOfPeerTests
{
    private const ulong Page = 4096;
    private const ulong Size = 400;

    // The last 60 bytes of a page, so that elements lie in the next.
    private const ulong Offset = Page - 60;

    [SkippableFact]
    public void It_does_what_a_stack_in_own_memory_does()
    {
        using SafeFileHandle file = New(out HostSharedMemory host);
        using HostSharedMemory shared = host;
        using var pair = new Pair();
        SharedStack peers = shared.StackAt(Offset, Size), own = pair.Host.StackAt(64, Size);
        shared.Fill(Offset, Size, 0xAB);
        pair.Host.Fill(64, Size, 0xAB);
        peers.Reset();
        own.Reset();
        var random = new Random(7);
        byte[] data = new byte[90], expected = new byte[Size], actual = new byte[Size];
        for (int i = 0; i < 3_000; i++)
        {
            random.NextBytes(data);
            ReadOnlySpan<byte> element = data.AsSpan(0, random.Next(data.Length));
            bool isPrefixed = random.Next(2) == 0;
            switch (random.Next(5))
            {
                case 0 or 1 when isPrefixed:
                    Assert.Equal((own.TryPushPrefixed(element, out SharedStackError error), error), (peers.TryPushPrefixed(element, out SharedStackError peersError), peersError));
                    break;
                case 0 or 1:
                    Assert.Equal((own.TryPush(element, out error), error), (peers.TryPush(element, out peersError), peersError));
                    break;
                case 2:
                    byte[] one = new byte[60], other = new byte[60];
                    Assert.Equal((own.TryPop(one, out int length, out error), length, error), (peers.TryPop(other, out int peersLength, out peersError), peersLength, peersError));
                    Assert.Equal(one, other);
                    break;
                case 3:
                    Assert.Equal(Popped(own), Popped(peers));
                    break;
                default:
                    Assert.Equal((own.TryPop(Parse, out byte[] parsed, out error), error), (peers.TryPop(Parse, out byte[] peersParsed, out peersError), peersError));
                    Assert.Equal(parsed, peersParsed);
                    break;
            }

            pair.Host.CopyTo(64, expected);
            shared.CopyTo(Offset, actual);
            Assert.Equal(expected, actual);
        }
    }

    /// <summary>The stack pointer stands, and the element or a part of it is gone.</summary>
    [SkippableTheory]
    [InlineData(80, 30)]
    [InlineData(20, 30)]
    [InlineData(22, 12)]
    public void Where_bytes_of_the_element_are_gone_every_form_says_so_and_pops_nothing(int below, int top)
    {
        using SafeFileHandle file = New(out HostSharedMemory host);
        using HostSharedMemory shared = host;
        SharedStack stack = shared.StackAt(Offset, Size);
        stack.Reset();
        stack.Push(new byte[below]);
        stack.PushPrefixed(new byte[top]);
        ulong pointer = shared.Read<ulong>(Offset);
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)Page));

        Assert.False(stack.TryPop(new byte[100], out int length, out SharedStackError error));
        Assert.Equal((0, SharedStackError.MemoryGone), (length, error));
        Assert.False(stack.TryPop(Parse, out byte[] parsed, out error));
        Assert.Equal((null, SharedStackError.MemoryGone), (parsed, error));
        Assert.False(stack.TryPush([1, 2, 3], out error));
        Assert.Equal(SharedStackError.MemoryGone, error);
        Assert.False(stack.TryPushPrefixed([1, 2, 3], out error));
        Assert.Equal(SharedStackError.MemoryGone, error);
        Assert.Throws<SharedMemoryFaultException>(() => stack.Pop());
        Assert.Throws<SharedMemoryFaultException>(() => stack.Pop(new byte[100]));
        Assert.Throws<SharedMemoryFaultException>(() => stack.Pop(static element => element.Length));
        Assert.Throws<SharedMemoryFaultException>(() => stack.Push([1]));
        Assert.Throws<SharedMemoryFaultException>(() => stack.PushPrefixed([1]));

        Assert.Equal(pointer, shared.Read<ulong>(Offset));
        shared.WithExclusivity(static _ => { });
    }

    /// <summary>All of the element fits before what is gone, and its back-pointer does not.</summary>
    [SkippableFact]
    public void An_element_whose_back_pointer_cannot_be_written_is_not_pushed()
    {
        using SafeFileHandle file = New(out HostSharedMemory host);
        using HostSharedMemory shared = host;
        SharedStack stack = shared.StackAt(Offset, Size);
        stack.Reset();
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)Page));
        Assert.False(stack.TryPush(new byte[52], out SharedStackError error));
        Assert.Equal(SharedStackError.MemoryGone, error);
        Assert.True(stack.IsEmpty);
    }

    /// <summary>The parser is the host's own code, and while it runs the peer can act.</summary>
    [SkippableFact]
    public void Bytes_that_go_while_the_parser_runs_leave_nothing_popped()
    {
        using SafeFileHandle file = New(out HostSharedMemory host);
        using HostSharedMemory shared = host;
        SharedStack stack = shared.StackAt(Offset, Size);
        stack.Reset();
        stack.PushPrefixed(new byte[90]);
        Assert.False(stack.TryPop(ParseAndShrink, out int value, out SharedStackError error));
        Assert.Equal((0, SharedStackError.MemoryGone), (value, error));
        shared.WithExclusivity(static _ => { });

        bool ParseAndShrink(ReadOnlySpan<byte> element, out int parsed)
        {
            parsed = element.Length;
            return ShrinkingFile.FTruncate(file, (long)Page) == 0;
        }
    }

    private static SafeFileHandle New(out HostSharedMemory host)
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        SafeFileHandle file = LinuxSharing.MemFd(3 * Page);
        host = HostSharedMemory.Open(file, 0, 3 * Page);
        return file;
    }

    private static string Popped(SharedStack stack)
    {
        try
        {
            return Convert.ToHexString(stack.Pop(50));
        }
        catch (SharedStackException refused)
        {
            return refused.Error.ToString();
        }
    }

    private static bool Parse(ReadOnlySpan<byte> element, out byte[] parsed)
    {
        parsed = element.ToArray();
        return element.Length < 4 || element[^1] % 4 != 0;
    }
}
