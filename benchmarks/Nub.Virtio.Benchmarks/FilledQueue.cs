using Nub.Memory;

namespace Nub.Virtio.Benchmarks;

/// <summary>A queue that a driver has filled with chains of the same shape: header, data, status. What is timed is the device's side alone.</summary>
internal sealed class FilledQueue
{
    private const uint Size = 1024;
    private const uint ChainLength = 3;
    private const ulong Driver = 16 * Size;
    private const ulong Device = Driver + 8 * Size;
    private const ulong Tables = Device + 16 * Size;
    private const ulong Data = Tables + 64 * Size;

    private readonly HostSharedMemory _memory;
    private readonly bool _isPacked;
    private readonly bool _isIndirect;
    private readonly uint _chains;
    private ushort _index;
    private uint _entry;
    private bool _wrap = true;

    public FilledQueue(HostSharedMemory memory, bool isPacked, bool isIndirect)
    {
        (_memory, _isPacked, _isIndirect) = (memory, isPacked, isIndirect);
        _chains = isIndirect ? Size / 2 : Size / ChainLength;
        var space = new GuestAddressSpace();
        space.Map(0, memory, 0, 1 << 18);
        memory.Fill(0, 1 << 18, 0);
        for (uint i = 0; i < _chains; i++)
        {
            if (isIndirect)
            {
                Chain(Tables + 64 * i, 0, i);
            }

            if (!isPacked)
            {
                if (isIndirect)
                {
                    Describe(16ul * i, Tables + 64 * i, 48, 4, 0, i);
                }
                else
                {
                    Chain(16ul * ChainLength * i, ChainLength * i, i);
                }
            }
        }

        Queue = VirtQueue.Create(space, new VirtQueueLayout(Size, 0, Driver, Device),
            VirtioFeatures.IndirectDescriptors | VirtioFeatures.EventIndex | (isPacked ? VirtioFeatures.RingPacked : 0));
    }

    public VirtQueue Queue { get; }

    /// <summary>Makes all chains available.</summary>
    /// <returns>How many.</returns>
    public int Fill()
    {
        for (uint i = 0; i < _chains; i++)
        {
            if (!_isPacked)
            {
                _memory.Write(Driver + 4 + 2 * (ulong)(_index++ % Size), (ushort)(_isIndirect ? i : ChainLength * i));
            }
            else if (_isIndirect)
            {
                Describe(16ul * _entry, Tables + 64 * i, 48, 4 | Bits(), 0, i);
                Advance();
            }
            else
            {
                for (uint j = 0; j < ChainLength; j++)
                {
                    Describe(16ul * _entry, Data + 512 * j, j == 1 ? 512u : 16, (j == 0 ? 0 : 2u) | (j < 2 ? 1u : 0) | Bits(), 0, i);
                    Advance();
                }
            }
        }

        _memory.Write(Driver + 2, _isPacked ? (ushort)0 : _index);
        return (int)_chains;
    }

    private void Chain(ulong at, uint first, uint id)
    {
        for (uint j = 0; j < ChainLength; j++)
        {
            Describe(at + 16 * j, Data + 512 * j, j == 1 ? 512u : 16, (j == 0 ? 0 : 2u) | (j < 2 ? 1u : 0), first + j + 1, id);
        }
    }

    private void Describe(ulong at, ulong address, uint length, uint flags, uint next, uint id)
    {
        _memory.Write(at, address);
        _memory.Write(at + 8, _isPacked ? length | (ulong)id << 32 | (ulong)flags << 48 : length | (ulong)flags << 32 | (ulong)next << 48);
    }

    private uint Bits() => _wrap ? 0x80u : 0x8000u;

    private void Advance()
    {
        if (++_entry == Size)
        {
            (_entry, _wrap) = (0, !_wrap);
        }
    }
}
