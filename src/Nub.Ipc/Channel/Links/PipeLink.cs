using System.ComponentModel;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>
/// A named pipe of Windows. The hello names the memory's handle in the listening process, and the connecting one takes a duplicate: a handle that was put into a process by another
/// would be a number that the receiver cannot tell from those of its own handles.
/// </summary>
internal sealed class PipeLink : ChannelLink
{
    /// <summary>The bytes that a pipe takes before a writer waits: a hello and many wakes.</summary>
    public const int BufferSize = 4096;

    private static readonly byte[] s_wake = Once.Make(static () => new byte[] { 1 });

    private readonly PipeStream _pipe;
    private readonly Lock _gate = new();
    private readonly Action _onWritten;

    // The write of a byte that the pipe has not taken yet, and whether another was wanted since: the peer may have read that one before its end is told here.
    private ValueTaskAwaiter _write;
    private bool _writes;
    private bool _wantsAnother;

    public PipeLink(PipeStream pipe)
    {
        _pipe = pipe;
        _onWritten = OnWritten;
    }

    /// <summary>The name of a pipe, from a path: it has no separators in it.</summary>
    public static string NameOf(string path) => path.Replace('\\', '-').Replace('/', '-').Replace(':', '-');

    /// <summary>Connects to a peer that listens.</summary>
    /// <exception cref="SocketException">Nothing listens there, or another user does.</exception>
    public static new async Task<PipeLink> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        string name = NameOf(path);
        while (true)
        {
            var pipe = new NamedPipeClientStream(".", name, PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
            bool isConnected = false;
            try
            {
                // Tries for a millisecond; 0 would be as long as the listening side says.
                await pipe.ConnectAsync(1, cancellationToken).ConfigureAwait(false);
                isConnected = true;
                return new PipeLink(pipe);
            }
            catch (TimeoutException) when (PipeNative.WaitNamedPipe(@"\\.\pipe\" + name, 1) || Marshal.GetLastPInvokeError() != PipeNative.FileNotFound)
            {
                // There is such a pipe. All of its instances may be taken until the listener has made the next one.
            }
            catch (Exception e) when (e is TimeoutException or FileNotFoundException)
            {
                throw new SocketException((int)SocketError.ConnectionRefused);
            }
            catch (UnauthorizedAccessException)
            {
                throw new SocketException((int)SocketError.AccessDenied);
            }
            finally
            {
                if (!isConnected)
                {
                    await pipe.DisposeAsync().ConfigureAwait(false);
                }
            }

            await Task.Delay(1, cancellationToken).ConfigureAwait(false);
        }
    }

    public override PeerCredentials Peer
    {
        get
        {
            SafePipeHandle pipe = _pipe.SafePipeHandle;
            bool listens = _pipe is NamedPipeServerStream;
            if (listens && IsRemote(pipe))
            {
                throw new SharedChannelException(SharedChannelError.PeerRefused, "The peer connected over the network, which says of its process what it likes.");
            }

            return (listens ? PipeNative.GetNamedPipeClientProcessId(pipe, out uint process) : PipeNative.GetNamedPipeServerProcessId(pipe, out process))
                ? new PeerCredentials((int)process, PeerCredentials.Unknown, PeerCredentials.Unknown)
                : throw new SharedChannelException(SharedChannelError.PeerGone, "The system does not say who the peer is.", new Win32Exception(Marshal.GetLastPInvokeError()));
        }
    }

    public override async Task SendHelloAsync(ulong ringSize, SafeHandle? memory, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[ChannelHello.Layout.Size];

        // Of a handle of Windows 32 bits count.
        ChannelHello.Of(ringSize, memory is null ? 0 : (uint)memory.DangerousGetHandle()).WriteTo(bytes);
        try
        {
            await _pipe.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new SharedChannelException(SharedChannelError.PeerGone, "The peer has gone before the hello.", e);
        }
    }

    public override async Task<ChannelHello> ReceiveHelloAsync(CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[ChannelHello.Layout.Size];
        for (int count = 0; count < bytes.Length;)
        {
            int received = await _pipe.ReadAsync(bytes.AsMemory(count), cancellationToken).ConfigureAwait(false);
            count += received != 0 ? received : throw new SharedChannelException(SharedChannelError.PeerGone, $"The peer has gone after {count} bytes of a hello.");
        }

        return ChannelHello.ReadFrom(bytes);
    }

    /// <summary>Duplicates a section's handle of the peer. Whatever else the number stands for there, it is not mapped.</summary>
    public override SafeHandle TakeMemory(in ChannelHello hello)
    {
        using SafeProcessHandle process = PipeNative.OpenProcess(PipeNative.ProcessDupHandle, inherits: false, (uint)Peer.ProcessId);
        var section = new SafeMemoryMappedFileHandle();
        if (process.IsInvalid
            || !PipeNative.DuplicateHandle(process, (int)hello.Handle, PipeNative.CurrentProcess, out nint duplicate, PipeNative.SectionReadWrite, inherits: false, 0))
        {
            section.Dispose();
            var inner = new Win32Exception(Marshal.GetLastPInvokeError());
            throw new SharedChannelException(SharedChannelError.MemoryInvalid, $"The peer's memory, its handle {hello.Handle}, cannot be had: {inner.Message}", inner);
        }

        Marshal.InitHandle(section, duplicate);

        // A section of a file is as good as what the file lies on: a server that goes would end this process at its next access.
        if (PipeNative.NtQuerySection(section, 0, out PipeNative.SectionInformation information, PipeNative.SectionInformation.Size, 0) != 0
            || (information.Attributes & (PipeNative.SectionOfFile | PipeNative.SectionOfImage | PipeNative.SectionReserved)) != 0)
        {
            section.Dispose();
            throw new SharedChannelException(SharedChannelError.MemoryInvalid, $"The peer's handle {hello.Handle} is of no section, or of one that is not in memory.");
        }

        return section;
    }

    public override ValueTask<int> ReceiveHintsAsync(Memory<byte> buffer) => _pipe.ReadAsync(buffer);

    public override void Wake()
    {
        lock (_gate)
        {
            if (_writes)
            {
                _wantsAnother = true;
                return;
            }

            Write();
        }
    }

    public override void Dispose() => _pipe.Dispose();

    /// <summary>Whether a client is on another machine, or came as if it were.</summary>
    private static bool IsRemote(SafePipeHandle pipe)
    {
        try
        {
            return PipeNative.GetNamedPipeClientComputerName(pipe, new char[256], 512) || Marshal.GetLastPInvokeError() != PipeNative.PipeLocal;
        }
        catch (EntryPointNotFoundException)
        {
            // Wine has no such call, and no pipes but its own machine's.
            return false;
        }
    }

    /// <summary>Writes a byte, and goes on when the pipe has taken it. Under the gate.</summary>
    private void Write()
    {
        try
        {
#pragma warning disable CA2012 // Its result is taken once: below, or in OnWritten.
            ValueTaskAwaiter write = _pipe.WriteAsync(s_wake).GetAwaiter();
#pragma warning restore CA2012
            if (write.IsCompleted)
            {
                write.GetResult();
                return;
            }

            _write = write;
            _writes = true;
            write.UnsafeOnCompleted(_onWritten);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The peer has gone, or the channel was disposed meanwhile.
        }
    }

    private void OnWritten()
    {
        lock (_gate)
        {
            _writes = false;
            try
            {
                _write.GetResult();
            }
            catch (Exception e) when (IsEnd(e))
            {
                _wantsAnother = false;
            }

            if (_wantsAnother)
            {
                _wantsAnother = false;
                Write();
            }
        }
    }
}
