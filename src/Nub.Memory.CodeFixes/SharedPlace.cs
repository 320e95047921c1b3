using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.CodeFixes;

/// <summary>A place that code computes from a HostSharedMemory's BaseAddress: the memory, and what is added to the address.</summary>
internal sealed class SharedPlace
{
    private readonly SemanticModel _model;
    private readonly long _constant;
    private readonly string? _computed;

    // The computed part as it may stand where nothing is added to it.
    private readonly string? _alone;

    private SharedPlace(string memory, SemanticModel model, long constant, string? computed, string? alone)
    {
        Memory = memory;
        _model = model;
        _constant = constant;
        _computed = computed;
        _alone = alone;
    }

    /// <summary>The expression that is the memory.</summary>
    public string Memory { get; }

    /// <summary>The offset, as code of type <c>ulong</c>.</summary>
    public string Offset
    {
        get
        {
            string constant = _constant.ToString(CultureInfo.InvariantCulture);
            return _computed is null ? constant : _constant == 0 ? _alone ?? _computed : $"{_computed} + {constant}";
        }
    }

    /// <summary>Reads an expression; null when it is anything but an address of a host's memory with offsets added to it.</summary>
    public static SharedPlace? Of(ExpressionSyntax expression, SemanticModel model) => expression switch
    {
        ParenthesizedExpressionSyntax inner => Of(inner.Expression, model),
        CastExpressionSyntax cast => Of(cast.Expression, model),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression } sum =>
            Of(sum.Left, model)?.Plus(sum.Right, SizeOfTarget(sum.Left, model)) ?? Of(sum.Right, model)?.Plus(sum.Left, SizeOfTarget(sum.Right, model)),
        InvocationExpressionSyntax { ArgumentList.Arguments: [var start, var offset] } call when IsOfPointer(call, "Add", model) => Of(start.Expression, model)?.Plus(offset.Expression, 1),
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax access, ArgumentList.Arguments.Count: 0 } call when IsOfPointer(call, "ToPointer", model) => Of(access.Expression, model),
        MemberAccessExpressionSyntax { Name.Identifier.ValueText: "BaseAddress" } access when IsHost(access.Expression, model) => new SharedPlace(access.Expression.ToString(), model, 0, null, null),
        _ => null,
    };

    /// <summary>The size of what a pointer points at, by which offsets count; 1 for an address that is a number, 0 when it is not known.</summary>
    public static int SizeOfTarget(ExpressionSyntax pointer, SemanticModel model) => model.GetTypeInfo(pointer).Type switch
    {
        IPointerTypeSymbol { PointedAtType.SpecialType: var type } => type switch
        {
            SpecialType.System_Byte or SpecialType.System_SByte => 1,
            SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_Char => 2,
            SpecialType.System_Int32 or SpecialType.System_UInt32 or SpecialType.System_Single => 4,
            SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_Double => 8,
            _ => 0,
        },
        _ => 1,
    };

    /// <summary>The place further on; null when it cannot be said in bytes, or would lie before the memory.</summary>
    public SharedPlace? Plus(ExpressionSyntax offset, int unit)
    {
        if (unit == 0)
        {
            return null;
        }

        if (_model.GetConstantValue(offset) is { HasValue: true, Value: { } value } && value is not (string or bool))
        {
            decimal number = value is char character ? character : Convert.ToDecimal(value, CultureInfo.InvariantCulture);
            decimal constant = _constant + (number * unit);
            return constant is >= 0 and <= long.MaxValue ? new SharedPlace(Memory, _model, (long)constant, _computed, _alone) : null;
        }

        // An address is computed in 64 bits, where a product or a sum of smaller numbers would overflow.
        bool isWide = _model.GetTypeInfo(offset).Type?.SpecialType == SpecialType.System_UInt64;
        string factor = (isWide ? "" : "(ulong)") + offset.AsOperand();
        string term = unit == 1 ? factor : $"{factor} * {unit.ToString(CultureInfo.InvariantCulture)}";
        return _computed is null
            ? new SharedPlace(Memory, _model, _constant, term, isWide && unit == 1 ? offset.ToString() : null)
            : new SharedPlace(Memory, _model, _constant, $"{_computed} + {term}", null);
    }

    private static bool IsHost(ExpressionSyntax expression, SemanticModel model) =>
        model.GetTypeInfo(expression).Type is { Name: "HostSharedMemory", ContainingNamespace: { Name: "Memory", ContainingNamespace.Name: "Nub" } };

    private static bool IsOfPointer(InvocationExpressionSyntax call, string name, SemanticModel model) =>
        model.GetSymbolInfo(call).Symbol is IMethodSymbol { ContainingType.SpecialType: SpecialType.System_IntPtr } method && method.Name == name;
}
