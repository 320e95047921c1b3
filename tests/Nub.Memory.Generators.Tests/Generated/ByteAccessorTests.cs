using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What <c>[GenerateReader]</c> and <c>[GenerateWriter]</c> give to a user's own type.</summary>
public sealed class ByteAccessorTests
{
    [Theory]
    [InlineData("public void CopyTo(ulong offset, Span<byte> destination) => Check(offset, destination.Length).CopyTo(destination); public void CopyFrom(ulong offset, ReadOnlySpan<byte> source) => source.CopyTo(Check(offset, source.Length));")]
    [InlineData("private protected Span<byte> AsSpan(ulong offset, int length) => Check(offset, length);")]
    [InlineData("private Span<byte> AsSpan() => Bytes;")]
    public void Each_way_to_give_bytes_serves_every_primitive(string bytes) =>
        Assert.Equal("True | 04030201 | 12 16 False | 13+4>16 | 18446744073709551614+8>16", Loaded.Run($$"""
            [AllValid] public partial struct Pair { [BigEndian] public ushort A; public ushort B; }
            [GenerateReader(typeof(byte)), GenerateReader(typeof(sbyte)), GenerateReader(typeof(ushort)), GenerateReader(typeof(short)), GenerateReader(typeof(char)), GenerateReader(typeof(uint))]
            [GenerateReader(typeof(int)), GenerateReader(typeof(ulong)), GenerateReader(typeof(long)), GenerateReader(typeof(float)), GenerateReader(typeof(double)), GenerateReader(typeof(Half))]
            [GenerateReader(typeof(Int128)), GenerateReader(typeof(UInt128)), GenerateReader(typeof(nint)), GenerateReader(typeof(nuint)), GenerateReader(typeof(Pair)), GenerateReader(typeof(uint), Name = "Fetch")]
            [GenerateWriter(typeof(byte)), GenerateWriter(typeof(sbyte)), GenerateWriter(typeof(ushort)), GenerateWriter(typeof(short)), GenerateWriter(typeof(char)), GenerateWriter(typeof(uint))]
            [GenerateWriter(typeof(int)), GenerateWriter(typeof(ulong)), GenerateWriter(typeof(long)), GenerateWriter(typeof(float)), GenerateWriter(typeof(double)), GenerateWriter(typeof(Half))]
            [GenerateWriter(typeof(Int128)), GenerateWriter(typeof(UInt128)), GenerateWriter(typeof(nint)), GenerateWriter(typeof(nuint)), GenerateWriter(typeof(Pair))]
            public partial class Buffer
            {
                public byte[] Bytes { get; } = new byte[16];
                private Span<byte> Check(ulong offset, int length) => offset <= 16 && 16 - offset >= (ulong)length
                    ? Bytes.AsSpan((int)offset, length) : throw new SharedMemoryBoundsException(offset, (ulong)length, 16);
                {{bytes}}
            }
            public static class Test
            {
                public static string Run()
                {
                    var b = new Buffer();
                    bool same = true;
                    b.WriteByte(3, 200); same &= b.ReadByte(3) == 200 && b.Bytes[3] == 200;
                    b.WriteSByte(3, -7); same &= b.ReadSByte(3) == -7;
                    b.WriteUInt16(3, 65000); same &= b.ReadUInt16(3) == 65000;
                    b.WriteInt16(3, -300); same &= b.ReadInt16(3) == -300;
                    b.WriteChar(3, 'x'); same &= b.ReadChar(3) == 'x';
                    b.WriteInt32(3, -70000); same &= b.ReadInt32(3) == -70000;
                    b.WriteUInt64(3, ulong.MaxValue - 1); same &= b.ReadUInt64(3) == ulong.MaxValue - 1;
                    b.WriteInt64(3, long.MinValue); same &= b.ReadInt64(3) == long.MinValue;
                    b.WriteSingle(3, 1.5f); same &= b.ReadSingle(3) == 1.5f;
                    b.WriteDouble(3, -2.5); same &= b.ReadDouble(3) == -2.5;
                    b.WriteHalf(3, (Half)0.5); same &= b.ReadHalf(3) == (Half)0.5;
                    b.WriteInt128(0, Int128.MinValue); same &= b.ReadInt128(0) == Int128.MinValue;
                    b.WriteUInt128(0, UInt128.MaxValue); same &= b.ReadUInt128(0) == UInt128.MaxValue;
                    b.WriteIntPtr(8, -9); same &= b.ReadIntPtr(8) == -9;
                    b.WriteUIntPtr(8, 9); same &= b.ReadUIntPtr(8) == 9;
                    b.WritePair(4, new Pair { A = 0x1234, B = 0x5678 }); same &= b.ReadPair(4).A == 0x1234 && b.Bytes[4] == 0x12 && b.Bytes[6] == 0x78;
                    b.Bytes[0] = 1; b.Bytes[1] = 2; b.Bytes[2] = 3; b.Bytes[3] = 4;
                    string text = $"{same} | {b.Fetch(0):X8} | {Good(() => b.ReadUInt32(12), 12)} {Good(() => b.ReadByte(15), 16)} {b.ReadUInt32(12) != 0} |";
                    b.WriteUInt32(12, 0);
                    return text + Bad(() => b.ReadUInt32(13)) + " |" + Bad(() => b.WriteUInt64(ulong.MaxValue - 1, 0));
                }
                private static int Good<T>(Func<T> read, int result) { read(); return result; }
                private static string Bad(Action action)
                {
                    try { action(); return " nothing"; } catch (SharedMemoryBoundsException thrown) { return $" {thrown.Offset}+{thrown.Length}>{thrown.MemorySize}"; }
                }
            }
            """));

