using System.Runtime.InteropServices;

namespace Nub.Memory.Testing;

/// <summary>One step of a <see cref="GuestScript"/>: when it acts, and the changes that it makes then, in order.</summary>
public sealed class GuestStep
{
    private readonly HostileMemory _memory;
    private readonly ulong _offset;
    private readonly ulong _length;
    private readonly int _nth;
    private readonly bool _onWrites;
    private readonly List<(GuestAction Action, ulong Target, byte[] Data)> _changes = [];
    private int _every;

    internal GuestStep(HostileMemory memory, ulong offset, ulong length, int nth, bool onWrites)
    {
        _memory = memory;
        _offset = offset;
        _length = length;
        _nth = nth;
        _onWrites = onWrites;
    }

    /// <summary>Has the step act again and again.</summary>
    /// <param name="every">After how many further accesses to the range, at least 1.</param>
    /// <returns>The step.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number is less than 1.</exception>
    public GuestStep EachTime(int every = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, 1);
        _every = every;
        return this;
    }

    /// <summary>Writes bytes.</summary>
    /// <param name="offset">The first byte, anywhere in the memory.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The step.</returns>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    public GuestStep SetBytes(ulong offset, params ReadOnlySpan<byte> bytes) => Change(GuestAction.Set, offset, bytes);

    /// <summary>Writes a value, in the byte order of its type.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte, anywhere in the memory.</param>
    /// <param name="value">The value.</param>
    /// <returns>The step.</returns>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    public GuestStep Set<[AllValid] T>(ulong offset, T value) where T : unmanaged => Change(GuestAction.Set, offset, Bytes(value));

    /// <summary>Adds to a little-endian integer of as many bytes as the number has; what does not fit is lost.</summary>
    /// <typeparam name="T">An integer. To subtract, add its complement: <c>uint.MaxValue</c> takes 1 off.</typeparam>
    /// <param name="offset">The first byte, anywhere in the memory.</param>
    /// <param name="amount">The number.</param>
    /// <returns>The step.</returns>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    public GuestStep Add<[AllValid] T>(ulong offset, T amount) where T : unmanaged, System.Numerics.IBinaryInteger<T> => Change(GuestAction.Add, offset, Bytes(amount));

    internal void AddRules(List<GuestRule> rules)
    {
        foreach ((GuestAction action, ulong target, byte[] data) in _changes)
        {
            rules.Add(new GuestRule
            {
                Offset = _offset,
                Length = _length,
                First = _nth,
                Every = _every,
                OnWrites = _onWrites,
                Action = action,
                Target = target,
                Data = data,
            });
        }
    }

    private static byte[] Bytes<T>(T value) where T : unmanaged
    {
        Representation<T>.ThrowIfNotAllValid();
        value = Representation<T>.Convert(value);
        return MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
    }

    private GuestStep Change(GuestAction action, ulong offset, ReadOnlySpan<byte> bytes)
    {
        _memory.CheckBounds(offset, (ulong)bytes.Length);
        _changes.Add((action, offset, bytes.ToArray()));
        return this;
    }
}
