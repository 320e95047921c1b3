using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Nub.Virtio;

/// <summary>
/// A request that the driver has made available: buffers to read, then buffers to write. From <see cref="VirtQueue.TryTake"/> until <see cref="VirtQueue.Return(DescriptorChain, uint)"/>; a use after that
/// throws <see cref="InvalidOperationException"/>.
/// </summary>
/// <remarks>
/// A copy is the same chain, and its reader and writer are the same through every copy. The chain's addresses and lengths are private copies, which the driver cannot change any more; what
/// stands in the buffers it can.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct DescriptorChain
{
    private readonly ChainState? _state;
    private readonly uint _generation;

    internal DescriptorChain(ChainState state)
    {
        _state = state;
        _generation = state.Generation;
    }

    /// <summary>What the driver knows the chain by: of a split queue its first descriptor, of a packed one the buffer id.</summary>
    public ushort Head => State.Id;

    /// <summary>The number of buffers.</summary>
    public int Count => State.Count;

    /// <summary>Whether the chain was taken and not returned.</summary>
    public bool IsInFlight => _state is { } state && state.Generation == _generation;

    /// <summary>What the device may read.</summary>
    public ChainReader Readable => new(State, _generation);

    /// <summary>What the device may write.</summary>
    public ChainWriter Writable => new(State, _generation);

    internal ChainState State => Live(_state, _generation);

    /// <summary>A line for a log.</summary>
    /// <returns>The head, and how many bytes are left to read and to write.</returns>
    public override string ToString() =>
        IsInFlight ? $"chain {Head} of {Count} buffers, {Readable.Remaining} bytes to read, {Writable.Remaining} to write" : "chain, returned";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ChainState Live(ChainState? state, uint generation)
    {
        if (state is null || state.Generation != generation)
        {
            Throw();
        }

        return state;
    }

    [DoesNotReturn]
    private static void Throw() => throw new InvalidOperationException("The chain was never taken, or was returned to its queue.");
}
