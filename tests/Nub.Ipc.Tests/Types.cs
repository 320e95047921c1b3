using Nub.Memory;

namespace Nub.Ipc.Tests;

/// <summary>A record of 16 bytes.</summary>
[AllValid]
public partial struct Pair16
{
    public ulong First;
    public ulong Second;
}

/// <summary>A record with a field in the other byte order.</summary>
[AllValid]
public partial struct Wire12
{
    [BigEndian] public uint Length;
    public uint Flags;
    [BigEndian] public ushort Next;
    public ushort Pad;
}
