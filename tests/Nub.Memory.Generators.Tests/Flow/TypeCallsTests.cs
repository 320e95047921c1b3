using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Nub.Memory.Generators.Taint;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>Which methods read and which call which, before anything is gone through.</summary>
public sealed class TypeCallsTests
{
    [Theory]
    [InlineData("void Run() => First(); private void First() => Second(); private uint Second() => _host.Read<uint>(0);", "First Run Second")]
    [InlineData("void Run() => First(); private void First() => Other(); void Other() => Second(); private uint Second() => _host.Read<uint>(0);", "First Other Run Second")]
    [InlineData("void Run() => First(); private void First() => Run();", "")]
    [InlineData("private uint First() => Second() + _host.Read<uint>(0); private uint Second() => First();", "First Second")]
    [InlineData("void Run() => _host.Write(0, 1u);", "")]

    // What others may call, too, is not followed, and is looked at by itself.
    [InlineData("void Run() => Open(); public uint Open() => _host.Read<uint>(0);", "Open")]

    // What stands in a lambda is its member's.
    [InlineData("void Run() { Func<uint> later = () => First(); later(); } private uint First() => _host.Read<uint>(0);", "First Run")]

    // A property is its getter.
    [InlineData("void Run() { uint a = A; a++; } private uint A => _host.Read<uint>(0);", "Run get_A")]

    // As deep as calls are followed: the fourth is too deep for Run.
    [InlineData("void Run() => A(); private void A() => B(); private void B() => C(); private uint C() => _host.Read<uint>(0);", "A B C Run")]
    [InlineData("void Run() => A(); private void A() => B(); private void B() => C(); private void C() => D(); private uint D() => _host.Read<uint>(0);", "A B C D")]

    // A parser that is handed to a pop is given what was read.
    [InlineData("byte[] Run() => _host.StackAt(0, 4096).Pop<byte[]>(Parse); private static byte[] Parse(ReadOnlySpan<byte> element) => element.ToArray();", "Parse Run")]
    [InlineData("uint Run(SharedArrayView<uint> all) { uint sum = 0; foreach (uint one in all) { sum += one; } return sum; }", "Run")]
    public void Who_may_read(string members, string expected) =>
        Assert.Equal(expected, string.Join(' ', Noted(members, out _).WhoMayRead.Select(static one => one.Name).Order(StringComparer.Ordinal)));

    [Fact]
    public void Calls_are_counted()
    {
        TypeCalls calls = Noted("void Run() { A(); A(); B(); Use(1); } private void A() => B(); private void B() { } private static void Use(int value) => Console.WriteLine(value);", out INamedTypeSymbol type);
        Assert.Equal(["A 2", "B 1", "Use 1"], calls.CallsOf(type.GetMembers("Run").Single()).Select(static one => $"{one.Key.Name} {one.Value}").Order(StringComparer.Ordinal));
        Assert.False(calls.AnyReads);
    }

    private static TypeCalls Noted(string members, out INamedTypeSymbol type)
    {
        CSharpCompilation compilation = TypeUnderTest.Compile(members);
        type = compilation.GetTypeByMetadataName("Test")!;
        var calls = new TypeCalls(type);
        SemanticModel model = compilation.GetSemanticModel(compilation.SyntaxTrees[0]);
        foreach (MemberDeclarationSyntax member in compilation.SyntaxTrees[0].GetRoot().DescendantNodes().OfType<MemberDeclarationSyntax>().Where(static one => one is MethodDeclarationSyntax or PropertyDeclarationSyntax))
        {
            ISymbol symbol = model.GetDeclaredSymbol(member)!;
            IOperation? code = model.GetOperation(member is PropertyDeclarationSyntax property ? property.ExpressionBody! : member);
            TypeUnderTest.Note(calls, symbol is IPropertySymbol { GetMethod: { } getter } ? getter : symbol, code!);
        }

        return calls;
    }
}
