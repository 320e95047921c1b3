using System.Diagnostics;
using System.Globalization;
using Nub.Virtio;

namespace VhostUserBlock;

/// <summary>One disk: its file, its device, its socket, and what it says of itself.</summary>
internal sealed class Disk : IDisposable
{
    private readonly string _name;
    private readonly string _socket;
    private readonly CountingStorage _storage;
    private readonly VhostUserBackend _backend;
    private long _told = Stopwatch.GetTimestamp();
    private ulong _requests;
    private ulong _bytes;

    public Disk(string socket, string image, bool isReadOnly, int queues)
    {
        _name = Path.GetFileName(image);
        _socket = socket;
        _storage = new CountingStorage(new FileStorage(image, isReadOnly));
        _backend = new VhostUserBackend(new BlockDevice(_storage, new BlockDeviceOptions { QueueCount = queues, SerialNumber = "nub" }));
        _backend.Connected += (_, e) => Say($"connection {e.Connection.Number}");
        _backend.Negotiated += (_, e) => Say($"connection {e.Connection.Number} chose {FeatureNames.Describe(e.Connection)}");
        _backend.QueueFailed += (_, e) => Say($"queue {e.QueueIndex} stands still: {(e.Exception is { } thrown ? thrown.Message : e.Error.ToString())}");
        _backend.Disconnected += (_, e) => Say($"connection {e.Connection.Number} has ended{(e.Connection.Refusal is { } refusal ? $": {refusal.Error}, {refusal.Message}" : "")}");
    }

    /// <summary>Serves guests until cancelled.</summary>
    public async Task ServeAsync(CancellationToken cancellation)
    {
        Say($"{_storage.Size} bytes at {_socket}{(_storage.IsReadOnly ? ", read-only" : "")}");
        await _backend.ListenAsync(_socket, cancellation);
    }

    /// <summary>Says what was done since it was last said, if anything was.</summary>
    public void TellSpeed()
    {
        long now = Stopwatch.GetTimestamp();
        double seconds = Stopwatch.GetElapsedTime(_told, now).TotalSeconds;
        (ulong requests, ulong bytes) = _storage.Totals;
        if (requests != _requests)
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"{(requests - _requests) / seconds:F0} IOPS, {(bytes - _bytes) / seconds / 1e6:F1} MB/s"));
        }

        (_told, _requests, _bytes) = (now, requests, bytes);
    }

    public void Dispose()
    {
        _backend.Dispose();
        _storage.Dispose();
    }

    private void Say(string what) => Console.WriteLine($"{_name}: {what}");
}
