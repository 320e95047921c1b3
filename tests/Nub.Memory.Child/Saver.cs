namespace Nub.Memory.Child;

/// <summary>Saves snapshots over and over, whole and as layers, until it is killed.</summary>
internal static class Saver
{
    private const int Pages = 300;

    /// <summary>Each snapshot has one number in all its pages, another than the one before.</summary>
    public static int Run(string folder)
    {
        ulong page = (ulong)Environment.SystemPageSize;
        using SharedMemorySnapshot below = SharedMemorySnapshot.Open(Path.Combine(folder, "base"));
        (HostSharedMemory host, GuestSharedMemory guest) = below.Memory.MapCopyOnWrite().Build();
        using (host)
        using (guest)
        {
            for (long number = 2; ; number++)
            {
                for (ulong i = 0; i < Pages; i++)
                {
                    host.Write(i * page, number);
                }

                _ = SharedMemorySnapshot.Save(Path.Combine(folder, "whole"), host);
                _ = SharedMemorySnapshot.Save(Path.Combine(folder, "layer"), host, below);
                Console.WriteLine(number);
            }
        }
    }
}
