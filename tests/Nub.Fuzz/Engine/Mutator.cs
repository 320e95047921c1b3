using System.Buffers.Binary;

namespace Nub.Fuzz.Engine;

/// <summary>Makes an input of one or two others: the changes that afl-fuzz calls havoc and splice.</summary>
internal sealed class Mutator(Random random, int maxLength, IReadOnlyList<byte[]> words)
{
    private static readonly ulong[] s_numbers =
    [
        0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1024, 4095, 4096, 32767, 32768, 65535, 65536, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32,
        long.MaxValue, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 7,
    ];

    private readonly byte[] _bytes = new byte[maxLength];
    private int _length;

    /// <summary>The input stands in a buffer that the next one uses again.</summary>
    public ReadOnlySpan<byte> Make(ReadOnlySpan<byte> from, ReadOnlySpan<byte> other)
    {
        _length = Math.Min(from.Length, maxLength);
        from[.._length].CopyTo(_bytes);
        for (int change = 1 << random.Next(5); change > 0; change--)
        {
            Change(other);
        }

        return _bytes.AsSpan(0, _length);
    }

    private void Change(ReadOnlySpan<byte> other)
    {
        if (_length == 0)
        {
            Insert(0, Noise(stackalloc byte[16]));
            return;
        }

        int at = random.Next(_length);
        int length = 1 + (random.Next(4) == 0 ? random.Next(_length - at) : random.Next(Math.Min(16, _length - at)));
        switch (random.Next(words.Count == 0 ? 13 : 15))
        {
            case 0:
                _bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                _bytes[at] = (byte)random.Next(256);
                break;
            case 2 or 3:
                Number(at, s_numbers[random.Next(s_numbers.Length)]);
                break;
            case 4 or 5:
                Add(at, random.Next(-35, 36));
                break;
            case 6:
                _bytes.AsSpan(at + length, _length - at - length).CopyTo(_bytes.AsSpan(at));
                _length -= length;
                break;
            case 7:
                Insert(at, _bytes.AsSpan(random.Next(_length)) is var part ? part[..Math.Min(length, part.Length)].ToArray() : []);
                break;
            case 8:
                Insert(at, Noise(stackalloc byte[16]));
                break;
            case 9:
                int to = random.Next(_length);
                _bytes.AsSpan(at, Math.Min(length, _length - to)).CopyTo(_bytes.AsSpan(to));
                break;
            case 10:
                _bytes.AsSpan(at, length).Fill((byte)(random.Next(2) == 0 ? 0 : random.Next(256)));
                break;
            case 11:
                Splice(at, length, other, isInserted: random.Next(2) == 0);
                break;
            case 12:
                // The head of this and the tail of the other.
                _length = at;
                Insert(at, other[(int)Math.Min((uint)at, (uint)other.Length)..]);
                break;
            default:
                byte[] word = words[random.Next(words.Count)];
                if (random.Next(2) == 0)
                {
                    Insert(at, word);
                }
                else
                {
                    word.AsSpan(0, Math.Min(word.Length, _length - at)).CopyTo(_bytes.AsSpan(at));
                }

                break;
        }
    }

    private void Splice(int at, int length, ReadOnlySpan<byte> other, bool isInserted)
    {
        if (other.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<byte> part = other[random.Next(other.Length)..];
        part = part[..Math.Min(part.Length, length)];
        if (isInserted)
        {
            Insert(at, part);
        }
        else
        {
            part.CopyTo(_bytes.AsSpan(at));
        }
    }

    private void Insert(int at, ReadOnlySpan<byte> part)
    {
        part = part[..Math.Min(part.Length, maxLength - _length)];
        _bytes.AsSpan(at, _length - at).CopyTo(_bytes.AsSpan(at + part.Length));
        part.CopyTo(_bytes.AsSpan(at));
        _length += part.Length;
    }

    private Span<byte> Noise(Span<byte> room)
    {
        room = room[..(1 + random.Next(room.Length))];
        random.NextBytes(room);
        return room;
    }

    private void Number(int at, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Width(bytes, at).CopyTo(_bytes.AsSpan(at));
    }

    private void Add(int at, int amount)
    {
        Span<byte> bytes = stackalloc byte[8];
        _bytes.AsSpan(at, Math.Min(8, _length - at)).CopyTo(bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, unchecked(BinaryPrimitives.ReadUInt64LittleEndian(bytes) + (ulong)(long)amount));
        Width(bytes, at).CopyTo(_bytes.AsSpan(at));
    }

    // 1, 2, 4 or 8 bytes, as far as the input goes.
    private Span<byte> Width(Span<byte> bytes, int at) => bytes[..Math.Min(1 << random.Next(4), _length - at)];
}
