using GuestCall.Protocol;

namespace GuestCall;

/// <summary>A part of the shared memory.</summary>
/// <param name="Name">What stands there.</param>
/// <param name="Offset">The first byte, from the start of the memory; the guest's physical address too.</param>
/// <param name="Size">The size in bytes.</param>
/// <param name="Use">Who does what with it.</param>
internal sealed record GuestArea(string Name, int Offset, int Size, string Use)
{
    /// <summary>One past the last byte.</summary>
    public int End => Offset + Size;
}

/// <summary>Where everything stands in the one memory that host and guest share.</summary>
internal static class GuestMap
{
    /// <summary>The largest payload of a call.</summary>
    public const int MaxPayload = 8 * 1024;

    private const int Page = 4096;

    /// <summary>Empty, so that a stray null pointer in the guest finds nothing of value.</summary>
    public static readonly GuestArea Null = new("null page", 0, Page, "nothing");

    /// <summary>The page tables that long mode cannot do without.</summary>
    public static readonly GuestArea PageTables = new("page tables", Null.End, 3 * Page, "read by the processor");

    /// <summary>The guest's program.</summary>
    public static readonly GuestArea Code = new("program", PageTables.End, Page, "executed by the guest");

    /// <summary>The guest's own stack, growing down.</summary>
    public static readonly GuestArea Stack = new("processor stack", Code.End, Page, "the guest's own");

    /// <summary>A <see cref="GuestStatus"/>.</summary>
    public static readonly GuestArea Status = new("status", Stack.End, 2 * Page, "written by the guest, watched by the host");

    /// <summary>The stack buffer for requests.</summary>
    public static readonly GuestArea Input = new("input buffer", Status.End, 4 * Page, "host pushes, guest pops");

    /// <summary>The stack buffer for answers.</summary>
    public static readonly GuestArea Output = new("output buffer", Input.End, 4 * Page, "guest pushes, host pops");

    /// <summary>Every area, in order and without gaps.</summary>
    public static IReadOnlyList<GuestArea> Areas { get; } = [Null, PageTables, Code, Stack, Status, Input, Output];

    /// <summary>The size of the whole memory.</summary>
    public static int Size => Output.End;
}
