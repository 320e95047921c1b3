using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Layout;

namespace Nub.Memory.Generators.Tests.Layout;

/// <summary>Which names the generated members have beside a user's, and the lists that the model is compared by.</summary>
public sealed class NameModelTests
{
    /// <summary>The view's name, the layout's, and what gives way to a member of the user's.</summary>
    [Theory]
    [InlineData("public uint A;", "View Layout")]
    [InlineData("public uint View;", "FooView Layout View")]
    [InlineData("public uint View; public uint FooView;", "FooView_ Layout View")]
    [InlineData("public uint Layout; public void FooLayout() { }", "View FooLayout_ Layout")]
    [InlineData("public uint A; public void At() { } public void ArrayAt() { }", "View Layout At ArrayAt")]
    [InlineData("public uint ReadFrom; public uint TryReadFrom;", "View Layout ReadFrom")]
    [InlineData("public uint WriteTo; public uint TryAt; public uint TryArrayAt;", "View Layout TryAt TryArrayAt WriteTo")]
    [InlineData("public uint Load; public uint Store; public uint TryLoad; public uint TryTail;", "View Layout View.Load View.Store View.TryLoad")]
    [InlineData("public uint A; public uint AAtomic;", "View Layout View.AAtomic")]
    [InlineData("public uint A; public uint AView;", "View Layout")]
    [InlineData("public Little A; public uint AView; public uint SetA; public uint AAtomic;", "View Layout View.AView View.SetA")]
    [InlineData("public Uints A; public uint AView;", "View Layout View.AView")]
    [InlineData("[WireEnum] public Kind A; public ushort TryGetA; public uint AAtomic;", "View Layout TryGetA View.TryGetA View.AAtomic")]
    [InlineData("public uint Tag; [Union(nameof(Tag), 1)] public uint A; public uint TryGetA;", "View Layout TryGetA View.TryGetA")]
    [InlineData("public uint A; public readonly ref partial struct View { } public static partial class Layout { }", "View Layout")]
    [InlineData("public uint A; public readonly ref struct View { } public static class Layout { }", "FooView FooLayout View Layout")]
    [InlineData("public uint A; public partial struct View { } public partial class Layout { }", "FooView FooLayout View Layout")]
    public void A_generated_member_gives_way_to_a_user_s(string members, string expected)
    {
        (INamedTypeSymbol type, StructLayout layout) = Model.Of($"[AllValid] public partial struct Foo {{ {members} }}");
        GeneratedNames names = GeneratedNames.Of(type, layout);
        Assert.Equal(expected, string.Join(' ', names.LeftOut.Select(static one => one.Name).Prepend(names.Layout).Prepend(names.View)).Replace("FooView.", "View.", StringComparison.Ordinal));
        Assert.Equal(names.View, GeneratedNames.ViewOf(type));
        Assert.All(names.LeftOut, one => Assert.False(names.Has(one.Name)));
        Assert.True(names.Has("Anything"));
    }

    [Theory]
    [InlineData("AllValid", "At", "'memory.At<Foo.View>(offset)'")]
    [InlineData("AllValid", "TryAt", "'memory.TryAt<Foo.View>(offset)'")]
    [InlineData("AllValid", "ArrayAt", "'SharedViews.ArrayAt<Foo, Foo.View, HostSharedMemory>(memory, offset, count)'")]
    [InlineData("AllValid", "TryArrayAt", "'SharedViews.TryArrayAt<Foo, Foo.View, HostSharedMemory>(memory, offset, count, out …)'")]
    [InlineData("AllValid", "ReadFrom", "'SharedBytes.Read<Foo>(source)'")]
    [InlineData("AllValid", "WriteTo", "'SharedBytes.Write(destination, value)'")]
    [InlineData("ValidateOnRead", "TryReadFrom", "'SharedBytes.TryRead(source, out value)'")]
    [InlineData("ValidateOnRead", "WriteTo", "'SharedBytes.WriteValidated(destination, value)'")]
    [InlineData("AllValid", "View", "'Foo.FooView'")]
    [InlineData("AllValid", "Layout", "'Foo.FooLayout'")]
    [InlineData("AllValid", "Store", "'Write' of the memory")]
    [InlineData("AllValid", "Load", "'Read' of the memory")]
    [InlineData("AllValid", "AAtomic", "'A' of the view, or the memory at 'Layout.AOffset'")]
    public void What_gives_way_is_reached_otherwise(string mark, string member, string instead)
    {
        (INamedTypeSymbol type, StructLayout layout) = Model.Of($"[{mark}] public partial struct Foo {{ public uint A; public uint {member}; }}");
        LeftOut one = Assert.Single(GeneratedNames.Of(type, layout).LeftOut);
        Assert.Equal((member, instead), (one.Member, one.Instead));
    }

    [Fact]
    public void Lists_are_equal_when_their_items_are()
    {
        EquatableArray<string> one = new(["a", "b"]);
        EquatableArray<string> same = new(["a", "b"]);
        EquatableArray<string> other = new(["b", "a"]);
        Assert.True(one.Equals(same) && one.Equals((object)same));
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.False(one.Equals(other) || one.Equals((object)"a") || one.Equals(null));
        Assert.NotEqual(one.GetHashCode(), other.GetHashCode());
        Assert.True(default(EquatableArray<string>).Equals(EquatableArray<string>.Empty));
        Assert.Equal((0, 2, "b"), (default(EquatableArray<string>).Count, one.Count, one[1]));
        Assert.Equal(["a", "b"], one);
    }
}
