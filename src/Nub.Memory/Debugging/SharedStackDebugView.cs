using System.Diagnostics;

namespace Nub.Memory;

/// <summary>What a debugger shows of a stack buffer: its place, the guest's stack pointer, and the bytes. Looking disturbs no user, as in <see cref="SharedMemoryDebugView"/>.</summary>
internal sealed class SharedStackDebugView(SharedStack stack)
{
    private readonly LockedMapping? _mapping = stack.MemoryOrNull?.MappingOrNull;

    /// <summary>The first byte of the buffer.</summary>
    public ulong Offset => stack.Offset;

    /// <summary>The size of the buffer in bytes.</summary>
    public ulong Size => stack.Size;

    /// <summary>The stack pointer, as the guest has it at this moment: it may be anything.</summary>
    public ulong? StackPointer
    {
        get
        {
            byte[] bytes = new byte[sizeof(ulong)];
            return _mapping is not null && _mapping.TryPeek(stack.Offset, bytes) ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes) : null;
        }
    }

    /// <summary>The first bytes.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.RootHidden)]
    public string[] FirstBytes => SharedMemoryDebugView.Dump(_mapping, stack.Offset, stack.Size);
}
