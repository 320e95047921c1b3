using System.Diagnostics;

namespace Nub.Memory;

/// <summary>What a debugger shows of a guest address space: its regions in order.</summary>
internal sealed class GuestAddressSpaceDebugView(GuestAddressSpace space)
{
    private readonly GuestMap _map = space.Current;

    /// <summary>Whether pages that are written are marked.</summary>
    public DirtyBitmap? Bitmap => _map.Bitmap;

    /// <summary>The regions: guest addresses, and the part of which memory stands there.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    public string[] Regions => [.. _map.Regions.Select(static one =>
        $"[0x{one.Start:X}, 0x{one.Last:X}] = {one.Length} bytes at offset 0x{one.Offset:X} of {one.Memory}{(one.IsReadOnly ? ", read-only" : "")}")];
}
