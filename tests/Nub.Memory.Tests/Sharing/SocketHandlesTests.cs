using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>Descriptors over a socket: each is owned by exactly one handle or closed, whatever the peer sends.</summary>
[Collection(Alone.Name)]
public sealed class SocketHandlesTests
{
    [SkippableFact]
    public void A_descriptor_arrives_with_its_bytes()
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        RandomAccess.Write(file, "hello"u8, 0);
        Assert.Equal(3, SocketHandles.Send(near, [1, 2, 3], [file]));
        byte[] buffer = new byte[10];
        var handles = new SafeFileHandle?[4];
        SocketHandlesResult result = SocketHandles.Receive(far, buffer, handles);
        Assert.Equal(new SocketHandlesResult(3, 1, SocketFlags.None), result);
        Assert.Equal([1, 2, 3], buffer[..3]);
        using SafeFileHandle received = handles[0]!;
        Assert.Null(handles[1]);
        Assert.NotEqual(file.DangerousGetHandle(), received.DangerousGetHandle());
        Assert.True(LinuxSharing.ClosesOnExecute(received));
        RandomAccess.Read(received, buffer.AsSpan(0, 5), 0);
        Assert.Equal("hello"u8.ToArray(), buffer[..5]);
        near.Dispose();
        Assert.Equal(new SocketHandlesResult(0, 0, SocketFlags.None), SocketHandles.Receive(far, buffer, handles));
        far.Dispose();
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(252)]
    [InlineData(253)]
    public void As_many_arrive_as_one_message_carries(int count)
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        SocketHandles.Send(near, [1], Repeat(file, count));
        int before = ProcessMaps.DescriptorCount;
        var handles = new SafeFileHandle?[300];
        SocketHandlesResult result = SocketHandles.Receive(far, new byte[1], handles);
        Assert.Equal(new SocketHandlesResult(1, count, SocketFlags.None), result);
        Assert.Equal(before + count, ProcessMaps.DescriptorCount);
        Dispose(handles);
        Assert.Equal(before, ProcessMaps.DescriptorCount);
        Dispose(near, far);
    }

    [SkippableFact]
    public void What_was_held_is_let_go_of_where_the_callers_handles_change_meanwhile()
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle bystander = LinuxSharing.MemFd(4096);
        SafeHandle[] handles = new SafeHandle[1];
        var sent = new Asked(() => handles[0] = bystander);
        handles[0] = sent;
        SocketHandles.Send(near, [1], handles);
        Assert.Same(bystander, handles[0]);
        Assert.False(bystander.IsClosed);
        RandomAccess.Write(bystander, "hello"u8, 0);
        sent.Dispose();
        Assert.Equal(1, sent.Releases);
        Dispose(near, far);
    }

    /// <summary>A handle that does something when it is first asked whether it is one.</summary>
    private sealed class Asked : SafeHandle
    {
        private Action? _then;

        public Asked(Action then) : base(0, ownsHandle: true)
        {
            _then = then;
        }

        public int Releases { get; private set; }

        public override bool IsInvalid
        {
            get
            {
                Interlocked.Exchange(ref _then, null)?.Invoke();
                return false;
            }
        }

        protected override bool ReleaseHandle()
        {
            // Standard input, which is not this handle's.
            Releases++;
            return true;
        }
    }

    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(252)]
    public void What_does_not_fit_is_closed_and_said_so(int room)
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        var handles = new SafeFileHandle?[room];
        for (int round = 0; round < 20; round++)
        {
            SocketHandles.Send(near, [1, 2], Repeat(file, 253));
            int before = ProcessMaps.DescriptorCount;
            SocketHandlesResult result = SocketHandles.Receive(far, new byte[9], handles);
            Assert.Equal(new SocketHandlesResult(2, room, SocketFlags.ControlDataTruncated), result);
            Assert.Equal(before + room, ProcessMaps.DescriptorCount);
            Dispose(handles);
        }

        Dispose(near, far);
    }

    [SkippableFact]
    public void Where_no_more_descriptors_can_be_opened_those_that_were_are_owned()
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        SocketHandles.Send(near, [1], Repeat(file, 100));

        // As low as leaves room for fifty.
        var used = Directory.GetFileSystemEntries("/proc/self/fd")
            .Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture)).ToHashSet();
        int limit = Enumerable.Range(0, int.MaxValue).Where(fd => !used.Contains(fd)).ElementAt(50);
        int before = ProcessMaps.DescriptorCount;
        var handles = new SafeFileHandle?[200];
        using (new DescriptorLimit((ulong)limit))
        {
            SocketHandlesResult result = SocketHandles.Receive(far, new byte[1], handles);
            Assert.Equal(SocketFlags.ControlDataTruncated, result.Flags);
            Assert.InRange(result.HandleCount, 1, 99);
            Assert.Equal(result.HandleCount, handles.Count(handle => handle is not null));
        }

        Assert.Equal(before + handles.Count(handle => handle is not null), ProcessMaps.DescriptorCount);
        Dispose(handles);
        Dispose(near, far);
    }

    [SkippableFact]
    public async Task A_long_message_is_sent_whole_with_its_handles_once()
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        byte[] data = new byte[3_000_000];
        new Random(5).NextBytes(data);
        Task<int> sending = Task.Run(() => SocketHandles.Send(near, data, [file, file]));
        byte[] received = new byte[data.Length];
        int count = 0;
        int handleCount = 0;
        var handles = new SafeFileHandle?[4];
        while (count < data.Length)
        {
            SocketHandlesResult result = SocketHandles.Receive(far, received.AsSpan(count), handles);
            Assert.Equal(count == 0 ? 2 : 0, result.HandleCount);
            count += result.ByteCount;
            handleCount += result.HandleCount;
            Dispose(handles);
        }

        Assert.Equal(data.Length, await sending);
        Assert.Equal(2, handleCount);
        Assert.True(data.AsSpan().SequenceEqual(received));
        Dispose(near, far);
    }

    [SkippableFact]
    public void A_socket_that_does_not_block_sends_a_part_or_says_that_it_would_block()
    {
        (Socket near, Socket far) = Connect();
        near.Blocking = false;
        far.Blocking = false;
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        var handles = new SafeFileHandle?[4];
        Assert.Equal(SocketError.WouldBlock, Assert.Throws<SocketException>(() => SocketHandles.Receive(far, new byte[1], handles)).SocketErrorCode);
        byte[] data = new byte[10_000_000];
        int sent = SocketHandles.Send(near, data, [file]);
        Assert.InRange(sent, 1, data.Length - 1);
        Assert.Equal(SocketError.WouldBlock, Assert.Throws<SocketException>(() => SocketHandles.Send(near, data, [file])).SocketErrorCode);
        int received = 0;
        int handleCount = 0;
        while (received < sent)
        {
            SocketHandlesResult result = SocketHandles.Receive(far, data, handles);
            received += result.ByteCount;
            handleCount += result.HandleCount;
            Dispose(handles);
        }

        Assert.Equal(1, handleCount);
        Dispose(near, far);
    }

    [SkippableFact]
    public void A_timeout_ends_the_wait()
    {
        (Socket near, Socket far) = Connect();
        far.ReceiveTimeout = 20;
        Assert.Equal(SocketError.TimedOut, Assert.Throws<SocketException>(() => SocketHandles.Receive(far, new byte[1], default)).SocketErrorCode);
        near.SendTimeout = 20;
        Assert.Equal(SocketError.TimedOut, Assert.Throws<SocketException>(() => SocketHandles.Send(near, new byte[10_000_000], default)).SocketErrorCode);
        Dispose(near, far);
    }

    [SkippableFact]
    public async Task A_blocking_socket_that_was_used_asynchronously_waits_all_the_same()
    {
        (Socket near, Socket far) = Connect();
        await near.SendAsync(new byte[] { 1 });
        Assert.Equal(1, await far.ReceiveAsync(new byte[1]));
        using SafeFileHandle file = LinuxSharing.MemFd(4096);

        // Often enough that the one that receives is often the first.
        for (int i = 0; i < 50; i++)
        {
            using var begins = new ManualResetEventSlim();
            Task<SocketHandlesResult> receiving = Task.Run(() =>
            {
                begins.Set();
                var handles = new SafeFileHandle?[1];
                SocketHandlesResult result = SocketHandles.Receive(far, new byte[1], handles);
                handles[0]?.Dispose();
                return result;
            });
            begins.Wait();
            Thread.Yield();
            SocketHandles.Send(near, [1], [file]);
            Assert.Equal(1, (await receiving.WaitAsync(Patience.Limit)).HandleCount);
        }

        Dispose(near, far);
    }

    [SkippableFact]
    public void Two_messages_are_not_received_as_one()
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        SocketHandles.Send(near, [1], [file]);
        SocketHandles.Send(near, [2], [file]);
        var handles = new SafeFileHandle?[4];
        Assert.Equal(new SocketHandlesResult(1, 1, SocketFlags.None), SocketHandles.Receive(far, new byte[9], handles));
        Dispose(handles);
        Assert.Equal(new SocketHandlesResult(1, 1, SocketFlags.None), SocketHandles.Receive(far, new byte[9], handles));
        Dispose(handles);
        Dispose(near, far);
    }

    [SkippableFact]
    public void Wrong_arguments_send_nothing_and_hold_nothing()
    {
        (Socket near, Socket far) = Connect();
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        Assert.Throws<ArgumentException>(() => SocketHandles.Send(near, default, [file]));
        Assert.Throws<ArgumentException>(() => SocketHandles.Send(near, [1], Repeat(file, 254)));
        Assert.Throws<ArgumentException>(() => SocketHandles.Send(near, [1], [file, null!]));
        Assert.Throws<ArgumentException>(() => SocketHandles.Send(near, [1], [file, new SafeFileHandle()]));
        Assert.Throws<ArgumentException>(() => SocketHandles.Receive(far, default, default));
        Assert.Throws<ArgumentNullException>(() => SocketHandles.Receive(null!, new byte[1], default));
        SafeFileHandle closed = LinuxSharing.MemFd(4096);
        closed.Dispose();
        Assert.Throws<ObjectDisposedException>(() => SocketHandles.Send(near, [1], [file, closed]));
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<ArgumentException>(() => SocketHandles.Send(tcp, [1], [file]));
        Assert.Equal(0, far.Available);

        // The handle is no longer held by any of them: disposing it closes it.
        int before = ProcessMaps.DescriptorCount;
        file.Dispose();
        Assert.Equal(before - 1, ProcessMaps.DescriptorCount);
        far.Dispose();
        Assert.Equal(SocketError.Shutdown, Assert.Throws<SocketException>(() => SocketHandles.Send(near, [1], default)).SocketErrorCode);
        near.Dispose();
        Assert.Throws<ObjectDisposedException>(() => SocketHandles.Send(near, [1], default));
    }

    [SkippableFact]
    public void Datagrams_say_when_they_were_cut()
    {
        LinuxSharing.SkipElsewhere();
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        using var far = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        far.Bind(new UnixDomainSocketEndPoint(path));
        using var near = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        near.Connect(new UnixDomainSocketEndPoint(path));
        File.Delete(path);
        using SafeFileHandle file = LinuxSharing.MemFd(4096);
        var handles = new SafeFileHandle?[1];
        Assert.Equal(9, SocketHandles.Send(near, new byte[9], [file]));
        Assert.Equal(new SocketHandlesResult(5, 1, SocketFlags.Truncated), SocketHandles.Receive(far, new byte[5], handles));
        Dispose(handles);
    }

    internal static (Socket Near, Socket Far) Connect()
    {
        LinuxSharing.SkipElsewhere();
        string path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        near.Connect(new UnixDomainSocketEndPoint(path));
        Socket far = listener.Accept();
        File.Delete(path);
        return (near, far);
    }

    private static SafeHandle[] Repeat(SafeHandle handle, int count) => [.. Enumerable.Repeat(handle, count)];

    private static void Dispose(params IDisposable?[] all)
    {
        foreach (IDisposable? one in all)
        {
            one?.Dispose();
        }

        Array.Clear(all);
    }
}
