using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0001: each place in the language where a type meets a marked type parameter.</summary>
public sealed class TypeArgumentPlaceTests
{
    [Fact]
    public async Task Extension_methods_are_calls_and_method_groups_like_others() =>
        await Markup.CheckAsync("""
            public static class Extensions
            {
                public static T First<[AllValid] T>(this HostSharedMemory host) where T : unmanaged => host.Read<T>(0);
                public static T Bad<T>(this HostSharedMemory host) where T : unmanaged => host.First<{|NUB0001:T|}>();
                public static void Put<[AllValid] T>(this HostSharedMemory host, T value) where T : unmanaged => host.Write(0, value);
            }
            public static class Test
            {
                public static void Run(HostSharedMemory host)
                {
                    _ = host.First<uint>();
                    _ = host.First<{|NUB0001:bool|}>();
                    _ = Extensions.First<{|NUB0001:DateTime|}>(host);
                    host.{|NUB0001:Put|}(true);
                    host.{|NUB0001:Put|}(DayOfWeek.Friday);
                    Func<bool> group = host.First<{|NUB0001:bool|}>;
                    Action<DayOfWeek> inferred = host.{|NUB0001:Put|};
                    _ = (group, inferred);
                }
            }
            """);

    [Fact]
    public async Task Lambdas_local_functions_and_initializers_are_looked_into() =>
        await Markup.CheckAsync("""
            public class Test(HostSharedMemory host)
            {
                private readonly bool _field = host.Read<{|NUB0001:bool|}>(0);
                public DayOfWeek Property { get; } = host.Read<{|NUB0001:DayOfWeek|}>(0);
                public bool Computed => host.Read<{|NUB0001:bool|}>(0);
                public bool this[ulong offset] => host.Read<{|NUB0001:bool|}>(offset);
                public Func<bool> Lambda() => () => host.Read<{|NUB0001:bool|}>(0);
                public Func<ulong, Func<bool>> Nested() => offset => delegate { return host.Read<{|NUB0001:bool|}>(offset); };
                public IEnumerable<bool> Iterator()
                {
                    yield return Local() && _field;
                    bool Local() => host.Read<{|NUB0001:bool|}>(0);
                }
                public async System.Threading.Tasks.Task<bool> Async() { await System.Threading.Tasks.Task.Yield(); return host.Read<{|NUB0001:bool|}>(0); }
                public Test(HostSharedMemory other, ulong offset) : this(other) => other.{|NUB0001:Write|}(offset, true);
                public static bool operator !(Test test) => test.Computed & {|NUB0010:test[0]|} | SharedBytes.Read<{|NUB0001:bool|}>(default);
            }
            """);

    [Fact]
    public async Task Types_that_are_written_anywhere_are_checked() =>
        await Markup.CheckAsync("""
            global using Far = Holder<{|NUB0001:bool|}>;
            using static Holder<{|NUB0001:decimal|}>;
            using Pair = (int, Holder<{|NUB0001:System.DateTime|}>);
            public class Holder<[AllValid] T> { public static int Count; public class Inner; }
            [AttributeUsage(AttributeTargets.All, AllowMultiple = true)] public sealed class MarkAttribute<[AllValid] T> : Attribute;
            public delegate void Take<[AllValid] T>(T value);
            public struct Cell<[AllValid] T> where T : unmanaged { public T Value; }
            public interface ITake<[AllValid] T> { void Take(T value) { } }
            public class Base<T> where T : Holder<{|NUB0001:bool|}>;
            public sealed class Derived : Base<Far>, ITake<{|NUB0001:nint|}>;
            public record Row(Holder<{|NUB0001:bool|}>[] Cells) : ITake<{|NUB0001:bool|}>;
            [Mark<{|NUB0001:bool|}>, Mark<uint>]
            public static unsafe class Test
            {
                public static Holder<{|NUB0001:bool|}>[]? Array;
                public static Holder<{|NUB0001:bool|}>.Inner? Inner;
                public static (Holder<{|NUB0001:bool|}> A, int B) Tuple;
                public static delegate*<Holder<{|NUB0001:bool|}>, void> Pointer;
                public static SharedView<{|NUB0001:bool|}> View() => default;
                public static event Take<{|NUB0001:bool|}>? Taken;
                public static int Run(object value, Pair pair)
                {
                    _ = Holder<{|NUB0001:bool|}>.Count + Count;
                    Take<{|NUB0001:bool|}> take = static (bool _) => { };
                    Taken += take;
                    List<Holder<{|NUB0001:string|}>> list = new();
                    _ = new Holder<{|NUB0001:byte[]|}>?[1, 2];
                    Cell<{|NUB0001:bool|}>* cell = null;
                    _ = (default(Holder<{|NUB0001:int?|}>), cell == null);
                    return value is Holder<{|NUB0001:bool|}> or Holder<uint> ? list.Count : (value as Holder<{|NUB0001:(int, int)|}>) is null ? 1 : 0;
                }
            }
            """);

