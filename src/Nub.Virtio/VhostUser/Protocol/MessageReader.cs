using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// Reads one message after another from a front end's socket, into memory of its own: a header, a payload of at most <see cref="MaxPayload"/> bytes, and
/// at most <see cref="MaxDescriptors"/> descriptors, which are closed with the next message unless they were taken.
/// </summary>
internal sealed class MessageReader(Socket socket) : IDisposable
{
    /// <summary>The most descriptors of any message: one for each region of a table.</summary>
    public const int MaxDescriptors = 8;

    /// <summary>The largest payload of any message: an access to the configuration space. A table of eight regions has 264 bytes.</summary>
    public const int MaxPayload = ConfigurationAccess.Layout.Size + (int)ConfigurationAccess.MaxSize;

    private readonly byte[] _header = new byte[MessageHeader.Layout.Size];
    private readonly byte[] _payload = new byte[MaxPayload];
    private readonly SafeFileHandle?[] _handles = new SafeFileHandle?[MaxDescriptors];

    public VhostUserRequest Request { get; private set; }

    /// <summary>Whether the front end waits for an answer, where that was negotiated.</summary>
    public bool NeedsReply { get; private set; }

    public ReadOnlySpan<byte> Payload => _payload.AsSpan(0, PayloadSize);

    public int PayloadSize { get; private set; }

    public int DescriptorCount { get; private set; }

    /// <summary>Waits for the next message.</summary>
    /// <returns>Whether there was one: false where the front end has closed the connection between two.</returns>
    /// <exception cref="VhostUserException">The message is none.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public bool TryRead()
    {
        CloseDescriptors();
        Request = VhostUserRequest.None;
        PayloadSize = 0;
        NeedsReply = false;
        int count = Fill(_header);
        if (count == 0)
        {
            return false;
        }

        MessageHeader header = MessageHeader.ReadFrom(_header);
        if (count < _header.Length)
        {
            throw Refusal(VhostUserError.Truncated, $"the connection ended {count} bytes into a header of {_header.Length}.", (ulong)count, (ulong)_header.Length);
        }

        Request = (VhostUserRequest)header.Request;
        if ((header.Flags & MessageHeader.VersionMask) != MessageHeader.Version)
        {
            throw Refusal(VhostUserError.VersionInvalid, $"version {header.Flags & MessageHeader.VersionMask} of the protocol; this is {MessageHeader.Version}.",
                header.Flags & MessageHeader.VersionMask, MessageHeader.Version);
        }

        if ((header.Flags & MessageHeader.Reply) != 0)
        {
            throw Refusal(VhostUserError.FlagsInvalid, "a request that calls itself a reply.", header.Flags);
        }

        NeedsReply = (header.Flags & MessageHeader.NeedReply) != 0;
        if (header.Size > MaxPayload)
        {
            throw Refusal(VhostUserError.SizeInvalid, $"a payload of {header.Size} bytes; none has more than {MaxPayload}.", header.Size, MaxPayload);
        }

        Span<byte> payload = _payload.AsSpan(0, (int)header.Size);
        int filled = Fill(payload);
        PayloadSize = filled;
        return filled == payload.Length ? true
            : throw Refusal(VhostUserError.Truncated, $"the connection ended {filled} bytes into a payload of {payload.Length}.", (ulong)filled, header.Size);
    }

    /// <summary>A descriptor of the message, the caller's to dispose from now on.</summary>
    public SafeFileHandle Take(int index)
    {
        SafeFileHandle handle = _handles[index] ?? throw new InvalidOperationException("The descriptor was taken before.");
        _handles[index] = null;
        return handle;
    }

    /// <summary>A descriptor of the message, which stays the message's.</summary>
    public SafeFileHandle Peek(int index) => _handles[index] ?? throw new InvalidOperationException("The descriptor was taken before.");

    /// <summary>Checks that the payload has the request's one size.</summary>
    public void ExpectSize(int size)
    {
        if (PayloadSize != size)
        {
            throw Refusal(VhostUserError.SizeInvalid, $"a payload of {PayloadSize} bytes; it has {size}.", (ulong)PayloadSize, (ulong)size);
        }
    }

    /// <summary>Checks that the message has as many descriptors as it takes.</summary>
    public void ExpectDescriptors(int count)
    {
        if (DescriptorCount != count)
        {
            throw Refusal(VhostUserError.DescriptorCountInvalid, $"{DescriptorCount} descriptors; it takes {count}.", (ulong)DescriptorCount, (ulong)count);
        }
    }

    public VhostUserException Refusal(VhostUserError error, string message, ulong value = 0, ulong limit = 0, Exception? inner = null) =>
        new(error, Request, message, value, limit, inner);

    /// <summary>Maps a file of the front end's, after finding out what it is: accesses survive an owner who shortens it, and what the front end may serve itself is refused.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where in it the memory begins, in bytes.</param>
    /// <param name="size">How many bytes there are.</param>
    /// <param name="allowUnsealed">As <see cref="VhostUserBackend.AllowUnsealed"/>.</param>
    /// <param name="what">What the memory is, for a refusal's message.</param>
    /// <param name="error">The refusal where it cannot be mapped.</param>
    /// <param name="beyondFile">The refusal where the file ends before.</param>
    /// <exception cref="VhostUserException">It cannot be mapped.</exception>
    public HostSharedMemory OpenMemory(SafeFileHandle file, ulong offset, ulong size, bool allowUnsealed, string what, VhostUserError error, VhostUserError beyondFile)
    {
        try
        {
            return HostSharedMemory.Open(file, offset, size, allowUnsealed: allowUnsealed);
        }
        catch (SharedMemoryBoundsException e)
        {
            throw Refusal(beyondFile, $"{what} is {size} bytes at {offset} of a file of {e.MemorySize}.", size, e.MemorySize, e);
        }
        catch (Exception e) when (e is SharedMemoryException or ArgumentException or NotSupportedException or IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            throw Refusal(error, $"{what} of {size} bytes cannot be mapped: {e.Message}", size, inner: e);
        }
    }

    public void Dispose() => CloseDescriptors();

    /// <summary>Receives until a buffer is full or the connection ends; descriptors may come with any of its bytes.</summary>
    private int Fill(Span<byte> buffer)
    {
        int count = 0;
        while (count < buffer.Length)
        {
            SocketHandlesResult received = SocketHandles.Receive(socket, buffer[count..], _handles.AsSpan(DescriptorCount));
            DescriptorCount += received.HandleCount;
            if ((received.Flags & SocketFlags.ControlDataTruncated) != 0)
            {
                throw Refusal(VhostUserError.DescriptorCountInvalid, $"more descriptors than {MaxDescriptors}, or than this process may open.", MaxDescriptors + 1, MaxDescriptors);
            }

            if (received.ByteCount == 0)
            {
                break;
            }

            count += received.ByteCount;
        }

        return count;
    }

    private void CloseDescriptors()
    {
        foreach (ref SafeFileHandle? handle in _handles.AsSpan())
        {
            handle?.Dispose();
            handle = null;
        }

        DescriptorCount = 0;
    }
}
