using System.Diagnostics;

namespace Nub.Memory;

/// <summary>
/// What a debugger shows of a memory. Looking disturbs no user: it waits for nothing, cancels no claim, and a thread that is stopped inside of an access stays
/// there, because the look takes a slot of its own.
/// </summary>
internal sealed class SharedMemoryDebugView(SharedMemory memory)
{
    private const int Shown = 256;

    private readonly LockedMapping? _mapping = memory.MappingOrNull;

    /// <summary>The size in bytes.</summary>
    public ulong? Size => _mapping?.Size;

    /// <summary>Who uses it: owners, leases, a holder of exclusivity, accesses.</summary>
    public string Users => _mapping?.DescribeUsers() ?? "This owner was disposed.";

    /// <summary>Where the bytes come from.</summary>
    public string? Backing => _mapping?.Mapping.Backing.ToString();

    /// <summary>The first bytes, as they are at this moment.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    public string[] FirstBytes => Dump(_mapping, 0, Shown);

    /// <summary>Bytes of a memory, or why they cannot be shown.</summary>
    internal static string[] Dump(LockedMapping? mapping, ulong offset, ulong length)
    {
        if (mapping is null)
        {
            return [];
        }

        byte[] bytes = new byte[Math.Min(Math.Min(length, Shown), offset <= mapping.Size ? mapping.Size - offset : 0)];
        return mapping.TryPeek(offset, bytes) ? HexDump.Lines(bytes, offset)
            : ["The bytes cannot be read now: the memory is held exclusively, has been released, or its bytes are gone."];
    }
}
