using Nub.Kvm;
using Nub.Memory;

namespace GuestCall;

/// <summary>The memory as the guest finds it when it starts.</summary>
internal static class GuestImage
{
    /// <summary>Lays out the guest's memory before it is shared, then splits it into the host's side and the guest's.</summary>
    public static (HostSharedMemory Host, GuestSharedMemory Guest) Create()
    {
        var memory = new ExclusiveSharedMemory((ulong)GuestMap.Size);
        LongMode.WritePageTables(memory, (ulong)GuestMap.PageTables.Offset, guestAddress: 0, mappedSize: (ulong)GuestMap.Size);
        memory.CopyFrom((ulong)GuestMap.Code.Offset, GuestProgram.Assemble(Completion.PortOut));
        return memory.Build();
    }
}
