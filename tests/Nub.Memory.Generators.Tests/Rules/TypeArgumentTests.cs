using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0001.</summary>
public sealed class TypeArgumentTests
{
    [Theory]
    [InlineData("byte"), InlineData("sbyte"), InlineData("ushort"), InlineData("short"), InlineData("uint"), InlineData("int"), InlineData("ulong"), InlineData("long")]
    [InlineData("Int128"), InlineData("UInt128"), InlineData("Half"), InlineData("float"), InlineData("double"), InlineData("char")]
    [InlineData("Marked"), InlineData("Bytes"), InlineData("InlineArray4<uint>")]
    public async Task What_is_AllValid_may_be_read(string type) =>
        await Markup.CheckAsync($$"""
            [InlineArray(8)] public struct Bytes { private byte _first; }
            [InlineArray(4)] public struct InlineArray4<T> { private T _first; }
            [AllValid] public partial struct Marked { public uint A; }
            public static class Test
            {
                public static object Run(HostSharedMemory host) => host.Read<{{type}}>(0);
            }
            """);

    [Theory]
    [InlineData("bool", "only 0 and 1 of the 256 bit patterns of 'bool' are legal")]
    [InlineData("DayOfWeek", "not every bit pattern of 'DayOfWeek' is legal")]
    [InlineData("decimal", "not every bit pattern of 'decimal' is legal")]
    [InlineData("DateTime", "private to the framework")]
    [InlineData("Guid", "private to the framework")]
    [InlineData("(int, int)", "private to the framework")]
    [InlineData("nint", "the size of 'nint' is the host's")]
    [InlineData("nuint", "the size of 'nuint' is the host's")]
    [InlineData("IntPtr", "the size of 'nint' is the host's")]
    [InlineData("Unmarked", "mark it [AllValid]")]
    [InlineData("Bools", "of 'Bools[0]' at offset 0, only 0 and 1")]
    [InlineData("BigEndians", "mark it [AllValid]")]
    [InlineData("Outer", "of 'Outer.Inner.Flag' at offset 5, only 0 and 1")]
    [InlineData("Auto", "LayoutKind.Auto")]
    [InlineData("Checked", "of 'Checked.Flag' at offset 0, only 0 and 1")]
    [InlineData("Generic<uint>", "nothing has proved 'Generic<uint>'")]
    public async Task What_is_not_AllValid_is_refused_with_the_reason(string type, string reason)
    {
        string[] messages = await Markup.CheckAsync($$"""
            [InlineArray(8)] public struct Bools { private bool _first; }
            [InlineArray(8), BigEndian] public struct BigEndians { private ushort _first; }
            public struct Unmarked { public uint A; }
            public struct Inner { public byte First; public bool Flag; }
            public struct Outer { public uint A; public Inner Inner; }
            public struct Generic<T> { public T A; }
            [StructLayout(LayoutKind.Auto)] public struct Auto { public uint A; }
            [ValidateOnRead] public partial struct Checked { public bool Flag; }
            public static class Test
            {
                public static object Run(HostSharedMemory host) => host.Read<{|NUB0001:{{type}}|}>(0);
            }
            """);

        Assert.Contains(reason, Assert.Single(messages), StringComparison.Ordinal);
        Assert.Contains("'HostSharedMemory.Read<T>', which is [AllValid]", messages[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_inferred_type_argument_is_refused_on_the_name() =>
        await Markup.CheckAsync("""
            public static class Test
            {
                public static void Run(HostSharedMemory host, bool flag)
                {
                    host.{|NUB0001:Write|}(0, flag);
                    host.{|NUB0001:TryWrite|}(0, DayOfWeek.Friday);
                    host?.{|NUB0001:TryRead|}(0, out flag);
                }
            }
            """);

    [Fact]
    public async Task A_lease_is_held_to_the_same() =>
        await Markup.CheckAsync("""
            public static class Test
            {
                public static bool Run(HostSharedMemory host)
                {
                    using HostLease access = host.Enter();
                    return access.Read<{|NUB0001:bool|}>(0);
                }
            }
            """);

    [Fact]
    public async Task A_constructed_type_is_refused_where_it_is_written() =>
        await Markup.CheckAsync("""
            using Bad = Nub.Memory.SharedView<{|NUB0001:bool|}>;
            public class Holder<[AllValid] T>;
            public sealed class Derived : Holder<{|NUB0001:bool|}>;
            public static class Test
            {
                public static Holder<{|NUB0001:DateTime|}>? Field;
                public static void Run(Bad view, SharedArrayView<{|NUB0001:nint|}> elements)
                {
                    _ = typeof(Holder<{|NUB0001:decimal|}>);
                    _ = typeof(Holder<>);
                    _ = new Holder<{|NUB0001:object|}>();
                    List<Holder<{|NUB0001:string|}>> several = [];
                    _ = several;
                }
            }
            """);

    [Fact]
    public async Task A_type_parameter_must_be_marked_in_turn() =>
        await Markup.CheckAsync("""
            public sealed class Reader<T, [AllValid] TMarked> where T : unmanaged where TMarked : unmanaged
            {
                public T Bad(HostSharedMemory host) => host.Read<{|NUB0001:T|}>(0);
                public TMarked Good(HostSharedMemory host) => host.Read<TMarked>(0);
                public void Local(HostSharedMemory host)
                {
                    static TAny Any<TAny>(HostSharedMemory memory) where TAny : unmanaged => memory.Read<{|NUB0001:TAny|}>(0);
                    static TMine Mine<[AllValid] TMine>(HostSharedMemory memory) where TMine : unmanaged => memory.Read<TMine>(0);
                    _ = Any<bool>(host);
                    _ = Mine<{|NUB0001:bool|}>(host);
                }
            }
            """);

    [Fact]
    public async Task A_method_group_is_a_use() =>
        await Markup.CheckAsync("""
            public static class Test
            {
                public static Func<ulong, bool> Run(HostSharedMemory host) => host.Read<{|NUB0001:bool|}>;
                public static Action<ulong, DateTime> Inferred(HostSharedMemory host) => host.{|NUB0001:Write|};
                public static Func<ulong, uint> Good(HostSharedMemory host) => host.Read<uint>;
            }
            """);

    [Fact]
    public async Task ValidateOnRead_parameters_take_only_validated_structs()
    {
        string[] messages = await Markup.CheckAsync("""
            [ValidateOnRead] public partial struct Checked { public bool Flag; }
            [AllValid] public partial struct Marked { public uint A; }
            public static class Test
            {
                public static bool Run(HostSharedMemory host) => host.TryReadValidated<Checked>(0, out _)
                    || host.TryReadValidated<{|NUB0001:bool|}>(0, out _)
                    || host.TryReadValidated<{|NUB0001:Marked|}>(0, out _);
                public static bool Any<T, [ValidateOnRead] TMarked>(HostSharedMemory host) where T : unmanaged where TMarked : unmanaged =>
                    host.TryReadValidated<{|NUB0001:T|}>(0, out _) || host.TryReadValidated<TMarked>(0, out _);
            }
            """);

        Assert.All(messages, static message => Assert.Contains("which is [ValidateOnRead]", message, StringComparison.Ordinal));
        Assert.Contains("mark a partial struct [ValidateOnRead]", messages[0], StringComparison.Ordinal);
        Assert.Contains("use TryRead", messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateReader_and_GenerateWriter_take_what_is_AllValid_and_pointer_sized_integers() =>
        await Markup.CheckAsync("""
            [GenerateReader(typeof(uint)), GenerateReader(typeof(nint)), GenerateReader({|NUB0001:typeof(bool)|})]
            [GenerateWriter(typeof(nuint)), GenerateWriter({|NUB0001:typeof(DateTime)|})]
            public sealed partial class Buffer
            {
                private readonly byte[] _bytes = new byte[64];
                private Span<byte> AsSpan() => _bytes;
            }
            """);

    [Fact]
    public async Task A_project_without_the_runtime_is_left_alone() =>
        Assert.Empty(await Code.AnalyzeAsync(Code.Compile("public static class Test { public static List<bool> Run() => new List<bool>(); }")));
}
