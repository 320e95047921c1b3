using System.Buffers.Binary;

namespace Nub.Fuzz.Targets;

/// <summary>A consumer of a ring as the layout's rules say, over a copy of the memory, in the plainest way.</summary>
internal sealed class RingModel(ulong capacity, int maxLength)
{
    public const ulong Data = 512;
    public const ulong ConsumerPosition = 128;

    private ulong _position;
    private bool _isBroken;
    private bool _isOpen;
    private bool _isGroup;
    private uint _length;
    private uint _elements;
    private uint _element;
    private ulong _at;

    public enum Outcome
    {
        Empty,
        Record,
        TooLong,
        End,
        Broken,
    }

    /// <summary>The position of the next header.</summary>
    public ulong Next => _position;

    public static ulong Mark(ulong position) => (((position >> 3) & 0x7FFF_FFFF) | 0x8000_0000) << 32;

    public Outcome Read(byte[] memory, int room, out ReadOnlySpan<byte> record)
    {
        record = default;
        Outcome outcome = Peek(memory, out int length);
        if (outcome != Outcome.Record)
        {
            return outcome;
        }

        if (length > room)
        {
            return Outcome.TooLong;
        }

        record = memory.AsSpan((int)(Data + _at), length);
        _at += (ulong)length;
        _elements--;
        if (_elements == 0)
        {
            _isOpen = false;
            _position += 8 + ((_length + 7UL) & ~7UL);
        }

        return Outcome.Record;
    }

    /// <summary>The length of the next record, whose header is read no more from here on.</summary>
    public Outcome Peek(byte[] memory, out int length)
    {
        length = 0;
        Outcome outcome = _isBroken ? Outcome.Broken : _isOpen ? Outcome.Record : Open(memory);
        _isBroken = outcome == Outcome.Broken;
        length = outcome == Outcome.Record ? (int)(_isGroup ? _element : _length) : 0;
        return outcome;
    }

    private Outcome Open(byte[] memory)
    {
        for (bool isPadded = false; ; isPadded = true)
        {
            ulong place = _position % capacity;
            ulong header = Word(memory, place);
            if (header == 0)
            {
                // A header behind padding is there before the padding is.
                return isPadded ? Outcome.Broken : Outcome.Empty;
            }

            ulong tail = capacity - place;
            _length = (uint)header & 0x3FFF_FFFF;
            ulong span = 8 + ((_length + 7UL) & ~7UL);
            ulong kind = (header >> 30) & 3;
            if (header >> 32 != Mark(_position) >> 32)
            {
                return Outcome.Broken;
            }

            if (kind == 2)
            {
                if (isPadded || span != tail || _length % 8 != 0)
                {
                    return Outcome.Broken;
                }

                _position += span;
                continue;
            }

            if (span > tail || _length > maxLength)
            {
                return Outcome.Broken;
            }

            (_at, _elements, _isGroup) = (place + 8, 1, kind == 1);
            if (kind == 3)
            {
                return Outcome.End;
            }

            if (_isGroup)
            {
                ulong sizes = _length >= 8 ? Word(memory, place + 8) : 0;
                (_element, _elements, _at) = ((uint)sizes, (uint)(sizes >> 32), place + 16);
                if (_length < 8 || _element == 0 || _elements == 0 || (UInt128)_element * _elements != _length - 8)
                {
                    return Outcome.Broken;
                }
            }

            _isOpen = true;
            return Outcome.Record;
        }
    }

    private static ulong Word(byte[] memory, ulong place) => BinaryPrimitives.ReadUInt64LittleEndian(memory.AsSpan((int)(Data + place)));
}
