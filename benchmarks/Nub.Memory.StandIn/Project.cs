using System.Collections.Immutable;

namespace Nub.Memory.StandIn;

/// <summary>What of a project is replaced by what.</summary>
internal abstract class Project
{
    /// <summary>As the command line calls it.</summary>
    public abstract string Name { get; }

    /// <summary>The types through which it gets at the memory of its guests.</summary>
    public abstract ImmutableArray<MemoryType> Memories { get; }

    /// <summary>Which calls do it. The first that fits is taken: the overload with more to it comes first.</summary>
    public abstract ImmutableArray<CallRule> Calls { get; }

    /// <summary>Properties of a memory whose indexers are its bytes, by what they read.</summary>
    public virtual ImmutableArray<string> Indexers => [];

    /// <summary>Folders that are not taken, each with its closing slash.</summary>
    public virtual ImmutableArray<string> Without => [];

    /// <summary>What is said of the project's own code in its <c>Nub.Taint.txt</c>.</summary>
    public virtual string Declared => "";

    /// <summary>Source that comes beside the stand-ins: what the project's own build adds, or what comes in packages.</summary>
    public virtual string Beside => "";
}

/// <param name="Original">The type's name in metadata.</param>
/// <param name="Holder">The class around its stand-in, null for none: there may be only one <c>HostSharedMemory</c> in a namespace.</param>
/// <param name="Also">The holders of stand-ins that this one's original derives from: it converts to them as well.</param>
internal sealed record MemoryType(string Original, string? Holder = null, string[]? Also = null)
{
    public string StandIn => QualifiedName(Holder);

    public static string QualifiedName(string? holder) => holder is null ? "global::Nub.Memory.HostSharedMemory" : $"global::Nub.Memory.{holder}.HostSharedMemory";
}

internal enum CallKind
{
    Read,
    Write,

    /// <summary>Into a buffer that is there.</summary>
    CopyTo,

    /// <summary>Into an array that the call makes.</summary>
    CopyOut,

    /// <summary>The same, where the project hands out a span of the memory itself.</summary>
    SpanOut,

    CopyFrom,
}

/// <summary>One call, by the names of its parameters; those that are not named are dropped.</summary>
/// <param name="Type">What is read or written; null when the method is generic in it.</param>
/// <param name="Value">What is written.</param>
/// <param name="Buffer">What bytes are copied to or from.</param>
/// <param name="Start">Where in the buffer.</param>
/// <param name="Count">How many bytes.</param>
/// <param name="Segment">What of the 8086's comes before the address.</param>
internal sealed record CallRule(
    string Method, CallKind Kind, string Address, string? Type = null, string? Value = null, string? Buffer = null, string? Start = null, string? Count = null,
    string? Segment = null);