    [Fact]
    public void Structs_generics_records_and_inherited_bytes_are_served() =>
        Assert.Equal("7 8 9", Loaded.Run("""
            [GenerateReader(typeof(uint))] public readonly ref partial struct Window(Span<byte> bytes) { private readonly Span<byte> _bytes = bytes; private ReadOnlySpan<byte> AsSpan() => _bytes; }
            public abstract class Base { protected byte[] Bytes { get; } = new byte[8]; protected Span<byte> AsSpan() => Bytes; }
            [GenerateReader(typeof(uint)), GenerateWriter(typeof(uint))] public partial class Derived<T, U> : Base where T : class where U : struct;
            [GenerateReader(typeof(byte)), GenerateWriter(typeof(byte))] public sealed partial record Record { private readonly byte[] _bytes = new byte[8]; public Span<byte> AsSpan(ulong offset, int length) => _bytes.AsSpan((int)offset, length); }
            public static class Test
            {
                public static string Run()
                {
                    var window = new Window([7, 0, 0, 0]);
                    var derived = new Derived<string, int>();
                    derived.WriteUInt32(4, 8);
                    var record = new Record();
                    record.WriteByte(2, 9);
                    return $"{window.ReadUInt32(0)} {derived.ReadUInt32(4)} {record.ReadByte(2)}";
                }
            }
            """));

    [Fact]
    public void The_exclusive_memory_has_its_accessors_from_here()
    {
        using var memory = new ExclusiveSharedMemory(4096);
        memory.WriteByte(0, 1);
        memory.WriteSByte(1, -1);
        memory.WriteUInt16(2, 0x0302);
        memory.WriteInt16(4, -2);
        memory.WriteUInt32(5, 0x04030201);
        memory.WriteInt32(9, -3);
        memory.WriteUInt64(13, ulong.MaxValue);
        memory.WriteInt64(21, -4);
        memory.WriteIntPtr(29, -5);
        memory.WriteUIntPtr(37, 6);

        Assert.Equal((1, -1, 0x0302, 0x04030201u), (memory.ReadByte(0), memory.ReadSByte(1), memory.ReadUInt16(2), memory.ReadUInt32(5)));
        Assert.Equal((-3, ulong.MaxValue, -4L, -5, (nuint)6), (memory.ReadInt32(9), memory.ReadUInt64(13), memory.ReadInt64(21), memory.ReadIntPtr(29), memory.ReadUIntPtr(37)));
        Assert.Equal(0x01, memory.ReadByte(5));
        SharedMemoryBoundsException thrown = Assert.Throws<SharedMemoryBoundsException>(() => memory.ReadUInt32(4093));
        Assert.Equal((4093UL, 4UL, 4096UL), (thrown.Offset, thrown.Length, thrown.MemorySize));
    }
}
