using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.StandIn.Rewriting;

// Calls of methods that read, write or copy.
internal sealed partial class Rewriter
{
    /// <summary>A call that is replaced.</summary>
    /// <param name="NeedsCast">The receiver is made the stand-in first.</param>
    private sealed record Found(InvocationExpressionSyntax Call, MemberAccessExpressionSyntax Member, IMethodSymbol Method, CallRule Rule, MemoryType Memory, bool NeedsCast)
    {
        public Dictionary<string, ExpressionSyntax> Given { get; } = [];
    }

    public override SyntaxNode? VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        if (Find(node) is not { } found)
        {
            return base.VisitInvocationExpression(node);
        }

        tally.Add(found.Rule.Kind);
        return Expression(Replacement(found)).WithTriviaFrom(node);
    }

    private Found? Find(InvocationExpressionSyntax node)
    {
        if (node.Expression is not MemberAccessExpressionSyntax { Expression: not (ThisExpressionSyntax or BaseExpressionSyntax) } member)
        {
            LeaveIfConditional(node);
            return null;
        }

        if (!_methodNames.Contains(member.Name.Identifier.Text)
            || MemoryOf(model.GetTypeInfo(member.Expression).Type, out bool needsCast) is not { } memory
            || MethodOf(node) is not { } method
            || project.Calls.FirstOrDefault(one => Fits(one, method)) is not { } rule)
        {
            return null;
        }

        var found = new Found(node, member, method, rule, memory, needsCast);
        for (int i = 0; i < node.ArgumentList.Arguments.Count; i++)
        {
            ArgumentSyntax argument = node.ArgumentList.Arguments[i];
            found.Given.TryAdd(argument.NameColon?.Name.Identifier.Text ?? method.Parameters[Math.Min(i, method.Parameters.Length - 1)].Name, argument.Expression);
        }

        // All of the memory at once: there is no length to give.
        if (rule.Count is not null && !found.Given.ContainsKey(rule.Count))
        {
            Leave(node, $"{method.Name} without a length");
            return null;
        }

        return found;
    }

    // Where an argument is of a package's type that is not there, nothing binds, but one method may be meant.
    private IMethodSymbol? MethodOf(InvocationExpressionSyntax node)
    {
        SymbolInfo info = model.GetSymbolInfo(node);
        ISymbol? symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault(one => one is IMethodSymbol method && Takes(method, node.ArgumentList.Arguments));
        return symbol is IMethodSymbol { IsStatic: false, MethodKind: MethodKind.Ordinary } method ? method : null;
    }

    private static bool Takes(IMethodSymbol method, SeparatedSyntaxList<ArgumentSyntax> arguments) => arguments.Count <= method.Parameters.Length
        && method.Parameters.Skip(arguments.Count).All(one => one.IsOptional || arguments.Any(argument => argument.NameColon?.Name.Identifier.Text == one.Name))
        && arguments.All(one => one.NameColon is not { } name || Parameter(method, name.Name.Identifier.Text) is not null);

    // A lease or a handle that may be null does not occur with the real memory.
    private void LeaveIfConditional(InvocationExpressionSyntax node)
    {
        if (node.Expression is MemberBindingExpressionSyntax member && _methodNames.Contains(member.Name.Identifier.Text)
            && model.GetSymbolInfo(node).Symbol is IMethodSymbol method && MemoryOf(method.ContainingType, out _) is not null)
        {
            Leave(node, $"{method.Name} by ?.");
        }
    }

    private static bool Fits(CallRule rule, IMethodSymbol method) => rule.Method == method.Name
        && method.IsGenericMethod == (rule.Kind is CallKind.Read or CallKind.Write && rule.Type is null)
        && Parameter(method, rule.Address) is { } address && (rule.Segment is null ? IsAddress(address.Type) : Parameter(method, rule.Segment) is not null)
        && (rule.Value is null || Parameter(method, rule.Value) is not null)
        && (rule.Buffer is null || (Parameter(method, rule.Buffer) is { } buffer && IsBytes(buffer.Type)))
        && (rule.Start is null || Parameter(method, rule.Start) is not null)
        && (rule.Count is null || Parameter(method, rule.Count) is not null);

    private static IParameterSymbol? Parameter(IMethodSymbol method, string name) => method.Parameters.FirstOrDefault(one => one.Name == name);

    private static bool IsAddress(ITypeSymbol type) =>
        type.SpecialType is SpecialType.System_UInt64 or SpecialType.System_UInt32 or SpecialType.System_Int64 or SpecialType.System_Int32;

    private static bool IsBytes(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => array.ElementType.SpecialType == SpecialType.System_Byte,
        INamedTypeSymbol { Name: "Span" or "ReadOnlySpan" or "ReadOnlySequence", TypeArguments: [var element] } => element.SpecialType == SpecialType.System_Byte,
        _ => false,
    };

    private string Replacement(Found found)
    {
        CallRule rule = found.Rule;
        string memory = Receiver(found);
        string address = AddressOf(found);
        return rule.Kind switch
        {
            CallKind.Read => $"{memory}.Read{TypeOf(found)}({address})",
            CallKind.Write => $"{memory}.Write{TypeOf(found)}({address}, {Text((ExpressionSyntax)Visit(found.Given[rule.Value!])!)})",
            CallKind.CopyTo or CallKind.CopyFrom => $"{memory}.{rule.Kind}({address}, {BufferOf(found)})",
            _ => $"global::Nub.Memory.Copies.{rule.Kind}({memory.Trim()}, {address}, {Visited(found, rule.Count!)})",
        };
    }

    // What stands between the receiver and the dot, a line break for example, stays.
    private string Receiver(Found found)
    {
        var visited = (ExpressionSyntax)Visit(found.Member.Expression)!;
        return Through(found.Memory, visited, found.NeedsCast).WithoutLeadingTrivia().ToFullString();
    }

    private string AddressOf(Found found) => found.Rule.Segment is { } segment ? Physical(Visited(found, segment), Visited(found, found.Rule.Address))
        : found.Given.TryGetValue(found.Rule.Address, out ExpressionSyntax? given)
            ? Address(given, (ExpressionSyntax)Visit(given)!)
            : "0";

    private string TypeOf(Found found) => found.Rule.Type is { } type ? $"<{type}>"
        : found.Member.Name is GenericNameSyntax generic ? ((GenericNameSyntax)Visit(generic)!).TypeArgumentList.ToString()
        : "";

    private string BufferOf(Found found)
    {
        string buffer = Visited(found, found.Rule.Buffer!);
        if (Parameter(found.Method, found.Rule.Buffer!)!.Type is { Name: "ReadOnlySequence" })
        {
            return $"global::System.Buffers.BuffersExtensions.ToArray({buffer})";
        }

        if (found.Rule.Count is not { } count)
        {
            return buffer;
        }

        string start = found.Rule.Start is { } given ? AsInt(found, given) : "0";
        return $"global::System.MemoryExtensions.AsSpan({buffer}, {start}, {AsInt(found, count)})";
    }

    private string AsInt(Found found, string parameter) =>
        Int(found.Given[parameter], (ExpressionSyntax)Visit(found.Given[parameter])!);

    private string Visited(Found found, string parameter) => Text(Visit(found.Given[parameter])!);
}
