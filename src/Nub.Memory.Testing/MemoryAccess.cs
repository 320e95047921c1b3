using System.Diagnostics;
using System.Globalization;

namespace Nub.Memory.Testing;

/// <summary>What an access did.</summary>
public enum MemoryAccessKind
{
    /// <summary>It read.</summary>
    Read,

    /// <summary>It wrote.</summary>
    Write,

    /// <summary>It read and wrote by one instruction: an atomic that took place. A compare-exchange that found another value is a <see cref="Read"/>.</summary>
    Atomic,
}

/// <summary>One access of a parser to the memory, as it took place.</summary>
public sealed class MemoryAccess
{
    private readonly ObservedTouch _touch;
    private AccessOrigin? _origin;

    internal MemoryAccess(int index, in ObservedTouch touch)
    {
        Index = index;
        _touch = touch;
    }

    /// <summary>Its place in the order of all accesses of the run, from 0 on.</summary>
    public int Index { get; }

    /// <summary>What it did.</summary>
    public MemoryAccessKind Kind => _touch.Kind switch
    {
        ObservedKind.Read => MemoryAccessKind.Read,
        ObservedKind.Write => MemoryAccessKind.Write,
        _ => MemoryAccessKind.Atomic,
    };

    /// <summary>The first byte, from the start of the memory, in bytes.</summary>
    public ulong Offset => _touch.Offset;

    /// <summary>How many bytes, at least 1.</summary>
    public ulong Length => _touch.Length;

    /// <summary>The managed thread that it was made on.</summary>
    public int ThreadId => _touch.Thread;

    /// <summary>
    /// The call stack, the access first; null where none was kept. In optimized code a method that was inlined has no frame.
    /// </summary>
    public StackTrace? Stack => _touch.Stack;

    /// <summary>The field, such as <c>Descriptor.Length</c>, where a generated view was used; otherwise null.</summary>
    public string? Field => Origin.Field;

    /// <summary>The code that made the access, outside of Nub.Memory and of generated views: <c>Type.Method in File.cs:line 12</c>. Null where no stack was kept.</summary>
    public string? Place => Origin.Place;

    /// <summary>The file of that code, if its symbols were found.</summary>
    public string? FileName => Origin.FileName;

    /// <summary>The line of that code, from 1 on, or 0.</summary>
    public int Line => Origin.Line;

    internal AccessOrigin Origin => _origin ??= AccessOrigin.Of(_touch.Stack);

    internal ObservedTouch Touch => _touch;

    /// <summary>For a table or a message.</summary>
    /// <returns>Such as <c>read of 4 bytes at 0x10 (Descriptor.Length) in Parser.Parse in Parser.cs:line 12</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Name(Kind)} of {Length} {(Length == 1 ? "byte" : "bytes")} at 0x{Offset:X}{(Field is { } field ? $" ({field})" : "")}{(Place is { } place ? $" in {place}" : "")}");

    internal static string Name(MemoryAccessKind kind) => kind switch
    {
        MemoryAccessKind.Read => "read",
        MemoryAccessKind.Write => "write",
        _ => "atomic",
    };
}
