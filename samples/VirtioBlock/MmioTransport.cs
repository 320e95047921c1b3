using System.Buffers.Binary;

namespace VirtioBlock;

/// <summary>
/// The registers that a driver finds the device and its queue by (virtio over MMIO, virtio 1.2, section 4.2.2). The driver notifies by a
/// write, which is an exit, and the device works before the driver goes on.
/// </summary>
internal sealed class MmioTransport(SplitQueue queue, BlockDevice device)
{
    public const ulong BaseAddress = 0x1000_0000;
    public const ulong Size = 0x200;

    private const uint NeedsReset = 0x40;
    private const uint FeaturesOk = 8;

    // VIRTIO_F_VERSION_1, the only feature: bit 32, so bit 0 of the second word.
    private const uint Version1 = 1;

    private uint _status;
    private uint _featureWord;
    private uint _accepted;
    private uint _acceptedWord;
    private uint _queueSize;
    private ulong _descriptors;
    private ulong _available;
    private ulong _used;
    private bool _ready;

    /// <summary>What was refused last, and not asked for yet.</summary>
    public Refusal LastRefusal { get; private set; }

    /// <summary>Asks what was refused since the last time.</summary>
    public Refusal TakeRefusal()
    {
        Refusal refusal = LastRefusal;
        LastRefusal = Refusal.None;
        return refusal;
    }

    /// <summary>A register is read. Other than four aligned bytes of the device are zeroes.</summary>
    public void Read(ulong address, Span<byte> data)
    {
        data.Clear();
        if (TryRegister(address, data.Length, out uint register))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(data, ReadRegister(register));
        }
    }

    /// <summary>A register is written. Other than four aligned bytes of the device are let go by.</summary>
    public void Write(ulong address, ReadOnlySpan<byte> data)
    {
        if (TryRegister(address, data.Length, out uint register))
        {
            WriteRegister(register, BinaryPrimitives.ReadUInt32LittleEndian(data));
        }
    }

    private static bool TryRegister(ulong address, int length, out uint register)
    {
        register = (uint)(address - BaseAddress);
        return address >= BaseAddress && address - BaseAddress <= Size - 4 && length == 4 && register % 4 == 0;
    }

    private uint ReadRegister(uint register) => register switch
    {
        0x000 => 0x7472_6976, // "virt"
        0x004 => 2,
        0x008 => 2, // a disk
        0x010 => _featureWord == 1 ? Version1 : 0,
        0x034 => SplitQueue.MostDescriptors,
        0x044 => _ready ? 1u : 0u,
        0x070 => _status,
        0x100 => (uint)device.Sectors,
        0x104 => (uint)(device.Sectors >> 32),
        _ => 0,
    };

    private void WriteRegister(uint register, uint value)
    {
        switch (register)
        {
            case 0x014:
                _featureWord = value;
                break;
            case 0x020 when _acceptedWord == 1:
                _accepted = value;
                break;
            case 0x024:
                _acceptedWord = value;
                break;
            case 0x038:
                _queueSize = value;
                break;
            case 0x044:
                _ready = value == 1 && Accept(queue.Configure(_queueSize, _descriptors, _available, _used));
                break;
            case 0x050 when _ready && (_status & NeedsReset) == 0:
                Accept(device.Serve());
                break;
            case 0x070:
                SetStatus(value);
                break;
            case 0x080 or 0x084:
                _descriptors = Half(_descriptors, register, value);
                break;
            case 0x090 or 0x094:
                _available = Half(_available, register, value);
                break;
            case 0x0A0 or 0x0A4:
                _used = Half(_used, register, value);
                break;
        }
    }

    private static ulong Half(ulong whole, uint register, uint value) =>
        (register & 4) == 0 ? (whole & 0xFFFF_FFFF_0000_0000) | value : (whole & 0xFFFF_FFFF) | (ulong)value << 32;

    private void SetStatus(uint value)
    {
        if (value == 0)
        {
            _status = _accepted = 0;
            _ready = false;
            return;
        }

        // A driver that does not know version 1, or accepts what was not offered, does not get its features.
        _status = value & ~NeedsReset & (_accepted == Version1 ? uint.MaxValue : ~FeaturesOk) | (_status & NeedsReset);
    }

    private bool Accept(Refusal refusal)
    {
        if (refusal != Refusal.None)
        {
            LastRefusal = refusal;
            if (refusal is not (Refusal.BeyondTheDisk or Refusal.UnknownRequest or Refusal.WrongDirection or Refusal.NotWholeSectors))
            {
                _status |= NeedsReset;
            }
        }

        return refusal == Refusal.None;
    }
}
