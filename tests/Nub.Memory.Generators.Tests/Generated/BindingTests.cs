using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>The ways to get a view: by the struct, by the memory or the lease, where names are taken, and where the place does not fit.</summary>
[Collection(Alone.Name)]
public sealed class BindingTests
{
    [Fact]
    public void What_does_not_fit_is_false_and_costs_neither_an_exception_nor_an_allocation() =>
        Assert.Equal("True False False False | True False False False False False | True False True False | 0", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    using HostLease access = host.Enter();
                    string text = $"{Foo.TryAt(host, 4088, out Foo.View view)} {Foo.TryAt(host, 4089, out view)} {Foo.TryAt(in access, ulong.MaxValue, out view)} {Foo.TryAt(access, 4089, out view)} |";
                    text += $" {Foo.TryArrayAt(host, 0, 512, out var views)} {Foo.TryArrayAt(host, 0, 513, out views)} {Foo.TryArrayAt(in access, 8, ulong.MaxValue / 4, out views)}"
                        + $" {Foo.TryArrayAt(access, 0, -1, out views)} {Foo.TryArrayAt(host, 0, int.MinValue, out views)} {Foo.TryArrayAt(host, 4097, 0, out views)} |";
                    text += $" {host.TryAt(4088, out view)} {host.TryAt(4089, out view)} {access.TryAt(4088, out view)} {access.TryAt(4089, out view)} |";
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    for (int i = 0; i < 1000; i++)
                    {
                        Foo.TryAt(host, 4089, out view);
                        Foo.TryAt(in access, 4089, out view);
                        Foo.TryArrayAt(host, 0, 513, out views);
                        Foo.TryArrayAt(in access, 0, -1, out views);
                        host.TryAt(4089, out view);
                    }
                    return $"{text} {GC.GetAllocatedBytesForCurrentThread() - before}";
                }
            }
            """));

    [Fact]
    public void An_element_of_an_array_is_there_or_not() =>
        Assert.Equal("True 7 False False False | True 7 False False True 8 | Foo[2] UInt32[2]", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    host.Write(12, 7u);
                    SharedViews<Foo, Foo.View> views = Foo.ArrayAt(host, 0, 2);
                    string text = $"{views.TryAt(1, out Foo.View view)} {view.B} {views.TryAt(2, out _)} {views.TryAt(-1, out _)} {views.TryAt(ulong.MaxValue, out _)} |";
                    SharedArrayView<uint> words = SharedArrayView.At<uint>(host, 8, 2);
                    text += $" {words.TryRead(1, out uint value)} {value} {words.TryRead(2, out _)} {words.TryWrite(-1, 3)} {words.TryWrite(1, 8)} {host.Read<uint>(12)}";
                    return $"{text} | {views.ToString()} {words.ToString()}";
                }
            }
            """));

    [Fact]
    public void A_disposed_memory_or_lease_throws_from_Try_forms_too() =>
        Assert.Equal("ObjectDisposedException ObjectDisposedException ObjectDisposedException ObjectDisposedException", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    HostSharedMemory clone = host.Clone();
                    clone.Dispose();
                    return string.Join(' ', Throws(() => Foo.TryAt(clone, 4089, out _)), Throws(() => Foo.TryArrayAt(clone, 0, -1, out _)), Throws(() => clone.TryAt<Foo.View>(0, out _)),
                        Throws(() => { HostLease access = host.Enter(); access.Dispose(); Foo.TryAt(in access, 4089, out _); }));
                }
                private static string Throws(Action action)
                {
                    try { action(); return "nothing"; } catch (Exception thrown) { return thrown.GetType().Name; }
                }
            }
            """));

    [Fact]
    public void Fields_with_the_names_of_generated_members_are_reached_all_the_same() =>
        Assert.Equal("1 2 3 4 5 6 7 8 | 9 9 9 | 32 28", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint At; public uint View; public uint Load; public uint Layout; public uint ArrayAt; public uint TryAt; public uint Store; public uint WriteTo; }
            [AllValid] public partial struct Outer { public Foo Foo; public Foos Foos; }
            [InlineArray(2)] public struct Foos { private Foo _first; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    for (uint i = 0; i < 8; i++) host.Write(4UL * i, i + 1);
                    Foo.FooView view = host.At<Foo.FooView>(0);
                    string text = $"{view.At} {view.View} {view.Load} {view.Layout} {view.ArrayAt} {view.TryAt} {view.Store} {view.WriteTo}";
                    Outer.View outer = Outer.At(host, 64);
                    outer.FooView().View = 9;
                    outer.FoosView().At(1).At = 9;
                    using HostLease access = host.Enter();
                    access.TryAt(128, out Foo.FooView other);
                    text += $" | {host.Read<uint>(68)} {other.At} {SharedViews.ArrayAt<Foo, Foo.FooView, HostSharedMemory>(host, 64, 3)[0].View}";
                    return $"{text} | {Foo.FooLayout.Size} {Foo.FooLayout.WriteToOffset}";
                }
            }
            """));

    [Fact]
    public void A_view_prints_its_fields() =>
        Assert.Equal(
            "Foo { A = 1, B = -2, C = 258, D = 1.5, E = x, Inner = { Low = 5, High = 6 }, F = [1, 2, 3], Pad = 0, G = 0 } | Foo (bound to no memory) | 9 | Wide { A = -1, B = 340282366920938463463374607431768211455, H = 0.5 }",
            Loaded.RunOnPage("""
            [InlineArray(3)] public struct Three { private byte _first; }
            [AllValid] public partial struct Inner { public ushort Low; [BigEndian] public ushort High; }
            [AllValid] public partial struct Foo { public ulong A; public int B; [BigEndian] public uint C; public float D; public char E; public Inner Inner; public Three F; public byte Pad; public ushort G; }
            [AllValid, StructLayout(LayoutKind.Sequential, Pack = 1)] public partial struct Wide { public Int128 A; [BigEndian] public UInt128 B; public Half H; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Foo.View view = Foo.At(host, 0);
                    view.A = 1; view.B = -2; view.C = 258; view.D = 1.5f; view.E = 'x'; view.InnerView().Low = 5; view.InnerView().High = 6;
                    for (int i = 0; i < 3; i++) view.FView()[i] = (byte)(i + 1);
                    host.Write(64, 9u);
                    Wide.View wide = Wide.At(host, 128);
                    wide.A = -1; wide.B = UInt128.MaxValue; wide.H = (Half)0.5;
                    return $"{view.ToString()} | {default(Foo.View).ToString()} | {SharedView.At<uint>(host, 64).ToString()} | {wide.ToString()}";
                }
            }
            """));

    [Fact]
    public void Atomics_work_on_fields_where_they_stand() =>
        Assert.Equal("5 7 | 7 9 | 9 12 | 4294967295 0 | 12 255 | True 3 False 0 | 8 -1 | ArgumentException", Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; public int B; public ulong C; public long D; [BigEndian] public uint E; public uint F; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    Foo.View view = Foo.At(host, 8);
                    view.A = 5;
                    string text = $"{view.AAtomic.Exchange(7)} {view.A} | {view.AAtomic.CompareExchange(9, 7)} {view.A} |";
                    text += $" {view.AAtomic.CompareExchange(1, 7)} {view.AAtomic.Add(3)} |";
                    view.A = uint.MaxValue;
                    text += $" {view.AAtomic.And(0)} {view.A} |";
                    using HostLease access = host.Enter();
                    view = Foo.At(in access, 8);
                    view.C = 12;
                    text += $" {view.CAtomic.Or(243)} {view.C} |";
                    view.B = 1;
                    text += $" {view.BAtomic.TryAdd(2, out int sum)} {sum} {Foo.At(host, 9).FAtomic.TryExchange(5, out uint old)} {old} |";
                    view.D = 8;
                    text += $" {view.DAtomic.Exchange(-1)} {view.D} | ";
                    try { Foo.At(host, 9).FAtomic.Exchange(5); } catch (ArgumentException thrown) { text += thrown.GetType().Name; }
                    return text;
                }
            }
            """));

    [Fact]
    public void A_view_that_cannot_be_read_prints_why() =>
        Assert.Contains("disposed", (string)Loaded.RunOnPage("""
            [AllValid] public partial struct Foo { public uint A; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    HostSharedMemory clone = host.Clone();
                    Foo.View view = Foo.At(clone, 0);
                    clone.Dispose();
                    return view.ToString();
                }
            }
            """)!, StringComparison.Ordinal);
}
