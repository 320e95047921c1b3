using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// The x87 and SSE registers (<c>struct kvm_fpu</c>, 416 bytes; api.rst, section 4.22). Wider registers are in the extended state
/// (<see cref="VirtualProcessor.GetExtendedState"/>).
/// </summary>
public struct FloatingPointState : IEquatable<FloatingPointState>
{
    private const int RegisterCount = 16;

#pragma warning disable CS0649 // The kernel writes it.
    private readonly StackBytes _st;
#pragma warning restore CS0649

    /// <summary>The x87 control word.</summary>
    public ushort ControlWord;

    /// <summary>The x87 status word.</summary>
    public ushort StatusWord;

    /// <summary>One bit set for each x87 register that is in use, as FXSAVE stores them.</summary>
    public byte AbridgedTagWord;

#pragma warning disable CS0169 // The kernel's padding: there for the layout, and always zero.
    private readonly byte _padding0;
#pragma warning restore CS0169

    /// <summary>The opcode of the last x87 instruction.</summary>
    public ushort LastOpcode;

    /// <summary>The address of the last x87 instruction.</summary>
    public ulong LastInstructionPointer;

    /// <summary>The address of the last x87 operand.</summary>
    public ulong LastDataPointer;

#pragma warning disable IDE0044 // Written through a span.
    private XmmBytes _xmm;
#pragma warning restore IDE0044

    /// <summary>The SSE control and status register.</summary>
    public uint Mxcsr;

#pragma warning disable CS0169 // The kernel's padding: there for the layout, and always zero.
    private readonly uint _padding1;
#pragma warning restore CS0169

    /// <summary>Whether two states are the same, byte by byte.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they are the same.</returns>
    public static bool operator ==(FloatingPointState left, FloatingPointState right) => left.Equals(right);

    /// <summary>Whether two states differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they differ.</returns>
    public static bool operator !=(FloatingPointState left, FloatingPointState right) => !left.Equals(right);

    /// <summary>An SSE register.</summary>
    /// <param name="index">0 to 15.</param>
    /// <returns>Its 128 bits.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not 0 to 15.</exception>
    public readonly UInt128 GetXmm(int index)
    {
        CheckIndex(index);
        ReadOnlySpan<ulong> halves = _xmm;
        return new UInt128(halves[2 * index + 1], halves[2 * index]);
    }

    /// <summary>Sets an SSE register.</summary>
    /// <param name="index">0 to 15.</param>
    /// <param name="value">Its 128 bits.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is not 0 to 15.</exception>
    public void SetXmm(int index, UInt128 value)
    {
        CheckIndex(index);
        Span<ulong> halves = _xmm;
        halves[2 * index] = (ulong)value;
        halves[2 * index + 1] = (ulong)(value >> 64);
    }

    /// <summary>An x87 or MMX register.</summary>
    /// <param name="index">0 to 7.</param>
    /// <returns>Its 80 bits; MMX has the lower 64 of them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The index is not 0 to 7.</exception>
    public readonly UInt128 GetSt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RegisterCount / 2);
        ReadOnlySpan<ulong> halves = _st;
        return new UInt128(halves[2 * index + 1], halves[2 * index]);
    }

    /// <inheritdoc/>
    public readonly bool Equals(FloatingPointState other) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<FloatingPointState>(in this)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<FloatingPointState>(in other)));

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is FloatingPointState other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(MemoryMarshal.AsBytes(new ReadOnlySpan<FloatingPointState>(in this)));
        return hash.ToHashCode();
    }

    private static void CheckIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RegisterCount);
    }

    [InlineArray(16)]
    private struct StackBytes
    {
        private ulong _first;
    }

    [InlineArray(32)]
    private struct XmmBytes
    {
        private ulong _first;
    }
}
