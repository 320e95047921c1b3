using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Nub.Memory;

namespace Nub.Virtio;

/// <summary>
/// One front end's connection: reads its messages one after another, judges each, and does what it says. What the front end has set up lives as long as the
/// connection.
/// </summary>
internal sealed partial class VhostUserSession : IDisposable
{
    /// <summary>VHOST_USER_F_PROTOCOL_FEATURES: the front end knows protocol features, and enables rings by a message.</summary>
    public const ulong ProtocolFeaturesBit = 1ul << 30;

    /// <summary>VHOST_F_LOG_ALL: the device logs the pages that it writes.</summary>
    public const ulong LogAllBit = 1ul << 26;

    /// <summary>The protocol features that this back end offers.</summary>
    public const VhostUserProtocolFeatures OfferedProtocolFeatures =
        VhostUserProtocolFeatures.MultipleQueues | VhostUserProtocolFeatures.LogSharedMemory | VhostUserProtocolFeatures.ReplyAcknowledge |
        VhostUserProtocolFeatures.BackendRequests | VhostUserProtocolFeatures.Configuration | VhostUserProtocolFeatures.InFlightSharedMemory |
        VhostUserProtocolFeatures.ResetDevice | VhostUserProtocolFeatures.ConfigureMemorySlots;

    /// <summary>The most rings, which is what a message that carries an event can number.</summary>
    private const int MaxQueues = (int)IndexMask + 1;

    private readonly Socket _socket;
    private readonly VirtioDevice _device;
    private readonly VhostUserConnection _connection;
    private readonly MessageReader _message;
    private readonly VhostUserQueue[] _queues;
    private readonly FrontEndMemory _memory;
    private readonly byte[] _reply = new byte[MessageHeader.Layout.Size + MessageReader.MaxPayload];
    private ulong? _features;
    private ulong? _activated;

    public VhostUserSession(Socket socket, VirtioDevice device, ulong offeredFeatures, VhostUserConnection connection)
    {
        _socket = socket;
        _device = device;
        _connection = connection;
        _message = new MessageReader(socket);
        _memory = new FrontEndMemory(connection.AllowUnsealed);
        _queues = [.. Enumerable.Range(0, Math.Min(device.QueueCount, MaxQueues)).Select(index => new VhostUserQueue(index))];
        OfferedFeatures = offeredFeatures | ProtocolFeaturesBit | LogAllBit;
        _device.WorkArrived += Wake;
        _device.ConfigurationChanged += TellConfigurationChanged;
    }

    /// <summary>The feature bits that the front end may choose from.</summary>
    public ulong OfferedFeatures { get; }

    private VhostUserProtocolFeatures ProtocolFeatures { get; set; }

    private VirtQueueFormat Format => (Features & (ulong)VirtioFeatures.RingPacked) != 0 ? VirtQueueFormat.Packed : VirtQueueFormat.Split;

    private ulong Features => _features ?? 0;

    /// <summary>The features without those between the front end and this back end.</summary>
    private ulong DriverFeatures => Features & ~(ProtocolFeaturesBit | LogAllBit);

    /// <summary>How the queues fare. From any thread.</summary>
    public VirtioHealth Health => new(hasDriver: true, _queues.Select(static queue => (queue.IsRunning, queue.Failure)));

    /// <summary>Serves the front end until it goes.</summary>
    /// <exception cref="VhostUserException">It broke a rule. Where it waited for an acknowledgement, it was told so.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public void Run()
    {
        while (_message.TryRead())
        {
            try
            {
                if (!Handle() && _message.NeedsReply && Has(VhostUserProtocolFeatures.ReplyAcknowledge))
                {
                    Reply(0);
                }
            }
            catch (VhostUserException)
            {
                if (_message.NeedsReply && Has(VhostUserProtocolFeatures.ReplyAcknowledge))
                {
                    TryRefuse();
                }

                throw;
            }
        }
    }

