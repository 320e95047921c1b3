using System.Globalization;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What generated views do with real shared memory. The code is compiled without AllowUnsafeBlocks and without a warning.</summary>
public sealed class ViewTests
{
    [Fact]
    public void A_property_reads_and_writes_its_field_at_its_offset() =>
        Assert.Equal("0100 0302 07060504 0F0E0D0C0B0A0908 | 08 | FF", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public ushort A; public ushort B; public uint C; public ulong D; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    for (byte i = 0; i < 16; i++) host.Write(16UL + i, i);
                    Foo.View view = Foo.At(host, 16);
                    string read = $"{view.A:X4} {view.B:X4} {view.C:X8} {view.D:X16}";
                    view.C = 0x00FF_0000;
                    return $"{read} | {host.Read<byte>(24):X2} | {host.Read<byte>(22):X2}";
                }
            }
            """));

    [Fact]
    public void Every_primitive_goes_through_a_view_and_through_the_whole_value() =>
        Assert.Equal("True True", Loaded.RunOnPage("""
            [AllValid] public partial record struct All(
                Int128 A, UInt128 B, ulong C, long D, double E, uint F, int G, float H, ushort I, short J, char K, Half L, byte M, sbyte N, byte O, byte P, ulong Q, ulong R);
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    All value = new(-1, UInt128.MaxValue - 5, 3, -4, 5.5, 6, -7, 8.25f, 9, -10, 'k', (Half)12, 13, -14, 15, 16, 17, 18);
                    All.View view = All.At(host, 48);
                    view.Store(in value);
                    bool fields = view.A == value.A && view.B == value.B && view.C == value.C && view.D == value.D && view.E == value.E && view.F == value.F
                        && view.G == value.G && view.H == value.H && view.I == value.I && view.J == value.J && view.K == value.K && view.L == value.L
                        && view.M == value.M && view.N == value.N && view.O == value.O && view.P == value.P && view.Q == value.Q && view.R == value.R;
                    All.View other = All.At(host, 1024);
                    other.A = view.A; other.B = view.B; other.C = view.C; other.D = view.D; other.E = view.E; other.F = view.F; other.G = view.G; other.H = view.H; other.I = view.I;
                    other.J = view.J; other.K = view.K; other.L = view.L; other.M = view.M; other.N = view.N; other.O = view.O; other.P = view.P; other.Q = view.Q; other.R = view.R;
                    return $"{fields} {other.Load() == value && host.Read<All>(1024) == value}";
                }
            }
            """));

    [Fact]
    public void Big_endian_fields_decode_alike_in_every_way_to_read_them() =>
        Assert.Equal("1234/12345678/3412 all alike", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { [BigEndian] public ushort Port; public ushort Plain; [BigEndian] public uint Address; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    ReadOnlySpan<byte> bytes = [0x12, 0x34, 0x12, 0x34, 0x12, 0x34, 0x56, 0x78];
                    host.CopyFrom(0, bytes);
                    Foo.View view = Foo.At(host, 0);
                    Foo loaded = view.Load();
                    Foo read = host.Read<Foo>(0);
                    Foo element = SharedArrayView.At<Foo>(host, 0, 1)[0];
                    Foo span = Foo.ReadFrom(bytes);
                    string Text(Foo foo) => $"{foo.Port:x4}/{foo.Address:x8}/{foo.Plain:x4}";
                    string first = $"{view.Port:x4}/{view.Address:x8}/{view.Plain:x4}";
                    Span<byte> written = stackalloc byte[8];
                    span.WriteTo(written);
                    host.Write(64, read);
                    Foo.At(host, 128).Store(in loaded);
                    Foo.View each = Foo.At(host, 192);
                    each.Port = 0x1234; each.Plain = 0x3412; each.Address = 0x12345678;
                    Span<byte> one = stackalloc byte[8];
                    bool alike = Text(loaded) == first && Text(read) == first && Text(element) == first && Text(span) == first && written.SequenceEqual(bytes);
                    foreach (ulong at in new ulong[] { 64, 128, 192 })
                    {
                        host.CopyTo(at, one);
                        alike &= one.SequenceEqual(bytes);
                    }
                    return first + (alike ? " all alike" : " differ");
                }
            }
            """));

    [Fact]
    public void A_big_endian_struct_has_big_endian_fields_arrays_and_buffers() =>
        Assert.Equal("01020304 0102 0304 0506 010203 | 01020304 0102 0304 0506", Loaded.RunOnPage("""
            [InlineArray(2)] public struct Two { private ushort _first; }
            [BigEndian, AllValid] public unsafe partial struct Foo { public uint A; public Two B; public fixed ushort C[1]; public ushort D; public fixed byte E[4]; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    ReadOnlySpan<byte> bytes = [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 0, 0, 1, 2, 3, 4];
                    host.CopyFrom(0, bytes);
                    Foo.View view = Foo.At(host, 0);
                    Foo value = view.Load();
                    unsafe
                    {
                        return $"{view.A:x8} {view.B[0]:x4} {view.B[1]:x4} {view.C[0]:x4} {view.E[0]:x2}{view.E[1]:x2}{view.E[2]:x2} | {value.A:x8} {value.B[0]:x4} {value.B[1]:x4} {value.C[0]:x4}";
                    }
                }
            }
            """));

    [Fact]
    public void A_marked_big_endian_inline_array_is_turned_as_a_whole_and_by_elements() =>
        Assert.Equal("0102 0304 | 0102 0304 | 0102 0304 | 0102 0304 | 7700", Loaded.RunOnPage("""
            [AllValid, BigEndian, InlineArray(2)] public partial struct Two { private ushort _first; }
            [AllValid] public partial struct Foo { public Two Pair; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.CopyFrom(0, [1, 2, 3, 4]);
                    Two whole = host.Read<Two>(0);
                    Two.View two = Two.At(host, 0);
                    Foo.View foo = Foo.At(host, 0);
                    Foo loaded = foo.Load();
                    string text = $"{whole[0]:x4} {whole[1]:x4} | {two.Elements[0]:x4} {two.Elements[1]:x4} | {foo.Pair[0]:x4} {foo.Pair[1]:x4} | {loaded.Pair[0]:x4} {loaded.Pair[1]:x4}";
                    two.ElementsView()[1] = 0x77;
                    return $"{text} | {host.Read<ushort>(2):x4}";
                }
            }
            """));

    [Fact]
    public void Nested_structs_and_arrays_can_be_written_through() =>
        Assert.Equal("7 9 5 3 | 6 | 0 5 0 0", Loaded.RunOnPage("""
            [AllValid] public partial struct Desc { public ulong Address; public uint Length; public ushort Flags; public ushort Next; }
            [InlineArray(4)] public struct Ring { private Desc _first; }
            [InlineArray(8)] public struct Bytes { private byte _first; }
            [AllValid] public partial struct Queue { public Desc Head; public Ring Ring; public Bytes Bytes; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Queue.View queue = Queue.At(host, 8);
                    queue.HeadView().Flags = 7;
                    queue.RingView().At(2).Length = 9;
                    queue.RingView().At(1UL).Length = 5;
                    queue.BytesView()[3] = 3;
                    string text = $"{queue.Head.Flags} {queue.Ring[2].Length} {queue.Ring[1].Load().Length} {host.Read<byte>(8 + Queue.Layout.BytesOffset + 3)}";
                    host.Write<uint>(8 + Queue.Layout.RingOffset + 3 * Desc.Layout.Size + Desc.Layout.LengthOffset, 6);
                    text += $" | {queue.Ring[3].Length} |";
                    queue.RingView().At(2).Length = 0;
                    queue.RingView().At(3).Length = 0;
                    foreach (Desc.View desc in queue.Ring) text += " " + desc.Length;
                    return text;
                }
            }
            """));

    [Fact]
    public void An_array_of_values_counts_checks_and_enumerates() =>
        Assert.Equal("3 | 0 10 20 | 20 20 | ArgumentOutOfRangeException ArgumentOutOfRangeException ArgumentOutOfRangeException SharedMemoryBoundsException SharedMemoryBoundsException", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    SharedViews<Foo, Foo.View> all = Foo.ArrayAt(host, 100, 3);
                    for (int i = 0; i < 3; i++) all.At(i).B = (uint)(10 * i);
                    string text = $"{all.Count} |";
                    foreach (Foo.View one in all) text += $" {one.B}";
                    text += $" | {all[2].B} {all[2UL].B} |";
                    return text + Throws(() => _ = Foo.ArrayAt(host, 100, 3)[3].B) + Throws(() => _ = Foo.ArrayAt(host, 100, 3)[-1].B)
                        + Throws(() => Foo.ArrayAt(host, 0, -1)) + Throws(() => Foo.ArrayAt(host, 0, 513)) + Throws(() => Foo.ArrayAt(host, 8, ulong.MaxValue / 4));
                }
                private static string Throws(Action action)
                {
                    try { action(); return " nothing"; } catch (Exception thrown) { return " " + thrown.GetType().Name; }
                }
            }
            """));

    [Fact]
    public void A_lease_serves_views_until_it_is_disposed() =>
        Assert.Equal("5 2 ObjectDisposedException ObjectDisposedException", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    HostLease access = host.Enter();
                    Foo.View view = Foo.At(in access, 0);
                    view.A = 5;
                    SharedViews<Foo, Foo.View> all = Foo.ArrayAt(access, 0, 2);
                    string text = $"{all[0].A} {Foo.ArrayAt(access, 0, 2UL).Count}";
                    access.Dispose();
                    try { _ = view.A; text += " nothing"; } catch (Exception thrown) { text += " " + thrown.GetType().Name; }
                    try { all.At(1).B = 3; text += " nothing"; } catch (Exception thrown) { text += " " + thrown.GetType().Name; }
                    return text;
                }
            }
            """));

    [Fact]
    public void Default_views_throw_InvalidOperationException() =>
        Assert.Equal("InvalidOperationException InvalidOperationException InvalidOperationException InvalidOperationException InvalidOperationException", Loaded.RunOnPage("""
            [InlineArray(4)] public struct Four { private uint _first; }
            [AllValid] public partial struct Inner { public uint A; }
            [AllValid] public partial struct Foo { public uint A; public Inner Inner; public Four Four; }
            public static class Test
            {
                public static string Run(HostSharedMemory host) => string.Join(' ',
                    Throws(() => _ = default(Foo.View).A), Throws(() => default(Foo.View).Load()), Throws(() => _ = default(Foo.View).Inner.A),
                    Throws(() => _ = default(Foo.View).Four[0]), Throws(() => _ = default(SharedViews<Foo, Foo.View>)[0]));
                private static string Throws(Action action)
                {
                    try { action(); return "nothing"; } catch (Exception thrown) { return thrown.GetType().Name; }
                }
            }
            """));

    [Fact]
    public void A_view_out_of_bounds_says_what_was_asked() =>
        Assert.Equal("Access to 8 bytes at offset 4089 (0xFF9) leaves the memory of 4096 bytes (0x1000).", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    _ = Foo.At(host, 4088);
                    try { Foo.At(host, 4089); return "nothing"; } catch (SharedMemoryBoundsException thrown) { return thrown.Message; }
                }
            }
            """));

    [Fact]
    public void Private_bytes_need_the_size_and_no_more() =>
        Assert.Equal("7 | A value takes 8 bytes, and the source has 7. (Parameter 'source') | A value takes 8 bytes, and the destination has 3. (Parameter 'destination')", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    byte[] bytes = new byte[12];
                    new Foo { B = 7 }.WriteTo(bytes);
                    string text = $"{Foo.ReadFrom(bytes).B} | ";
                    try { Foo.ReadFrom(bytes.AsSpan(0, 7)); } catch (ArgumentException thrown) { text += thrown.Message; }
                    try { new Foo().WriteTo(bytes.AsSpan(0, 3)); } catch (ArgumentException thrown) { text += " | " + thrown.Message; }
                    return text;
                }
            }
            """));

    [Fact]
    public void A_union_shows_the_same_bytes_under_each_name() =>
        Assert.Equal("AABBCCDD CCDD AABB DD", Loaded.RunOnPage("""
            [StructLayout(LayoutKind.Explicit)]
            [AllValid] public partial struct Foo { [FieldOffset(0)] public uint Whole; [FieldOffset(0)] public ushort Low; [FieldOffset(2)] public ushort High; [FieldOffset(0)] public byte First; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Write(3, 0xAABBCCDD);
                    Foo.View view = Foo.At(host, 3);
                    return $"{view.Whole:X8} {view.Low:X4} {view.High:X4} {view.Load().First:X2}";
                }
            }
            """));

    [Fact]
    public void Awkward_names_and_places_are_generated_for() =>
        Assert.Equal("1 2 3 4 5 6 7", Loaded.RunOnPage("""
            [AllValid] public partial struct @class { public uint @event; public uint @value; public uint @field; public uint record; }
            namespace @namespace.@int
            {
                public static partial class @static
                {
                    public partial interface IOuter
                    {
                        public partial record Middle
                        {
                            public partial record struct Deeper
                            {
                                [AllValid] internal readonly partial struct Inner(uint a)
                                {
                                    public readonly uint A = a;
                                    internal readonly uint B = 0;
                                    private readonly uint _c = 0;
                                    public uint _view { get; init; } = 0;
                                    public uint Sum() => A + B + _c;
                                }
                            }
                        }
                    }
                }
            }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    for (uint i = 0; i < 8; i++) host.Write(4UL * i, i + 1);
                    @class.View view = @class.At(host, 0);
                    var inner = @namespace.@int.@static.IOuter.Middle.Deeper.Inner.At(host, 16);
                    return $"{view.@event} {view.@value} {view.@field} {view.record} {inner.A} {inner.B} {inner.Load().Sum() - 11}";
                }
            }
            """));

    [Fact]
    public void Types_of_another_assembly_are_laid_out_and_viewed()
    {
        Microsoft.CodeAnalysis.CSharp.CSharpCompilation library = Code.Generate(Code.Compile("""
            namespace Library;
            [StructLayout(LayoutKind.Sequential, Pack = 1), AllValid] public partial struct Packed { public byte A; public uint B; private readonly byte _c; }
            [StructLayout(LayoutKind.Explicit), AllValid] public partial struct Placed { [FieldOffset(4)] public uint A; [FieldOffset(0)] public uint B; }
            [InlineArray(3)] public struct Three { private Packed _first; }
            """));
        using var image = new MemoryStream();
        Assert.True(library.Emit(image).Success);
        System.Reflection.Assembly loaded = System.Runtime.Loader.AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(image.ToArray()));
        Assert.NotNull(loaded);

        var compilation = Code.Generate(Code.Compile(
            """
            [AllValid] public partial struct Foo { public Library.Packed A; public Library.Three B; public Library.Placed C; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Foo.View view = Foo.At(host, 0);
                    view.AView().B = 0x01020304;
                    view.BView().At(1).B = 7;
                    view.CView().A = 9;
                    return $"{Foo.Layout.Size} {host.Read<uint>(1):x} {host.Read<uint>(13):x} {host.Read<uint>(28):x}";
                }
            }
            """,
            Microsoft.CodeAnalysis.MetadataReference.CreateFromImage(image.ToArray())));
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        using (host)
        using (guest)
        {
            Assert.Equal("32 1020304 7 9", Loaded.From(compilation).GetType("Test")!.GetMethod("Run")!.Invoke(null, [host]));
        }
    }

    [Fact]
    public void Generated_code_speaks_no_culture() =>
        WithOddCulture(static () => Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public enum Signed { Least = int.MinValue, Minus = -1 }
            [ValidateOnRead] public partial struct Bar { public Signed A; }
            public static class Test { public static bool Run(HostSharedMemory host) => host.TryReadValidated<Bar>(0, out _); }
            """));

    private static void WithOddCulture(Action action)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var odd = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        odd.NumberFormat.NegativeSign = "~";
        CultureInfo.CurrentCulture = odd;
        try
        {
            action();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
