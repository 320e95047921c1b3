using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Domains;
using Nub.Memory.Generators.Layout;
using Nub.Memory.Generators.Symbols;

namespace Nub.Memory.Generators.Taint;

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

/// <summary>Parameters of the framework's methods, and properties, that decide about memory and time. The first line of the table that a parameter fits says what it decides about.</summary>
/// <remarks>What has no parameter, such as an index, a divisor or a loop's bound, is found where the operation is gone through.</remarks>
internal static class Sinks
{
    private const string Constructor = ".ctor";

    private const string Sizes = "capacity length minimumLength minBufferSize size newSize count byteCount elementCount initialCapacity cb lengths length1 length2 maxCapacity boundedCapacity byteLength";

    private const string Positions = "start startIndex length count index offset byteOffset elementOffset sourceIndex destinationIndex srcOffset dstOffset arrayIndex bytes byteCount byteLen len ofs "
        + "destinationSizeInBytes sourceBytesToCopy minimumBytes minimumSize byteIndex charIndex charCount size";

    private const string Waits = "Thread Task WaitHandle EventWaitHandle ManualResetEvent AutoResetEvent Mutex Semaphore SemaphoreSlim ManualResetEventSlim CountdownEvent Barrier Monitor SpinWait "
        + "CancellationTokenSource Lock ReaderWriterLockSlim PeriodicTimer BlockingCollection Process Timer";

    // Types, methods and parameters by their names: several are separated by spaces, and * is any. A type is the one that declares the method first.
    private static readonly Row[] s_parameters =
    [
        new("Thread SpinWait Rfc2898DeriveBytes", "*", "iterations", Sink.LoopBound),
        new("Parallel", "For ForAsync", "fromInclusive toExclusive", Sink.LoopBound),
        new("StringBuilder", "Append", "repeatCount", Sink.Allocation),
        new("StringBuilder", "Insert", "count", Sink.Allocation),
        new("BigInteger", "Pow", "exponent", Sink.Allocation),
        new("MemoryMappedFile", "CreateNew CreateOrOpen CreateFromFile", "capacity", Sink.Allocation),
        new("Stream", "Seek", "offset", Sink.Position),
        new("RandomAccess", "*", "fileOffset", Sink.Position),
        new("*", "FromIntPtr", "value", Sink.Pointer),
        new("SafeFileHandle SafeWaitHandle SafePipeHandle SafeSocketHandle", "*", "preexistingHandle existingHandle handle", Sink.Pointer),
        new(Waits, "*", "millisecondsDelay millisecondsTimeout milliseconds dueTime period", Sink.Wait),
        new(Waits, "*", "*", Sink.Wait) { IsTime = true },
        new("Span ReadOnlySpan Memory ReadOnlyMemory ArraySegment", Constructor, "*", Sink.Slice),
        new("String", Constructor, "length", Sink.Slice) { Count = 3 },
        new("String StringBuilder MemoryStream BufferedStream BitArray ArrayBufferWriter", Constructor, Sizes, Sink.Allocation),
        new("*", Constructor, Sizes, Sink.Allocation) { Namespace = "System.Collections" },
        new("*", Constructor, "*", null),
        new("GC", "AllocateUninitializedArray AllocateArray", Sizes, Sink.Allocation),
        new("ArrayPool MemoryPool", "Rent", Sizes, Sink.Allocation),
        new("Array", "CreateInstance Resize", Sizes, Sink.Allocation),
        new("NativeMemory Marshal", "Alloc AllocZeroed Realloc AlignedAlloc AlignedRealloc AllocHGlobal AllocCoTaskMem ReAllocHGlobal ReAllocCoTaskMem", Sizes, Sink.Allocation),
        new("Enumerable", "Range Repeat", Sizes, Sink.Allocation),
        new("String CollectionsMarshal RandomNumberGenerator ImmutableArray", "Create SetCount GetBytes CreateBuilder", Sizes, Sink.Allocation),
        new("*", "EnsureCapacity PadLeft PadRight GetSpan GetMemory", Sizes + " totalWidth sizeHint", Sink.Allocation),
        new("BinaryReader", "ReadBytes ReadChars", Sizes, Sink.Allocation),
        new("*", "SetLength", Sizes + " value", Sink.Allocation),
        new("Marshal NativeLibrary", "*", "*", Sink.Pointer) { IsAddress = true },
        new("*", "AsSpan AsMemory Slice GetRange Substring RemoveRange RemoveAt", Positions, Sink.Slice),
        new("Array Buffer MemoryMarshal Unsafe NativeMemory Marshal BitConverter Convert Socket", "*", Positions, Sink.Slice),
        new("Encoding", "GetString GetChars GetBytes GetCharCount GetByteCount", Positions, Sink.Slice),
        new("*", "Read ReadAsync ReadExactly ReadExactlyAsync ReadAtLeast ReadAtLeastAsync ReadBlock Write WriteAsync", Positions, Sink.Slice),
        new("*", "CopyTo InsertRange Insert Advance ElementAt", Positions, Sink.Slice) { IsOfClass = true },
    ];

