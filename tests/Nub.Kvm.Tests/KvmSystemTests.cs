using System.Diagnostics.Tracing;

namespace Nub.Kvm.Tests;

public sealed class KvmSystemTests
{
    [Fact]
    public void Whether_there_is_kvm_is_said_with_the_reason_and_never_thrown()
    {
        bool supported = KvmSystem.IsSupported(out string whyNot);
        Assert.Equal(supported, whyNot.Length == 0);
        if (!supported)
        {
            Assert.NotNull(Record.Exception(() => new KvmSystem().Dispose()));
        }
    }

    [SkippableFact]
    public void The_version_is_twelve_and_capabilities_are_told()
    {
        Guest.SkipWithoutKvm();
        var system = new KvmSystem();
        Assert.Equal(12, system.ApiVersion);
        Assert.NotEqual(0, system.CheckExtension(KvmCapability.UserMemory));
        Assert.InRange(system.CheckExtension(KvmCapability.MemorySlots), 32, int.MaxValue);
        Assert.Equal(0, system.CheckExtension((KvmCapability)99_999));
        VirtualMachine machine = system.CreateVirtualMachine();
        system.Dispose();
        Assert.Throws<ObjectDisposedException>(() => system.CreateVirtualMachine());
        Assert.NotEqual(0, machine.CheckExtension(KvmCapability.UserMemory));
        machine.Dispose();
        machine.Dispose();
    }

    [SkippableFact]
    public void A_processor_that_does_not_exist_is_refused()
    {
        Guest.SkipWithoutKvm();
        using var system = new KvmSystem();
        using VirtualMachine machine = system.CreateVirtualMachine();
        KvmException refusal = Assert.Throws<KvmException>(() => machine.CreateVirtualProcessor(uint.MaxValue));
        Assert.Equal(("KVM_CREATE_VCPU", 22), (refusal.Call, refusal.NativeErrorCode));
        Assert.Contains("KVM_CREATE_VCPU failed with error 22", refusal.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_default_exit_says_that_it_is_none()
    {
        bool threw = false;
        try
        {
            _ = default(VmExit).Data;
        }
        catch (InvalidOperationException)
        {
            threw = true;
        }

        Assert.True(threw);
    }

    [SkippableFact]
    public void The_life_of_a_machine_is_traced()
    {
        using var listener = new Listener();
        using (var guest = new Guest(CancellationTests.Count))
        {
            using var stop = new CancellationTokenSource(10);
            Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(stop.Token).Reason);
        }

        foreach (string name in (string[])["MachineCreated", "SlotMapped", "ProcessorCreated", "ProcessorKicked", "ProcessorReleased", "SlotDeleted", "MachineDisposed"])
        {
            Assert.Contains(name, listener.Names());
        }
    }

    private sealed class Listener : EventListener
    {
        private readonly List<string> _names = [];

        public string[] Names()
        {
            lock (_names)
            {
                return [.. _names];
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Nub.Kvm")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            lock (_names)
            {
                _names.Add(eventData.EventName ?? "");
            }
        }
    }
}
