using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// The x87 and SSE registers as FXSAVE stores them, 512 bytes (Intel SDM volume 1, section 10.5.1). Wider registers are in the extended
/// state (<see cref="VirtualProcessor.GetExtendedState"/>), which this is the first part of.
/// </summary>
[DebuggerDisplay("control {ControlWord}, status {StatusWord}, MXCSR {Mxcsr}")]
public struct FloatingPointState : IEquatable<FloatingPointState>
{
    private const int RegisterCount = 16;

    /// <summary>The x87 control word.</summary>
    public ushort ControlWord;

    /// <summary>The x87 status word.</summary>
    public ushort StatusWord;

    /// <summary>One bit set for each x87 register that is in use.</summary>
    public byte AbridgedTagWord;

#pragma warning disable CS0169, CS0649, IDE0044 // Filled and read as bytes: a part of the kernel's buffer, or a span of it.
    private readonly byte _reserved;

    /// <summary>The opcode of the last x87 instruction.</summary>
    public ushort LastOpcode;

    /// <summary>The address of the last x87 instruction.</summary>
    public ulong LastInstructionPointer;

    /// <summary>The address of the last x87 operand.</summary>
    public ulong LastDataPointer;

    /// <summary>The SSE control and status register.</summary>
    public uint Mxcsr;

    /// <summary>Which bits of <see cref="Mxcsr"/> the processor has.</summary>
    public uint MxcsrMask;

    private readonly StackRegisters _st;
    private XmmRegisters _xmm;
    private readonly UnusedBytes _unused;
#pragma warning restore CS0169, CS0649, IDE0044

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
    public readonly bool Equals(FloatingPointState other) => BytesOf(in this).SequenceEqual(BytesOf(in other));

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is FloatingPointState other && Equals(other);

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(BytesOf(in this));
        return hash.ToHashCode();
    }

    private static ReadOnlySpan<byte> BytesOf(in FloatingPointState state) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<FloatingPointState>(in state));

    private static void CheckIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RegisterCount);
    }

    [InlineArray(16)]
    private struct StackRegisters
    {
        private ulong _first;
    }

    [InlineArray(32)]
    private struct XmmRegisters
    {
        private ulong _first;
    }

    [InlineArray(12)]
    private struct UnusedBytes
    {
        private ulong _first;
    }
}
