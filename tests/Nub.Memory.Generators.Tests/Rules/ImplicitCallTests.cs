using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0001: methods that the language calls where no call is written.</summary>
public sealed class ImplicitCallTests
{
    private const string Types = """
        using System.Threading.Tasks;
        public struct Holder<T> where T : unmanaged;
        public static class Extensions
        {
            public static IEnumerator<T> GetEnumerator<[AllValid] T>(this Holder<T> holder) where T : unmanaged { yield break; }
            public static IAsyncEnumerator<T> GetAsyncEnumerator<[AllValid] T>(this Holder<T> holder) where T : unmanaged => throw new NotSupportedException();
            public static TaskAwaiter<T> GetAwaiter<[AllValid] T>(this Holder<T> holder) where T : unmanaged => default;
            public static void Deconstruct<[AllValid] T>(this Holder<T> holder, out T a, out T b) where T : unmanaged { a = default; b = default; }
        }
        [CollectionBuilder(typeof(Builder), "Create")]
        public sealed class Bag<T> where T : unmanaged { public IEnumerator<T> GetEnumerator() => throw new NotSupportedException(); }
        public static class Builder { public static Bag<T> Create<[AllValid] T>(ReadOnlySpan<T> values) where T : unmanaged => new(); }
        """;

    [Theory]
    [InlineData("foreach (TYPE one in {|NUB0001:holder|}) { }")]
    [InlineData("foreach ({|NUB0001:var (a, b)|} in new[] { holder }) { }")]
    [InlineData("await foreach (TYPE one in {|NUB0001:holder|}) { }")]
    [InlineData("await {|NUB0001:holder|};")]
    [InlineData("(TYPE a, TYPE b) = {|NUB0001:holder|};")]
    [InlineData("(int i, (TYPE a, TYPE b)) = {|NUB0001:(1, holder)|};")]
    [InlineData("_ = holder is {|NUB0001:(var a, var b)|};")]
    [InlineData("Bag<TYPE> bag = {|NUB0001:[default]|};")]
    public async Task A_method_that_the_language_calls_is_a_use(string statement)
    {
        await Markup.CheckAsync(Of(statement, "bool"));
        await Markup.CheckAsync(Of(statement.Replace("{|NUB0001:", "", StringComparison.Ordinal).Replace("|}", "", StringComparison.Ordinal), "uint"));
    }

    [Theory]
    [InlineData("private IEnumerator<T> GetEnumerator()", "foreach (bool one in {|NUB0001:it|}) { }")]
    [InlineData("public IEnumerator<T> GetEnumerator(int from)", "foreach (bool one in {|NUB0001:it|}) { }")]
    [InlineData("IEnumerator<T> IOther<T>.GetEnumerator()", "foreach (bool one in {|NUB0001:it|}) { }", "IOther<T>")]
    [InlineData("public IEnumerator<T> GetEnumerator()", "foreach (bool one in it) { }")]
    [InlineData("IEnumerator<T> IEnumerable<T>.GetEnumerator()", "foreach (bool one in it) { }", "IEnumerable<T>")]
    [InlineData("private TaskAwaiter<T> GetAwaiter()", "await {|NUB0001:it|};")]
    [InlineData("public TaskAwaiter<T> GetAwaiter(int priority)", "await {|NUB0001:it|};")]
    [InlineData("public TaskAwaiter<T> GetAwaiter()", "await it;")]
    public async Task An_extension_is_a_use_where_the_types_own_method_is_not_taken(string own, string statement, string implements = "IOther")
    {
        string more = implements == "IEnumerable<T>" ? "System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => throw new NotSupportedException();" : "";
        _ = await Markup.CheckAsync($$"""
            using System.Threading.Tasks;
            public interface IOther;
            public interface IOther<T> { IEnumerator<T> GetEnumerator(); }
            public sealed class It<T> : {{implements}} where T : unmanaged
            {
                {{own}} => throw new NotSupportedException();
                {{more}}
            }
            public static class Extensions
            {
                public static IEnumerator<T> GetEnumerator<[AllValid] T>(this It<T> it) where T : unmanaged => throw new NotSupportedException();
                public static TaskAwaiter<T> GetAwaiter<[AllValid] T>(this It<T> it) where T : unmanaged => default;
            }
            public static class Test
            {
                public static async Task Run(It<bool> it) { {{statement}} await Task.Yield(); }
            }
            """);
    }

    [Fact]
    public async Task Loops_awaits_and_operators_of_ones_own_are_left_alone() =>
        await Markup.CheckAsync("""
            using System.Threading.Tasks;
            public static class Test
            {
                public static async Task<int> Run(List<bool> list, bool[] array, Dictionary<int, bool> map, Task<bool> task, ValueTask<bool> value)
                {
                    int count = 0;
                    foreach (bool one in list) { count++; }
                    foreach (bool one in array) { count += 1; }
                    foreach ((int key, bool one) in map) { count = count + key; }
                    foreach (char one in "text") { count = -count; }
                    return await task && await value ? count : 0;
                }
            }
            """);

    private static string Of(string statement, string type) => Types + $$"""

        public static class Test
        {
            public static async Task Run(Holder<TYPE> holder) { {{statement}} await Task.Yield(); }
        }
        """.Replace("TYPE", type, StringComparison.Ordinal);
}
