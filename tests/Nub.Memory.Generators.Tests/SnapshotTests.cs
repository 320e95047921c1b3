using System.Collections.Immutable;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests;

/// <summary>The generated code, a feature each, as it was read in review: <c>Snapshots/</c>.</summary>
public sealed class SnapshotTests
{
    [Fact]
    public void Scalars() => Snapshot.Check("""
        namespace Wire;
        [AllValid] public partial struct Descriptor { public ulong Address; public uint Length; internal ushort Flags; public ushort Next; }
        """);

    [Fact]
    public void BigEndianFields() => Snapshot.Check("""
        namespace Wire;
        [AllValid] public partial struct Packet { [BigEndian] public uint Source; [BigEndian] public ushort Port; public ushort Length; }
        """);

    [Fact]
    public void BigEndianStruct() => Snapshot.Check("""
        namespace Wire;
        [AllValid, BigEndian] public partial struct Header { public uint Magic; public uint Size; }
        """);

    [Fact]
    public void NestedStructs() => Snapshot.Check("""
        namespace Wire;
        [AllValid] public partial struct Inner { public uint Value; }
        [AllValid] public partial struct Outer { public Inner First; public Inner Second; }
        """);

    [Fact]
    public void Arrays() => Snapshot.Check("""
        namespace Wire;
        [InlineArray(4)] public struct Four { private uint _first; }
        [AllValid] public partial struct Element { public ushort Id; }
        [InlineArray(3)] public struct Elements { private Element _first; }
        [AllValid] public unsafe partial struct Arrays { public Four Words; public Elements Items; public fixed byte Name[6]; public uint Last; }
        """);

    [Fact]
    public void InlineArraysForNativeCode() => Snapshot.Check(
        """
        namespace Wire;
        [AllValid] public partial struct Element { public ushort Id; }
        [InlineArray(3)] public struct Elements { private Element _first; }
        internal static class Outer
        {
            [InlineArray(4)] internal struct Four { private uint _first; }
            [InlineArray(4)] private struct Hidden { private uint _first; }
        }
        [InlineArray(2)] public struct Of<T> { private T _first; }
        [InlineArray(2)] public struct Texts { private string _first; }
        """,
        only: "Nub.");

    [Fact]
    public void InlineArrayOfItsOwn() => Snapshot.Check("""
        namespace Wire;
        [AllValid, InlineArray(8)] public partial struct Ring { private uint _first; }
        """);

    [Fact]
    public void Union() => Snapshot.Check("""
        namespace Wire;
        [AllValid, StructLayout(LayoutKind.Explicit)]
        public partial struct Either { [FieldOffset(0)] public ulong Word; [FieldOffset(0)] public uint Low; [FieldOffset(4)] public uint High; }
        """);

    [Fact]
    public void BitFields() => Snapshot.Check("""
        namespace Wire;
        [AllValid]
        public partial struct Entry
        {
            private uint _flags;
            [BigEndian] private ushort _head;
            public short Rest;
            [BitField(nameof(_flags), offset: 0, bits: 1)] public partial bool IsPresent { get; set; }
            [BitField(nameof(_flags), offset: 4, bits: 3)] public partial byte Priority { readonly get; set; }
            [BitField(nameof(_flags), offset: 8, bits: 24)] internal readonly partial int Delta { get; }
            [BitField(nameof(_head), offset: 12, bits: 4)] public partial byte Version { get; init; }
        }
        """);

    [Fact]
    public void WireEnums() => Snapshot.Check("""
        namespace Wire;
        public enum Kind : ushort { Read = 1, Write = 2, Trim = 7 }
        [Flags] public enum Rights : uint { None = 0, Read = 1, Write = 2 }
        [InlineArray(4)] public struct Kinds { private Kind _first; }
        [AllValid] public partial struct Request { [WireEnum] public Kind Kind; [WireEnum, BigEndian] public Kind Order; [WireEnum] internal Rights Rights; [WireEnum, BigEndian] public Kinds Kinds; }
        """);

