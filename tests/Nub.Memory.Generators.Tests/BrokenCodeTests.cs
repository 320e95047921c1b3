using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests;

/// <summary>
/// Code as it is while a developer types, and code that no developer would write: whatever it is, no generator and no analyzer throws, and
/// what is generated is parsed without an error.
/// </summary>
[Trait("Kind", "hostile")]
public sealed class BrokenCodeTests(ITestOutputHelper output)
{
    private const int Seed = 20261124;
    private const int Truncations = 100;
    private const int Mutations = 100;

    /// <summary>Whole code that uses everything, to be broken.</summary>
    private const string Good = """
        namespace Wire.@event;
        public enum Mode : byte { Off, On = 3 }
        [InlineArray(4)] public struct Four { private uint _first; }
        [AllValid] public partial struct Inner { public uint A; [BigEndian] public ushort B; public ushort C; }
        [AllValid, StructLayout(LayoutKind.Explicit, Size = 16)]
        public partial struct Either { [FieldOffset(0)] public ulong Word; [FieldOffset(8)] public Inner Part; }
        [AllValid, StructLayout(LayoutKind.Sequential, Pack = 1)] public partial record struct Packed(ushort Kind, ulong Address);
        [ValidateOnRead] public partial struct Command
        {
            public Mode Mode; public bool Last; public ushort Length; public Four Words; public Inner Inner;
            public static bool Validate(in Command command) => command.Length < 4096;
        }
        [GenerateReader(typeof(uint)), GenerateWriter(typeof(Inner), Name = "Put")]
        public sealed partial class Buffer { private byte[] _bytes = new byte[64]; private Span<byte> AsSpan() => _bytes; }
        public static class Host
        {
            public static uint Use<[AllValid] T>(HostSharedMemory host, T value) where T : unmanaged { host.Write(8, value); return host.Read<uint>(4); }
            public static int Run(HostSharedMemory host, ulong offset)
            {
                using HostLease access = host.Enter();
                Inner.View view = Inner.At(in access, offset);
                int length = (int)view.A;
                if (length > 64 || !host.TryReadValidated(offset, out Command command)) return -1;
                var bytes = new byte[length];
                for (int i = 0; i < length; i++) bytes[i] = (byte)(host.Read<byte>(offset + (ulong)i) + command.Length);
                Func<ulong, ulong> read = host.Read<ulong>;
                try { host.WithExclusivity(exclusive => exclusive.AsSpan(0, 8).Clear()); } finally { view.C = 3; }
                return bytes[0] + (int)read(8) + (view.B switch { 0 => 1, > 5 and < 9 => 2, _ => 3 });
            }
        }
        """;