    [Fact]
    public async Task Pointers_to_functions_are_method_groups() =>
        await Markup.CheckAsync("""
            public static unsafe class Test
            {
                public static T Read<[AllValid] T>(ulong offset) where T : unmanaged => default;
                public static delegate*<ulong, bool> Bad() => &Read<{|NUB0001:bool|}>;
                public static delegate*<ulong, uint> Good() => &Read<uint>;
            }
            """);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Types_of_another_project_or_package_are_known_by_their_names(bool isPackage)
    {
        CSharpCompilation other = Code.Compile("""
            namespace Other;
            public static class Outer
            {
                public class Holder<[AllValid] T> { public class Inner<[ValidateOnRead] TInner>; }
                public sealed class MarkAttribute<[AllValid] T> : Attribute;
                public delegate void Take<[AllValid] T>(T value);
            }
            """).WithAssemblyName("Other");
        using var image = new MemoryStream();
        Assert.True(other.Emit(image).Success);
        MetadataReference reference = isPackage ? MetadataReference.CreateFromImage(image.ToArray()) : other.ToMetadataReference();
        await Markup.CheckAsync("""
            using static Other.Outer;
            [Mark<{|NUB0001:bool|}>]
            public class Test(Other.Outer.Holder<{|NUB0001:bool|}> holder, Holder<uint>.Inner<{|NUB0001:uint|}>? inner, Take<{|NUB0001:DayOfWeek|}> take, @Holder<{|NUB0001:char?|}> verbatim)
            {
                public object Run() => (holder, inner, take, verbatim, new List<bool>(), new Dictionary<DateTime, bool>());
            }
            """, reference);
    }

    [Fact]
    public async Task What_only_names_something_is_no_use() =>
        await Markup.CheckAsync("""
            public class Holder<[AllValid] T> { public static int Count; }
            /// <summary><see cref="Holder{T}"/>, <see cref="HostSharedMemory.Read{T}(ulong)"/>, <see cref="Holder{Boolean}"/></summary>
            public static class Test
            {
                public static string Run() => nameof(Holder<bool>) + nameof(Holder<bool>.Count) + nameof(HostSharedMemory.Read) + typeof(Holder<>).Name;
            }
            """);

    [Fact]
    public async Task An_override_keeps_the_mark()
    {
        string[] messages = await Markup.CheckAsync("""
            public abstract class Base
            {
                public abstract void Both<[AllValid] T>() where T : unmanaged;
                public virtual void Dropped<[AllValid] T, TOther>() { }
                public virtual void Added<T>() where T : unmanaged { }
                public virtual void Checked<[ValidateOnRead] T>() { }
            }
            public class Derived : Base
            {
                public override void Both<[AllValid] T>() { }
                public override void Dropped<{|NUB0001:TMine|}, TOther>() { }
                public override void Added<[AllValid] {|NUB0001:T|}>() { }
                public override void Checked<{|NUB0001:T|}>() { }
            }
            """);

        Assert.Equal(
            "'TMine' cannot be used for 'T' of 'Base.Dropped<T, TOther>', which is [AllValid]: the type parameter 'TMine' may stand for any type; mark it [AllValid], so that its users are checked in turn",
            messages[0]);
        Assert.Equal(
            "'T' cannot be used for 'T' of 'Derived.Added<T>', which is [AllValid]: 'Base.Added<T>' can be called with any type, which no rule checks there; mark its 'T' [AllValid] too",
            messages[1]);
    }

    [Fact]
    public async Task What_implements_an_interfaces_member_keeps_the_mark() =>
        await Markup.CheckAsync("""
            public interface IReader
            {
                T Read<[AllValid] T>(ulong offset) where T : unmanaged;
                static abstract void Static<[AllValid] T>();
                void Default<[AllValid] T>() { }
            }
            public class Implicit : IReader
            {
                public virtual T Read<{|NUB0001:T|}>(ulong offset) where T : unmanaged => default;
                public static void Static<{|NUB0001:T|}>() { }
            }
            public class Overriding : Implicit, IReader
            {
                public override T Read<T>(ulong offset) => default;
                void IReader.Default<{|NUB0001:T|}>() { }
            }
            public struct Explicit : IReader
            {
                readonly T IReader.Read<[AllValid] T>(ulong offset) => default;
                static void IReader.Static<{|NUB0001:T|}>() { }
            }
            public interface INarrower : IReader { void IReader.Default<{|NUB0001:T|}>() { } }
            public interface IAny { void Take<T>(); }
            public class Helper { public void Take<[AllValid] T>() { } }
            public class Careful : IAny { public void Take<[AllValid] {|NUB0001:T|}>() { } }
            public class {|NUB0001:Inherits|} : Helper, IAny;
            public class Takes { public T Read<T>(ulong offset) where T : unmanaged => default; }
            public abstract class TakesMore : Takes, IReader { public static void Static<[AllValid] T>() { } }
            """);

