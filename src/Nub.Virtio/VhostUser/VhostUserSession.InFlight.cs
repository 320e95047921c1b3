using System.Runtime.InteropServices;

namespace Nub.Virtio;

// Requests in flight: recorded in memory that the front end keeps, and taken up again by the next back end.
internal sealed partial class VhostUserSession
{
    private InFlightMemory? _inFlight;

    private InFlightDescription InFlightRequest(int descriptors)
    {
        // C's padding at the end is sent by some and left out by others.
        if (_message.PayloadSize != InFlightDescription.SizeWithoutPadding)
        {
            _message.ExpectSize(InFlightDescription.Layout.Size);
        }

        _message.ExpectDescriptors(descriptors);
        Span<byte> bytes = stackalloc byte[InFlightDescription.Layout.Size];
        bytes.Clear();
        _message.Payload.CopyTo(bytes);
        var description = InFlightDescription.ReadFrom(bytes);
        if (description.QueueCount == 0 || description.QueueCount > _queues.Length)
        {
            throw _message.Refusal(VhostUserError.InFlightInvalid, $"{description.QueueCount} queues; the device has {_queues.Length}.", description.QueueCount, (ulong)_queues.Length);
        }

        if (description.QueueSize == 0 || description.QueueSize > _device.MaxQueueSize)
        {
            throw _message.Refusal(
                VhostUserError.InFlightInvalid, $"queues of {description.QueueSize} entries; the device takes 1 to {_device.MaxQueueSize}.", description.QueueSize, (ulong)_device.MaxQueueSize);
        }

        return description;
    }

    private bool GetInFlight()
    {
        InFlightDescription description = InFlightRequest(0);
        using var made = InFlightMemory.Create(description.QueueCount, description.QueueSize);
        description.MapSize = made.Memory.Size;
        description.MapOffset = 0;
        Span<byte> reply = stackalloc byte[InFlightDescription.Layout.Size];
        description.WriteTo(reply);
        using SafeHandle handle = made.DuplicateHandle();
        Reply(reply[.._message.PayloadSize], [handle]);
        return true;
    }

    private void SetInFlight()
    {
        InFlightDescription description = InFlightRequest(1);
        if (Array.Exists(_queues, queue => queue.IsRunning))
        {
            throw _message.Refusal(VhostUserError.OutOfOrder, "while rings run.");
        }

        InFlightMemory memory = InFlightMemory.Open(_message, description, _message.Peek(0), _connection.AllowUnsealed);

        // Rings that stand go on by these records.
        ForgetChains();
        _inFlight?.Dispose();
        _inFlight = memory;
    }

    /// <summary>Finds out where a ring goes on that has not run on this connection, from what the front end says and from what is recorded as in flight.</summary>
    private VirtQueuePosition Resume(VhostUserQueue queue, in VirtQueueLayout layout, out InFlightLog? log, out LostChain[] lost)
    {
        bool isPacked = Format == VirtQueueFormat.Packed;
        VirtQueuePosition position = queue.Position ?? FirstPosition(queue, layout);
        log = null;
        lost = [];
        if (_inFlight is not { } records || queue.Index >= records.QueueCount)
        {
            return position;
        }

        if (queue.Size > records.QueueSize || !records.HasRoom(Format))
        {
            throw _message.Refusal(
                VhostUserError.InFlightInvalid, $"ring {queue.Index} has {queue.Size} entries, and {Format} records are kept for {records.QueueSize} in {records.Memory.Size} bytes.", queue.Size, (ulong)records.QueueSize);
        }

        ulong offset = records.OffsetOf(queue.Index, Format);
        return (isPacked ? TryResumePacked(records, offset, layout, ref position, out log, out lost) : TryResumeSplit(records, offset, ref position, out log, out lost)) ? position
            : throw _message.Refusal(VhostUserError.InFlightInvalid, $"the records of ring {queue.Index} say what cannot be.", (ulong)queue.Index);
    }

    private static bool TryResumeSplit(InFlightMemory records, ulong offset, ref VirtQueuePosition position, out InFlightLog? log, out LostChain[] lost)
    {
        bool isRight = SplitInFlightLog.TryResume(records.Memory, offset, records.QueueSize, position.Used, out SplitInFlightLog resumed, out LostChain[]? recorded);
        log = resumed;
        lost = recorded ?? [];
        if (recorded is not null)
        {
            // Everything that was taken was either returned or is recorded. What the front end says may be older: of a back end that dies it looks at the used ring before that has returned the last request.
            position = position with { Available = (ushort)(position.Used + recorded.Length) };
        }

        return isRight;
    }

    private bool TryResumePacked(
        InFlightMemory records, ulong offset, in VirtQueueLayout layout, ref VirtQueuePosition position, out InFlightLog? log, out LostChain[] lost)
    {
        ulong ring = layout.DescriptorArea;
        bool isRight = PackedInFlightLog.TryResume(
            records.Memory, offset, records.QueueSize, layout.Size, position, ReadFlags, out PackedInFlightLog resumed, out LostChain[]? recorded);
        log = resumed;
        lost = recorded ?? [];
        if (recorded is not null)
        {
            // The front end cannot know where a ring stands whose back end died: the records do.
            (ushort used, bool wrap) = resumed.UsedPosition;
            int available = used + recorded.Sum(chain => chain.Descriptors.Length);
            bool isNextLap = available >= layout.Size;
            position = new VirtQueuePosition((ushort)(isNextLap ? available - (int)layout.Size : available), used, wrap ^ isNextLap, wrap);
        }

        return isRight;

        ushort ReadFlags(ushort index)
        {
            const ulong flagsOffset = 14;
            _ = _memory.Space.TryRead(ring + (index * (ulong)DescriptorFlags.Size) + flagsOffset, out ushort flags);
            return flags;
        }
    }
}
