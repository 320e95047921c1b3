using System.Diagnostics.Tracing;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// What the library tells about itself: visible in dotnet-trace and dotnet-counters, free without a listener. Exits are not told: a guest
/// can cause them at will, and KVM's own trace points tell them.
/// </summary>
[EventSource(Name = "Nub.Kvm")]
internal sealed class NubKvmEventSource : EventSource
{
    public static readonly NubKvmEventSource Log = Once.Make(static () => new NubKvmEventSource());

    private NubKvmEventSource()
    {
    }

    [Event(1, Level = EventLevel.Informational, Message = "Created a virtual machine")]
    public void MachineCreated() => WriteEvent(1);

    [Event(2, Level = EventLevel.Informational, Message = "Disposed a virtual machine that had {0} slots")]
    public void MachineDisposed(int slots) => WriteEvent(2, slots);

    [Event(3, Level = EventLevel.Informational, Message = "Mapped {2} bytes at guest address {1} as slot {0}")]
    public void SlotMapped(int slot, long guestAddress, long size) => WriteEvent(3, slot, guestAddress, size);

    [Event(4, Level = EventLevel.Informational, Message = "Deleted slot {0}")]
    public void SlotDeleted(int slot) => WriteEvent(4, slot);

    [Event(5, Level = EventLevel.Error, Message = "Slot {0} could not be deleted (error {1}): its memory stays mapped")]
    public void SlotDeleteFailed(int slot, int errorCode) => WriteEvent(5, slot, errorCode);

    [Event(6, Level = EventLevel.Informational, Message = "Created virtual processor {0}")]
    public void ProcessorCreated(int id) => WriteEvent(6, id);

    [Event(7, Level = EventLevel.Informational, Message = "Released virtual processor {0}")]
    public void ProcessorReleased(int id) => WriteEvent(7, id);

    [Event(8, Level = EventLevel.Verbose, Message = "Kicked virtual processor {0} out of the guest")]
    public void ProcessorKicked(int id) => WriteEvent(8, id);

    [Event(9, Level = EventLevel.Informational, Message = "{0} was refused, because its machine is gone: {1}")]
    public void UndoRefused(string call, string reason) => WriteEvent(9, call, reason);

    [Event(10, Level = EventLevel.Warning, Message = "Huge pages were refused (error {1}) for slot {0}")]
    public void HugePagesRefused(int slot, int errorCode) => WriteEvent(10, slot, errorCode);
}
