using System.Runtime.CompilerServices;

namespace Nub.Memory;

// What a struct that elements follow needs of its place: how much stands behind it, and their number without an exception.
internal readonly unsafe ref partial struct Place
{
    /// <summary>Of a place by guest address that locks its memory for each access: how many bytes of the region stand behind it. Asked of the owner, whose region stays while the map may be another.</summary>
    public ulong BehindInRegion(ulong length)
    {
        GuestRegion region = _memory!.Region!;
        return region.Length - (ulong)(_address - region.Address) - length;
    }

    /// <summary>Reads a value, if its bytes are still there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryLoad<T>(ulong offset, out T value) where T : unmanaged
    {
        if (_lease.MayRead)
        {
            value = SingleFetch.Load<T>(_address + offset);
            return true;
        }

        return TryLoadSlow(_memory, _lease, _address + offset, out value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryLoadSlow<T>(HostSharedMemory? memory, Lease lease, byte* address, out T value) where T : unmanaged
    {
        LockedMapping mapping = Mapping(memory, lease, address);
        ulong offset = (ulong)(address - mapping.Base);
        AccessFailure failure;
        if (memory is null)
        {
            failure = mapping.LoadHeld(offset, out value);
        }
        else
        {
            AccessSlot slot = mapping.Publish();
            if (mapping.MayRead)
            {
                value = mapping.Leave(slot, SingleFetch.Load<T>(address));
                GC.KeepAlive(memory);
                return true;
            }

            failure = mapping.LoadSlow(slot, offset, out value);
            GC.KeepAlive(memory);
        }

        value = Representation<T>.Convert(value);
        return mapping.Succeeded(failure, offset, (ulong)sizeof(T));
    }
}