    private void TryRefuse()
    {
        try
        {
            Reply(1);
        }
        catch (SocketException)
        {
            // It asked, and does not listen. The rule that it broke is why the connection ends.
        }
    }

    private void Wake(VirtioDevice device, int queueIndex)
    {
        if ((uint)queueIndex < (uint)_queues.Length)
        {
            _queues[queueIndex].Wake();
        }
    }

    /// <summary>Stops everything and lets go of all that the front end sent.</summary>
    public void Dispose()
    {
        _device.WorkArrived -= Wake;
        _device.ConfigurationChanged -= TellConfigurationChanged;
        EndQueues(static (queue, patience) => queue.Dispose(patience));
        try
        {
            Deactivate();
        }
        finally
        {
            // Whatever the device throws: the front end waits for the connection to be closed.
            EndLog();
            _logEvent?.Dispose();
            _inFlight?.Dispose();
            _backendRequests?.Dispose();
            _memory.Dispose();
            _message.Dispose();
            _socket.Dispose();
        }
    }

    /// <summary>Does what the message says.</summary>
    /// <returns>Whether it has a reply of its own, and was sent that.</returns>
    private bool Handle()
    {
        switch (_message.Request)
        {
            case VhostUserRequest.GetFeatures:
                return Get(OfferedFeatures);
            case VhostUserRequest.SetFeatures:
                SetFeatures(Value());
                return false;
            case VhostUserRequest.GetProtocolFeatures:
                return Get((ulong)OfferedProtocolFeatures);
            case VhostUserRequest.SetProtocolFeatures:
                SetProtocolFeatures(Value());
                return false;
            case VhostUserRequest.SetOwner:
                Expect(0, 0);
                return false;
            case VhostUserRequest.ResetOwner:
                Expect(0, 0);
                DisableQueues();
                return false;
            case VhostUserRequest.ResetDevice:
                Require(VhostUserProtocolFeatures.ResetDevice);
                Expect(0, 0);
                ResetDevice();
                return false;
            case VhostUserRequest.GetQueueCount:
                Require(VhostUserProtocolFeatures.MultipleQueues);
                return Get((ulong)_queues.Length);
            case VhostUserRequest.GetConfiguration or VhostUserRequest.SetConfiguration:
                Require(VhostUserProtocolFeatures.Configuration);
                return AccessConfiguration();
            case VhostUserRequest.SetBackendRequests:
                Require(VhostUserProtocolFeatures.BackendRequests);
                SetBackendRequests();
                return false;
            case VhostUserRequest.SetMemoryTable or VhostUserRequest.AddMemoryRegion or VhostUserRequest.RemoveMemoryRegion:
                ChangeMemory();
                return false;
            case VhostUserRequest.GetMaxMemorySlots:
                Require(VhostUserProtocolFeatures.ConfigureMemorySlots);
                return Get(FrontEndMemory.MaxRegions);
            case VhostUserRequest.SetLogBase:
                return SetLogBase();
            case VhostUserRequest.SetLogEvent:
                SetLogEvent();
                return false;
            case VhostUserRequest.GetInFlight:
                Require(VhostUserProtocolFeatures.InFlightSharedMemory);
                return GetInFlight();
            case VhostUserRequest.SetInFlight:
                Require(VhostUserProtocolFeatures.InFlightSharedMemory);
                SetInFlight();
                return false;
            default:
                return HandleVring();
        }
    }

    private void SetFeatures(ulong features)
    {
        ulong unknown = features & ~OfferedFeatures;
        if (unknown != 0)
        {
            throw _message.Refusal(VhostUserError.FeaturesInvalid, $"feature bits 0x{unknown:X} were not offered.", features, OfferedFeatures);
        }

        if (_features is { } old && Array.Exists(_queues, queue => queue.IsRunning) && ((old ^ features) & ~LogAllBit) != 0)
        {
            throw _message.Refusal(VhostUserError.OutOfOrder, $"features become 0x{features:X} from 0x{old:X} while rings run.", features, old);
        }

        if (((Features ^ features) & LogAllBit) != 0)
        {
            // A request that began before the logging would not be in the log.
            PauseQueues();
        }

        _features = features;
        _connection.Features = features;
        UpdateLog();
        ResumeQueues();
        StartQueues();
    }

