using System.IO.Pipes;
using System.Net.Sockets;

namespace Nub.Ipc;

/// <summary>A named pipe of Windows at which peers of the same user connect. One instance of it always waits for the next.</summary>
internal sealed class PipeListener : LinkListener
{
    private readonly string _name;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _gate = new();

    // The instance that waits; null where none could be made, until the next accept.
    private NamedPipeServerStream? _next;
    private bool _disposed;

    public PipeListener(string path)
    {
        _name = PipeLink.NameOf(path);
        try
        {
            _next = Create(PipeOptions.FirstPipeInstance);
        }
        catch (UnauthorizedAccessException)
        {
            // As a socket's path that is there.
            throw new SocketException((int)SocketError.AddressAlreadyInUse);
        }
        catch (IOException)
        {
            throw new SocketException((int)SocketError.AddressNotAvailable);
        }
    }

    public override async Task<ChannelLink> AcceptAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        NamedPipeServerStream? came = null;
        try
        {
            NamedPipeServerStream pipe = Waiting();
            try
            {
                await pipe.WaitForConnectionAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // Either the listener was disposed, or a peer came before this and has gone already.
                Replace();
                await pipe.DisposeAsync().ConfigureAwait(false);
                throw new SharedChannelException(SharedChannelError.PeerGone, "The peer has gone before it was spoken to.", e);
            }

            came = pipe;
            Replace();
            return new PipeLink(pipe);
        }
        catch
        {
            came?.Dispose();
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    public override void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _next?.Dispose();
        }
    }

    private NamedPipeServerStream Waiting()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SharedChannelListener));
            return _next ??= CreateNext();
        }
    }

    private NamedPipeServerStream CreateNext()
    {
        try
        {
            return Create(PipeOptions.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SharedChannelException(SharedChannelError.NotAChannel, $"No further instance of the pipe can be made: {e.Message}", e);
        }
    }

    /// <summary>Makes the next instance before the last one is given away: a peer that finds none takes it that nothing listens.</summary>
    private void Replace()
    {
        lock (_gate)
        {
            _next = null;
            ObjectDisposedException.ThrowIf(_disposed, typeof(SharedChannelListener));
            try
            {
                _next = CreateNext();
            }
            catch (SharedChannelException)
            {
                // Too many instances, or no memory: the next accept tries again.
            }
        }
    }

    private NamedPipeServerStream Create(PipeOptions options) => new(
        _name, PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte,
        options | PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly, PipeLink.BufferSize, PipeLink.BufferSize);
}
