using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio;

// The guest's memory, the log of what was written to it, and the configuration space.
internal sealed partial class VhostUserSession
{
    private WriteLog? _log;
    private EventFile? _logEvent;
    private SafeFileHandle? _backendRequests;

    private void TellConfigurationChanged(object? sender, EventArgs e)
    {
        if (Volatile.Read(ref _backendRequests) is { } channel)
        {
            BackendRequest.SendConfigurationChanged(channel);
        }
    }

    /// <summary>Changes the memory while no ring runs, and lets those run on whose rings are still there.</summary>
    private void ChangeMemory()
    {
        if (_message.Request != VhostUserRequest.SetMemoryTable)
        {
            Require(VhostUserProtocolFeatures.ConfigureMemorySlots);
        }

        StopQueues();
        FlushLog();
        switch (_message.Request)
        {
            case VhostUserRequest.SetMemoryTable:
                _memory.Replace(_message);
                break;
            case VhostUserRequest.AddMemoryRegion:
                _memory.Add(_message);
                break;
            default:
                _memory.Remove(_message);
                break;
        }

        UpdateLog();
        foreach (VhostUserQueue queue in _queues)
        {
            // Without its memory a ring waits: a region that grows is removed and added again.
            if (_message.Request == VhostUserRequest.SetMemoryTable || IsInMemory(queue))
            {
                Start(queue);
            }
        }
    }

    private bool IsInMemory(VhostUserQueue queue) => queue.Addresses is { } addresses
        && _memory.TryTranslate(addresses.Descriptors, 1, out _) && _memory.TryTranslate(addresses.Available, 1, out _) && _memory.TryTranslate(addresses.Used, 1, out _);

    private bool SetLogBase()
    {
        Require(VhostUserProtocolFeatures.LogSharedMemory);
        Expect(LogDescription.Layout.Size, 1);
        var description = LogDescription.ReadFrom(_message.Payload);
        WriteLog log = WriteLog.Open(_message, description, _message.Peek(0), _connection.AllowUnsealed);

        // Between one log and the next nothing may be written that neither has.
        PauseQueues();
        EndLog();
        _log = log;
        UpdateLog();
        ResumeQueues();
        Reply(0);
        return true;
    }

    private void SetLogEvent()
    {
        Expect(0, 1);
        EventFile taken = TakeEvent(0);
        _logEvent?.Dispose();
        _logEvent = taken;
    }

    /// <summary>Logs, or does not, as the features and the memory now say.</summary>
    private void UpdateLog()
    {
        if (_log is null)
        {
            return;
        }

        if ((Features & LogAllBit) != 0 && !_memory.IsEmpty)
        {
            _log.Begin(_message, _memory);
        }
        else
        {
            _log.End();
        }
    }

    private void FlushLog() => _log?.Flush();

    private void EndLog()
    {
        _log?.Dispose();
        _log = null;
    }

    private bool AccessConfiguration()
    {
        if (_message.PayloadSize < ConfigurationAccess.Layout.Size)
        {
            _message.ExpectSize(ConfigurationAccess.Layout.Size);
        }

        ReadOnlySpan<byte> payload = _message.Payload;
        var access = ConfigurationAccess.ReadFrom(payload);
        if (access.Size > ConfigurationAccess.MaxSize || access.Offset > ConfigurationAccess.MaxSize - access.Size)
        {
            throw _message.Refusal(VhostUserError.ConfigurationInvalid,
                $"{access.Size} bytes at {access.Offset} of the configuration space; {ConfigurationAccess.MaxSize} can be reached.", access.Offset, ConfigurationAccess.MaxSize);
        }

        Expect(ConfigurationAccess.Layout.Size + (int)access.Size, 0);
        if (_message.Request == VhostUserRequest.GetConfiguration)
        {
            Span<byte> reply = stackalloc byte[payload.Length];
            access.WriteTo(reply);

            // A front end may know more fields than the device has: these are 0.
            _device.ReadConfiguration((int)access.Offset, reply[ConfigurationAccess.Layout.Size..]);
            Reply(reply, []);
            return true;
        }

        if (access.Flags > 1)
        {
            throw _message.Refusal(VhostUserError.ValueInvalid, $"flags 0x{access.Flags:X}; 0 or 1.", access.Flags, 1);
        }

        ReadOnlySpan<byte> bytes = payload[ConfigurationAccess.Layout.Size..];
        if (access.Offset + access.Size > (ulong)_device.ConfigurationSize)
        {
            throw _message.Refusal(VhostUserError.ConfigurationInvalid,
                $"{access.Size} bytes are written at {access.Offset} of the configuration space, which has {_device.ConfigurationSize}.", access.Offset, (ulong)_device.ConfigurationSize);
        }

        // What the device does not let a driver write is left alone.
        _device.WriteConfiguration((int)access.Offset, bytes);

        return false;
    }

    private void SetBackendRequests()
    {
        Expect(0, 1);
        if (!BackendRequest.IsSocket(_message.Peek(0)))
        {
            throw _message.Refusal(VhostUserError.DescriptorKindInvalid, "the descriptor is no socket.");
        }

        SafeFileHandle? old = Interlocked.Exchange(ref _backendRequests, _message.Take(0));
        old?.Dispose();
    }
}
