using Nub.Virtio;

namespace VhostUserSwitch;

/// <summary>A port of the switch, into which a guest's network device is plugged, and what went through it.</summary>
internal sealed class SwitchPort(EthernetSwitch owner, string name) : INetworkPort
{
    private NetworkDevice? _device;
    private ulong _framesIn;
    private ulong _bytesIn;
    private ulong _framesOut;
    private ulong _bytesOut;
    private string _told = "";

    public void Attach(NetworkDevice device) => _device = device;

    /// <summary>The guest sends: on the thread of its queue.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        Interlocked.Increment(ref _framesIn);
        Interlocked.Add(ref _bytesIn, (ulong)frame.Length);
        owner.Forward(this, frame);
    }

    /// <summary>The guest is sent something: from the threads of the others.</summary>
    public void Deliver(ReadOnlySpan<byte> frame)
    {
        if (_device?.TryDeliver(frame) == true)
        {
            Interlocked.Increment(ref _framesOut);
            Interlocked.Add(ref _bytesOut, (ulong)frame.Length);
        }
    }

    /// <summary>Says what went through, if that is more than when it was last said.</summary>
    public void Tell()
    {
        string counters = $"{Volatile.Read(ref _framesIn)} frames in, {Volatile.Read(ref _bytesIn)} bytes; {Volatile.Read(ref _framesOut)} out, {Volatile.Read(ref _bytesOut)} bytes; "
            + $"{_device?.DroppedFromDriver + _device?.DroppedFromPort} dropped";
        if (counters != _told)
        {
            _told = counters;
            Console.WriteLine($"{name}: {counters}");
        }
    }
}
