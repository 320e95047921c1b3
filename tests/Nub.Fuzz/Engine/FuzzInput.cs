using System.Buffers.Binary;

namespace Nub.Fuzz.Engine;

/// <summary>Reads decisions from an input, from its beginning; behind the end are zeros.</summary>
internal ref struct FuzzInput(ReadOnlySpan<byte> rest)
{
    private ReadOnlySpan<byte> _rest = rest;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public byte Byte()
    {
        if (_rest.IsEmpty)
        {
            return 0;
        }

        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    public bool Bool() => (Byte() & 1) != 0;

    /// <summary>From 0 to below <paramref name="count"/>, which is at most 256.</summary>
    public int Below(int count) => Byte() % count;

    public T Pick<T>(ReadOnlySpan<T> from) => from[Byte() % from.Length];

    public ushort Word() => (ushort)(Byte() | Byte() << 8);

    public uint Double() => Word() | (uint)Word() << 16;

    public ulong Quad()
    {
        Span<byte> bytes = stackalloc byte[8];
        int length = Math.Min(8, _rest.Length);
        _rest[..length].CopyTo(bytes);
        _rest = _rest[length..];
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Up to so many of the bytes that follow.</summary>
    public ReadOnlySpan<byte> Take(int most)
    {
        ReadOnlySpan<byte> taken = _rest[..Math.Min(most, _rest.Length)];
        _rest = _rest[taken.Length..];
        return taken;
    }

    public ReadOnlySpan<byte> TakeAll() => Take(int.MaxValue);

    /// <summary>A number as an attacker would choose it: small, close to a limit, close to where numbers wrap around, or anything.</summary>
    public ulong Hostile(ulong limit) => (Byte() % 8) switch
    {
        0 or 1 => Byte(),
        2 => Word(),
        3 or 4 => unchecked(limit + (ulong)(long)(sbyte)Byte()),
        5 => unchecked(0UL - Byte()),
        6 => unchecked((1UL << (Byte() & 63)) + (ulong)(long)(sbyte)Byte()),
        _ => Quad(),
    };
}
