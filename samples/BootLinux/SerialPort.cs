namespace BootLinux;

/// <summary>
/// A UART 16550A without a line behind it that a guest could wait for: what is written is out at once, and nothing comes in. Offsets
/// and bits are those of the PC16550D data sheet, section 8.
/// </summary>
/// <param name="output">Takes each byte that the guest sends.</param>
/// <param name="setInterrupt">Sets the level of the interrupt line.</param>
internal sealed class SerialPort(Action<byte> output, Action<bool> setInterrupt)
{
    public const ushort FirstPort = 0x3F8;
    public const ushort LastPort = FirstPort + 7;
    public const uint InterruptLine = 4;

    private const byte TransmitInterruptEnable = 0x02;
    private const byte NoInterrupt = 0x01;
    private const byte TransmitInterrupt = 0x02;
    private const byte FifosEnabled = 0xC0;
    private const byte DivisorAccess = 0x80;
    private const byte Loopback = 0x10;
    private const byte TransmitterEmpty = 0x60;

    // Carrier, ready and clear to send: a line that is always there.
    private const byte ModemReady = 0xB0;

    private byte _interruptEnable;
    private byte _fifoControl;
    private byte _lineControl;
    private byte _modemControl;
    private byte _scratch;
    private ushort _divisor;
    private bool _isTransmitPending;
    private bool _line;

    private bool IsDivisorAccessed => (_lineControl & DivisorAccess) != 0;

    public byte Read(int register)
    {
        switch (register)
        {
            case 0:
                return IsDivisorAccessed ? (byte)_divisor : (byte)0;
            case 1:
                return IsDivisorAccessed ? (byte)(_divisor >> 8) : _interruptEnable;
            case 2:
                byte fifos = (_fifoControl & 1) != 0 ? FifosEnabled : (byte)0;
                if (!HasInterrupt)
                {
                    return (byte)(fifos | NoInterrupt);
                }

                // To be told of it is what ends it.
                _isTransmitPending = false;
                UpdateLine();
                return (byte)(fifos | TransmitInterrupt);
            case 3:
                return _lineControl;
            case 4:
                return _modemControl;
            case 5:
                return TransmitterEmpty;
            case 6:
                return (_modemControl & Loopback) != 0 ? LoopedBack(_modemControl) : ModemReady;
            default:
                return _scratch;
        }
    }

    public void Write(int register, byte value)
    {
        switch (register)
        {
            case 0 when IsDivisorAccessed:
                _divisor = (ushort)((_divisor & 0xFF00) | value);
                break;
            case 0:
                if ((_modemControl & Loopback) == 0)
                {
                    output(value);
                }

                _isTransmitPending = true;
                break;
            case 1 when IsDivisorAccessed:
                _divisor = (ushort)((_divisor & 0x00FF) | (value << 8));
                break;
            case 1:
                // Enabled while the transmitter is empty, which it always is.
                _isTransmitPending |= (value & ~_interruptEnable & TransmitInterruptEnable) != 0;
                _interruptEnable = (byte)(value & 0x0F);
                break;
            case 2:
                _fifoControl = value;
                break;
            case 3:
                _lineControl = value;
                break;
            case 4:
                _modemControl = (byte)(value & 0x1F);
                break;
            case 7:
                _scratch = value;
                break;
            default:
                // The status registers are not for writing.
                break;
        }

        UpdateLine();
    }

    // DTR, RTS, OUT1 and OUT2 come back as DSR, CTS, RI and DCD.
    private static byte LoopedBack(byte control) =>
        (byte)((control & 1) << 5 | (control & 2) << 3 | (control & 4) << 4 | (control & 8) << 4);

    private bool HasInterrupt => _isTransmitPending && (_interruptEnable & TransmitInterruptEnable) != 0;

    private void UpdateLine()
    {
        if (_line != HasInterrupt)
        {
            _line = HasInterrupt;
            setInterrupt(_line);
        }
    }
}
