using Nub.Fuzz.Engine;

namespace Nub.Fuzz.Targets;

/// <summary>A memory as an array, and regions of it at guest addresses as a list: what is there is computed with 128 bits, which nothing here can overflow.</summary>
internal sealed class MemoryModel(byte[] initial)
{
    public const int Size = 2 * 4096;

    /// <summary>How many guest addresses from 0 on a bitmap tracks.</summary>
    public const ulong Tracked = 1 << 16;

    private readonly List<(UInt128 Start, ulong Offset, UInt128 Length)> _regions = [];

    public byte[] Bytes { get; } = [.. initial];

    /// <summary>The tracked pages of 512 bytes that were written at a guest address.</summary>
    public HashSet<ulong> Written { get; } = [];

    public ulong EndOfLast => _regions.Count == 0 ? 0 : (ulong)(_regions[^1].Start + _regions[^1].Length);

    /// <summary>A number that addresses are to be close to: the end of the memory, or the beginning or end of a region.</summary>
    public UInt128 Limit(ref FuzzInput input, bool isGuest)
    {
        if (!isGuest || _regions.Count == 0)
        {
            return Size;
        }

        (UInt128 start, _, UInt128 length) = _regions[input.Below(_regions.Count)];
        return input.Bool() ? start : start + length;
    }

    public bool TryMap(ulong address, ulong offset, ulong length)
    {
        UInt128 end = (UInt128)address + length;
        if (length == 0 || end > (UInt128)1 << 64 || (UInt128)offset + length > Size || _regions.Exists(one => address < one.Start + one.Length && one.Start < end))
        {
            return false;
        }

        _regions.Add((address, offset, length));
        return true;
    }

    /// <summary>Whether a range is there: of length 0, whether it begins within or at an end.</summary>
    public bool Contains(bool isGuest, ulong address, ulong length)
    {
        if (!isGuest)
        {
            return (UInt128)address + length <= Size;
        }

        if (length == 0)
        {
            return _regions.Exists(one => address >= one.Start && address <= one.Start + one.Length);
        }

        UInt128 at = address;
        UInt128 end = at + length;
        while (at < end)
        {
            int region = RegionOf(at);
            if (region < 0)
            {
                return false;
            }

            at = _regions[region].Start + _regions[region].Length;
        }

        return true;
    }

    /// <summary>Whether a value is there: of a guest, within one region.</summary>
    public bool IsInOne(bool isGuest, ulong address, ulong size) =>
        !isGuest ? Contains(false, address, size) : RegionOf(address) is >= 0 and int region && (UInt128)address + size <= _regions[region].Start + _regions[region].Length;

    /// <summary>Whether an atomic is possible: where it stands in the memory decides, whatever its guest address is.</summary>
    public bool IsAtomic(bool isGuest, ulong address, ulong size) => IsInOne(isGuest, address, size) && PlaceOf(isGuest, address) % size == 0;

    /// <summary>Whether the bytes at an address that is there are these.</summary>
    public bool Holds(bool isGuest, ulong address, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (Bytes[PlaceOf(isGuest, address + (ulong)i)] != bytes[i])
            {
                return false;
            }
        }

        return true;
    }

    public ulong Load(bool isGuest, ulong address, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)Bytes[PlaceOf(isGuest, address + (ulong)i)] << (8 * i);
        }

        return value;
    }

    /// <summary>Writes bytes if all of their place is there.</summary>
    public bool Store(bool isGuest, ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!Contains(isGuest, address, (ulong)bytes.Length))
        {
            return false;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            ulong at = address + (ulong)i;
            Bytes[PlaceOf(isGuest, at)] = bytes[i];
            if (isGuest && at < Tracked)
            {
                Written.Add(at / 512);
            }
        }

        return true;
    }

    private ulong PlaceOf(bool isGuest, ulong address)
    {
        if (!isGuest)
        {
            return address;
        }

        (UInt128 start, ulong offset, _) = _regions[RegionOf(address)];
        return offset + (ulong)(address - start);
    }

    private int RegionOf(UInt128 address) => _regions.FindIndex(one => address >= one.Start && address < one.Start + one.Length);
}
