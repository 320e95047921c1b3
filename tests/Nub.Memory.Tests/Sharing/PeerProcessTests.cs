using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>Memory that a second process has, which shortens it or writes beside every access.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public sealed class PeerProcessTests(ITestOutputHelper output)
{
    private const ulong Page = 4096;
    private const ulong Size = 64 * Page;
    private const ulong Remaining = 16 * Page;

    // 1,000 rounds with NUB_TRUNCATION_ROUNDS=1000; fewer in every run of the tests.
    private static readonly int s_rounds =
        int.Parse(Environment.GetEnvironmentVariable("NUB_TRUNCATION_ROUNDS") ?? "60", CultureInfo.InvariantCulture);

    [SkippableTheory]
    [InlineData("memfd")]
    [InlineData("/dev/shm")]
    [InlineData("file")]
    public void Four_threads_go_on_while_another_process_shortens_the_memory(string kind)
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        using SafeFileHandle file = ShareableMappingTests.Open(kind, Size);
        using HostSharedMemory host = HostSharedMemory.Open(file, 0, Size, allowUnsealed: kind == "file");
        byte[] pattern = new byte[Size];
        for (int i = 0; i < pattern.Length; i++)
        {
            pattern[i] = PatternAt((ulong)i);
        }

        host.CopyFrom(0, pattern);

        // What file transfers read and write: as long as the patterned part, and of the same bytes.
        using SafeFileHandle other = LinuxSharing.MemFd(Size);
        RandomAccess.Write(other, pattern, 0);

        // Counters and zeroes have pages of their own at the end.
        const ulong patterned = Size - (4 * Page);
        using HostSharedMemory zeroed = HostSharedMemory.Open(file, Size - (2 * Page), 2 * Page, allowUnsealed: kind == "file");
        using var peer = new PeerProcess(
            "shorten", PeerProcess.PathOf(file), Size.ToString(CultureInfo.InvariantCulture), Remaining.ToString(CultureInfo.InvariantCulture));
        long faults = 0;
        using var stop = new CancellationTokenSource();
        var threads = Enumerable.Range(0, 4).Select(index => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(index);
                while (!stop.IsCancellationRequested)
                {
                    Interlocked.Add(ref faults, Use(host, random, patterned));
                    Interlocked.Add(ref faults, index switch
                    {
                        0 => Change(zeroed),
                        1 => Transfer(host, other, random, patterned),
                        2 => Look(host),
                        _ => CountUp(host, patterned),
                    });
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        bool enough = SpinWait.SpinUntil(
            () =>
            {
                // A collecting load beside it all.
                _ = new byte[200_000];
                GC.Collect(Random.Shared.Next(2));
                Thread.Sleep(1);
                return (peer.Lines >= s_rounds && Volatile.Read(ref faults) > 0) || threads.Any(thread => thread.IsCompleted);
            },
            TimeSpan.FromSeconds(60 + s_rounds));
        stop.Cancel();
        Task.WaitAll(threads);
        Assert.True(enough, $"{peer.Lines} rounds, {faults} faults");
        output.WriteLine($"{kind}: {peer.Lines} rounds, {faults} faults");
        Assert.Equal(PatternAt(5), host.Read<byte>(5));
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_process_that_writes_beside_every_access_breaks_none(bool isSealed)
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(Page);
        if (isSealed)
        {
            Assert.Equal(0, LinuxNative.FCntl(file, LinuxNative.FAddSeals, LinuxSharing.Shrink | LinuxSharing.Grow));
        }

        using HostSharedMemory host = HostSharedMemory.Open(file, 0, Page, allowUnsealed: true);
        Assert.Equal(!isSealed && RecoveringAccess.IsSupported(out _), host.Live.Mapping.Indirect is not null);
        using var peer = new PeerProcess("rewrite", PeerProcess.PathOf(file), Page.ToString(CultureInfo.InvariantCulture));
        peer.WaitUntilReady();
        var random = new Random(3);
        byte[] copy = new byte[512];
        int changes = 0;
        ulong last = 0;
        for (int i = 0; i < 20_000 || (changes < 2 && i < 100_000_000); i++)
        {
            ulong at = (ulong)random.Next(500) * 8;

            // Whole words, as the peer writes them: an aligned read is never torn.
            ulong seen = host.Read<ulong>(at);
            Assert.True(seen is 0 or ulong.MaxValue, $"torn: {seen:X16}");
            Assert.True(host.TryRead(at + 4, out uint half));
            Assert.True(half is 0 or uint.MaxValue, $"torn: {half:X8}");
            if (host.TryReadValidated(at, out CheckedWord word))
            {
                Assert.True(word.Flag is 0 or 1);
            }

            host.CopyTo(at % 3584, copy);
            Assert.Equal(-1, MemoryMarshal.Cast<byte, ulong>(copy).IndexOfAnyExcept(0UL, ulong.MaxValue));

            seen = host.CompareExchange(at, ulong.MaxValue, 0UL);
            Assert.True(seen is 0 or ulong.MaxValue);
            host.StackAt(0, 256).TryPop(copy, out int length, out _);
            Assert.InRange(length, 0, 240);
            host.StackAt(256, 256).TryPush(copy.AsSpan(0, 16));
            host.StackAt(256, 256).Reset();
            host.Write(256, ulong.MaxValue);
            host.Fill(256, 256, 0);
            ulong first = host.Read<ulong>(4088);
            changes += first != last ? 1 : 0;
            last = first;
        }

        Assert.True(changes >= 2, "The peer wrote nothing.");
    }

    [SkippableFact]
    public async Task A_memory_that_was_sent_is_the_same_memory_and_as_writable_as_it_was_made()
    {
        LinuxSharing.SkipElsewhere();
        (HostSharedMemory readable, GuestSharedMemory readableGuest) = ExclusiveSharedMemory.CreateShareable(Page, readOnlyForPeers: true).Build();
        (HostSharedMemory writable, GuestSharedMemory writableGuest) = ExclusiveSharedMemory.CreateShareable(Page).Build();
        readable.Write(16, 1234u);
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Task<ChildProcess> child = ChildProcess.RunAsync("Nub.Memory.Child", ["receive", path]);
        Task<Socket> accepting = listener.AcceptAsync();
        Assert.Same(accepting, await Task.WhenAny(accepting, child));
        using Socket socket = await accepting;
        File.Delete(path);
        using (SafeHandle first = readable.DuplicateHandle())
        using (SafeHandle second = writable.DuplicateHandle())
        {
            Assert.Equal(8, SocketHandles.Send(socket, BitConverter.GetBytes(Page), [first, second]));
        }

        ChildProcess ended = await child;

        // EPERM: the seal, by either way.
        Assert.Equal("2 handles, read 1234, mmap 1, mmap 1", ended.Output);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        Assert.Equal(4321u, writable.Read<uint>(16));
        Assert.Equal(1234u, readable.Read<uint>(16));
        readable.Dispose();
        readableGuest.Dispose();
        writable.Dispose();
        writableGuest.Dispose();
    }

    private static byte PatternAt(ulong offset) => (byte)((offset * 37) + (offset >> 8) + 1);

    /// <summary>One access of a kind by chance, whose bytes are judged.</summary>
    /// <returns>How many faults it met.</returns>
    private static int Use(HostSharedMemory host, Random random, ulong patterned)
    {
        int length = random.Next(1, 12_000);
        ulong at = (ulong)random.Next((int)patterned - length);
        ulong end = at + (ulong)length;
        byte[] bytes = new byte[length];
        try
        {
            switch (random.Next(7))
            {
                case 0:
                    (at, length, end) = (at / 8 * 8, 8, (at / 8 * 8) + 8);
                    Judge(BitConverter.GetBytes(host.Read<ulong>(at)), at);
                    return 0;
                case 1:
                    host.CopyTo(at, bytes);
                    Judge(bytes, at);
                    return 0;
                case 2:
                    if (host.TryCopyTo(at, bytes))
                    {
                        Judge(bytes, at);
                        return 0;
                    }

                    Assert.True(end > Remaining, $"gone: {length} bytes at {at}");
                    return 1;
                case 3:
                    for (int i = 0; i < length; i++)
                    {
                        bytes[i] = PatternAt(at + (ulong)i);
                    }

                    host.CopyFrom(at, bytes);
                    return 0;
                case 4:
                    length = 1;
                    end = at + 1;
                    host.Write(at, PatternAt(at));
                    return 0;
                case 5:
                    length = 16;
                    end = at + 16;
                    Judge(BitConverter.GetBytes(host.Read<UInt128>(at)), at);
                    return 0;
                default:
                    using (HostLease lease = host.Enter())
                    {
                        lease.CopyTo(at, bytes);
                        Judge(bytes, at);
                    }

                    return 0;
            }
        }
        catch (SharedMemoryFaultException fault)
        {
            Assert.Equal((at, (ulong)length), (fault.Offset, fault.Length));
            Assert.True(end > Remaining, $"gone: {length} bytes at {at}");
            return 1;
        }
    }

    private static int CountUp(HostSharedMemory host, ulong place) =>
        host.TryAdd(place, 1UL, out _) && host.TryOr(place + 8, 1, out _) && host.TryCompareExchange(place + 16, 1u, 0u, out _) ? 0 : 1;

    /// <summary>Moves the file's bytes, which are those that stand here, in or out; whatever has gone is reported.</summary>
    private static int Transfer(HostSharedMemory host, SafeFileHandle file, Random random, ulong patterned)
    {
        ulong length = (ulong)random.Next(1, 20_000);
        ulong at = (ulong)random.Next((int)(patterned - length));
        if (random.Next(2) == 0)
        {
            return host.TryReadFrom(file, (long)at, at, length, out _) ? 0 : 1;
        }

        try
        {
            ulong moved = host.WriteTo(file, (long)at, at, length);
            Assert.InRange(moved, 1UL, length);
            byte[] bytes = new byte[moved];
            Assert.Equal(bytes.Length, RandomAccess.Read(file, bytes, (long)at));
            Judge(bytes, at);
            return 0;
        }
        catch (SharedMemoryFaultException)
        {
            Assert.True(at + length > Remaining, $"gone: {length} bytes at {at}");
            return 1;
        }
        finally
        {
            // What was cut off and came back as zeroes is the pattern again.
            byte[] right = new byte[length];
            for (int i = 0; i < right.Length; i++)
            {
                right[i] = PatternAt(at + (ulong)i);
            }

            RandomAccess.Write(file, right, (long)at);
        }
    }

    /// <summary>What a debugger shows: bytes, or a line that says why there are none.</summary>
    private static int Look(HostSharedMemory host)
    {
        var view = new SharedMemoryDebugView(host);
        Assert.NotEmpty(view.Users);
        Assert.Equal(16, view.FirstBytes.Length);
        return SharedMemoryDebugView.Dump(host.Live, Remaining + Page, 256).Length == 1 ? 1 : 0;
    }

    private static int Change(HostSharedMemory zeroed)
    {
        try
        {
            zeroed.Zero();
            return zeroed.TryFill(0, Page, 1) && zeroed.ToString().Length > 0 ? 0 : 1;
        }
        catch (SharedMemoryFaultException fault)
        {
            Assert.Equal((0UL, 2 * Page), (fault.Offset, fault.Length));
            return 1;
        }
    }

    /// <summary>Every byte is the pattern's; or zero, where it was cut off and came back.</summary>
    private static void Judge(ReadOnlySpan<byte> bytes, ulong at)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            ulong place = at + (ulong)i;
            bool isRight = bytes[i] == PatternAt(place) || (bytes[i] == 0 && place >= Remaining);
            Assert.True(isRight, $"{bytes[i]} at {place} in place of {PatternAt(place)}");
        }
    }
}

/// <summary>A word some of whose values are illegal.</summary>
[ValidateOnRead]
public partial struct CheckedWord
{
    public byte Flag;
    public byte Second;
    public ushort Third;
    public uint Fourth;

    public static bool Validate(in CheckedWord value) => value.Flag <= 1;
}
