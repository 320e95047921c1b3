using System.ComponentModel;
using System.Diagnostics;

namespace Nub.Virtio;

// The rings: what the front end says of each in any order, and when one can start.
internal sealed partial class VhostUserSession
{
    /// <summary>In messages that carry an event: the payload's bits for the ring, and the one that says that no descriptor comes.</summary>
    private const ulong IndexMask = 0xFF;
    private const ulong NoDescriptor = 1 << 8;

    private bool HandleVring()
    {
        switch (_message.Request)
        {
            case VhostUserRequest.SetVringSize:
                SetSize();
                return false;
            case VhostUserRequest.SetVringAddresses:
                SetAddresses();
                return false;
            case VhostUserRequest.SetVringBase:
                SetBase();
                return false;
            case VhostUserRequest.GetVringBase:
                return GetBase();
            case VhostUserRequest.SetVringKick:
                {
                    VhostUserQueue queue = EventQueue(out EventFile? kick);
                    Stop(queue);
                    queue.SetKick(kick);
                    Start(queue);
                    return false;
                }

            case VhostUserRequest.SetVringCall:
                EventQueue(out EventFile? call).SetCall(call);
                return false;
            case VhostUserRequest.SetVringError:
                EventQueue(out EventFile? error).SetError(error);
                return false;
            case VhostUserRequest.SetVringEnable:
                Enable();
                return false;
            default:
                throw _message.Refusal(VhostUserError.RequestUnknown, "this back end does not offer it.", (ulong)_message.Request);
        }
    }

    private void SetSize()
    {
        VhostUserQueue queue = IdleQueue(out VringState state);
        uint most = (uint)Math.Min(_device.MaxQueueSize, (int)VirtQueue.MaxSize);
        if (state.Value == 0 || state.Value > most)
        {
            throw _message.Refusal(VhostUserError.QueueSizeInvalid, $"ring {state.Index} of {state.Value} entries; the device takes 1 to {most}.", state.Value, most);
        }

        queue.Size = state.Value;
        Start(queue);
    }

    private void SetBase()
    {
        Expect(VringState.Layout.Size, 0);
        var state = VringState.ReadFrom(_message.Payload);
        VhostUserQueue queue = Queue(state.Index);
        Stop(queue);
        if (queue.Position is { } position && queue.HasKick && position.ToVringBase(Format) is var stands && stands != queue.Base && stands != state.Value)
        {
            // A ring that runs may be told where it stands, which is all that can be said of it before its first request.
            throw _message.Refusal(VhostUserError.OutOfOrder, $"ring {state.Index} is running, and has come from {queue.Base} to {stands}.", state.Value, stands);
        }

        queue.SetBase(state.Value, Format);
        Start(queue);
    }

    private void SetAddresses()
    {
        Expect(VringAddresses.Layout.Size, 0);
        var addresses = VringAddresses.ReadFrom(_message.Payload);
        VhostUserQueue queue = Queue(addresses.Index);
        if ((addresses.Flags & ~VringAddresses.LogWrites) != 0)
        {
            throw _message.Refusal(VhostUserError.ValueInvalid, $"flags 0x{addresses.Flags:X} of ring {addresses.Index}.", addresses.Flags, VringAddresses.LogWrites);
        }

        bool isSame = queue.Addresses is { } old && old.Descriptors == addresses.Descriptors && old.Available == addresses.Available && old.Used == addresses.Used;
        if (!isSame)
        {
            Stop(queue);
        }

        queue.Addresses = addresses;
        if (queue.Size != 0 && _features is not null && !_memory.IsEmpty)
        {
            // Judged as soon as it can be: here a front end that waits for an acknowledgement can be told.
            _ = Translate(queue);
        }

        Start(queue);
    }

    private bool GetBase()
    {
        Expect(VringState.Layout.Size, 0);
        var state = VringState.ReadFrom(_message.Payload);
        VhostUserQueue queue = Queue(state.Index);

        if (IsInMemory(queue))
        {
            // Requests are to be completed before the answer: the front end may give it to another back end.
            RunThread(queue, one => one.Drain(_device, Failed));
        }

        Stop(queue);
        queue.ForgetWhatIsTakenAgain();
        queue.ClearKick();
        FlushLog();
        state.Value = queue.Position?.ToVringBase(Format) ?? queue.Base;
        Span<byte> reply = stackalloc byte[VringState.Layout.Size];
        state.WriteTo(reply);
        Reply(reply, []);
        return true;
    }