    public static TheoryData<string> Absurd() =>
    [
        "", " ", "[", "[AllValid", "[AllValid]", "[AllValid] ", "[AllValid] partial", "[AllValid] partial struct", "[AllValid] partial struct {", "[AllValid] partial struct A", "[AllValid] struct A;",
        "[AllValid] partial struct A { ", "[AllValid] partial struct A { public", "[AllValid] partial struct A { public uint", "[AllValid] partial struct A { public uint B", "[AllValid] partial struct A { uint; }",
        "[AllValid] partial struct A { public A B; }", "[AllValid] partial struct A { public B C; } [AllValid] partial struct B { public A C; }", "[AllValid] partial struct A<T> { public T B; }", "[AllValid] partial struct A<T> { public A<A<T>> B; }",
        "struct A<T> { public A<A<T>> B; } [AllValid] partial struct C { public A<int> D; }", "[AllValid] partial struct A { public uint B; public uint B; }", "[AllValid] partial struct A { } [AllValid] partial struct A { }", "[AllValid, AllValid] partial struct A { public uint B; }",
        "[AllValid] partial class A { }", "[AllValid] partial interface A { }", "[AllValid] enum A { }", "[AllValid] delegate void A();", "[assembly: AllValid]", "[AllValid] namespace A { }",
        "[AllValid] ref partial struct A { public Span<byte> B; public ref int C; }", "[AllValid] partial record A(int B);", "[AllValid] partial record struct A(int B, A C);", "[AllValid] partial struct A(int b) { public int B = b; }", "[AllValid] static partial struct A { static uint B; }",
        "[AllValid] partial struct A { public Missing B; }", "[AllValid] partial struct A { public Missing<int> B; }", "[AllValid] partial struct A { public int[] B; public string C; public object D; public dynamic E; }", "[AllValid] partial struct A { public int* B; public delegate*<void> C; public void* D; }",
        "[AllValid] partial struct A { public fixed byte B[0]; }", "[AllValid] unsafe partial struct A { public fixed byte B[-1]; public fixed int C[]; public fixed string D[3]; public fixed byte E[2147483647]; }", "[AllValid] unsafe partial struct A { public fixed long B[2147483647]; public fixed long C[2147483647]; }",
        "[InlineArray(0)] struct I { int a; } [AllValid] partial struct A { public I B; }", "[InlineArray(-5)] struct I { int a; } [AllValid] partial struct A { public I B; }", "[InlineArray(2147483647)] struct I { long a; } [AllValid] partial struct A { public I B; public I C; }", "[InlineArray] struct I { int a; } [AllValid] partial struct A { public I B; }",
        "[InlineArray(3)] struct I { } [AllValid] partial struct A { public I B; }", "[InlineArray(3)] struct I { int a, b; } [AllValid] partial struct A { public I B; }", "[InlineArray(2)] struct I { I a; } [AllValid] partial struct A { public I B; }", "[InlineArray(\"x\")] struct I { int a; } [AllValid] partial struct A { public I B; }",
        "[StructLayout] [AllValid] partial struct A { public int B; }", "[StructLayout((LayoutKind)77)] [AllValid] partial struct A { public int B; }", "[StructLayout(LayoutKind.Explicit)] [AllValid] partial struct A { public int B; }", "[StructLayout(LayoutKind.Explicit, Size = -4)] [AllValid] partial struct A { [FieldOffset(-1)] public int B; }",
        "[StructLayout(LayoutKind.Explicit)] [AllValid] partial struct A { [FieldOffset(2147483647)] public long B; }", "[StructLayout(LayoutKind.Explicit)] [AllValid] partial struct A { [FieldOffset(\"a\")] public long B; [FieldOffset] public int C; }", "[StructLayout(LayoutKind.Sequential, Pack = 3)] [AllValid] partial struct A { public long B; }",
        "[StructLayout(LayoutKind.Sequential, Pack = -1, Size = 2147483647)] [AllValid] partial struct A { public long B; }", "[StructLayout(LayoutKind.Auto)] [AllValid] partial struct A { public byte B; public long C; }", "[StructLayout(LayoutKind.Sequential, Size = \"x\", Nothing = 3)] [AllValid] partial struct A { public long B; }",
        "[ValidateOnRead] partial struct A { public bool B; static bool Validate() => true; }", "[ValidateOnRead] partial struct A { public bool B; static void Validate(in A a) { } }", "[ValidateOnRead] partial struct A { public bool B; public bool Validate(in A a) => true; public static bool Validate(A a) => true; }", "[ValidateOnRead] partial struct A { public Missing B; public static bool Validate(in Missing a) => true; }",
        "enum E : string { } [ValidateOnRead] partial struct A { public E B; }", "enum E : ulong { A = 0xFFFFFFFFFFFFFFFF, B = -1, C = A } [ValidateOnRead] partial struct S { public E F; }", "enum E { A = A, B = C, C = B } [ValidateOnRead] partial struct S { public E F; }", "[Flags] enum E : sbyte { A = -128, B = 64 } [ValidateOnRead] partial struct S { public E F; }", "enum E { } [ValidateOnRead] partial struct S { public E F; }",
        "[BigEndian] class C { } [AllValid] partial struct S { [BigEndian] public byte A; [BigEndian, BigEndian] public uint B; }", "[AllValid] partial struct S { [BigEndian] public static uint A; [BigEndian] public const uint B = 1; [BigEndian] public uint C => 1; [BigEndian] public uint D() => 1; }",
        "[GenerateReader] partial class C { }", "[GenerateReader(null)] partial class C { }", "[GenerateReader(typeof(void))] partial class C { Span<byte> AsSpan() => default; }", "[GenerateReader(typeof(List<>))] partial class C { Span<byte> AsSpan() => default; }", "[GenerateReader(typeof(int*))] partial class C { }", "[GenerateReader(typeof(Missing))] partial class C { }",
        "[GenerateReader(typeof(uint), Name = \"1\")] partial class C { Span<byte> AsSpan() => default; }", "[GenerateReader(typeof(uint), Name = null)] partial class C { Span<byte> AsSpan() => default; }", "[GenerateReader(typeof(uint), Name = \"C\")] partial class C { Span<byte> AsSpan() => default; }", "[GenerateWriter(typeof(uint))] partial class C { ReadOnlySpan<byte> AsSpan() => default; }",
        "[GenerateWriter(typeof(uint))] partial class C { Span<byte> AsSpan() => default; Span<byte> AsSpan(int a) => default; }", "[GenerateReader(typeof(uint))] static partial class C { }", "[GenerateReader(typeof(uint))] partial interface C { Span<byte> AsSpan(); }", "[GenerateReader(typeof(uint)), GenerateReader(typeof(uint)), GenerateWriter(typeof(uint))] partial record C { Span<byte> AsSpan() => default; }",
        "partial class O<T> { [AllValid] partial struct A { public uint B; } }", "class O { [AllValid] partial struct A { public uint B; } }", "partial class O { partial class O2 { [AllValid] private partial struct A { public uint B; } } }", "file partial struct F { } [AllValid] file partial struct A { public uint B; }", "void M() { [AllValid] partial struct A { } }",
        "[AllValid] partial struct A { public uint Layout; public uint View; public uint At; public uint Load; }", "[AllValid] partial struct A { public uint A; }", "[AllValid] partial struct Layout { public uint B; }", "[AllValid] partial struct A : IAllValid<A> { public uint B; }", "partial struct A : IAllValid<B>, IAllValid<A>, IValidateOnRead<Missing> { }", "class A : IAllValid<A> { }",
        "[AllValid] partial struct A { public uint B { get; set; } public uint C { get => field; set; } public event Action D; }", "[AllValid] partial struct A { public (int, long) B; public int? C; public Nullable<Missing> D; }", "[AllValid] partial struct A { public readonly uint B; public volatile uint C; public required uint D; }", "[AllValid] partial struct A { [ThreadStatic] static int B; const int C = 1; }",
        "class C { void M(HostSharedMemory h) { h.Read<>(0); h.Read<Missing>(0); h.Read<int, int>(0); h.Read(0); h.Write(0); h.Write(0, null); h.Write(0, default); } }", "class C { void M(HostSharedMemory h) { h.Read<bool>(; } }", "class C { void M(HostSharedMemory h) { var x = h.Read<int>; var y = h.Read; Func<ulong, bool> z = h.Read<bool>; } }",
        "class C<[AllValid] T> : C<C<T>> { }", "class C<[AllValid, AllValid] T> where T : T { }", "class C { void M<[AllValid] T>() where T : class { M<string>(); M<T>(); M<C>(); M<dynamic>(); } }", "interface I { void M<[AllValid] T>(); } class C : I { void I.M<T>() { } public void M<T>() { } }", "class B { public virtual void M<[AllValid] T>() { } } class C : B { public override void M<T, U>() { } }",
        "class C { void M(HostSharedMemory h) { int n = h.Read<int>(0); goto a; a: if (n > 0) goto a; b: goto b; } }", "class C { void M(HostSharedMemory h) { while (true) { int n = h.Read<int>(0); if (n == 0) continue; else break; return; } } }", "class C { int M(HostSharedMemory h) => h.Read<int>(0) is > 0 and int n ? new byte[n][n] : throw; }",
        "class C { void M(HostSharedMemory h) { try { h.Read<int>(0); } finally { try { } catch when (h.Read<bool>(1)) { } } } }", "class C { async Task M(HostSharedMemory h) { await foreach (var x in h.Read<int>(0)) { yield return x; } } }", "class C { IEnumerable<int> M(HostSharedMemory h) { using var a = h.Enter(); yield return a.Read<int>(0); } }", "class C { void M(HostSharedMemory h) { void L() { L(); M(h); int n = h.Read<int>(0); L(n); } L(); } }",
        "class C { static int M(HostSharedMemory h) => M(h) + h.Read<int>(M(h)); int F = M(null!); }", "class C { void M(HostSharedMemory h) { using (h.Enter()) using (var b = h.Enter()) { b = default; h.Enter(); _ = h.Enter(); return; } } }", "class C { HostLease F; void M(HostSharedMemory h) { F = h.Enter(); ref HostLease r = ref F; r.Dispose(); } }",
        "class C { void M(ExclusiveSharedMemory e) { Span<byte> s = e.AsSpan(0, 8); var (h, g) = e.Build(); s[0] = 1; (h, g) = e.Build(; } }", "class C { Span<byte> s; void M(HostSharedMemory h) { h.WithExclusivity(e => s = e.AsSpan(0, 8)); h.WithExclusivity(e => e); h.WithExclusivity(); h.WithExclusivity(null); } }", "unsafe class C { void M(HostSharedMemory h) { byte* p = (byte*)h.BaseAddress; p[h.Read<int>(0)] = *p++; *(int*)(h.BaseAddress +) = ; } }",
        "class C { void M(HostSharedMemory h) { Foo.View v = Foo.At(h, 0); v.A = v.A; if (v.A == v.A) { } } } [AllValid] partial struct Foo { public uint A; }", "class C { object M(HostSharedMemory h) => new { A = h.Read<int>(0), B = h?.Read<int>(0) ?? h!.Read<int>(0) }; }", "class C { void M(HostSharedMemory h) { int[] a = [.. new int[h.Read<int>(0)], ..]; var s = a[h.Read<int>(1)..^h.Read<int>(2)]; } }",
        "global::", "using static Nub.Memory.HostSharedMemory; class C { int X = Read<int>(0); }", "#if A\n[AllValid] partial struct A {\n#else\n}\n#endif", "/* [AllValid] partial struct A {", "\"\"\"", "class C { string S = $\"{new byte[h.Read<int>(0)]", "\u0000\uFFFF[AllValid] partial struct \uD800 { public uint \uDC00; }", "[AllValid] partial struct Ä { public uint Ö; public uint __; public uint \\u0041; }",
        "extension(HostSharedMemory h) { public int X => h.Read<int>(0); }", "static class E { extension<[AllValid] T>(T t) where T : unmanaged { public void M() { } } void N() { true.M(); } }", "class C { public static C operator +(C a, HostSharedMemory h) => h.Read<C>(0); public C this[HostSharedMemory h] => this[h]; ~C() { } static C() { } }", "namespace Nub.Memory { [AllValid] partial struct HostSharedMemory { public uint A; } class AllValidAttribute : Attribute { } }",
        "namespace System { public struct Mine { public uint A; } [AllValid] partial struct Int32 { public int A; } }", "class AllValidAttribute : Attribute { } [AllValid] partial struct A { public bool B; }", "[Nub.Memory.AllValid] [global::Nub.Memory.AllValidAttribute()] partial struct A { public uint B; }", "using AV = Nub.Memory.AllValidAttribute; [AV] partial struct A { public uint B; }", "[AllValid(3)] partial struct A { public uint B; }", "[AllValid(Nothing = 1)] partial struct A { public uint B; }",
        // A buffer of structs is none in C#, and an editor shows it all the same: a tail that comes back to its struct through one.
        "[AllValid, Tail<B>] public partial struct A { public uint C; } [AllValid] public unsafe partial struct B { public fixed A D[2]; }", "[AllValid, Tail<A>] public unsafe partial struct A { public uint C; public fixed A D[2]; }",
    ];

