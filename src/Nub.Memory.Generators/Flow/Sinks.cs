using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Nub.Memory.Generators.Flow;

/// <summary>A use of a number that a guest must not choose freely.</summary>
internal enum Sink
{
    Allocation,
    Index,
    Slice,
    LoopBound,
    Wait,

    /// <summary>A position in a file or a stream.</summary>
    Position,

    /// <summary>An address, or a handle that is one.</summary>
    Pointer,

    /// <summary>What something is divided by.</summary>
    Divisor,

    /// <summary>Where a loop goes on that a guest can make endless.</summary>
    Link,

    /// <summary>How far a loop moves on, which may be not at all.</summary>
    Advance,

    /// <summary>Where a method goes on by calling itself.</summary>
    Recursion,

    /// <summary>A key of a collection of the host's from which nothing is taken.</summary>
    Growth,
}

/// <summary>Where numbers decide about memory and time.</summary>
internal static class Sinks
{
    private static readonly HashSet<string> s_sizeNames = new(StringComparer.Ordinal)
    {
        "capacity", "length", "minimumLength", "minBufferSize", "size", "newSize", "count", "byteCount", "elementCount", "initialCapacity", "cb", "lengths", "length1",
        "length2", "maxCapacity", "boundedCapacity", "byteLength",
    };

    private static readonly HashSet<string> s_positionNames = new(StringComparer.Ordinal)
    {
        "start", "startIndex", "length", "count", "index", "offset", "byteOffset", "elementOffset", "sourceIndex", "destinationIndex", "srcOffset", "dstOffset",
        "arrayIndex", "bytes", "byteCount", "byteLen", "len", "ofs", "destinationSizeInBytes", "sourceBytesToCopy", "minimumBytes", "minimumSize", "byteIndex", "charIndex", "charCount", "size",
    };

    private static readonly HashSet<string> s_waitTypes = new(StringComparer.Ordinal)
    {
        "Thread", "Task", "WaitHandle", "EventWaitHandle", "ManualResetEvent", "AutoResetEvent", "Mutex", "Semaphore", "SemaphoreSlim", "ManualResetEventSlim",
        "CountdownEvent", "Barrier", "Monitor", "SpinWait", "CancellationTokenSource", "Lock", "ReaderWriterLockSlim", "PeriodicTimer", "BlockingCollection", "Process", "Timer",
    };

    /// <summary>What an argument of a method or a constructor of the framework's decides about.</summary>
    public static Sink? Of(IMethodSymbol method, IParameterSymbol parameter)
    {
        // UTF8Encoding.GetString is what Encoding.GetString is.
        IMethodSymbol declared = method;
        while (declared.OverriddenMethod is { } overridden)
        {
            declared = overridden;
        }

        string type = declared.ContainingType.Name;

        // What a collection of times is given is an element.
        if (parameter.OriginalDefinition.Type is ITypeParameterSymbol)
        {
            return null;
        }

        if (!Widths.IsInteger(parameter.Type) && !IsTimeSpan(parameter.Type) && parameter.Type is not IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Int32 })
        {
            return null;
        }

        if (IsNubs(method))
        {
            return method.MethodKind == MethodKind.Constructor && type == "ExclusiveSharedMemory" ? Sink.Allocation : null;
        }

        if (!IsFrameworks(method.ContainingType))
        {
            return null;
        }

        if (OfNames(type, method.Name, parameter.Name) is { } named)
        {
            return named;
        }

        if (s_waitTypes.Contains(type) && (IsTimeSpan(parameter.Type) || parameter.Name is "millisecondsDelay" or "millisecondsTimeout" or "milliseconds" or "dueTime" or "period"))
        {
            return Sink.Wait;
        }

        if (!Widths.IsInteger(parameter.Type) && parameter.Type is not IArrayTypeSymbol)
        {
            return null;
        }

