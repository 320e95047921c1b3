using System.Runtime.InteropServices;
using Nub.Memory;

// Each comment at the end of a line has what the line is to be told.
public static class Program
{
    public static unsafe void Main()
    {
        using var exclusive = new ExclusiveSharedMemory(4096);
        Span<byte> all = exclusive.AsSpan(0, 4096);
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        all[0] = 1; // NUB0012
        _ = host.Read<bool>(0); // NUB0001
        _ = Marshal.ReadInt32(host.BaseAddress); // NUB0013
        _ = guest.EnterGuest(); // NUB0014
        _ = host.First<bool>(); // NUB0001
        _ = new Cell<bool>(host).Content; // NUB0001
        _ = new Cell<uint>(host).Content;
        Cell<bool> sum = new Cell<bool>(host) + 1; // NUB0001
        sum += 1; // NUB0001
        _ = new Cell<uint>(host) + 1;
        Console.WriteLine(Take(host).Length);
    }

    private static byte[] Take(HostSharedMemory host)
    {
        if (host.Read<uint>(0) > 64)
        {
            return [];
        }

        uint length = host.Read<uint>(0); // NUB0010
        return new byte[host.Read<uint>(8) + length]; // NUB0011
    }
}

[AllValid]
public partial struct Request
{
    public bool IsLast; // NUB0002
}

[AllValid]
public struct Whole // NUB0003
{
    public uint Length;
}

[AllValid]
public partial struct Sized
{
    public nint Address; // NUB0004
}

[AllValid]
public partial struct Gap
{
    public byte Kind; // NUB0005
    public uint Length;
}

public struct Forged : IValidateOnRead<Forged> // NUB0006
{
    public readonly string Fields => "1 Value:u1";

    public readonly bool IsLegal(ReadOnlySpan<byte> source) => !source.IsEmpty;
}

public sealed class Cell<T>(HostSharedMemory host) where T : unmanaged
{
    public HostSharedMemory Host => host;
}

public static class Extensions
{
    extension(HostSharedMemory host)
    {
        public T First<[AllValid] T>() where T : unmanaged => host.Read<T>(0);
        public T Any<T>() where T : unmanaged => host.Read<T>(0); // NUB0001
    }

    extension<[AllValid] T>(Cell<T> cell) where T : unmanaged
    {
        public T Content => cell.Host.Read<T>(0);
        public static Cell<T> operator +(Cell<T> left, int right) => left;
    }
}
