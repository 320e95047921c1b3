using System.Net.Sockets;
using System.Reflection;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>Both ways in which the two sides find one another: the back end listens, or the front end does (QEMU's <c>server=on</c>). Alone, because one looks at the current directory.</summary>
[Collection(Alone.Name)]
public sealed class ListeningTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"nub-{Guid.NewGuid():N}"[..16]);
    private readonly MemoryStorage _storage = new(1 << 20);
    private readonly VhostUserBackend _backend;

    public ListeningTests() => _backend = new VhostUserBackend(new BlockDevice(_storage));

    public void Dispose()
    {
        _backend.Dispose();
        _storage.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public async Task One_front_end_after_another_is_served_at_a_path()
    {
        using var ending = new CancellationTokenSource();
        Task serving = _backend.ListenAsync(_path, ending.Token);
        for (int i = 0; i < 300; i++)
        {
            using Socket front = await ConnectAsync();
            AssertServed(front);
        }

        await ending.CancelAsync();
        await serving.WaitAsync(Patience.Limit);
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task A_connection_that_is_served_ends_when_the_serving_does()
    {
        using var ending = new CancellationTokenSource();
        Task serving = _backend.ListenAsync(_path, ending.Token);
        using Socket front = await ConnectAsync();
        AssertServed(front);
        await ending.CancelAsync();
        await serving.WaitAsync(Patience.Limit);
        Assert.Equal(0, front.Receive(new byte[1]));
    }

    [Fact]
    public async Task Disposing_the_back_end_ends_the_listening()
    {
        Task serving = _backend.ListenAsync(_path);
        _backend.Dispose();
        await serving.WaitAsync(Patience.Limit);
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task A_front_end_that_listens_is_connected_to()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen(1);
        Task serving = _backend.ConnectAsync(_path);
        using (Socket front = await listener.AcceptAsync().WaitAsync(Patience.Limit))
        {
            AssertServed(front);
            Assert.False(serving.IsCompleted);
        }

        await serving.WaitAsync(Patience.Limit);

        // The next connection is another one: nothing of the first is left.
        serving = _backend.ConnectAsync(_path);
        using (Socket front = await listener.AcceptAsync().WaitAsync(Patience.Limit))
        {
            AssertServed(front);
        }

        await serving.WaitAsync(Patience.Limit);
    }

    [Fact]
    public async Task Nobody_listens_and_that_is_said()
    {
        await Assert.ThrowsAsync<SocketException>(() => _backend.ConnectAsync(_path));
        await Assert.ThrowsAsync<SocketException>(() => _backend.ConnectAsync(_path));
    }

    [Fact]
    public async Task A_socket_that_a_killed_process_left_is_replaced_and_nothing_else_is()
    {
        LeaveDeadSocket(_path);
        using (var ending = new CancellationTokenSource())
        {
            Task serving = _backend.ListenAsync(_path, ending.Token);
            using Socket front = await ConnectAsync();
            AssertServed(front);
            await ending.CancelAsync();
            await serving.WaitAsync(Patience.Limit);
        }

        await File.WriteAllTextAsync(_path, "a file");
        SocketException taken = await Assert.ThrowsAsync<SocketException>(() => _backend.ListenAsync(_path));
        Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
        Assert.Equal("a file", await File.ReadAllTextAsync(_path));
        File.Delete(_path);

        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(_path));
        other.Listen(1);
        taken = await Assert.ThrowsAsync<SocketException>(() => _backend.ListenAsync(_path));
        Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
    }

    [Theory]
    [InlineData("an empty file")]
    [InlineData("a pipe")]
    [InlineData("a link to a dead socket")]
    public async Task What_refuses_connections_and_is_no_socket_stays(string what)
    {
        string other = _path + "o";
        try
        {
            switch (what)
            {
                case "an empty file":
                    await File.WriteAllBytesAsync(_path, []);
                    break;
                case "a pipe":
                    ChildProcess.RunWell("mkfifo", [_path]);
                    break;
                default:
                    LeaveDeadSocket(other);
                    File.CreateSymbolicLink(_path, other);
                    break;
            }

            FileAttributes before = File.GetAttributes(_path);
            SocketException taken = await Assert.ThrowsAsync<SocketException>(() => _backend.ListenAsync(_path).WaitAsync(Patience.Limit));
            Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
            Assert.Equal(before, File.GetAttributes(_path));
        }
        finally
        {
            File.Delete(other);
        }
    }

    [Fact]
    public async Task A_listener_that_takes_no_more_connections_is_not_waited_for()
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(_path));
        other.Listen(1);
        List<Socket> waiting = [];
        try
        {
            while (TryConnect(waiting))
            {
            }

            // In a thread of its own: a call that waits would wait here.
            SocketException taken = await Assert.ThrowsAsync<SocketException>(() => Task.Run(() => _backend.ListenAsync(_path)).WaitAsync(Patience.Limit));
            Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
        }
        finally
        {
            waiting.ForEach(static one => one.Dispose());
        }
    }

    [Fact]
    public async Task A_relative_path_is_removed_where_it_was_bound_and_nowhere_else()
    {
        string folder = Directory.CreateTempSubdirectory("nub").FullName;
        string later = Directory.CreateDirectory(Path.Combine(folder, "later")).FullName;
        string others = Path.Combine(later, "s");
        await File.WriteAllTextAsync(others, "another's");
        string before = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder;
        try
        {
            Task serving = _backend.ListenAsync("s");
            Assert.True(File.Exists(Path.Combine(folder, "s")));
            Environment.CurrentDirectory = later;
            _backend.Dispose();
            await serving.WaitAsync(Patience.Limit);
            Assert.True(File.Exists(others));
            Assert.False(File.Exists(Path.Combine(folder, "s")));
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_back_end_that_is_disposed_when_a_front_end_has_just_come_ends_listening()
    {
        Task serving = _backend.ListenAsync(_path);
        List<Socket> fronts = [];
        try
        {
            DisposeBetween(fronts);
            await serving.WaitAsync(Patience.Limit);
        }
        finally
        {
            fronts.ForEach(static one => one.Dispose());
        }
    }

    [Fact]
    public async Task The_next_front_end_is_served_when_the_task_has_ended_and_not_before()
    {
        (Socket first, Socket far) = FrontEnd.Pair();
        (Socket second, Socket next) = FrontEnd.Pair();
        Task? early = null;
        _backend.Disconnected += (_, _) => early ??= _backend.ServeAsync(next);
        Task serving = _backend.ServeAsync(far);
        first.Dispose();
        await serving.WaitAsync(Patience.Limit);
        await Assert.ThrowsAsync<InvalidOperationException>(() => early!);
        serving = _backend.ServeAsync(next);
        AssertServed(second);
        second.Dispose();
        await serving.WaitAsync(Patience.Limit);
    }

    /// <summary>Disposes the back end after it has accepted a front end, and before it can begin to serve it, for which it needs its lock.</summary>
    private void DisposeBetween(List<Socket> fronts)
    {
        var gate = (Lock)typeof(VhostUserBackend).GetField("_gate", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(_backend)!;
        lock (gate)
        {
            // The queue of Listen(1) holds two: with three, one was accepted.
            Patience.WaitUntil(() => TryConnect(fronts) && fronts.Count == 3);
            _backend.Dispose();
        }
    }

    /// <summary>Connects where that is possible without waiting.</summary>
    private bool TryConnect(List<Socket> connected)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(_path));
            connected.Add(socket);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            socket.Dispose();
            return false;
        }
    }

    /// <summary>.NET removes a socket's path with the socket, and a killed process does not: so it is renamed before.</summary>
    private static void LeaveDeadSocket(string path)
    {
        using var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dead.Bind(new UnixDomainSocketEndPoint(path + "d"));
        File.Move(path + "d", path);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        for (int tries = 0; ; tries++)
        {
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path));
                return socket;
            }
            catch (SocketException) when (tries < 200)
            {
                await Task.Delay(10);
            }
        }
    }

    /// <summary>Asks for the features, which have version 1.</summary>
    private static void AssertServed(Socket front)
    {
        front.ReceiveTimeout = (int)Patience.Limit.TotalMilliseconds;
        front.Send(FrontEnd.Message((uint)VhostUserRequest.GetFeatures, []));
        byte[] answer = new byte[20];
        for (int count = 0; count < answer.Length;)
        {
            int some = front.Receive(answer.AsSpan(count));
            Assert.NotEqual(0, some);
            count += some;
        }

        Assert.NotEqual(0ul, BitConverter.ToUInt64(answer, 12) & 1ul << 32);
    }
}
