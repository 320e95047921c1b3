using System.Diagnostics;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// A whole machine at one moment: its processors, the devices that it has in the kernel, and its memory
/// (<see cref="VirtualMachine.TakeSnapshot"/>). Dispose it to give the memory back; machines that were restored to it keep what they need.
/// </summary>
[DebuggerDisplay("{State.Processors.Count} processors, {Memories.Count} memories")]
public sealed class MachineSnapshot : IDisposable
{
    internal MachineSnapshot(MachineState state, MachineMemory[] memories)
    {
        State = state;
        Memories = memories;
    }

    /// <summary>The processors and the kernel's devices.</summary>
    public MachineState State { get; }

    /// <summary>The memories that guests write, each once, in the order in which they were mapped.</summary>
    public IReadOnlyList<MachineMemory> Memories { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        foreach (MachineMemory memory in Memories)
        {
            memory.Contents.Dispose();
        }
    }
}

/// <summary>One memory of a <see cref="MachineSnapshot"/>.</summary>
/// <param name="GuestAddress">The guest physical address of one of its slots, the one that was mapped first.</param>
/// <param name="Offset">Where in the memory that slot begins, in bytes.</param>
/// <param name="Contents">All of its bytes, the snapshot's own: <see cref="ReadOnlySharedMemory.Clone"/> it to keep it longer, or
/// <see cref="ReadOnlySharedMemory.MapCopyOnWrite"/> it for another machine.</param>
public sealed record MachineMemory(ulong GuestAddress, ulong Offset, ReadOnlySharedMemory Contents);
