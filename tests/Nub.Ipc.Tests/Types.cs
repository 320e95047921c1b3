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

/// <summary>A record that is longer than those of a small broadcast.</summary>
[AllValid]
public partial struct Block32
{
    public UInt128 First;
    public UInt128 Second;
}

/// <summary>A record that is longer than those of a small ring.</summary>
[AllValid]
public partial struct Block256
{
    public Block32 First, Second, Third, Fourth, Fifth, Sixth, Seventh, Eighth;
}

#pragma warning disable NUB0006, CS0169, IDE0044, IDE0051 // As the generator would have written it before a field changed.
/// <summary>A record that has changed since its layout was generated: the bytes behind the first field were no field's.</summary>
public struct Changed16 : IAllValid<Changed16>
{
    private byte _first;
    private ulong _second;

    readonly string ISharedLayout.Fields => "8 _first:u8";
}
#pragma warning restore NUB0006, CS0169, IDE0044, IDE0051
