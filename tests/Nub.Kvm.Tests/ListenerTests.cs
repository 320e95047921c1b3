using System.Diagnostics.Tracing;

namespace Nub.Kvm.Tests;

/// <summary>What is told to a listener is told without a lock of the library's.</summary>
[Collection(Alone.Name)]
public sealed class ListenerTests
{
    [SkippableFact]
    public void A_listener_may_wait_for_another_user_of_the_machine()
    {
        using var guest = new Guest(CancellationTests.Count);
        var waited = new List<string>();
        using (new Listener(Wait))
        {
            guest.Machine.CreateVirtualProcessor(1).Dispose();
            guest.Machine.MapMemory(guest.Memory, Guest.Mapped).Dispose();
            using var stop = new CancellationTokenSource(10);
            Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
        }

        Assert.Equal(["ProcessorCreated True", "SlotMapped True", "SlotDeleted True", "ProcessorKicked True"], waited);

        void Wait(string name)
        {
            // Each needs the lock under which that is done which is told.
            Action? other = name switch
            {
                "ProcessorCreated" => () => guest.Machine.CreateVirtualProcessor(7).Dispose(),
                "ProcessorKicked" => () => Assert.Throws<InvalidOperationException>(() => guest.Processor.GetRegisters()),
                "SlotMapped" or "SlotDeleted" => () => guest.Machine.FindSlot(0),
                _ => null,
            };
            if (other is not null && !waited.Exists(one => one.StartsWith(name, StringComparison.Ordinal)))
            {
                int place = waited.Count;
                waited.Add(name);
                waited[place] += $" {Task.Run(other).Wait(Patience.Limit)}";
            }
        }
    }

    private sealed class Listener(Action<string> written) : EventListener
    {
        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Nub.Kvm")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData) => written(eventData.EventName ?? "");
    }
}
