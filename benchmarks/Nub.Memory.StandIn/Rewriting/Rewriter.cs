using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.StandIn.Rewriting;

/// <summary>Replaces what of one file gets at a guest's memory. It stays in its line, so that reports can be found in the original.</summary>
/// <remarks>
/// Of the old tree is asked what something is, of the new one is taken what it is made of. <c>uint n = bus.ReadDoubleWord(at);</c> becomes
/// <c>uint n = bus.Read&lt;uint&gt;(at);</c>, and <c>var b = bus.ReadBytes(at, 8);</c> becomes <c>var b = new byte[8]; bus.CopyTo(at, b);</c>.
/// </remarks>
internal sealed partial class Rewriter(SemanticModel model, Project project, Dictionary<INamedTypeSymbol, MemoryType> memories, Tally tally) : CSharpSyntaxRewriter
{
    // The compiler is asked only where a name may be one that counts: most files have none.
    private readonly HashSet<string> _typeNames = [.. memories.Keys.Select(static one => one.Name)];
    private readonly HashSet<SyntaxNode> _left = [];
    private readonly HashSet<string> _methodNames = [.. project.Calls.Select(static one => one.Method)];

    public override SyntaxNode? VisitClassDeclaration(ClassDeclarationSyntax node)
    {
        var visited = (ClassDeclarationSyntax)base.VisitClassDeclaration(node)!;

        // Its stand-in derives from it.
        int sealing = visited.Modifiers.IndexOf(SyntaxKind.SealedKeyword);
        return sealing >= 0 && model.GetDeclaredSymbol(node) is { } type && memories.ContainsKey(type)
            ? visited.WithModifiers(visited.Modifiers.RemoveAt(sealing))
            : visited;
    }

    /// <summary>The stand-in that an expression of a type is read through; null when it is no memory.</summary>
    /// <param name="needsCast">The type has methods of the same name that would be taken instead.</param>
    private MemoryType? MemoryOf(ITypeSymbol? type, out bool needsCast)
    {
        needsCast = false;
        if (type is not INamedTypeSymbol named)
        {
            return null;
        }

        if (memories.TryGetValue(named, out MemoryType? itself))
        {
            return itself;
        }

        // An interface that derives from a memory derives from its stand-in afterwards; a class that implements one hides it.
        needsCast = named.TypeKind == TypeKind.Class;
        foreach ((INamedTypeSymbol memory, MemoryType standIn) in memories)
        {
            if (named.AllInterfaces.Contains(memory, SymbolEqualityComparer.Default))
            {
                return standIn;
            }
        }

        return null;
    }

    // A statement is looked at before what it is made of.
    private void Leave(SyntaxNode node, string why)
    {
        if (_left.Add(node))
        {
            tally.Leave(why);
        }
    }

    // As the receiver of a call.
    private static ExpressionSyntax Through(MemoryType memory, ExpressionSyntax receiver, bool needsCast) =>
        needsCast ? Expression($"(({memory.StandIn}){receiver.WithoutTrivia()})").WithTriviaFrom(receiver) : receiver;

    /// <summary>A place in memory: whatever an address was, it is an <c>ulong</c> now.</summary>
    private string Address(ExpressionSyntax old, ExpressionSyntax visited)
    {
        if (model.GetConstantValue(old) is { HasValue: true, Value: not null } || IsUnsigned(model.GetTypeInfo(old).Type))
        {
            return Text(visited);
        }

        return $"(ulong)({Text(visited)})";
    }

    // As the 8086 makes an address of its two halves.
    private static string Physical(string segment, string offset) => $"(uint)(({segment}) * 16 + ({offset}))";

    /// <summary>What a span's start and length have to be.</summary>
    private string Int(ExpressionSyntax old, ExpressionSyntax visited) =>
        model.GetTypeInfo(old).Type is { SpecialType: SpecialType.System_UInt32 or SpecialType.System_Int64 or SpecialType.System_UInt64 } && !model.GetConstantValue(old).HasValue
            ? $"(int)({Text(visited)})"
            : Text(visited);

    private static bool IsUnsigned(ITypeSymbol? type) => type is
    {
        SpecialType: SpecialType.System_Byte or SpecialType.System_UInt16 or SpecialType.System_UInt32 or SpecialType.System_UInt64 or SpecialType.System_Char,
    };

    // Comments within it stay, those around it belong to the call that it is put into.
    private static string Text(SyntaxNode node) => node.WithoutTrivia().ToFullString();

    private static ExpressionSyntax Expression(string text) => SyntaxFactory.ParseExpression(text);
}
