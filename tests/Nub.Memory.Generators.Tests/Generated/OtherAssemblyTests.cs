using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>Marked structs of an assembly that changes later, or that was built without the generator or against its errors.</summary>
public sealed class OtherAssemblyTests
{
    [Fact]
    public void A_struct_whose_field_changed_in_another_assembly_is_refused_at_run_time()
    {
        const string Before = "[AllValid] public partial struct In { public uint A; }";
        string name = Code.UniqueName();
        CSharpCompilation app = Code.Generate(Code.Compile(
            """
            [AllValid] public partial struct Out { public In I; public uint B; }
            public static class Test
            {
                public static string Run(HostSharedMemory host)
                {
                    foreach (Action use in (Action[])[() => host.Read<Out>(0), () => host.Write(0, default(Out)), () => Out.At(host, 0).Load()])
                    {
                        try { use(); return "done"; }
                        catch (NotAllValidException refused) when (refused.Message.Contains("generated for 8 bytes, and it has 16")) { }
                    }
                    return "refused";
                }
            }
            """,
            MetadataReference.CreateFromImage(Image(Code.Generate(Code.Compile(Before)), name))));
        byte[] after = Image(Code.Generate(Code.Compile(Before.Replace("uint", "ulong", StringComparison.Ordinal))), name);
        Assert.NotNull(AssemblyLoadContext.Default.LoadFromStream(new MemoryStream(after)));
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        using (host)
        using (guest)
        {
            Assert.Equal("refused", Loaded.From(app).GetType("Test")!.GetMethod("Run")!.Invoke(null, [host]));
        }
    }

