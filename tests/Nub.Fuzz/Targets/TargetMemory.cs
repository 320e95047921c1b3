using Nub.Memory;

namespace Nub.Fuzz.Targets;

/// <summary>Memory for the inputs of a target: one for all of them, because making it costs more than most of them.</summary>
internal static class TargetMemory
{
    /// <summary>Makes a memory, whose guest's side nobody needs: the target plays the guest through the host's.</summary>
    public static (HostSharedMemory Host, GuestSharedMemory Guest) Create(ulong size) => new ExclusiveSharedMemory(size).Build();
}
