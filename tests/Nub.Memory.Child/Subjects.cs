using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory.Child;

/// <summary>One use of the library a method, so that a listing of the method is the machine code of that use.</summary>
public static unsafe class Subjects
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte ReadByte(HostSharedMemory host, ulong offset) => host.Read<byte>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ushort ReadUInt16(HostSharedMemory host, ulong offset) => host.Read<ushort>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint ReadUInt32(HostSharedMemory host, ulong offset) => host.Read<uint>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong ReadUInt64(HostSharedMemory host, ulong offset) => host.Read<ulong>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static double ReadDouble(HostSharedMemory host, ulong offset) => host.Read<double>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static float ReadSingle(HostSharedMemory host, ulong offset) => host.Read<float>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static short ReadInt16(HostSharedMemory host, ulong offset) => host.Read<short>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static char ReadChar(HostSharedMemory host, ulong offset) => host.Read<char>(offset);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WriteUInt16(HostSharedMemory host, ulong offset, ushort value) => host.Write(offset, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WriteUInt32(HostSharedMemory host, ulong offset, uint value) => host.Write(offset, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WriteUInt64(HostSharedMemory host, ulong offset, ulong value) => host.Write(offset, value);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WriteByte(HostSharedMemory host, ulong offset, byte value) => host.Write(offset, value);

    /// <summary>Checks a value and uses it: what a second load would make a double fetch of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint CheckAndUse(HostSharedMemory host, ulong offset)
    {
        uint length = host.Read<uint>(offset);
        return length < 100 ? length * 3 : 0;
    }

    /// <summary>Waits for a value: what a load out of the loop would make an endless wait of.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int SpinUntilSet(HostSharedMemory host, ulong offset)
    {
        int spins = 0;
        while (host.Read<uint>(offset) == 0)
        {
            spins++;
        }

        return spins;
    }

    /// <summary>The same of a view, which has no lock to take each time around.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int SpinOnView(in HostLease access, ulong offset)
    {
        Wire.View view = Wire.At(in access, offset);
        int spins = 0;
        while (view.Address == 0)
        {
            spins++;
        }

        return spins;
    }

    /// <summary>The library's load alone, with two uses of its value: where a plain load is made twice.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static int HashOfFetch(byte* place) => SingleFetch.Load<ulong>(place).GetHashCode();

    /// <summary>The library's load alone in a loop: where a plain load is made once, ahead of it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static int SpinOnFetch(byte* place)
    {
        int spins = 0;
        while (SingleFetch.Load<byte>(place) == 0)
        {
            spins++;
        }

        return spins;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong ViewField(in HostLease access, ulong offset) => Wire.At(in access, offset).Address;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ViewFieldWrite(in HostLease access, ulong offset, uint value)
    {
        Wire.View view = Wire.At(in access, offset);
        view.Length = value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ushort ViewFieldBigEndian(in HostLease access, ulong offset) => Wire.At(in access, offset).Port;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint ViewFieldUInt32(in HostLease access, ulong offset) => Wire.At(in access, offset).Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte ViewFieldByte(in HostLease access, ulong offset) => Wire.At(in access, offset).Queue;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint ViewOfElement(in HostLease access, ulong offset, int index) => Wire.ArrayAt(in access, offset, 4)[index].Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int ViewBits(in HostLease access, ulong offset) => BitWire.At(in access, offset).Length;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static byte ViewBitsBigEndian(in HostLease access, ulong offset) => BitWire.At(in access, offset).Version;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool ViewBit(in HostLease access, ulong offset) => BitWire.At(in access, offset).IsLast;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool ViewEnum(in HostLease access, ulong offset, out WireKind kind) => BitWire.At(in access, offset).TryGetKind(out kind);

    /// <summary>The number of a tail is loaded once, and judged.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong ViewTail(in HostLease access, ulong offset) => TailWire.At(in access, offset).TryTail(4, out SharedViews<Wire, Wire.View> tail) ? tail.Count : 99;

    /// <summary>The tag and the field are each loaded once.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static uint ViewUnion(in HostLease access, ulong offset) => UnionWire.At(in access, offset).TryGetLength(out uint length) ? length : 99;

    /// <summary>One load and one store, of the same place.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ViewBitsWrite(in HostLease access, ulong offset, int value)
    {
        BitWire.View view = BitWire.At(in access, offset);
        view.Length = value;
    }

    /// <inheritdoc cref="ViewBitsWrite"/>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ViewBitWrite(in HostLease access, ulong offset, bool value)
    {
        BitWire.View view = BitWire.At(in access, offset);
        view.IsLast = value;
    }

    /// <summary>A view over the memory itself: each property is an access of its own.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong ViewOfMemory(HostSharedMemory host, ulong offset) => Wire.At(host, offset).Address;

    /// <summary>A copy that is large enough for the loop.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void CopyTo(HostSharedMemory host, Span<byte> destination) => host.CopyTo(0, destination);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void CopyFrom(HostSharedMemory host, ReadOnlySpan<byte> source) => host.CopyFrom(0, source);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Fill(HostSharedMemory host, byte value) => host.Fill(0, host.Size, value);

    /// <summary>Where the first byte of a mapping is: shows which field of it a listing means.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static nint BaseOf(LockedMapping mapping) => (nint)mapping.Base;
}

/// <summary>What must be found at fault: the same uses with a plain pointer. If the checks pass these, they are worth nothing.</summary>
public static unsafe class Controls
{
    /// <summary>Hashing a number in place reads it twice.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int HashInPlace(ulong* place) => place->GetHashCode();

    /// <summary>A plain load is made once, ahead of the loop.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int SpinPlain(uint* place)
    {
        int spins = 0;
        while (*place == 0)
        {
            spins++;
        }

        return spins;
    }

    /// <summary>A struct that is read in place is read field by field.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong StructInPlace(byte* place)
    {
        Wire wire = Unsafe.ReadUnaligned<Wire>(place);
        return wire.Address + wire.Length;
    }
}

/// <summary>Bit fields of the wire.</summary>
[AllValid]
public partial struct BitWire
{
    private uint _flags;
    [BigEndian] private ushort _head;
    [WireEnum] public WireKind Kind;

    [BitField(nameof(_flags), offset: 0, bits: 1)]
    public partial bool IsLast { get; set; }

    [BitField(nameof(_flags), offset: 8, bits: 24)]
    public partial int Length { get; set; }

    [BitField(nameof(_head), offset: 12, bits: 4)]
    public partial byte Version { get; set; }
}

/// <summary>A struct that elements follow.</summary>
[AllValid, Tail<Wire>(nameof(Count))]
public partial struct TailWire
{
    public uint Kind;
    [BigEndian] public uint Count;
}

/// <summary>A tagged union of the wire.</summary>
[AllValid, StructLayout(LayoutKind.Explicit)]
public partial struct UnionWire
{
    [FieldOffset(0)] public uint Kind;
    [FieldOffset(4), Union(nameof(Kind), 0, 3)] public uint Length;
    [FieldOffset(4), Union(nameof(Kind), 1)] public int Delta;
}

/// <summary>An enum of the wire.</summary>
public enum WireKind : ushort
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Something else.</summary>
    Other = 3,
}

/// <summary>A struct of the wire.</summary>
[AllValid]
public partial struct Wire
{
    public ulong Address;
    public uint Length;
    [BigEndian] public ushort Port;
    public byte Queue;
    public byte Flags;
}
