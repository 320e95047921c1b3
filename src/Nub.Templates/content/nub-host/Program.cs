using System.Text;
using Nub.Memory;

// A memory that is this program's alone, set up before it is shared.
using var exclusive = new ExclusiveSharedMemory(64 * 1024);

// From here on the guest has all of it. The host reads and writes beside it, each byte once.
(HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
using (host)
using (guest)
{
    Guest.Send(guest, host, "Hello");
    Console.WriteLine($"A message: {Receive(host) ?? "refused"}");

    Guest.Send(guest, host, new string('!', 10_000));
    Console.WriteLine($"Too long a message: {Receive(host) ?? "refused"}");
}

// Reads a message that may change while it is read: the request once, as a whole; what it names only after a check of the copy.
static string? Receive(HostSharedMemory host)
{
    Request request = host.Read<Request>(0);
    if (request.Length > Request.MaxLength)
    {
        return null;
    }

    byte[] message = new byte[request.Length];
    return host.TryCopyTo(request.Address, message) ? Encoding.UTF8.GetString(message) : null;
}
