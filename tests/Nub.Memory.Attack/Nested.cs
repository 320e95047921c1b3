namespace Nub.Memory.Attack;

/// <summary>
/// The JIT compiles what is called for the first time inside an access, may load an assembly for it, and so raises an event whose
/// handler is the user's: it makes accesses of its own and disposes the memory. The access outside must notice nothing of it.
/// </summary>
internal static class Nested
{
    private static bool s_calling;
    private static int s_handled;

    public static void Run(string[] args)
    {
        (HostSharedMemory other, GuestSharedMemory otherGuest) = new ExclusiveSharedMemory(4096).Build();

        // With "table-full" no page of a later stack finds a place of its own in the table of slots.
        if (args is ["table-full"])
        {
            Judge.AccessFromManyPages(other);
        }

        Judge.OnThread(() => Attack(other), stack: 512 << 10);
        other.Dispose();
        otherGuest.Dispose();
    }

    private static void Attack(HostSharedMemory other)
    {
        (HostSharedMemory memory, GuestSharedMemory guest) = new ExclusiveSharedMemory(1 << 20).Build();
        nint address = memory.BaseAddress;
        _ = other.Read<byte>(0);
        AppDomain.CurrentDomain.AssemblyLoad += (_, _) =>
        {
            if (s_calling)
            {
                // Accesses of each kind, to any memory; then the memory goes, "when no user is inside".
                s_handled++;
                _ = other.Read<byte>(0);
                _ = other.TryCopyTo(0, new byte[8]);
                memory.Dispose();
                guest.Dispose();
            }
        };
        byte[] buffer = new byte[600];
        s_calling = true;
        bool copied = false;
        try
        {
            copied = memory.TryCopyTo(0, buffer);
        }
        catch (ObjectDisposedException)
        {
            // The handler ran before the access had begun.
        }

        s_calling = false;
        Console.WriteLine($"copied: {copied}; {s_handled} assemblies were loaded meanwhile");
        memory.Dispose();
        guest.Dispose();
        Judge.Require(!Judge.IsMapped(address), "the memory is still mapped after its last user");
        _ = other.Read<byte>(0);
        other.WithExclusivity(_ => { });
    }
}
