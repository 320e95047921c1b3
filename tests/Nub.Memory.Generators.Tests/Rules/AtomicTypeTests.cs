using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Rules;

/// <summary>NUB0007.</summary>
public sealed class AtomicTypeTests
{
    [Theory]
    [InlineData("host.Add<{|NUB0007:ushort|}>(offset, 1)")]
    [InlineData("host.{|NUB0007:Add|}(offset, (ushort)1)")]
    [InlineData("host.{|NUB0007:Exchange|}(offset, (byte)1)")]
    [InlineData("host.Exchange<{|NUB0007:double|}>(offset, 1)")]
    [InlineData("host.{|NUB0007:CompareExchange|}(offset, 1f, 2f)")]
    [InlineData("host.CompareExchange<{|NUB0007:Word|}>(offset, default, default)")]
    [InlineData("host?.Exchange<{|NUB0007:Int128|}>(offset, 1)")]
    [InlineData("new Func<ulong, ushort, ushort>(host.{|NUB0007:Add|})(offset, 1)")]
    public async Task An_atomic_of_another_type_is_reported(string expression)
    {
        string message = Assert.Single(await Check(expression));
        Assert.Contains("has no atomic form for '", message, StringComparison.Ordinal);
        Assert.StartsWith("'HostSharedMemory.", message, StringComparison.Ordinal);
    }

    /// <summary>Each of the names, on a memory by guest address.</summary>
    [Theory]
    [InlineData("And", "")]
    [InlineData("Or", "")]
    [InlineData("TryAdd", ", out _")]
    [InlineData("TryAnd", ", out _")]
    [InlineData("TryOr", ", out _")]
    [InlineData("TryExchange", ", out _")]
    [InlineData("TryCompareExchange", ", 2, out _")]
    public async Task The_other_forms_are_known(string name, string rest) => await Markup.CheckAsync($$"""
        public static class Test
        {
            public static object Right(GuestAddressSpace space) => space.{{name}}<uint>(0, 1{{rest}});
            public static object Wrong(GuestAddressSpace space) => space.{{name}}<{|NUB0007:short|}>(0, 1{{rest}});
        }
        """);

    [Theory]
    [InlineData("host.Add(offset, 1)")]
    [InlineData("host.Add(offset, 1u)")]
    [InlineData("host.Exchange(offset, 1L)")]
    [InlineData("host.CompareExchange(offset, 1UL, 2UL)")]
    [InlineData("new Func<ulong, int, int>(host.Add)(offset, 1)")]
    [InlineData("Other.Add<ushort>(1)")]
    [InlineData("new List<ushort>()")]
    public async Task What_has_atomics_and_what_is_none_is_not(string expression) => Assert.Empty(await Check(expression));

    /// <summary>What may not cross the boundary at all has one error, and that is about the boundary.</summary>
    [Theory]
    [InlineData("host.Exchange<{|NUB0001:bool|}>(offset, true)")]
    [InlineData("host.Add<{|NUB0001:nint|}>(offset, 1)")]
    [InlineData("host.{|NUB0001:Exchange|}(offset, DayOfWeek.Monday)")]
    public async Task What_is_not_AllValid_has_one_error(string expression) => Assert.Single(await Check(expression));

    [Fact]
    public async Task A_type_parameter_is_left_to_the_run_time() => await Markup.CheckAsync("""
        public static class Test
        {
            public static T Add<[AllValid] T>(HostSharedMemory host, T value) where T : unmanaged => host.Add(0, value);
        }
        """);

    private static Task<string[]> Check(string expression) => Markup.CheckAsync($$"""
        [AllValid] public partial struct Word { public ushort Low; public ushort High; }
        public static class Other { public static T Add<T>(T value) => value; }
        public static class Test
        {
            public static object? Run(HostSharedMemory host, ulong offset) => {{expression}};
        }
        """);
}