    [Fact]
    public void Tails() => Snapshot.Check("""
        namespace Wire;
        [AllValid] public partial struct Pair { public ushort Id; public ushort Value; }
        [AllValid, Tail<Pair>(nameof(Count))] public partial struct Pairs { public ushort Kind; [BigEndian] public ushort Count; }
        [AllValid, BigEndian, Tail<uint>(nameof(_count))] public partial struct Words { private ushort _count; public ushort Kind; }
        [AllValid, Tail<byte>(Offset = 5)] public partial struct Bytes { public uint Kind; public byte Flags; private byte _1; private ushort _2; }
        """,
        only: "Wire.");

    [Fact]
    public void TaggedUnion() => Snapshot.Check("""
        namespace Wire;
        [AllValid] public partial struct Key { public uint Code; }
        [InlineArray(2)] public struct Words { private ushort _first; }
        [AllValid, StructLayout(LayoutKind.Explicit)]
        public partial struct Event
        {
            [FieldOffset(0), BigEndian] public uint Tag;
            [FieldOffset(4), Union(nameof(Tag), 1)] public Key Key;
            [FieldOffset(4), Union(nameof(Tag), 2, 3)] public uint Length;
            [FieldOffset(8), BigEndian, Union(nameof(Tag), 4)] public uint Turned;
            [FieldOffset(12), BigEndian, Union(nameof(Tag), 5)] internal Words Words;
        }
        """,
        only: "Wire.Event");

    [Fact]
    public void PackedRecord() => Snapshot.Check("""
        namespace Wire;
        [AllValid, StructLayout(LayoutKind.Sequential, Pack = 1)]
        public partial record struct Packed(ushort Kind, ulong Address) { }
        """);

    [Fact]
    public void NamesOfAllKinds() => Snapshot.Check("""
        namespace @event.@class;
        internal partial class Holder { private protected partial interface I { [AllValid] internal partial struct @struct { public readonly uint @int; private uint _hidden; } } }
        """);

    [Fact]
    public void GlobalNamespace() => Snapshot.Check("[AllValid] partial struct Lone { public byte Value; }");

    [Fact]
    public void Validated() => Snapshot.Check("""
        namespace Wire;
        public enum Mode : byte { Off = 0, On = 1, Auto = 7 }
        [Flags] public enum Rights : ushort { None = 0, Read = 1, Write = 2 }
        [ValidateOnRead] public partial struct Part { public bool IsLast; }
        [ValidateOnRead] public partial struct Command
        {
            public Mode Mode; public Part Part; public Rights Rights; [BigEndian] public uint Length;
            public static bool Validate(in Command command) => command.Length < 4096;
        }
        """);

    [Fact]
    public void Readers_and_writers() => Snapshot.Check("""
        namespace Wire;
        [AllValid] public partial struct Pair { public uint A; public uint B; }
        [GenerateReader(typeof(uint)), GenerateReader(typeof(nint), Name = "ReadAddress"), GenerateWriter(typeof(Pair))]
        public sealed partial class Device { private Span<byte> AsSpan() => default; }
        """);

    [Fact]
    public void LayoutReport() => Snapshot.Check("""
        namespace Wire;
        [InlineArray(300)] public struct Bytes300 { private byte _first; }
        [AllValid] public partial struct Header { public uint Type; [BigEndian] public ushort Port; public byte Flags; public byte Queue; }
        [AllValid] public partial struct Message { public Header Header; public ulong Sector; public Bytes300 Data; public uint Tail; }
        [ValidateOnRead] public partial struct Checked { public bool On; public uint Value; public DayOfWeek Day; public byte Last; }
        [AllValid, StructLayout(LayoutKind.Explicit)]
        public partial struct Either { [FieldOffset(0)] public ulong Word; [FieldOffset(0)] public uint Low; [FieldOffset(4)] public uint High; }
        """,
        ImmutableDictionary<string, string>.Empty.Add("build_property.NubLayoutReport", "true"), only: "NubLayoutReport");
}
