using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;
using Nub.Memory.Generators.Taint;
using Nub.Memory.Generators.Tests.Harness;

namespace Nub.Memory.Generators.Tests.Flow;

/// <summary>Has the methods of a class gone through, and tells what was done for each.</summary>
internal static class TypeUnderTest
{
    /// <summary>What an interpreter's instructions read their operands by: helpers that have helpers.</summary>
    public const string InterpretersHelpers = """
        private uint _r0, _r1, _r2, _r3;
        private uint Load(ulong at) => at % 2 == 0 ? Word(at) | (Word(at + 2) << 16) : Half(at) | (Half(at + 1) << 8);
        private uint Word(ulong at) { uint word = Half(at) | (Half(at + 1) << 8); Flag(word == 0); return word; }
        private uint Half(ulong at) { uint half = _host.Read<byte>(at); Flag(half == 0); return half; }
        private void Flag(bool set) { if (set) { _r3 |= 1; } else { _r3 &= ~1u; } }
        private void Store(int register, uint value) { switch (register % 3) { case 0: _r0 = value; break; case 1: _r1 = value; break; default: _r2 = value; break; } }

        """;

    /// <summary>A method with some instructions. What it does with a length itself is a mistake.</summary>
    public static string Interpreter(string name, int instructions = 40) => $$"""
        public uint {{name}}(ulong at)
        {
            uint length = _host.Read<uint>(at);
            switch (_host.Read<byte>(at + 4))
            {
                {{string.Concat(Enumerable.Range(0, instructions).Select(static i => $"case {i}: Store({i}, Load(at + {i}) + Load(at + {i} + 64)); break;\n"))}}
            }

            return (uint)new byte[length].Length;
        }

        """;

    /// <summary>Goes through methods of a class with these members and a <c>_host</c>.</summary>
    /// <param name="members">The members, as they are written.</param>
    /// <param name="names">Which ones, in the order in which they are given; those that are not named are only there to be called.</param>
    /// <returns>What was found for each.</returns>
    public static Dictionary<string, FlowSession> Run(string members, params string[] names) => Run(members, names, out _);

    /// <inheritdoc cref="Run(string, string[])"/>
    /// <param name="members">The members, as they are written.</param>
    /// <param name="names">Which ones.</param>
    /// <param name="steps">How many steps all of it took.</param>
    public static Dictionary<string, FlowSession> Run(string members, string[] names, out long steps)
    {
        CSharpCompilation compilation = Compile(members);
        SemanticModel model = compilation.GetSemanticModel(compilation.SyntaxTrees[0]);
        var calls = new TypeCalls(compilation.GetTypeByMetadataName("Test")!);
        var bodies = new MethodBodies(calls);
        var all = new Dictionary<string, MethodBody>();
        foreach (MethodDeclarationSyntax declaration in compilation.SyntaxTrees[0].GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>())
        {
            IMethodSymbol method = model.GetDeclaredSymbol(declaration)!;
            IOperation operation = model.GetOperation(declaration)!;
            bodies.Add(method, operation, default);
            Note(calls, method, operation);
            all.Add(method.Name, bodies.Find(method)!);
        }

        var found = new Dictionary<string, FlowSession>();
        var type = new TypeFlow(bodies, default);
        type.Run(names.Select(name => all[name]), (body, session) => found.Add(body.Method.Name, session));
        steps = type.Steps;
        return found;
    }

    /// <summary>Makes a class <c>Test</c> with these members and a <c>_host</c>.</summary>
    public static CSharpCompilation Compile(string members)
    {
        CSharpCompilation compilation = Code.Compile($$"""public sealed class Test(HostSharedMemory memory) { private readonly HostSharedMemory _host = memory; {{members}} }""");
        Assert.DoesNotContain(compilation.GetDiagnostics(), static one => one.Severity == DiagnosticSeverity.Error);
        return compilation;
    }

    /// <summary>Notes what a member's code calls, as the analyzer does when the compiler comes by it.</summary>
    public static void Note(TypeCalls calls, ISymbol member, IOperation code)
    {
        foreach (IOperation one in code.Descendants().Where(static one => TypeCalls.Kinds.Contains(one.Kind)))
        {
            calls.Note(member, one);
        }
    }
}