    private void Enable()
    {
        Expect(VringState.Layout.Size, 0);
        var state = VringState.ReadFrom(_message.Payload);
        VhostUserQueue queue = Queue(state.Index);
        if (_features is not null && (Features & ProtocolFeaturesBit) == 0)
        {
            throw _message.Refusal(VhostUserError.OutOfOrder, "protocol features were not negotiated: rings are enabled as they start.", state.Index);
        }

        if (state.Value > 1)
        {
            throw _message.Refusal(VhostUserError.ValueInvalid, $"{state.Value} to enable ring {state.Index}; 0 or 1.", state.Value, 1);
        }

        queue.IsEnabled = state.Value == 1;
        if (!queue.IsEnabled)
        {
            Stop(queue);
        }

        Start(queue);
    }

    private void StopQueues() => EndQueues(Stop);

    /// <summary>Has no ring run until <see cref="ResumeQueues"/>, with the queues as they are.</summary>
    private void PauseQueues() => EndQueues((queue, patience) => ExpectEnd(queue, queue.Pause(patience)));

    private void ResumeQueues()
    {
        foreach (VhostUserQueue queue in _queues)
        {
            RunThread(queue, one => one.Resume(_device, Failed));
        }
    }

    /// <summary>Ends all rings, which have one time together: a device that hangs in each of a thousand must not keep the next front end waiting for hours.</summary>
    private void EndQueues(Action<VhostUserQueue, TimeSpan> end)
    {
        foreach (VhostUserQueue queue in _queues)
        {
            queue.BeginStop();
        }

        long begun = Stopwatch.GetTimestamp();
        foreach (VhostUserQueue queue in _queues)
        {
            TimeSpan left = VhostUserQueue.StopPatience - Stopwatch.GetElapsedTime(begun);
            end(queue, left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    private void StartQueues()
    {
        foreach (VhostUserQueue queue in _queues)
        {
            Start(queue);
        }
    }

    /// <summary>Starts a ring for which everything has been said.</summary>
    private void Start(VhostUserQueue queue)
    {
        if (queue.IsRunning || !queue.IsComplete || _features is null || _memory.IsEmpty || (!queue.IsEnabled && (Features & ProtocolFeaturesBit) != 0))
        {
            return;
        }

        VirtQueueLayout layout = Translate(queue);
        VirtQueue goesOn = (_activated == DriverFeatures ? queue.KeptAt(layout) : null) ?? Create(queue, layout);
        Activate();
        RunThread(queue, one => one.Start(_device, goesOn, Failed));
    }

    private VirtQueue Create(VhostUserQueue queue, in VirtQueueLayout layout)
    {
        VirtQueuePosition position = Resume(queue, layout, out InFlightLog? log, out LostChain[] lost);
        if (!VirtQueue.TryCreate(_memory.Space, layout, (VirtioFeatures)Features, position, out VirtQueue? created, out VirtQueueError error))
        {
            throw _message.Refusal(
                error is VirtQueueError.AreaNotMapped ? VhostUserError.RingOutsideMemory
                    : error is VirtQueueError.SizeInvalid ? VhostUserError.QueueSizeInvalid
                    : VhostUserError.RingInvalid,
                $"ring {queue.Index} cannot be set up: {error}; {layout}, {position}.", (ulong)error);
        }

        if (log is not null)
        {
            created.Record(log, lost);
        }

        return created;
    }

    private void RunThread(VhostUserQueue queue, Action<VhostUserQueue> run)
    {
        try
        {
            run(queue);
        }
        catch (Win32Exception e)
        {
            throw _message.Refusal(VhostUserError.DescriptorKindInvalid, $"ring {queue.Index} cannot wait for its kick: {e.Message}", inner: e);
        }
    }

    private void Stop(VhostUserQueue queue) => Stop(queue, VhostUserQueue.StopPatience);

    private void Stop(VhostUserQueue queue, TimeSpan patience) => ExpectEnd(queue, queue.Stop(patience));

    private void ExpectEnd(VhostUserQueue queue, bool hasEnded)
    {
        if (!hasEnded)
        {
            throw _message.Refusal(VhostUserError.OutOfOrder, $"the device does not come back from ring {queue.Index}.", (ulong)queue.Index);
        }
    }

    /// <summary>Where a ring goes on that has not run on this connection.</summary>
    private VirtQueuePosition FirstPosition(VhostUserQueue queue, in VirtQueueLayout layout)
    {
        var position = VirtQueuePosition.FromVringBase(queue.Base, Format);

        // A split ring's base is what was taken; what was returned stands in the used ring, which only a device writes (virtio 1.2, section 2.7.8).
        const ulong indexOffset = 2;
        if (Format != VirtQueueFormat.Split || !_memory.Space.TryRead(layout.DeviceArea + indexOffset, out ushort used))
        {
            return position;
        }

        // Of a back end that dies, a front end takes the used ring's index for the base, and that may return one more request afterwards: what was returned was taken.
        bool isBehind = (ushort)(position.Available - used) > queue.Size;
        return new VirtQueuePosition(isBehind ? used : position.Available, used);
    }

    /// <summary>The guest addresses of a ring, each part of which must be within one region.</summary>
    private VirtQueueLayout Translate(VhostUserQueue queue)
    {
        VringAddresses addresses = queue.Addresses!.Value;
        bool isPacked = Format == VirtQueueFormat.Packed;

        // Virtio 1.2, sections 2.7 and 2.8; the event fields at the ends of the split rings belong to them.
        ulong descriptors = Translate(queue, "descriptors", addresses.Descriptors, 16ul * queue.Size);
        ulong driver = Translate(queue, "available ring", addresses.Available, isPacked ? 4 : 6 + (2ul * queue.Size));
        ulong device = Translate(queue, "used ring", addresses.Used, isPacked ? 4 : 6 + (8ul * queue.Size));
        return new VirtQueueLayout(queue.Size, descriptors, driver, device);
    }

    private ulong Translate(VhostUserQueue queue, string part, ulong userAddress, ulong length) => _memory.TryTranslate(userAddress, length, out ulong guestAddress)
        ? guestAddress
        : throw _message.Refusal(
            VhostUserError.RingOutsideMemory, $"the {part} of ring {queue.Index}, {length} bytes at user address 0x{userAddress:X}, are in no region.", userAddress);

    private VhostUserQueue Queue(uint index) => index < (uint)_queues.Length
        ? _queues[index]
        : throw _message.Refusal(VhostUserError.QueueIndexInvalid, $"ring {index}; the device has {_queues.Length}.", index, (ulong)_queues.Length - 1);

    /// <summary>The ring that a number is for, which must not run.</summary>
    private VhostUserQueue IdleQueue(out VringState state)
    {
        Expect(VringState.Layout.Size, 0);
        state = VringState.ReadFrom(_message.Payload);
        VhostUserQueue queue = Queue(state.Index);
        return !queue.IsRunning ? queue
            : throw _message.Refusal(VhostUserError.OutOfOrder, $"ring {state.Index} is running.", state.Index);
    }

    /// <summary>The ring that an event is for.</summary>
    /// <param name="received">The event; <see langword="null"/> where the message says that there is none. The caller's to dispose.</param>
    private VhostUserQueue EventQueue(out EventFile? received)
    {
        _message.ExpectSize(sizeof(ulong));
        ulong value = BitConverter.ToUInt64(_message.Payload);
        if ((value & ~(IndexMask | NoDescriptor)) != 0)
        {
            throw _message.Refusal(VhostUserError.ValueInvalid, $"0x{value:X} for a ring's event.", value, IndexMask | NoDescriptor);
        }

        VhostUserQueue queue = Queue((uint)(value & IndexMask));
        bool hasDescriptor = (value & NoDescriptor) == 0;
        _message.ExpectDescriptors(hasDescriptor ? 1 : 0);
        received = hasDescriptor ? TakeEvent(0) : null;
        return queue;
    }

    /// <summary>Called on the ring's thread, which then ends: the ring stands still until the front end sets it up again.</summary>
    private void Failed(int index, VirtQueueError error, Exception? exception)
    {
        _queues[index].Failure = new QueueFailure(error, exception);
        try
        {
            _queues[index].Error?.Signal();
        }
        catch (ObjectDisposedException)
        {
            // The front end has just replaced it, and looks at the ring anyway.
        }

        _connection.ReportQueueFailed(index, error, exception);
    }
}
