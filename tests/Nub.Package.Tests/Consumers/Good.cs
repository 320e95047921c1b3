using Nub.Memory;

using var exclusive = new ExclusiveSharedMemory((ulong)Environment.SystemPageSize);
exclusive.WriteUInt64(0, 42);
(HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
using (host)
using (guest)
{
    Request.View request = Request.At(host, 0x100);
    request.Length = 7;
    Request copy = request.Load();
    Console.WriteLine($"{Request.Layout.Size} bytes, length {copy.Length}, first {host.First<ulong>()}");
}

[AllValid]
public partial struct Request
{
    public ulong Address;
    public uint Length;
    private uint _reserved12;
}

public static class Extensions
{
    extension(HostSharedMemory host)
    {
        public T First<[AllValid] T>() where T : unmanaged => host.Read<T>(0);
    }
}