    [Fact]
    public async Task One_part_of_a_partial_member_or_type_marks_all_of_it() =>
        await Markup.CheckAsync("""
            public partial class Test<[AllValid] T> where T : unmanaged
            {
                public partial TNew New<[AllValid] TNew>(HostSharedMemory host) where TNew : unmanaged;
                public partial TNew Bad<TNew>(HostSharedMemory host) where TNew : unmanaged;
            }
            public partial class Test<T>
            {
                public partial TNew New<TNew>(HostSharedMemory host) where TNew : unmanaged => host.Read<TNew>(0);
                public partial TNew Bad<TNew>(HostSharedMemory host) where TNew : unmanaged => host.Read<{|NUB0001:TNew|}>(0);
                public T Get(HostSharedMemory host) => host.Read<T>(0) is var value && New<{|NUB0001:bool|}>(host) ? value : value;
            }
            """);

    [Fact]
    public async Task A_type_parameter_in_a_type_argument_is_seen_through() =>
        await Markup.CheckAsync("""
            [InlineArray(4)] public struct Four<T> where T : unmanaged { private T _first; }
            public struct Pair<T> where T : unmanaged { public T A; public T B; }
            public class Holder<[AllValid] T>;
            public class Test<T, [AllValid] TMarked> : Holder<{|NUB0001:T|}> where T : unmanaged where TMarked : unmanaged
            {
                public class Inner<TInner> : Holder<TMarked> where TInner : unmanaged { public Holder<{|NUB0001:TInner|}>? A; }
                public void Run(HostSharedMemory host)
                {
                    _ = host.Read<{|NUB0001:Four<T>|}>(0);
                    _ = host.Read<Four<uint>>(0);
                    _ = host.Read<{|NUB0001:Four<bool>|}>(0);
                    _ = host.Read<{|NUB0001:Pair<bool>|}>(0);
                }
            }
            """);

    [Theory]
    [InlineData("Deep", "of 'Deep.First.Ring[0].Flags.IsLast' at offset 16, only 0 and 1 of the 256 bit patterns of 'bool' are legal; use byte and compare it with 0, or validate with [ValidateOnRead] and TryReadValidated")]
    [InlineData("Property", "of 'Property.Day' at offset 4, not every bit pattern of 'DayOfWeek' is legal; use the integer behind it and convert, or validate with [ValidateOnRead] and TryReadValidated")]
    [InlineData("Fixed", "of 'Fixed.Flags[0]' at offset 8, only 0 and 1")]
    [InlineData("Sized", "of 'Sized.Address' at offset 8, the size of 'nuint' is the host's, and an address of the host means nothing to a guest; use ulong or uint, whichever the guest has")]
    [InlineData("Explicit", "of 'Explicit.Time' at offset 24, the fields of 'DateTime' are private to the framework; use integers, and convert from and to them")]
    public async Task The_message_names_the_first_offending_field_by_its_path_and_what_to_do(string type, string message)
    {
        string[] messages = await Markup.CheckAsync($$"""
            public struct Flags { public ulong Kind; public bool IsLast; public bool IsFirst; }
            [InlineArray(3)] public struct Ring { private Entry _first; }
            [StructLayout(LayoutKind.Sequential, Pack = 4)] public struct Entry { public uint A; public Flags Flags; }
            public struct First { public uint A; public Ring Ring; }
            public struct Deep { public First First; public bool Last; }
            public struct Property { public uint A; public DayOfWeek Day { get; set; } }
            public unsafe struct Fixed { public ulong A; public fixed bool Flags[3]; }
            public struct Sized { public byte A; public nuint Address; }
            [StructLayout(LayoutKind.Explicit)] public struct Explicit { [FieldOffset(0)] public ulong A; [FieldOffset(24)] public DateTime Time; }
            public static class Test { public static object Run(HostSharedMemory host) => host.Read<{|NUB0001:{{type}}|}>(0); }
            """);
        Assert.Contains(message, Assert.Single(messages), StringComparison.Ordinal);
    }
}
