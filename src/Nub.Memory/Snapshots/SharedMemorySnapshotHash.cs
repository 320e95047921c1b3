using System.Buffers.Binary;
using System.Diagnostics;

namespace Nub.Memory;

/// <summary>
/// The name of a snapshot's contents: 32 bytes, a SHA-256 over the checksums of its chunks. Two snapshots of the same bytes have the
/// same, whether they were saved whole or as layers. It tells contents apart that differ by chance, and is no signature.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public readonly struct SharedMemorySnapshotHash : IEquatable<SharedMemorySnapshotHash>
{
    /// <summary>The size in bytes.</summary>
    public const int Size = 32;

    private readonly UInt128 _first;
    private readonly UInt128 _second;

    /// <summary>Takes a hash from its bytes.</summary>
    /// <param name="bytes">The 32 bytes.</param>
    /// <exception cref="ArgumentException">There are not 32.</exception>
    public SharedMemorySnapshotHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A snapshot's hash has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        _first = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        _second = BinaryPrimitives.ReadUInt128BigEndian(bytes[(Size / 2)..]);
    }

    /// <summary>Whether two are the same.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they are the same.</returns>
    public static bool operator ==(SharedMemorySnapshotHash left, SharedMemorySnapshotHash right) => left.Equals(right);

    /// <summary>Whether two differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether they differ.</returns>
    public static bool operator !=(SharedMemorySnapshotHash left, SharedMemorySnapshotHash right) => !left.Equals(right);

    /// <summary>Copies the bytes.</summary>
    /// <param name="destination">Where to: at least 32 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is less room.</exception>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt128BigEndian(destination, _first);
        BinaryPrimitives.WriteUInt128BigEndian(destination[(Size / 2)..], _second);
    }

    /// <inheritdoc/>
    public bool Equals(SharedMemorySnapshotHash other) => _first == other._first && _second == other._second;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SharedMemorySnapshotHash other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _first.GetHashCode();

    /// <summary>The bytes in hexadecimal digits.</summary>
    /// <returns>64 digits.</returns>
    public override string ToString() => $"{_first:x32}{_second:x32}";
}
