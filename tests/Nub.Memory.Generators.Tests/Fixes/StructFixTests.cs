using Nub.Memory.CodeFixes;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Fixes;

/// <summary>The fixes of NUB0002, NUB0003 and NUB0005.</summary>
public sealed class StructFixTests
{
    [Fact]
    public Task A_struct_and_all_around_it_becomes_partial() => Fixing.CheckAsync<MakePartialFix>(
        """
        /// <summary>Around.</summary>
        class Outer
        {
            [AllValid]
            public readonly struct First { public readonly uint A; }

            // Stays.
            [AllValid] struct Second { public uint A; }
        }
        [GenerateReader(typeof(uint))] public sealed class Buffer { public Span<byte> AsSpan() => default; }
        """,
        """
        /// <summary>Around.</summary>
        partial class Outer
        {
            [AllValid]
            public readonly partial struct First { public readonly uint A; }

            // Stays.
            [AllValid] partial struct Second { public uint A; }
        }
        [GenerateReader(typeof(uint))] public sealed partial class Buffer { public Span<byte> AsSpan() => default; }
        """);

    [Fact]
    public Task A_bool_becomes_a_byte() => Fixing.CheckAsync<BoolFieldFix>(
        """
        [AllValid] public partial struct Foo
        {
            public bool A, B; // two
            public bool C { get; set; }
            public Bools Many;
        }
        [InlineArray(5)] public struct Bools { private Boolean _first; }
        """,
        """
        [AllValid] public partial struct Foo
        {
            public byte A, B; // two
            public byte C { get; set; }
            public Bools Many;
        }
        [InlineArray(5)] public struct Bools { private byte _first; }
        """,
        key: "byte");

    [Fact]
    public Task A_property_keeps_the_meaning_of_a_bool() => Fixing.CheckAsync<BoolFieldFix>(
        """
        [AllValid]
        public partial struct Packet
        {
            public ushort Length;

            /// <summary>Whether more follows.</summary>
            public bool IsLast;

            private bool _a, _b;

            [field: BigEndian]
            internal bool Auto { get; set; } // as it was

            public byte IsLastByte2;
            public ushort IsLastByte;
        }

        public static class Test
        {
            public static bool Run(ref Packet packet) => packet.Auto = packet.IsLast = !packet.IsLast;
        }
        """,
        """
        [AllValid]
        public partial struct Packet
        {
            public ushort Length;

            /// <summary>Whether more follows.</summary>
            public byte IsLastByte3;

            /// <inheritdoc cref="IsLastByte3"/>
            public bool IsLast
            {
                readonly get => IsLastByte3 != 0;
                set => IsLastByte3 = value ? (byte)1 : (byte)0;
            }

            private byte _aByte, _bByte;

            private bool _a
            {
                readonly get => _aByte != 0;
                set => _aByte = value ? (byte)1 : (byte)0;
            }

            private bool _b
            {
                readonly get => _bByte != 0;
                set => _bByte = value ? (byte)1 : (byte)0;
            }

            [BigEndian]
            internal byte AutoByte;

            internal bool Auto
            {
                readonly get => AutoByte != 0;
                set => AutoByte = value ? (byte)1 : (byte)0;
            } // as it was

            public byte IsLastByte2;
            public ushort IsLastByte;
        }

        public static class Test
        {
            public static bool Run(ref Packet packet) => packet.Auto = packet.IsLast = !packet.IsLast;
        }
        """,
        key: "byte with property");

    [Fact]
    public Task A_readonly_bool_can_still_be_set_when_it_is_made() => Fixing.CheckAsync<BoolFieldFix>(
        """
        [AllValid]
        public readonly partial struct Packet
        {
            public readonly bool IsLast;
            public bool IsFirst { get; init; }

            public Packet(bool isLast) => IsLast = isLast;
        }
        """,
        """
        [AllValid]
        public readonly partial struct Packet
        {
            public readonly byte IsLastByte;

            public bool IsLast
            {
                get => IsLastByte != 0;
                init => IsLastByte = value ? (byte)1 : (byte)0;
            }
            public readonly byte IsFirstByte;

            public bool IsFirst
            {
                get => IsFirstByte != 0;
                init => IsFirstByte = value ? (byte)1 : (byte)0;
            }

            public Packet(bool isLast) => IsLast = isLast;
        }
        """,
        key: "byte with property");

