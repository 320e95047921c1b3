using System.Diagnostics;
using Nub.Memory;

namespace Nub.Kvm;

/// <summary>A write of a guest that the kernel has gathered.</summary>
/// <param name="Space">Whether the address is a port or of memory.</param>
/// <param name="Address">The address.</param>
/// <param name="Size">The size in bytes, 1 to 8.</param>
/// <param name="Value">The value, in the lowest bytes.</param>
public readonly record struct CoalescedWrite(IoSpace Space, ulong Address, int Size, ulong Value);

/// <summary>A range whose writes are gathered, from <see cref="VirtualMachine.CoalesceWrites"/>.</summary>
[DebuggerDisplay("{DebuggerDisplay,nq}")]
public sealed class CoalescedZone : IDisposable
{
    private readonly VirtualMachine _machine;
    private readonly CoalescedZoneArgument _argument;
    private int _disposed;

    internal CoalescedZone(VirtualMachine machine, in CoalescedZoneArgument argument)
    {
        _machine = machine;
        _argument = argument;
    }

    private string DebuggerDisplay =>
        $"{_argument.Size} bytes at {(_argument.IsPort != 0 ? "port" : "address")} 0x{_argument.Address:X}{(_disposed != 0 ? ", disposed" : "")}";

    /// <summary>Ends it: writes to the range are exits again. Those that were gathered are still to be taken.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            CoalescedZoneArgument argument = _argument;
            _machine.TryWhileAlive(Requests.UnregisterCoalesced, ref argument);
        }
    }
}

/// <summary>
/// The ring of gathered writes, one for a machine, in the third page of each processor's shared pages (<c>struct
/// kvm_coalesced_mmio_ring</c>): the kernel advances <c>last</c>, we advance <c>first</c>.
/// </summary>
internal static class CoalescedRing
{
    private const ulong PageNumber = 2; // KVM_COALESCED_MMIO_PAGE_OFFSET
    private const ulong Start = PageNumber * 4096;
    private const ulong Entries = Start + CoalescedRingHeader.Layout.Size;
    private const uint Capacity = (4096 - CoalescedRingHeader.Layout.Size) / CoalescedEntry.Layout.Size;

    public static bool TryTake(HostSharedMemory pages, ref CoalescedWrite write)
    {
        // An acquire of last: the kernel writes the entry before it. Both indexes are of a shared page, and judged on our copy.
        CoalescedRingHeader.View ring = CoalescedRingHeader.At(pages, Start);
        uint last = ring.Last;
        uint first = ring.First;
        if (first == last || first >= Capacity)
        {
            return false;
        }

        CoalescedEntry entry = CoalescedEntry.At(pages, Entries + first * CoalescedEntry.Layout.Size).Load();
        int size = (int)Math.Min(entry.Length, sizeof(ulong));
        ulong mask = size == sizeof(ulong) ? ulong.MaxValue : (1UL << (size * 8)) - 1;
        write = new CoalescedWrite(entry.IsPort != 0 ? IoSpace.Port : IoSpace.Mmio, entry.Address, size, entry.Data & mask);

        // A release: the kernel reuses the entry from here on.
        ring.First = (first + 1) % Capacity;
        return true;
    }
}
