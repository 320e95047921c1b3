using System.Buffers.Binary;
using GuestCall.Protocol;
using Nub.Kvm;
using Nub.Memory;

namespace GuestCall.Backends;

/// <summary>A guest in a virtual machine of its own: one processor, and of all the host's memory only the shared one.</summary>
internal sealed class KvmGuest : IGuest
{
    private readonly KvmSystem _kvm = new();
    private readonly VirtualMachine _machine;
    private readonly VirtualProcessor _processor;
    private readonly CancellationTokenSource _deadline = new();
    private readonly TimeSpan _patience;

    /// <summary>Makes the virtual machine.</summary>
    /// <param name="memory">What <see cref="GuestImage"/> laid out.</param>
    /// <param name="patience">How long a request may take; 10 seconds unless told.</param>
    public KvmGuest(GuestSharedMemory memory, TimeSpan? patience = null)
    {
        _patience = patience ?? TimeSpan.FromSeconds(10);
        _machine = _kvm.CreateVirtualMachine();
        _machine.MapMemory(memory, guestAddress: 0);
        _processor = _machine.CreateVirtualProcessor(id: 0);

        // 64-bit code without privileges, which every KVM runs at full speed. rdi, where the program looks for the memory, is 0.
        LongMode.SetUp(
            _processor,
            pageTables: (ulong)GuestMap.PageTables.Offset,
            entryPoint: (ulong)GuestMap.Code.Offset,
            stackPointer: (ulong)GuestMap.Stack.End);
    }

    /// <summary>The machine, to be brought back to a snapshot between calls.</summary>
    public VirtualMachine Machine => _machine;

    /// <inheritdoc/>
    public string Backend => "kvm";

    /// <inheritdoc/>
    public string Description => $"a virtual machine on /dev/kvm (API version {_kvm.ApiVersion}), 64-bit code without privileges";

    /// <inheritdoc/>
    public uint Run()
    {
        _deadline.CancelAfter(_patience);
        VmExit exit = _processor.Run(_deadline.Token);
        _deadline.CancelAfter(Timeout.InfiniteTimeSpan);

        // Whatever is not the one thing that was agreed upon ends the guest: a shutdown after a fault, another port, a loop.
        if (exit is { Reason: VmExitReason.IoOut, Port: Signal.Port, Size: sizeof(uint), Count: 1 })
        {
            return BinaryPrimitives.ReadUInt32LittleEndian(exit.Data);
        }

        throw new GuestMisbehavedException($"The guest left without a signal: {exit.ToString()}.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _processor.Dispose();
        _machine.Dispose();
        _kvm.Dispose();
        _deadline.Dispose();
    }
}