    [Fact]
    public async Task A_marked_struct_that_nothing_proved_where_it_was_built_is_not_believed()
    {
        CSharpCompilation library = Code.Compile("""
            namespace Library;
            [AllValid] public struct Padded : IAllValid<Padded> { public byte A; public uint B; readonly string ISharedLayout.Fields => "8 A:u1 B:u4@4"; }
            [AllValid] public struct Bare { public uint A; }
            [ValidateOnRead] public struct Unchecked { public bool A; }
            """);
        string[] messages = await Markup.CheckAsync(
            """
            using Library;
            [AllValid] public partial struct First { public Padded {|NUB0002:A|}; }
            [AllValid] public partial struct Second { public Bare {|NUB0002:A|}; }
            [ValidateOnRead] public partial struct Third { public Unchecked {|NUB0002:A|}; }
            [InlineArray(2)] public struct Two { private Bare _first; }
            public static class Test
            {
                public static bool Run(HostSharedMemory host)
                {
                    host.Write(0, First.At(host, 0).Load());
                    return host.Read<{|NUB0001:Padded|}>(0).A == 0 && host.Read<{|NUB0001:Bare|}>(16).A == 0 && host.Read<{|NUB0001:Two|}>(32)[0].A == 0
                        && host.TryReadValidated<{|NUB0001:Unchecked|}>(48, out _) && host.TryReadValidated<Third>(64, out _);
                }
            }
            """,
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())));
        Assert.All(messages, static message => Assert.Contains("was built without the proof", message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Old")]
    [InlineData("Old", "global")]
    public async Task A_type_that_only_an_extern_alias_names_is_reported(params string[] aliases)
    {
        CSharpCompilation library = Code.Generate(Code.Compile("""
            namespace Wire;
            public enum Kind : ushort { In, Out }
            [AllValid] public partial struct Header { public uint Length; }
            public static partial class Holder { [AllValid] public partial struct Inside { public uint Length; } }
            """));
        string markup = """
            extern alias Old;
            [InlineArray(2)] public struct Two { private Old::Wire.Header _first; }
            [AllValid] public partial struct Plain { public Old::Wire.Header {|NUB0003:Head|}; public uint Size; }
            [AllValid] public partial struct Nested { public Old::Wire.Holder.Inside {|NUB0003:Inside|}; public uint Size; }
            [AllValid] public partial struct Pairs { public Two {|NUB0003:Pair|}; public uint Size; }
            [AllValid] public partial struct Kinds { [WireEnum] public Old::Wire.Kind {|NUB0003:Kind|}; public ushort Size; }
            [ValidateOnRead] public partial struct Validated { public Old::Wire.Kind {|NUB0003:Kind|}; public ushort Size; }
            [AllValid, Tail<Old::Wire.Header>] public partial struct {|NUB0003:Tailed|} { public uint Size; }
            [GenerateReader({|NUB0003:typeof(Old::Wire.Header)|})] public partial class Bytes { public Span<byte> AsSpan() => default; }
            [AllValid] public partial struct Around { public Plain Plain; }
            public static class Test { public static uint Run(HostSharedMemory host) => Plain.At(host, 0).Size + Nested.At(host, 64).Size + Pairs.At(host, 128).Size + Kinds.At(host, 192).Size; }
            """;
        bool isHidden = !aliases.Contains("global");
        string[] messages = await Markup.CheckAsync(
            isHidden ? markup : markup.Replace("{|NUB0003:", "", StringComparison.Ordinal).Replace("|}", "", StringComparison.Ordinal),
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())).WithAliases(aliases));
        Assert.Equal(isHidden ? 7 : 0, messages.Length);
        Assert.All(messages, static message => Assert.Contains("which only an extern alias names", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_type_of_a_name_that_two_references_have_is_reported_too()
    {
        CSharpCompilation library = Code.Generate(Code.Compile("namespace Wire; [AllValid] public partial struct Header { public uint Length; }"));
        string[] messages = await Markup.CheckAsync(
            "extern alias Old; [AllValid] public partial struct Plain { public Old::Wire.Header {|NUB0003:Head|}; }",
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())).WithAliases(["global", "Old"]),
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())));
        Assert.Contains("which only an extern alias names", Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_marked_array_that_nothing_proved_where_it_was_built_is_what_its_elements_are()
    {
        // Its errors were suppressed there, so that the generator wrote no marker.
        CSharpCompilation library = Code.Generate(Code.Compile("""
            namespace Library;
            [AllValid, StructLayout(LayoutKind.Sequential, Size = 5)] public partial struct Five { public uint A; public byte B; }
            [AllValid, InlineArray(2)] public partial struct Unfilled { private Five _first; }
            """));
        string[] messages = await Markup.CheckAsync(
            """
            using Library;
            [AllValid] public partial struct First { public Unfilled {|NUB0002:A|}; }
            public static class Test { public static uint Run(HostSharedMemory host) => host.Read<{|NUB0001:Unfilled|}>(0)[0].A; }
            """,
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())));
        Assert.All(messages, static message => Assert.Contains("do not fill it", message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_validated_array_that_nothing_proved_where_it_was_built_is_refused()
    {
        CSharpCompilation library = Code.Compile("""
            namespace Library;
            [ValidateOnRead, InlineArray(2)] public struct Bools { private bool _first; }
            [ValidateOnRead, InlineArray(2)] public struct Words { private uint _first; }
            """);
        string[] messages = await Markup.CheckAsync(
            """
            using Library;
            [ValidateOnRead] public partial struct First { public Bools {|NUB0002:A|}; public Words {|NUB0002:B|}; }
            [AllValid] public partial struct Second { public Words {|NUB0002:A|}; }
            public static class Test
            {
                public static bool Run(HostSharedMemory host) =>
                    host.TryReadValidated<{|NUB0001:Bools|}>(0, out _) && host.TryReadValidated<{|NUB0001:Words|}>(16, out _);
            }
            """,
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())));
        Assert.All(messages, static message => Assert.Contains("was built without the proof", message, StringComparison.Ordinal));
        await Markup.CheckAsync(
            """
            using Library;
            [ValidateOnRead] public partial struct First { public Bools A; public Words B; }
            public static class Test
            {
                public static bool Run(HostSharedMemory host) => host.TryReadValidated<Bools>(0, out _) && host.TryReadValidated<Words>(16, out _);
            }
            """,
            MetadataReference.CreateFromImage(Image(Code.Generate(Code.Compile("""
                namespace Library;
                [ValidateOnRead, InlineArray(2)] public partial struct Bools { private bool _first; }
                [ValidateOnRead, InlineArray(2)] public partial struct Words { private uint _first; }
                """)), Code.UniqueName())));
    }

    [Fact]
    public async Task A_marked_struct_in_a_namespace_of_System_is_nobodys_but_its_projects()
    {
        CSharpCompilation library = Code.Generate(Code.Compile("""
            namespace System.Mine;
            [AllValid] public partial struct Marked { public uint A; }
            [ValidateOnRead] public partial struct Validated { public bool A; }
            """));
        await Markup.CheckAsync(
            """
            using System.Mine;
            [AllValid] public partial struct First { public Marked A; }
            [ValidateOnRead] public partial struct Second { public Validated A; public Guid {|NUB0004:B|}; }
            public static class Test { public static uint Run(HostSharedMemory host) => host.Read<Marked>(0).A; }
            """,
            MetadataReference.CreateFromImage(Image(library, Code.UniqueName())));
    }

    private static byte[] Image(CSharpCompilation compilation, string name)
    {
        using var image = new MemoryStream();
        Assert.True(compilation.WithAssemblyName(name).Emit(image).Success);
        return image.ToArray();
    }
}
