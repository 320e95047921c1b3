namespace Nub.Memory;

/// <summary>How a guest behaves during one run, as data.</summary>
internal sealed class ObservationPlan
{
    /// <summary>What the guest does, in this order after each touch.</summary>
    public GuestRule[] Rules { get; init; } = [];

    /// <summary>Bytes to be inverted after their first read, each once; consumed by the run.</summary>
    public bool[]? InvertOnce { get; init; }

    /// <summary>How many touches take place. Whatever comes afterwards finds the memory gone.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Of how many touches the stack is kept.</summary>
    public int Stacks { get; init; }
}

/// <summary>What a guest does to bytes.</summary>
internal enum GuestAction : byte
{
    /// <summary>Writes bytes.</summary>
    Set,

    /// <summary>Adds a number, little-endian, of as many bytes as there are.</summary>
    Add,

    /// <summary>Overwrites a random byte of those just read by a random one.</summary>
    Scramble,
}

/// <summary>One habit of a guest: at which touches it does what. A touch counts if it overlaps the range.</summary>
internal sealed class GuestRule
{
    private int _matches;

    /// <summary>The first byte of the range that it watches.</summary>
    public ulong Offset { get; init; }

    /// <summary>The length of the range.</summary>
    public ulong Length { get; init; }

    /// <summary>Whether it watches writes, in place of reads.</summary>
    public bool OnWrites { get; init; }

    /// <summary>The touch after which it acts first, from 1 on.</summary>
    public int First { get; init; } = 1;

    /// <summary>After how many further touches it acts again; 0: never.</summary>
    public int Every { get; init; }

    /// <summary>Where not 0: it acts once so many touches of any kind have taken place, and watches nothing.</summary>
    public int AfterTouches { get; init; }

    public GuestAction Action { get; init; }

    /// <summary>The first byte that it changes.</summary>
    public ulong Target { get; init; }

    /// <summary>What it writes, or adds.</summary>
    public byte[] Data { get; init; } = [];

    /// <summary>The state of its generator of random numbers, never 0.</summary>
    public ulong Random { get; set; } = 1;

    /// <summary>How often in 256 it acts.</summary>
    public int Chance { get; init; } = 256;

    /// <summary>The touch after which it acted last, or -1.</summary>
    public int FiredAt { get; set; } = -1;

    public bool IsDue(in ObservedTouch touch, int touches)
    {
        if (AfterTouches != 0)
        {
            return touches == AfterTouches;
        }

        if ((OnWrites ? !touch.Writes : !touch.Reads) || touch.Offset >= Offset + Length || Offset >= touch.Offset + touch.Length)
        {
            return false;
        }

        _matches++;
        return (_matches == First || (Every > 0 && _matches > First && (_matches - First) % Every == 0)) && (Chance >= 256 || (int)(Next() & 0xFF) < Chance);
    }

    public void Apply(in ObservedTouch touch, Span<byte> memory, bool[] changed)
    {
        if (Action == GuestAction.Scramble)
        {
            int any = (int)(touch.Offset + Next() % touch.Length);
            memory[any] = (byte)Next();
            changed[any] = true;
            return;
        }

        Span<byte> target = memory.Slice((int)Target, Data.Length);
        if (Action == GuestAction.Set)
        {
            Data.CopyTo(target);
        }
        else
        {
            int carry = 0;
            for (int at = 0; at < target.Length; at++)
            {
                carry += target[at] + Data[at];
                target[at] = (byte)carry;
                carry >>= 8;
            }
        }

        changed.AsSpan((int)Target, Data.Length).Fill(true);
    }

    /// <summary>The next random number: xorshift64*, whose upper bits are good.</summary>
    private ulong Next()
    {
        Random ^= Random >> 12;
        Random ^= Random << 25;
        Random ^= Random >> 27;
        return (Random * 0x2545_F491_4F6C_DD1D) >> 16;
    }
}
