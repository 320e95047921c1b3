using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What <c>[BitField]</c> properties do to a value and to shared memory.</summary>
public sealed class BitFieldTests
{
    private const string Entry = """
        [AllValid]
        public partial struct Entry
        {
            private uint _flags;
            [BigEndian] private ushort _head;
            private sbyte _small;
            private byte _rest;
            private ulong _wide;
            [BitField(nameof(_flags), offset: 0, bits: 1)] public partial bool IsPresent { get; set; }
            [BitField(nameof(_flags), offset: 4, bits: 3)] public partial byte Priority { readonly get; set; }
            [BitField(nameof(_flags), offset: 8, bits: 24)] public partial int Delta { get; set; }
            [BitField(nameof(_head), offset: 12, bits: 4)] public partial uint Version { get; set; }
            [BitField(nameof(_small), offset: 7, bits: 1)] public partial sbyte Sign { get; set; }
            [BitField(nameof(_wide), offset: 0, bits: 64)] public partial long All { get; set; }
            public byte Rest { readonly get => _rest; set => _rest = value; }
        }

        """;

    [Fact]
    public void Bits_stand_where_they_are_declared_in_both_byte_orders() =>
        Assert.Equal("51 FE FF FF 90 00 80 00 00 00 00 00 00 00 00 80 | 51 FE FF FF 90 00 80 00 00 00 00 00 00 00 00 80 | True 5 -2 9 -1 -9223372036854775808", Loaded.RunOnPage(Entry + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Entry.View view = Entry.At(host, 64);
                    view.IsPresent = true; view.Priority = 5; view.Delta = -2; view.Version = 9; view.Sign = -1; view.All = long.MinValue;
                    var value = new Entry { IsPresent = true, Priority = 5, Delta = -2, Version = 9, Sign = -1, All = long.MinValue };
                    Entry.At(host, 128).Store(in value);
                    Entry back = host.Read<Entry>(64);
                    return $"{Bytes(host, 64)} | {Bytes(host, 128)} | {view.IsPresent} {back.Priority} {view.Delta} {back.Version} {view.Sign} {back.All}";
                }

                private static string Bytes(HostSharedMemory host, ulong at)
                {
                    byte[] bytes = new byte[16];
                    host.CopyTo(at, bytes);
                    return string.Join(' ', Array.ConvertAll(bytes, static one => one.ToString("X2")));
                }
            }
            """));

    [Fact]
    public void Other_bits_of_the_field_keep_what_they_have() =>
        Assert.Equal("FFFFFFAF EFFF", Loaded.RunOnPage(Entry + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Fill(0, 16, 0xFF);
                    Entry.View view = Entry.At(host, 0);
                    view.Priority = 2;
                    view.Version = 14;
                    return $"{host.Read<uint>(0):X8} {System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(host.Read<ushort>(4)):X4}";
                }
            }
            """));

    [Fact]
    public void A_value_that_the_bits_cannot_hold_is_refused_with_the_numbers_and_nothing_is_written() =>
        Assert.Equal("8: 0 to 7; 8388608: -8388608 to 8388607; -8388609: -8388608 to 8388607; 0", Loaded.RunOnPage(Entry + """
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    return $"{Refused(host, 8, 0)}; {Refused(host, 0, 8388608)}; {Refused(host, 0, -8388609)}; {host.Read<ulong>(0)}";
                }

                private static string Refused(HostSharedMemory host, byte priority, int delta)
                {
                    try
                    {
                        if (priority > 0) Entry.At(host, 0).Priority = priority; else Entry.At(host, 0).Delta = delta;
                        return "written";
                    }
                    catch (ArgumentOutOfRangeException refused)
                    {
                        string text = refused.Message;
                        int from = text.IndexOf("holds ") + 6;
                        return $"{refused.ActualValue}: {text[from..text.IndexOf('.', from)]}";
                    }
                }
            }
            """));
}
