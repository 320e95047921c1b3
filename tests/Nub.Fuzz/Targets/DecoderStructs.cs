using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Fuzz.Targets;

// One struct for each kind of accessor that is generated.
internal enum Kind : ushort
{
    None,
    Key = 1,
    Move = 2,
    Scroll = 300,
}

internal enum Level : sbyte
{
    Low = -3,
    Lower,
    High = 5,
}

[Flags]
internal enum Rights : byte
{
    None = 0,
    Read = 1,
    Write = 4,
}

[Flags]
internal enum Wide : long
{
    None = 0,
    Top = long.MinValue,
    Low = 1,
}

[InlineArray(3)]
internal struct Kinds
{
    private Kind _first;
}

[InlineArray(2)]
internal struct Words
{
    private uint _first;
}

[AllValid]
internal partial struct Pair
{
    public ushort Id;

    [BigEndian]
    public ushort Value;
}

[AllValid]
internal partial struct Place
{
    public byte X;
    public sbyte Y;
    public ushort Page;
}

[AllValid, StructLayout(LayoutKind.Sequential, Pack = 1)]
internal partial struct Packed
{
    public byte First;
    public ushort Little;

    [BigEndian]
    public uint Big;

    public long Signed;

    [BigEndian]
    public Words Turned;

    public Pair Nested;
}

[AllValid]
internal partial struct Bits
{
    private uint _flags;

    [BigEndian]
    private ushort _head;

    private sbyte _small;

    private byte _rest;

    [BitField(nameof(_flags), 0, 1)]
    public partial bool IsPresent { get; set; }

    [BitField(nameof(_flags), 4, 3)]
    public partial byte Priority { readonly get; set; }

    [BitField(nameof(_flags), 8, 24)]
    public partial int Delta { get; set; }

    [BitField(nameof(_head), 12, 4)]
    public partial uint Version { get; set; }

    [BitField(nameof(_small), 7, 1)]
    public partial sbyte Sign { get; set; }
}

[AllValid]
internal partial struct Tagged
{
    [WireEnum]
    public Kind Kind;

    [WireEnum]
    public Level Level;

    [WireEnum]
    public Rights Rights;

    [WireEnum, BigEndian]
    public Kind Turned;

    [WireEnum]
    public Kinds Kinds;
}

[AllValid, StructLayout(LayoutKind.Explicit)]
internal partial struct Event
{
    [FieldOffset(0), WireEnum]
    public Kind Kind;

    [FieldOffset(2)]
    public ushort Order;

    [FieldOffset(4), Union(nameof(Kind), Kind.Key)]
    public Place Key;

    [FieldOffset(4), Union(nameof(Kind), Kind.Move, 77)]
    public uint Move;
}

[AllValid, Tail<Pair>(nameof(Count))]
internal partial struct Pairs
{
    public ushort Type;

    [BigEndian]
    public ushort Count;
}

[AllValid, Tail<uint>(nameof(Count), BigEndian = true, Offset = 6)]
internal partial struct Numbers
{
    public int Count;

    public ushort Type;

    private ushort _rest;
}

[ValidateOnRead]
internal partial struct Command
{
    public bool IsLast;
    public Rights Rights;
    public Level Level;
    public byte Free;

    [BigEndian]
    public Kind Kind;

    public Kinds Kinds;
    public uint Length;
    public Wide Wide;

    private static bool Validate(in Command value) => value.Length <= 4096;
}
