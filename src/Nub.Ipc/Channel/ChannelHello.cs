using Nub.Memory;

namespace Nub.Ipc;

/// <summary>The first message each way: the listening side's with the memory, then the connecting side's, which has taken it.</summary>
[AllValid]
internal partial struct ChannelHello
{
    /// <summary>"NubChan\0", little-endian.</summary>
    public const ulong TheMagic = 0x006E_6168_4362_754E;

    public const uint TheVersion = 1;

    public ulong Magic;
    public uint Version;

    /// <summary>On Windows, from the listening side: the memory's handle in its process. Otherwise 0.</summary>
    public uint Handle;

    /// <summary>The bytes of each ring. Both stand one behind the other in the memory, the one to the connecting side first.</summary>
    public ulong RingSize;

    public static ChannelHello Of(ulong ringSize, uint handle = 0) => new() { Magic = TheMagic, Version = TheVersion, Handle = handle, RingSize = ringSize };

    /// <summary>Judges what a peer sent.</summary>
    /// <exception cref="SharedChannelException">It is not this protocol or not this version.</exception>
    public readonly void Check()
    {
        if (Magic != TheMagic)
        {
            throw new SharedChannelException(SharedChannelError.NotAChannel, $"The peer begins with {Magic:X}, a channel with {TheMagic:X}.");
        }

        if (Version != TheVersion)
        {
            throw new SharedChannelException(SharedChannelError.VersionMismatch, $"The peer speaks version {Version} of the channel, and this side {TheVersion}.");
        }
    }
}
