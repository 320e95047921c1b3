using System.Diagnostics.CodeAnalysis;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>
/// A memory that a machine has mapped: one owner of it for all of the machine's slots, and the lease that is held while a guest runs.
/// </summary>
/// <remarks>
/// The owner is never finalized by itself. A machine that was not disposed and its memories become unreachable together, and are
/// finalized in any order: the machine's finalizer deletes the slots and disposes the owners, so no mapping goes before its slot.
/// </remarks>
internal sealed class SlotMemory
{
    private readonly GuestSharedMemory? _guest;
    private readonly ReadOnlySharedMemory? _readOnly;
    private GuestLease _lease;

    /// <summary>Becomes another owner of guest memory.</summary>
    /// <exception cref="ObjectDisposedException">The owner given was disposed.</exception>
    public SlotMemory(GuestSharedMemory memory) => Owner = _guest = KeepFromFinalizer(memory.Clone());

    /// <summary>Becomes another owner of read-only memory.</summary>
    /// <exception cref="ObjectDisposedException">The owner given was disposed.</exception>
    public SlotMemory(ReadOnlySharedMemory memory) => Owner = _readOnly = KeepFromFinalizer(memory.Clone());

    /// <summary>This machine's owner of the memory.</summary>
    public SharedMemory Owner { get; }

    /// <summary>How many bytes of it a guest may be given.</summary>
    public ulong Size => _readOnly?.GuestMappedSize ?? Owner.Size;

    /// <summary>How many of the machine's slots are of it.</summary>
    public int Slots { get; set; }

    /// <summary>Holds the memory while a guest runs.</summary>
    /// <exception cref="SharedMemoryLockedException">The memory is held exclusively.</exception>
    public void EnterGuest() => _lease = _guest is not null ? _guest.EnterGuest() : _readOnly!.EnterGuest();

    /// <summary>Ends the hold.</summary>
    public void LeaveGuest() => _lease.Dispose();

    [SuppressMessage("Usage", "CA1816:Call GC.SuppressFinalize correctly", Justification = "The type's remarks say who disposes it.")]
    private static T KeepFromFinalizer<T>(T owner) where T : SharedMemory
    {
        GC.SuppressFinalize(owner);
        return owner;
    }
}