    private void SetProtocolFeatures(ulong features)
    {
        ulong unknown = features & ~(ulong)OfferedProtocolFeatures;
        if (unknown != 0)
        {
            throw _message.Refusal(
                VhostUserError.ProtocolFeaturesInvalid, $"protocol feature bits 0x{unknown:X} were not offered.", features, (ulong)OfferedProtocolFeatures);
        }

        ProtocolFeatures = (VhostUserProtocolFeatures)features;
        _connection.ProtocolFeatures = ProtocolFeatures;
    }

    private void DisableQueues()
    {
        foreach (VhostUserQueue queue in _queues)
        {
            Stop(queue);
            queue.IsEnabled = false;
        }
    }

    private void ResetDevice()
    {
        foreach (VhostUserQueue queue in _queues)
        {
            Stop(queue);
            queue.Clear();
        }

        Deactivate();
    }

    private void Activate()
    {
        ulong features = DriverFeatures;
        if (_activated != features)
        {
            Deactivate();
            _device.Activate(features);
            _activated = features;
            _connection.ReportNegotiated();
        }
    }

    private void Deactivate()
    {
        if (_activated is not null)
        {
            _activated = null;
            ForgetChains();
            _device.Reset();
        }
    }

    /// <summary>What the device has in hand of rings that stand has no effect from now on.</summary>
    private void ForgetChains()
    {
        foreach (VhostUserQueue queue in _queues)
        {
            queue.Forget();
        }
    }

    private bool Has(VhostUserProtocolFeatures feature) => (ProtocolFeatures & feature) != 0;

    private void Require(VhostUserProtocolFeatures feature)
    {
        if (!Has(feature))
        {
            throw _message.Refusal(VhostUserError.OutOfOrder, $"the protocol feature {feature} was not negotiated.", (ulong)feature);
        }
    }

    private void Expect(int size, int descriptors)
    {
        _message.ExpectSize(size);
        _message.ExpectDescriptors(descriptors);
    }

    /// <summary>The message's only number.</summary>
    private ulong Value()
    {
        Expect(sizeof(ulong), 0);
        return BitConverter.ToUInt64(_message.Payload);
    }

    private bool Get(ulong value)
    {
        Expect(0, 0);
        Reply(value);
        return true;
    }

    private void Reply(ulong value)
    {
        Span<byte> payload = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(payload, value);
        Reply(payload, []);
    }

    /// <summary>Answers the message with its own number.</summary>
    private void Reply(ReadOnlySpan<byte> payload, ReadOnlySpan<System.Runtime.InteropServices.SafeHandle> handles)
    {
        var header = new MessageHeader { Request = (uint)_message.Request, Flags = MessageHeader.Version | MessageHeader.Reply, Size = (uint)payload.Length };
        header.WriteTo(_reply);
        payload.CopyTo(_reply.AsSpan(MessageHeader.Layout.Size));
        int length = MessageHeader.Layout.Size + payload.Length;
        if (SocketHandles.Send(_socket, _reply.AsSpan(0, length), handles) != length)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }

    /// <summary>Takes a descriptor of the message for an event.</summary>
    private EventFile TakeEvent(int index)
    {
        SafeFileHandle handle = _message.Take(index);
        EventFile? taken = EventFile.TryAdopt(handle);
        if (taken is null)
        {
            handle.Dispose();
            throw _message.Refusal(VhostUserError.DescriptorKindInvalid, "the descriptor is no eventfd.");
        }

        return taken;
    }
}
