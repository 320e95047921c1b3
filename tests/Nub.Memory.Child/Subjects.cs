using System.Runtime.CompilerServices;

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
