using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Generated;

/// <summary>What is generated compiles without a warning, whatever the struct's members are called and made of.</summary>
public sealed class WarningTests
{
    [Theory]
    [InlineData("[AllValid, Tail<Arr<uint>>] public partial struct Foo { public uint Count; } [InlineArray(2)] public struct Arr<T> where T : unmanaged { private T _first; }")]
    [InlineData("[AllValid, Tail<Arr<uint>>(nameof(Count))] public partial struct Foo { public uint Count; } [InlineArray(2)] public struct Arr<T> where T : unmanaged { private T _first; }")]
    [InlineData("[AllValid, InlineArray(2)] public partial struct Foo { private Arr<uint> _first; } [InlineArray(2)] public struct Arr<T> where T : unmanaged { private T _first; }")]
    [InlineData("public enum Never { } [ValidateOnRead] public partial struct Foo { public Never A; public uint B; }")]
    [InlineData("public enum Never : sbyte { } [InlineArray(2)] public struct Two { private Never _first; } [ValidateOnRead] public partial struct Foo { public Two A; public uint B; }")]
    [InlineData("public enum Never : ulong { } [AllValid] public partial struct Foo { [WireEnum] public Never A; public ulong B; }")]
    [InlineData("[AllValid] public partial struct Foo { public uint A; [BitField(nameof(A), 0, 1)] public partial uint _view { get; set; } }")]
    [InlineData("[AllValid, Tail<uint>] public partial struct Foo { public uint A; [BitField(nameof(A), 0, 1)] public partial uint _viewTailed { get; set; } }")]
    [InlineData("[AllValid, Tail<uint>] public partial struct Foo { public uint _view; public uint _viewTailed; public uint _view_; }")]
    public async Task What_is_generated_compiles_without_a_warning(string source) => await Markup.CheckAsync(source);
}
