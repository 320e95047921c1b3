namespace Nub.Kvm;

/// <summary>A machine as a debugger shows it: its slots and processors as they are now.</summary>
internal sealed class VirtualMachineProxy(VirtualMachine machine)
{
    /// <summary>The slots; <see langword="null"/> while another thread is changing them.</summary>
    public MemorySlot[]? Slots => machine.Memory.Peek(out _);

    /// <summary>The processors; <see langword="null"/> while another thread is changing them.</summary>
    public VirtualProcessor[]? Processors => machine.PeekProcessors();

    /// <summary>How many processors run their guest, for which the memories are held.</summary>
    public int Running
    {
        get
        {
            _ = machine.Memory.Peek(out int running);
            return running;
        }
    }

    public bool HasInterruptController => machine.HasInterruptController;

    public bool HasPit => machine.HasPit;
}