    [Theory]
    [MemberData(nameof(Absurd))]
    public async Task What_nobody_would_write_is_survived(string source) => await SurviveAsync(source);

    [Fact]
    public void There_are_many_of_them() => Assert.True(Absurd().Count + Mutations >= 200, $"{Absurd().Count} and {Mutations}");

    [Fact]
    public async Task The_whole_code_is_right_before_it_is_broken() =>
        Assert.Empty(Code.Generate(Code.Compile(Good)).GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error));

    [Fact]
    public async Task Half_typed_code_is_survived()
    {
        var random = new Random(Seed);
        for (int i = 0; i < Truncations; i++)
        {
            await SurviveAsync(Good[..random.Next(Good.Length)]);
        }
    }

    [Fact]
    public async Task Code_whose_words_were_dropped_doubled_and_exchanged_is_survived()
    {
        var random = new Random(Seed);
        SyntaxToken[] tokens = [.. CSharpSyntaxTree.ParseText(Good).GetRoot().DescendantTokens()];
        int generated = 0;
        for (int i = 0; i < Mutations; i++)
        {
            List<string> words = [.. tokens.Select(static token => token.ToFullString())];
            for (int change = random.Next(1, 6); change > 0; change--)
            {
                int at = random.Next(words.Count);
                switch (random.Next(3))
                {
                    case 0:
                        words.RemoveAt(at);
                        break;
                    case 1:
                        words.Insert(at, words[at]);
                        break;
                    default:
                        int other = random.Next(words.Count);
                        (words[at], words[other]) = (words[other], words[at]);
                        break;
                }
            }

            generated += await SurviveAsync(string.Concat(words));
        }

        output.WriteLine($"{generated} files were generated for {Mutations} broken programs");
        Assert.True(generated > Mutations, "The mutations leave nothing to generate for.");
    }

    private static async Task<int> SurviveAsync(string source)
    {
        // Both fail the test, with the exception, when a generator or an analyzer throws.
        CSharpCompilation generated = Code.Generate(Code.Compile(source), out GeneratorDriverRunResult result);
        await Code.AnalyzeAsync(generated);
        ImmutableArray<SyntaxTree> trees = result.GeneratedTrees;
        Assert.All(trees, static tree => Assert.Empty(tree.GetDiagnostics()));
        return trees.Length;
    }
}
