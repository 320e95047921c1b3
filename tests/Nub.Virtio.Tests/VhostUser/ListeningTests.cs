using System.Net.Sockets;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>Both ways in which the two sides find one another: the back end listens, or the front end does (QEMU's <c>server=on</c>).</summary>
public sealed class ListeningTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

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
        await serving.WaitAsync(s_patience);
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
        await serving.WaitAsync(s_patience);
        Assert.Equal(0, front.Receive(new byte[1]));
    }

    [Fact]
    public async Task Disposing_the_back_end_ends_the_listening()
    {
        Task serving = _backend.ListenAsync(_path);
        _backend.Dispose();
        await serving.WaitAsync(s_patience);
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task A_front_end_that_listens_is_connected_to()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_path));
        listener.Listen(1);
        Task serving = _backend.ConnectAsync(_path);
        using (Socket front = await listener.AcceptAsync().WaitAsync(s_patience))
        {
            AssertServed(front);
            Assert.False(serving.IsCompleted);
        }

        await serving.WaitAsync(s_patience);

        // The next connection is another one: nothing of the first is left.
        serving = _backend.ConnectAsync(_path);
        using (Socket front = await listener.AcceptAsync().WaitAsync(s_patience))
        {
            AssertServed(front);
        }

        await serving.WaitAsync(s_patience);
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
        // .NET removes a socket's path with the socket, and a killed process does not: so it is renamed before.
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(_path + "d"));
            File.Move(_path + "d", _path);
        }

        using (var ending = new CancellationTokenSource())
        {
            Task serving = _backend.ListenAsync(_path, ending.Token);
            using Socket front = await ConnectAsync();
            AssertServed(front);
            await ending.CancelAsync();
            await serving.WaitAsync(s_patience);
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
        front.ReceiveTimeout = (int)s_patience.TotalMilliseconds;
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
