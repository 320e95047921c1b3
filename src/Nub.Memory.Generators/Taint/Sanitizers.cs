using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

/// <summary>Calls of the framework after which a guest's number needs no check, or that only compute: a name is an entry of a table.</summary>
internal static class Sanitizers
{
    // Whether the value is one of the host's: the host's choice then.
    private static readonly HashSet<string> s_questions = new(StringComparer.Ordinal) { "Contains", "ContainsKey", "TryGetValue", "TryRemove", "IsDefined", "IsPow2" };

    // No more than the bits of a number, or a sign, or a hash that is only compared.
    private static readonly HashSet<string> s_bounded = new(StringComparer.Ordinal)
    {
        "PopCount", "LeadingZeroCount", "TrailingZeroCount", "Log2", "Sign", "CompareTo", "Equals", "GetHashCode",
    };

    // As large as what they are given: what is left of the limits is said where the call is evaluated.
    private static readonly HashSet<string> s_computed = new(StringComparer.Ordinal)
    {
        "Min", "Max", "Clamp", "Abs", "ReverseEndianness", "RotateLeft", "RotateRight", "HostToNetworkOrder", "NetworkToHostOrder",
    };

    // A length, a position within one, or a part of one: not more than the host has bytes, whatever they are.
    private static readonly HashSet<string> s_lengths = new(StringComparer.Ordinal) { "get_Length", "Count", "CommonPrefixLength", "BinarySearch" };

    private static readonly HashSet<string> s_lengthsOfReaders = new(StringComparer.Ordinal) { "Read", "ReadAtLeast", "ReadBlock", "ReadAsync", "ReadAtLeastAsync", "ReadBlockAsync", "Seek" };

    /// <summary>Whether a call finds a value among the host's, or lets a delegate decide about it or refuse it.</summary>
    public static bool IsQuestion(IMethodSymbol method) => method.MethodKind == MethodKind.DelegateInvoke
        ? method.ReturnsVoid || method.ReturnType.SpecialType == SpecialType.System_Boolean
        : method.ReturnType.SpecialType == SpecialType.System_Boolean && s_questions.Contains(method.Name);

    public static bool IsBounded(string method) => s_bounded.Contains(method);

    public static bool IsComputed(string method) => s_computed.Contains(method);

    /// <summary>Whether a call does nothing with what it is given but to make its result of it.</summary>
    public static bool IsCalculation(IMethodSymbol method) =>
        method.IsStatic && method.ReturnType.SpecialType != SpecialType.System_Boolean
        && (method.ContainingType.Name is "Math" or "BitOperations" || method.Name is "ReverseEndianness" or "HostToNetworkOrder" or "NetworkToHostOrder") && FrameworkTypes.IsFrameworks(method.ContainingType);

    /// <summary>Whether a call gives the number that stands in bytes, and does nothing else.</summary>
    public static bool IsDecoding(IMethodSymbol method) => method.IsStatic && method.ReturnType.IsValueType && method.ContainingType.Name switch
    {
        "BinaryPrimitives" => method.Name.StartsWith("Read", StringComparison.Ordinal),
        "BitConverter" => method.Name.StartsWith("To", StringComparison.Ordinal),
        "MemoryMarshal" => method.Name == "Read",
        _ => false,
    };

    /// <summary>Whether a call gives a length, or a position within one.</summary>
    public static bool IsLength(IMethodSymbol method) =>
        s_lengths.Contains(method.Name)
        || (method is { IsStatic: false, Parameters.IsEmpty: false } && s_lengthsOfReaders.Contains(method.Name) && FrameworkTypes.IsReader(method.ContainingType))
        || method.Name.StartsWith("IndexOf", StringComparison.Ordinal) || method.Name.StartsWith("LastIndexOf", StringComparison.Ordinal);
}
