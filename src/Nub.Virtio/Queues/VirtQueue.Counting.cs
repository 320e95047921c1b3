namespace Nub.Virtio;

// How many chains were taken: counted here by the queue's one thread, and told to the meter when there is nothing left to take, so that a request costs no interlocked operation.
public abstract partial class VirtQueue
{
    // The requests of a device that never takes until nothing is left are reported all the same.
    private const uint MostUntold = 64;

    private uint _untold;
    private int _deviceId;

    /// <summary>Whose requests these are, for the meter.</summary>
    internal void CountFor(uint deviceId) => _deviceId = deviceId < QueueCounts.Devices ? (int)deviceId : 0;

    private void TellRequests()
    {
        if (_untold != 0)
        {
            QueueCounts.AddRequests(_deviceId, _untold);
            _untold = 0;
        }
    }
}