        return method.MethodKind == MethodKind.Constructor ? OfConstructor(method, parameter) : OfMethod(method, parameter, type);
    }

    // Single parameters: a line for each.
    private static Sink? OfNames(string type, string method, string parameter) => (type, method, parameter) switch
    {
        ("Thread" or "SpinWait", _, "iterations") => Sink.LoopBound,
        ("Rfc2898DeriveBytes", _, "iterations") => Sink.LoopBound,
        ("Parallel", "For" or "ForAsync", "toExclusive") => Sink.LoopBound,
        ("StringBuilder", "Append", "repeatCount") or ("StringBuilder", "Insert", "count") => Sink.Allocation,
        ("BigInteger", "Pow", "exponent") => Sink.Allocation,
        ("Stream", "Seek", "offset") => Sink.Position,
        ("RandomAccess", _, "fileOffset") => Sink.Position,
        ("GCHandle", "FromIntPtr", "value") => Sink.Pointer,
        ("SafeFileHandle" or "SafeWaitHandle" or "SafePipeHandle", _, "preexistingHandle" or "existingHandle" or "handle") => Sink.Pointer,
        _ => null,
    };

    private static Sink? OfConstructor(IMethodSymbol method, IParameterSymbol parameter)
    {
        INamedTypeSymbol type = method.ContainingType;
        if (type.Name is "Span" or "ReadOnlySpan" or "Memory" or "ReadOnlyMemory" or "ArraySegment")
        {
            return Sink.Slice;
        }

        bool isContainer = type.SpecialType == SpecialType.System_String || type.Name is "StringBuilder" or "MemoryStream" or "BufferedStream" or "BitArray" or "ArrayBufferWriter"
            || type.ContainingNamespace.ToDisplayString().StartsWith("System.Collections", StringComparison.Ordinal);
        return isContainer && s_sizeNames.Contains(parameter.Name) ? (type.SpecialType == SpecialType.System_String && parameter.Name == "length" && method.Parameters.Length == 3
            ? Sink.Slice
            : Sink.Allocation) : null;
    }

    private static Sink? OfMethod(IMethodSymbol method, IParameterSymbol parameter, string type)
    {
        bool isAllocation = (type, method.Name) switch
        {
            ("GC", "AllocateUninitializedArray" or "AllocateArray") => true,
            ("ArrayPool" or "MemoryPool", "Rent") => true,
            ("Array", "CreateInstance" or "Resize") => true,
            ("NativeMemory" or "Marshal", "Alloc" or "AllocZeroed" or "Realloc" or "AlignedAlloc" or "AlignedRealloc" or "AllocHGlobal" or "AllocCoTaskMem"
                or "ReAllocHGlobal" or "ReAllocCoTaskMem") => true,
            ("Enumerable", "Range" or "Repeat") => true,
            ("String" or "CollectionsMarshal" or "RandomNumberGenerator" or "ImmutableArray", "Create" or "SetCount" or "GetBytes" or "CreateBuilder") => true,
            (_, "EnsureCapacity" or "PadLeft" or "PadRight") => true,
            (_, "GetSpan" or "GetMemory") => true,
            ("BinaryReader", "ReadBytes" or "ReadChars") => true,
            (_, "SetLength") => true,
            _ => false,
        };
        if (isAllocation)
        {
            return s_sizeNames.Contains(parameter.Name) || parameter.Name is "totalWidth" or "sizeHint" || (method.Name == "SetLength" && parameter.Name == "value") ? Sink.Allocation : null;
        }

        if (type is "Marshal" or "NativeLibrary" && parameter.Type.SpecialType == SpecialType.System_IntPtr)
        {
            return Sink.Pointer;
        }

        bool isSlice = (type, method.Name) switch
        {
            (_, "AsSpan" or "AsMemory" or "Slice" or "GetRange" or "Substring" or "RemoveRange" or "RemoveAt") => true,
            ("Array" or "Buffer" or "MemoryMarshal" or "Unsafe" or "NativeMemory" or "Marshal" or "BitConverter" or "Convert" or "Socket", _) => true,
            ("Encoding", "GetString" or "GetChars" or "GetBytes" or "GetCharCount" or "GetByteCount") => true,
            (_, "Read" or "ReadAsync" or "ReadExactly" or "ReadExactlyAsync" or "ReadAtLeast" or "ReadAtLeastAsync" or "ReadBlock" or "Write" or "WriteAsync") => true,
            (_, "CopyTo" or "InsertRange" or "Insert" or "Advance" or "ElementAt") => method.ContainingType.TypeKind != TypeKind.Interface,
            _ => false,
        };
        return isSlice && s_positionNames.Contains(parameter.Name) ? Sink.Slice : null;
    }

    /// <summary>What a property of the framework's decides about that is set.</summary>
    public static Sink? Of(IPropertySymbol property) => !IsFrameworks(property.ContainingType) ? null : (property.ContainingType.Name, property.Name) switch
    {
        ("BoundedChannelOptions", _) => null,
        (_, "Capacity") or ("StringBuilder", "Length") => Sink.Allocation,
        ("PeriodicTimer", "Period") => Sink.Wait,
        (var type, "Position") when type.EndsWith("Stream", StringComparison.Ordinal) => Sink.Position,
        _ => null,
    };

    /// <summary>Whether an indexer of the framework's takes positions: those of dictionaries take keys.</summary>
    public static bool IsPositional(IPropertySymbol indexer) =>
        IsFrameworks(indexer.ContainingType) && indexer.Parameters is not [{ Name: "key" }] && !indexer.ContainingType.Name.Contains("Dictionary") && !indexer.ContainingType.Name.Contains("Lookup");

    public static bool IsFrameworks(ISymbol? symbol)
    {
        INamespaceSymbol? space = symbol?.ContainingNamespace;
        while (space is { ContainingNamespace: { IsGlobalNamespace: false } outer })
        {
            space = outer;
        }

        return space is { Name: "System" or "Microsoft" };
    }

    /// <summary>The condition of a loop that an expression stands in, and the loop.</summary>
    public static (ExpressionSyntax Condition, StatementSyntax Loop)? LoopConditionAround(SyntaxNode node)
    {
        while (node.Parent is ExpressionSyntax outer and (ParenthesizedExpressionSyntax or PrefixUnaryExpressionSyntax or BinaryExpressionSyntax)
            && (outer is not BinaryExpressionSyntax || outer.IsKind(SyntaxKind.LogicalAndExpression) || outer.IsKind(SyntaxKind.LogicalOrExpression)))
        {
            node = outer;
        }

        return node.Parent switch
        {
            ForStatementSyntax loop when loop.Condition == node => (loop.Condition, loop),
            WhileStatementSyntax loop when loop.Condition == node => (loop.Condition, loop),
            DoStatementSyntax loop when loop.Condition == node => (loop.Condition, loop),
            _ => null,
        };
    }

    /// <summary>Whether a comparison is a part of an <c>and</c> or an <c>or</c> whose value goes somewhere.</summary>
    public static bool IsPartial(SyntaxNode node) =>
        node.Ancestors().TakeWhile(static outer => outer is ExpressionSyntax).Any(static outer => outer.IsKind(SyntaxKind.LogicalAndExpression) || outer.IsKind(SyntaxKind.LogicalOrExpression));

    /// <summary>Whether a comparison decides which way is taken; otherwise its result goes somewhere that is not followed.</summary>
    public static bool Decides(SyntaxNode node)
    {
        while (node.Parent is ParenthesizedExpressionSyntax
            || node.Parent.IsKind(SyntaxKind.LogicalNotExpression) || node.Parent.IsKind(SyntaxKind.LogicalAndExpression) || node.Parent.IsKind(SyntaxKind.LogicalOrExpression))
        {
            node = node.Parent!;
        }

        return node.Parent switch
        {
            IfStatementSyntax or WhileStatementSyntax or DoStatementSyntax or WhenClauseSyntax => true,
            ForStatementSyntax loop => loop.Condition == node,
            ConditionalExpressionSyntax choice => choice.Condition == node,
            _ => false,
        };
    }

    private static bool IsNubs(ISymbol symbol) => Layout.KnownTypes.IsInNub(symbol.ContainingType);

    private static bool IsTimeSpan(ITypeSymbol type) => type is { Name: "TimeSpan", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } };
}
