namespace Nub.Memory.Attack;

/// <summary>Native memory is short once, at the worst moment. When there is memory again everything works as before.</summary>
internal static class NoMemory
{
    /// <summary>While a thread gets its slot.</summary>
    public static void ForSlot(string[] args)
    {
        Faults.Attach();
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        Judge.AccessFromManyPages(host);
        Judge.OnThread(() =>
        {
            Faults.FailAll();
            try
            {
                Judge.MayRunOut(() => host.Read<byte>(0));
            }
            finally
            {
                Faults.Stop();
            }

            host.Read<byte>(0);
        });
        Judge.Collect();
        for (int i = 0; i < 3; i++)
        {
            Judge.OnThread(() =>
            {
                host.Read<byte>(0);
                host.Read<byte>(0);
            });
            Judge.Collect();
        }

        host.WithExclusivity(_ => { });
        End(host, guest);
    }

    /// <summary>While the first lease of the process is begun.</summary>
    public static void ForLease(string[] args)
    {
        Faults.Attach();
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(1 << 20).Build();
        Faults.FailAll();
        try
        {
            for (int i = 0; i < 2; i++)
            {
                Judge.MayRunOut(() => guest.EnterGuest().Dispose());
                Judge.MayRunOut(() => SharedView.At<uint>(host, 0).Load());
            }
        }
        finally
        {
            Faults.Stop();
        }

        guest.EnterGuest().Dispose();
        Judge.Require(SharedView.At<uint>(host, 0).Load() == 0, "a view reads what was not written");
        host.WithExclusivity(_ => { });
        End(host, guest);
    }

    /// <summary>While the first access of the process is made.</summary>
    public static void ForTable(string[] args)
    {
        Faults.Attach();
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(1 << 20).Build();
        Faults.FailAll();
        try
        {
            Judge.MayRunOut(() => host.Read<int>(0));
            if (args is ["dispose"])
            {
                // Neither of these may throw, whatever is short.
                host.Dispose();
                guest.Dispose();
            }
        }
        finally
        {
            Faults.Stop();
        }

        if (args is not ["dispose"])
        {
            host.Read<int>(0);
            End(host, guest);
        }
    }

    private static void End(HostSharedMemory host, GuestSharedMemory guest)
    {
        nint address = host.BaseAddress;
        host.Dispose();
        guest.Dispose();
        Judge.Require(!Judge.IsMapped(address), "the memory is still mapped after its last user");
    }
}
