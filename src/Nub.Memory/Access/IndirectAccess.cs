namespace Nub.Memory;

/// <summary>
/// The second way to touch bytes, for memory where a touch can fail because its owner can shorten it. Every member touches each
/// shared byte exactly once, and returns whether all bytes were there; otherwise those before the first missing one may have been
/// touched.
/// </summary>
/// <remarks>
/// Callers guarantee that the range lies within a mapping that stays mapped during the call; that its pages are there they cannot
/// know. Bytes stand as in shared memory: nothing here knows a byte order. No member throws, allocates or calls user code.
/// </remarks>
internal abstract unsafe class IndirectAccess
{
    /// <summary>Reads a value: one load with acquire semantics when it has 1, 2, 4 or 8 bytes and is aligned; otherwise a copy.</summary>
    /// <param name="place">The first shared byte.</param>
    /// <param name="value">Where to put the value, of <paramref name="size"/> bytes.</param>
    /// <param name="size">The size in bytes.</param>
    public abstract bool TryLoad(byte* place, byte* value, nuint size);

    /// <summary>Writes a value: one store with release semantics when it has 1, 2, 4 or 8 bytes and is aligned; otherwise a copy.</summary>
    /// <param name="place">The first shared byte.</param>
    /// <param name="value">The value, of <paramref name="size"/> bytes.</param>
    /// <param name="size">The size in bytes.</param>
    public abstract bool TryStore(byte* place, byte* value, nuint size);

    /// <summary>Copies out of shared memory.</summary>
    public abstract bool TryCopyOut(ref byte destination, byte* shared, nuint length);

    /// <summary>Copies into shared memory.</summary>
    public abstract bool TryCopyIn(byte* shared, ref byte source, nuint length);

    /// <summary>Fills shared memory with one byte.</summary>
    public abstract bool TryFill(byte* shared, nuint length, byte value);

    /// <summary>Changes an aligned integer of 4 or 8 bytes by one locked instruction; a full fence.</summary>
    /// <param name="operation">What to do with it.</param>
    /// <param name="place">The integer.</param>
    /// <param name="size">4 or 8.</param>
    /// <param name="operand">The new value, the summand, or the mask; of 4 bytes the lower half counts.</param>
    /// <param name="comparand">The expected value of a <see cref="AtomicOperation.CompareExchange"/>.</param>
    /// <param name="result">What was there, or the sum; of 4 bytes in the lower half.</param>
    public abstract bool TryAtomic(AtomicOperation operation, byte* place, int size, ulong operand, ulong comparand, out ulong result);
}
