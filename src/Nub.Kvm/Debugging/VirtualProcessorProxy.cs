namespace Nub.Kvm;

/// <summary>A processor as a debugger shows it. The registers are read only while no thread uses the processor.</summary>
internal sealed class VirtualProcessorProxy(VirtualProcessor processor)
{
    public uint Id => processor.Id;

    public string Use => processor.DescribeUse();

    public VmExitReason? LastExit => processor.LastExit;

    public object Registers => processor.Peek<Registers>(Requests.GetRegs);

    public object SpecialRegisters => processor.Peek<SpecialRegisters>(Requests.GetSregs);
}
