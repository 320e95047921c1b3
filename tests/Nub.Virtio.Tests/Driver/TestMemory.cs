using Nub.Memory;

namespace Nub.Virtio.Tests;

/// <summary>A guest's memory of one region, and the driver's own way into it.</summary>
internal sealed class TestMemory : IDisposable
{
    public const ulong Base = 0x4000_0000;

    private readonly GuestSharedMemory _guest;

    public TestMemory(ulong size = 1 << 20)
    {
        (Host, _guest) = new ExclusiveSharedMemory(size).Build();
        Size = size;
        Space.Map(Base, Host, 0, size);
    }

    public HostSharedMemory Host { get; }

    public GuestAddressSpace Space { get; } = new();

    public ulong Size { get; }

    public byte[] this[ulong address, int length]
    {
        get
        {
            byte[] bytes = new byte[length];
            Host.CopyTo(address - Base, bytes);
            return bytes;
        }
    }

    /// <summary>Copies all of it.</summary>
    public void Snapshot(byte[] destination) => Host.CopyTo(0, destination);

    /// <summary>Whether all of it is as it was.</summary>
    public bool Is(byte[] before) => this[Base, (int)Size].AsSpan().SequenceEqual(before);

    public T Read<[AllValid] T>(ulong address) where T : unmanaged => Host.Read<T>(address - Base);

    public void Write<[AllValid] T>(ulong address, T value) where T : unmanaged => Host.Write(address - Base, value);

    public void Write(ulong address, ReadOnlySpan<byte> bytes) => Host.CopyFrom(address - Base, bytes);

    public void Dispose()
    {
        Space.Dispose();
        Host.Dispose();
        _guest.Dispose();
    }
}
