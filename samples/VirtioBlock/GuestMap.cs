namespace VirtioBlock;

/// <summary>Where things are in the guest's memory, which begins at guest address 0.</summary>
internal static class GuestMap
{
    public const ulong Size = 0x10_0000;

    public const ulong Code = 0x1000;
    public const ulong Stack = 0x9000;

    // A second processor, which changes descriptors while the first one submits them.
    public const ulong RacerCode = 0xA000;
    public const ulong RacerStack = 0xC000;
    public const ulong RacerRounds = 0xD000;

    public const ulong Descriptors = 0x1_0000;
    public const ulong Available = 0x1_1000;
    public const ulong Used = 0x1_2000;
    public const ulong Header = 0x1_3000;
    public const ulong Status = 0x1_3800;
    public const ulong Outgoing = 0x1_4000;
    public const ulong Incoming = 0x1_8000;

    /// <summary>The device's window, where there is no memory.</summary>
    public const ulong Device = 0x1000_0000;

    public const ulong PageTables = Size - 3 * 4096;
    public const ulong Mapped = 1UL << 30;

    /// <summary>The ports by which the driver tells how it gets on; the value in EAX.</summary>
    public static class Port
    {
        /// <summary>All honest requests came back as they went; how many.</summary>
        public const byte Verified = 0xE0;

        /// <summary>An attack was made; the device's status register.</summary>
        public const byte Attacked = 0xE1;

        /// <summary>After an attack and a reset an honest request came back as it went.</summary>
        public const byte Alive = 0xE2;

        /// <summary>Something the driver relies on was not so; where.</summary>
        public const byte Failed = 0xE3;

        /// <summary>The racing requests are over; how many.</summary>
        public const byte Raced = 0xE4;
    }
}