    [Fact]
    public Task What_must_be_set_still_must_and_no_name_of_another_part_is_taken() => Fixing.CheckAsync<BoolFieldFix>(
        """
        [AllValid]
        public partial struct Packet
        {
            public required bool IsLast;
            [Obsolete("Ask for IsLast.")] public bool IsEnd { get; set; }
        }

        public partial struct Packet
        {
            public const int IsLastByte = 0;
            public static Packet Last => new() { IsLast = true };
        }
        """,
        """
        [AllValid]
        public partial struct Packet
        {
            public byte IsLastByte2;

            public required bool IsLast
            {
                readonly get => IsLastByte2 != 0;
                set => IsLastByte2 = value ? (byte)1 : (byte)0;
            }
            public byte IsEndByte;

            [Obsolete("Ask for IsLast.")]
            public bool IsEnd
            {
                readonly get => IsEndByte != 0;
                set => IsEndByte = value ? (byte)1 : (byte)0;
            }
        }

        public partial struct Packet
        {
            public const int IsLastByte = 0;
            public static Packet Last => new() { IsLast = true };
        }
        """,
        key: "byte with property");

    [Theory]
    [InlineData("[AllValid] public unsafe partial struct Foo { public fixed bool Flags[4]; }", "Use byte")]
    [InlineData("[InlineArray(4)] public struct Four { private bool _first; } [AllValid] public partial struct Foo { public Four Flags; }", "Use byte")]
    [InlineData("[AllValid] public partial record struct Foo(bool Flag);", "Use byte")]
    [InlineData("[AllValid] public partial struct Foo { public bool Flag { get; } }", "Use byte")]
    [InlineData("[AllValid] public partial struct Foo { public Foo() { } public bool Flag = true; }", "")]
    [InlineData("[AllValid] public partial struct Foo { public DayOfWeek Day; }", "")]
    public async Task What_a_property_cannot_stand_for_is_only_stored_otherwise(string source, string titles) =>
        Assert.Equal(titles, string.Join(", ", await Fixing.TitlesAsync<BoolFieldFix>(source)));

    [Fact]
    public Task Reserved_fields_fill_each_gap() => Fixing.CheckAsync<ReservedFieldsFix>(
        """
        [AllValid]
        public partial struct Response
        {
            public ulong Id;
            public byte Operation; // what was asked
            public short Status;
        }

        [AllValid]
        public readonly partial struct Wide
        {
            public readonly UInt128 A;
            public readonly byte B;
        }
        """,
        """
        [AllValid]
        public partial struct Response
        {
            public ulong Id;
            public byte Operation; // what was asked
            private byte _reserved9;
            public short Status;
            private uint _reserved12;
        }

        [AllValid]
        public readonly partial struct Wide
        {
            public readonly UInt128 A;
            public readonly byte B;
            private readonly byte _reserved17;
            private readonly ushort _reserved18;
            private readonly uint _reserved20;
            private readonly ulong _reserved24;
        }
        """);

    [Fact]
    public Task Reserved_fields_say_their_offsets_where_others_do() => Fixing.CheckAsync<ReservedFieldsFix>(
        """
        [AllValid]
        [StructLayout(LayoutKind.Explicit, Size = 16)]
        public partial struct Union
        {
            [FieldOffset(4)] public uint Whole;
            [FieldOffset(4)] public ushort Low;
            [FieldOffset(10)] public ushort Last;
            public const int _reserved0 = 1;
        }
        """,
        """
        [AllValid]
        [StructLayout(LayoutKind.Explicit, Size = 16)]
        public partial struct Union
        {
            [System.Runtime.InteropServices.FieldOffset(0)] private uint _reserved0_2;
            [FieldOffset(4)] public uint Whole;
            [System.Runtime.InteropServices.FieldOffset(8)] private ushort _reserved8;
            [FieldOffset(4)] public ushort Low;
            [FieldOffset(10)] public ushort Last;
            [System.Runtime.InteropServices.FieldOffset(12)] private uint _reserved12;
            public const int _reserved0 = 1;
        }
        """);

    [Fact]
    public Task A_large_gap_becomes_an_array() => Fixing.CheckAsync<ReservedFieldsFix>(
        """
        [AllValid]
        [StructLayout(LayoutKind.Sequential, Size = 4096)]
        public partial struct Page
        {
            public uint Magic;
        }
        """,
        """
        [AllValid]
        [StructLayout(LayoutKind.Sequential, Size = 4096)]
        public partial struct Page
        {
            public uint Magic;
            private Reserved4Bytes _reserved4;

            [System.Runtime.CompilerServices.InlineArray(4092)] private struct Reserved4Bytes { private byte _first; }
        }
        """);
}
