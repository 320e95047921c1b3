using Nub.Memory;

// What both sides agree on, byte by byte. A bool, an enum, a pointer or a gap between fields would not compile: the guest could put illegal values there.
[AllValid]
public partial struct Request
{
    // The most bytes that the host accepts of a message.
    public const uint MaxLength = 4096;

    public ulong Address;
    public uint Length;
    private readonly uint _reserved12;
}
