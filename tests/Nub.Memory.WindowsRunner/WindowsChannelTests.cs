using System.IO.MemoryMappedFiles;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Nub.Ipc;

namespace Nub.Memory.WindowsRunner;

/// <summary>Channels over named pipes, and peers that say wrong things there.</summary>
public sealed class WindowsChannelTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    private readonly string _name = $"nub-{Guid.NewGuid():N}";

    public void Dispose() => _patience.Dispose();

    [Fact]
    public async Task A_wrong_hello_is_a_typed_error_and_so_is_none()
    {
        byte[][] hellos = [new byte[24], Hello(version: 2), Hello(ringSize: 0), Hello(ringSize: 4095), Hello(), [1]];
        SharedChannelError[] errors =
        [
            SharedChannelError.NotAChannel, SharedChannelError.VersionMismatch, SharedChannelError.SizesInvalid, SharedChannelError.SizesInvalid, SharedChannelError.MemoryInvalid,
            SharedChannelError.PeerGone,
        ];
        for (int i = 0; i < hellos.Length; i++)
        {
            Assert.Equal(errors[i], await ErrorOfAsync(hellos[i], leaves: true));
        }

        Assert.Equal(SharedChannelError.HandshakeTimedOut, await ErrorOfAsync([], leaves: false));
    }

    [Fact]
    public async Task Handles_that_are_no_memory_or_too_little_are_refused_and_stay_the_peers()
    {
        using var anEvent = new ManualResetEvent(false);
        (HostSharedMemory little, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(4096).Build();
        using SafeHandle section = little.DuplicateHandle();
        nint[] handles = [0x7FFFFFF0, -1, -2, anEvent.SafeWaitHandle.DangerousGetHandle(), section.DangerousGetHandle()];
        foreach (nint handle in handles)
        {
            Assert.Equal(SharedChannelError.MemoryInvalid, await ErrorOfAsync(Hello(handle: (uint)handle), leaves: false));
        }

        Assert.True(anEvent.Set());
        using HostSharedMemory still = HostSharedMemory.Open(section, 0, 4096);
        guest.Dispose();
        little.Dispose();
    }

    [Fact]
    public async Task A_section_of_a_file_or_with_pages_that_are_reserved_only_is_refused()
    {
        string path = Path.Combine(Path.GetTempPath(), _name);
        using (MemoryMappedFile ofFile = MemoryMappedFile.CreateFromFile(path, FileMode.CreateNew, null, 8192))
        using (MemoryMappedFile reserved = MemoryMappedFile.CreateNew(null, 8192, MemoryMappedFileAccess.ReadWrite, MemoryMappedFileOptions.DelayAllocatePages, HandleInheritability.None))
        {
            foreach (MemoryMappedFile section in (MemoryMappedFile[])[ofFile, reserved])
            {
                Assert.Equal(SharedChannelError.MemoryInvalid, await ErrorOfAsync(Hello(handle: (uint)section.SafeMemoryMappedFileHandle.DangerousGetHandle()), leaves: false));
            }
        }

        File.Delete(path);
    }

    [Fact]
    public async Task A_listener_that_is_silent_or_gone_but_for_its_channels_is_given_up()
    {
        var options = new SharedChannelOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(300) };
        SharedChannelListener listener = await SharedChannel.ListenAsync(_name);
        Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
        using SharedChannel client = await SharedChannel.ConnectAsync(_name, cancellationToken: _patience.Token);
        using SharedChannel server = await accepting;
        SharedChannelException silent = await Assert.ThrowsAsync<SharedChannelException>(() => SharedChannel.ConnectAsync(_name, options, _patience.Token));
        Assert.Equal(SharedChannelError.HandshakeTimedOut, silent.Error);
        listener.Dispose();
        Exception gone = await Assert.ThrowsAnyAsync<Exception>(() => SharedChannel.ConnectAsync(_name, options, _patience.Token));
        Assert.True(gone is SocketException or SharedChannelException { Error: SharedChannelError.HandshakeTimedOut }, gone.ToString());
        client.Producer.Write(5L);
        Assert.Equal(5, server.Consumer.Read<long>(_patience.Token));
    }

    [Fact]
    public async Task A_memory_without_rings_is_refused()
    {
        (HostSharedMemory memory, GuestSharedMemory guest) = ExclusiveSharedMemory.CreateShareable(8192).Build();
        using SafeHandle section = memory.DuplicateHandle();
        Assert.Equal(SharedChannelError.MemoryInvalid, await ErrorOfAsync(Hello(handle: (uint)section.DangerousGetHandle()), leaves: false));
        guest.Dispose();
        memory.Dispose();
    }

    [Fact]
    public async Task A_client_that_leaves_at_once_or_answers_wrongly_does_not_end_the_listener()
    {
        using SharedChannelListener listener = await SharedChannel.ListenAsync(_name);
        await using (var client = new NamedPipeClientStream(".", _name, PipeDirection.InOut, PipeOptions.Asynchronous))
        {
            await client.ConnectAsync(_patience.Token);
        }

        Assert.Equal(SharedChannelError.PeerGone, (await Assert.ThrowsAsync<SharedChannelException>(() => listener.AcceptAsync(_patience.Token))).Error);
        await using (var client = new NamedPipeClientStream(".", _name, PipeDirection.InOut, PipeOptions.Asynchronous))
        {
            Task<SharedChannel> accepting = listener.AcceptAsync(_patience.Token);
            await client.ConnectAsync(_patience.Token);
            await client.WriteAsync(Hello(ringSize: 4096), _patience.Token);
            Assert.Equal(SharedChannelError.SizesInvalid, (await Assert.ThrowsAsync<SharedChannelException>(() => accepting)).Error);
        }

        Task<SharedChannel> last = listener.AcceptAsync(_patience.Token);
        using SharedChannel connected = await SharedChannel.ConnectAsync(_name, cancellationToken: _patience.Token);
        using SharedChannel accepted = await last;
        connected.Producer.Write(5L);
        Assert.Equal(5, accepted.Consumer.Read<long>(_patience.Token));
    }

    private static byte[] Hello(uint version = 1, ulong ringSize = 4096, uint handle = 0) =>
        [.. "NubChan\0"u8, .. BitConverter.GetBytes(version), .. BitConverter.GetBytes(handle), .. BitConverter.GetBytes(ringSize)];

    /// <summary>How a connecting side answers a listening one that says this.</summary>
    private async Task<SharedChannelError> ErrorOfAsync(byte[] hello, bool leaves)
    {
        await using var server = new NamedPipeServerStream(
            _name, PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        var options = new SharedChannelOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(hello.Length == 0 ? 50 : 30_000) };
        Task<SharedChannel> connecting = SharedChannel.ConnectAsync(_name, options, _patience.Token);
        await server.WaitForConnectionAsync(_patience.Token);
        await server.WriteAsync(hello, _patience.Token);
        if (leaves)
        {
            await server.DisposeAsync();
        }

        return (await Assert.ThrowsAsync<SharedChannelException>(() => connecting)).Error;
    }
}
