using System.Collections.Immutable;
using System.Composition;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Rules;

namespace Nub.Memory.CodeFixes;

/// <summary>NUB0013: reads and writes by the call of the HostSharedMemory that does the same at the same offset.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp), Shared]
public sealed class HostCallFix : RemedyProvider
{
    private static readonly Dictionary<string, string> s_marshal = new()
    {
        ["Byte"] = "byte",
        ["Int16"] = "short",
        ["Int32"] = "int",
        ["Int64"] = "long",
    };

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = [Descriptors.RawPointer.Id];

    private protected override IEnumerable<Remedy> RemediesOf(Site site)
    {
        if (site.Node.FirstAncestorOrSelf<ExpressionSyntax>() is { } access && Replace(access, site) is var (target, call))
        {
            yield return new Remedy("Use the HostSharedMemory", "host", target, editor =>
                editor.ReplaceNode(target, SyntaxFactory.ParseExpression(call).WithTriviaFrom(target).WithAdditionalAnnotations(Formatter.Annotation)));
        }
    }

    private static (ExpressionSyntax Target, string Call)? Replace(ExpressionSyntax access, Site site) => access switch
    {
        PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.PointerIndirectionExpression } read =>
            Dereference(read, SharedPlace.Of(read.Operand, site.Model), site),
        ElementAccessExpressionSyntax { ArgumentList.Arguments: [var index] } element =>
            Dereference(element, SharedPlace.Of(element.Expression, site.Model)?.Plus(index.Expression, SharedPlace.SizeOfTarget(element.Expression, site.Model)), site),
        InvocationExpressionSyntax call => Call(call, site),
        _ => null,
    };

    private static (ExpressionSyntax, string)? Dereference(ExpressionSyntax access, SharedPlace? place, Site site)
    {
        if (place is null || site.Model.GetTypeInfo(access, site.CancellationToken).Type is not { } type || new LayoutBuilder().TypeOf(type).NotAllValid is not null)
        {
            return null;
        }

        string name = type.ToMinimalDisplayString(site.Model, access.SpanStart);
        ExpressionSyntax whole = access;
        while (whole.Parent is ParenthesizedExpressionSyntax parenthesized)
        {
            whole = parenthesized;
        }

        return whole.Parent switch
        {
            // An assignment whose value is used again, and one that reads first, are more than a write.
            AssignmentExpressionSyntax assignment when assignment.Left == whole =>
                assignment is { RawKind: (int)SyntaxKind.SimpleAssignmentExpression, Parent: ExpressionStatementSyntax }
                    ? (assignment, Write(place, name, assignment.Right))
                    : null,
            ArgumentSyntax { RefKindKeyword.RawKind: not 0 } => null,
            _ => Writes.MayChange(access, site) ? null : (access, Read(place, name)),
        };
    }

    private static (ExpressionSyntax, string)? Call(InvocationExpressionSyntax call, Site site)
    {
        if (site.Model.GetSymbolInfo(call, site.CancellationToken).Symbol is not IMethodSymbol method)
        {
            return null;
        }

        // Arguments are taken by their places here.
        if (call.ArgumentList.Arguments.Where((argument, i) => argument.NameColon is { } given && given.Name.Identifier.ValueText != method.Parameters[i].Name).Any())
        {
            return null;
        }

        ExpressionSyntax[] arguments = [.. call.ArgumentList.Arguments.Select(static argument => argument.Expression)];
        string rest = method.Name.StartsWith("Read", StringComparison.Ordinal) ? method.Name.Substring(4) : method.Name.StartsWith("Write", StringComparison.Ordinal) ? method.Name.Substring(5) : "";
        string? replaced = (method.ContainingType.Name, method.Name) switch
        {
            ("Marshal", "Copy") when arguments.Length == 4 => Copy(method, arguments, site),
            ("Marshal", "ReadByte" or "ReadInt16" or "ReadInt32" or "ReadInt64") when Place(arguments, arguments.Length, site) is { } place => Read(place, s_marshal[rest]),
            ("Marshal", "WriteByte" or "WriteInt16" or "WriteInt32" or "WriteInt64") when Place(arguments, arguments.Length - 1, site) is { } place =>
                Write(place, s_marshal[rest], arguments[arguments.Length - 1], isCharacter: method.Parameters[arguments.Length - 1].Type.SpecialType == SpecialType.System_Char),
            ("Unsafe", "Read" or "ReadUnaligned") when TypeOf(method, site, call) is { } type && Place(arguments, 1, site) is { } place => Read(place, type),
            ("Unsafe", "Write" or "WriteUnaligned") when TypeOf(method, site, call) is { } type && Place(arguments, 1, site) is { } place => Write(place, type, arguments[1]),
            _ => null,
        };
        return replaced is null ? null : (call, replaced);
    }

    private static string? TypeOf(IMethodSymbol method, Site site, ExpressionSyntax call) =>
        method.TypeArguments is [{ } type] && new LayoutBuilder().TypeOf(type).NotAllValid is null
            ? type.ToMinimalDisplayString(site.Model, call.SpanStart)
            : null;

    // An address, and with two of the arguments an offset from it.
    private static SharedPlace? Place(ExpressionSyntax[] arguments, int count, Site site) =>
        count == 2 ? SharedPlace.Of(arguments[0], site.Model)?.Plus(arguments[1], 1) : SharedPlace.Of(arguments[0], site.Model);

    private static string? Copy(IMethodSymbol method, ExpressionSyntax[] arguments, Site site)
    {
        // Out: address, array, start, length. In: array, start, address, length. Other elements than bytes have another length.
        bool isOut = method.Parameters[0].Type.SpecialType == SpecialType.System_IntPtr;
        int address = isOut ? 0 : 2;
        int array = isOut ? 1 : 0;
        if (method.Parameters[array].Type is not IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Byte } || SharedPlace.Of(arguments[address], site.Model) is not { } place
            || site.Model.GetTypeInfo(arguments[array], site.CancellationToken).Type is null)
        {
            // What has a type only as an argument, such as [1, 2], has none as a span.
            return null;
        }

        bool isInScope = site.Model.LookupNamespacesAndTypes(arguments[array].SpanStart, name: "MemoryExtensions").Any(static type => type.ContainingNamespace is { Name: "System", ContainingNamespace.IsGlobalNamespace: true });
        string part = $"{arguments[array + 1]}, {arguments[3]}";
        string span = isInScope ? $"{arguments[array].AsOperand()}.AsSpan({part})" : $"System.MemoryExtensions.AsSpan({arguments[array]}, {part})";
        return $"{place.Memory}.{(isOut ? "CopyTo" : "CopyFrom")}({place.Offset}, {span})";
    }

    private static string Read(SharedPlace place, string type) => $"{place.Memory}.Read<{type}>({place.Offset})";

    // A character has no implicit conversion to the number that is written.
    private static string Write(SharedPlace place, string type, ExpressionSyntax value, bool isCharacter = false) =>
        $"{place.Memory}.Write<{type}>({place.Offset}, {(isCharacter ? $"({type}){value.AsOperand()}" : value.ToString())})";
}
