using System.Diagnostics.Tracing;

namespace Nub.Memory;

/// <summary>
/// What the library tells about itself: visible in dotnet-trace and dotnet-counters, free without a listener. A guest can
/// cause refusals at will, so each caller asks <see cref="EventSource.IsEnabled()"/> first.
/// </summary>
[EventSource(Name = "Nub.Memory")]
internal sealed class NubMemoryEventSource : EventSource
{
    public static readonly NubMemoryEventSource Log = Once.Make(static () => new NubMemoryEventSource());

    private NubMemoryEventSource()
    {
    }

    [Event(1, Level = EventLevel.Informational, Message = "Mapped {1} bytes at {0}: {2}")]
    public void MappingCreated(long address, long size, string backing) => WriteEvent(1, address, size, backing);

    [Event(2, Level = EventLevel.Informational, Message = "Released the mapping of {1} bytes at {0}")]
    public void MappingReleased(long address, long size) => WriteEvent(2, address, size);

    [Event(3, Level = EventLevel.Error, Message = "{0} failed with error {1} on the mapping of {3} bytes at {2}; it is leaked")]
    public void ReleaseFailed(string call, int errorCode, long address, long size) => WriteEvent(3, call, errorCode, address, size);

    [Event(4, Level = EventLevel.Warning, Message = "A memory of {1} bytes at {0} was never disposed, and a span of it was handed out: it stays mapped")]
    public void MappingLeaked(long address, long size) => WriteEvent(4, address, size);

    [Event(5, Level = EventLevel.Warning, Message = "Refused an access to {1} bytes at offset {0} of a memory of {2} bytes")]
    public void AccessRefused(ulong offset, ulong length, ulong memorySize) => WriteEvent(5, offset, length, memorySize);

    [Event(6, Level = EventLevel.Warning, Message = "Refused for the lock: {0}")]
    public void LockRefused(string reason) => WriteEvent(6, reason);

    [Event(7, Level = EventLevel.Warning, Message = "Stack refused: {0}, value {1}, legal [{2}, {3}], buffer of {4} bytes")]
    public void StackRefused(string error, ulong value, ulong minimum, ulong maximum, ulong bufferSize) =>
        WriteEvent(7, error, value, minimum, maximum, bufferSize);

    [Event(8, Level = EventLevel.Verbose, Message = "Restored the view at {0}: {1} bytes copied back, {2} given back; written pages found by {3}")]
    public void Restored(long address, long copied, long givenBack, string foundBy) => WriteEvent(8, address, copied, givenBack, foundBy);

    [NonEvent]
    public void ReleaseFailed(string call, int errorCode, nint address, ulong size) => ReleaseFailed(call, errorCode, (long)address, (long)size);
}