    private static readonly Row[] s_properties =
    [
        new("BoundedChannelOptions", "*", "value", null),
        new("*", "Capacity", "value", Sink.Allocation),
        new("StringBuilder", "Length", "value", Sink.Allocation),
        new("PeriodicTimer", "Period", "value", Sink.Wait),
        new("*Stream", "Position", "value", Sink.Position),
    ];

    /// <summary>What an argument of a method or a constructor decides about.</summary>
    public static Sink? Of(IMethodSymbol method, IParameterSymbol parameter)
    {
        // UTF8Encoding.GetString is what Encoding.GetString is.
        IMethodSymbol declared = method;
        while (declared.OverriddenMethod is { } overridden)
        {
            declared = overridden;
        }

        // What a collection of times is given is an element.
        bool isNumber = IntegerTypes.IsInteger(parameter.Type) || IsTimeSpan(parameter.Type) || parameter.Type is IArrayTypeSymbol { ElementType.SpecialType: SpecialType.System_Int32 };
        if (!isNumber || parameter.OriginalDefinition.Type is ITypeParameterSymbol)
        {
            return null;
        }

        if (method.ContainingType.IsInNub())
        {
            return method is { MethodKind: MethodKind.Constructor, ContainingType.Name: "ExclusiveSharedMemory" } ? Sink.Allocation : null;
        }

        return FrameworkTypes.IsFrameworks(method.ContainingType)
            ? Find(s_parameters, declared.ContainingType, method.MethodKind == MethodKind.Constructor ? Constructor : method.Name, parameter, method.Parameters.Length) : null;
    }

    /// <summary>What a property of the framework's decides about that is set.</summary>
    public static Sink? Of(IPropertySymbol property) => FrameworkTypes.IsFrameworks(property.ContainingType) ? Find(s_properties, property.ContainingType, property.Name, null, 0) : null;

    private static Sink? Find(Row[] rows, INamedTypeSymbol type, string member, IParameterSymbol? parameter, int count)
    {
        foreach (Row row in rows)
        {
            if (row.Fits(type, member, parameter, count))
            {
                return row.Sink;
            }
        }

        return null;
    }

    private static bool IsTimeSpan(ITypeSymbol type) => type is { Name: "TimeSpan", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } };

    /// <param name="types">The names of types; one that begins with a star is the end of a name.</param>
    /// <param name="members">The names of methods or properties.</param>
    /// <param name="parameters">The names of parameters.</param>
    /// <param name="sink">What they decide about; null for nothing, whatever the lines below say.</param>
    private sealed class Row(string types, string members, string parameters, Sink? sink)
    {
        private readonly HashSet<string> _types = [.. types.Split(' ')];
        private readonly HashSet<string> _members = [.. members.Split(' ')];
        private readonly HashSet<string> _parameters = [.. parameters.Split(' ')];

        public Sink? Sink { get; } = sink;

        /// <summary>Whether the parameter has to be a time.</summary>
        public bool IsTime { get; init; }

        /// <summary>Whether the parameter has to be an address as a number.</summary>
        public bool IsAddress { get; init; }

        /// <summary>Whether the method has to be one of a class or a struct: what implements an interface of others checks for itself.</summary>
        public bool IsOfClass { get; init; }

        /// <summary>How the namespace of the type begins; null for any.</summary>
        public string? Namespace { get; init; }

        /// <summary>How many parameters the method has to have; zero for any number.</summary>
        public int Count { get; init; }

        public bool Fits(INamedTypeSymbol type, string member, IParameterSymbol? parameter, int count) =>
            IsAmong(_members, member) && (parameter is null || IsAmong(_parameters, parameter.Name))
            && (IsAmong(_types, type.Name) || Array.Exists(types.Split(' '), name => name.Length > 1 && name[0] == '*' && type.Name.EndsWith(name.Substring(1), StringComparison.Ordinal)))
            && (!IsTime || parameter is null || IsTimeSpan(parameter.Type)) && (!IsAddress || parameter?.Type.SpecialType == SpecialType.System_IntPtr)
            && (!IsOfClass || type.TypeKind != TypeKind.Interface) && (Count == 0 || Count == count)
            && (Namespace is null || type.ContainingNamespace.ToDisplayString().StartsWith(Namespace, StringComparison.Ordinal));

        private static bool IsAmong(HashSet<string> names, string name) => names.Contains("*") || names.Contains(name);
    }
}
