using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory.Tests;

[InlineArray(3)]
internal struct Bytes3
{
    private byte _first;
}

[InlineArray(17)]
internal struct Bytes17
{
    private byte _first;
}

[InlineArray(5)]
internal struct UInt32x5
{
    private uint _first;
}

[InlineArray(2)]
internal struct Bytes3x2
{
    private Bytes3 _first;
}

[InlineArray(4099)]
internal struct Bytes4099
{
    private byte _first;
}

/// <summary>One AllValid type, for tests that are the same for each.</summary>
internal abstract class TypedCase(Type type, int size)
{
    /// <summary>Every kind of AllValid type there is.</summary>
    public static readonly TypedCase[] All =
    [
        new TypedCase<byte>(), new TypedCase<sbyte>(), new TypedCase<ushort>(), new TypedCase<short>(), new TypedCase<char>(),
        new TypedCase<Half>(), new TypedCase<uint>(), new TypedCase<int>(), new TypedCase<float>(), new TypedCase<ulong>(),
        new TypedCase<long>(), new TypedCase<double>(), new TypedCase<UInt128>(), new TypedCase<Int128>(),
        new TypedCase<Bytes3>(), new TypedCase<Bytes17>(), new TypedCase<UInt32x5>(), new TypedCase<Bytes3x2>(), new TypedCase<Bytes4099>(),
    ];

    public int Size { get; } = size;

    public abstract byte[] Read(HostSharedMemory memory, ulong offset);

    public abstract byte[] ReadHeld(HostSharedMemory memory, ulong offset);

    public abstract byte[] ReadView(HostSharedMemory memory, ulong offset);

    public abstract bool TryRead(HostSharedMemory memory, ulong offset, out byte[] bytes);

    public abstract bool TryReadHeld(HostSharedMemory memory, ulong offset, out byte[] bytes);

    public abstract void Write(HostSharedMemory memory, ulong offset, byte[] bytes);

    public abstract void WriteHeld(HostSharedMemory memory, ulong offset, byte[] bytes);

    public abstract void WriteView(HostSharedMemory memory, ulong offset, byte[] bytes);

    public abstract bool TryWrite(HostSharedMemory memory, ulong offset, byte[] bytes);

    public abstract bool TryWriteHeld(HostSharedMemory memory, ulong offset, byte[] bytes);

    public override string ToString() => type.Name;
}

internal sealed unsafe class TypedCase<[AllValid] T>() : TypedCase(typeof(T), sizeof(T)) where T : unmanaged
{
    public override byte[] Read(HostSharedMemory memory, ulong offset) => Bytes(memory.Read<T>(offset));

    public override byte[] ReadHeld(HostSharedMemory memory, ulong offset)
    {
        using HostLease access = memory.Enter();
        return Bytes(access.Read<T>(offset));
    }

    public override byte[] ReadView(HostSharedMemory memory, ulong offset) => Bytes(SharedView.At<T>(memory, offset).Load());

    public override bool TryRead(HostSharedMemory memory, ulong offset, out byte[] bytes)
    {
        bool done = memory.TryRead(offset, out T value);
        bytes = Bytes(value);
        return done;
    }

    public override bool TryReadHeld(HostSharedMemory memory, ulong offset, out byte[] bytes)
    {
        using HostLease access = memory.Enter();
        bool done = access.TryRead(offset, out T value);
        bytes = Bytes(value);
        return done;
    }

    public override void Write(HostSharedMemory memory, ulong offset, byte[] bytes) => memory.Write(offset, Value(bytes));

    public override void WriteHeld(HostSharedMemory memory, ulong offset, byte[] bytes)
    {
        using HostLease access = memory.Enter();
        access.Write(offset, Value(bytes));
    }

    public override void WriteView(HostSharedMemory memory, ulong offset, byte[] bytes) =>
        SharedView.At<T>(memory, offset).Store(Value(bytes));

    public override bool TryWrite(HostSharedMemory memory, ulong offset, byte[] bytes) => memory.TryWrite(offset, Value(bytes));

    public override bool TryWriteHeld(HostSharedMemory memory, ulong offset, byte[] bytes)
    {
        using HostLease access = memory.Enter();
        return access.TryWrite(offset, Value(bytes));
    }

    private static byte[] Bytes(T value) => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    private static T Value(byte[] bytes) => MemoryMarshal.Read<T>(bytes);
}
