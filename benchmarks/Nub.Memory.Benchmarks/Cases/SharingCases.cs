using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Memory by guest address, and memory that its owner may shorten, each beside memory of one's own.</summary>
internal sealed class SharingCases : IDisposable
{
    private const string Own = "own memory";
    private const ulong Size = 4 << 20;

    private static ulong s_sink;

    private readonly HostSharedMemory _own;
    private readonly GuestSharedMemory _guest;
    private readonly HostSharedMemory? _foreign;
    private readonly List<GuestAddressSpace> _spaces = [];

    public SharingCases()
    {
        (_own, _guest) = new ExclusiveSharedMemory(Size).Build();
        _own.Fill(0, Size, 1);
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // A file in memory that anybody could shorten, so that accesses go the way that survives it.
        string path = $"/dev/shm/nub-benchmark-{Environment.ProcessId}";
        try
        {
            File.WriteAllBytes(path, new byte[Size]);
            _foreign = HostSharedMemory.OpenFile(path, 0, Size, SharedMemoryAccess.ReadWrite);
        }
        catch (PlatformNotSupportedException e)
        {
            Console.WriteLine($"Memory that may be shortened is not measured: {e.Message}");
        }
        finally
        {
            File.Delete(path);
        }
    }

    public IEnumerable<Contest> All()
    {
        foreach (int regions in (int[])[1, 2, 8, 64])
        {
            GuestAddressSpace space = Space(regions);

            // In the last region: a search that begins at the first has the longest way.
            ulong at = ((ulong)regions - 1) * 0x10_0000 + 64;
            yield return new Contest("guest", $"Read<ulong> by guest address, {regions} region{(regions == 1 ? "" : "s")}",
                new Side("Nub", times => s_sink += Read(space, at, times)), [new Side(Own, times => s_sink += Read(_own, 64, times))], []);
            yield return new Contest("guest", $"the same under a lease, {regions} region{(regions == 1 ? "" : "s")}",
                new Side("Nub", times => s_sink += ReadHeld(space, at, times)), [new Side(Own, times => s_sink += ReadHeld(_own, 64, times))], []);
        }

        if (_foreign is null)
        {
            yield break;
        }

        yield return new Contest("surviving", "Read<ulong> of memory that may go",
            new Side("Nub", times => s_sink += Read(_foreign, 64, times)), [new Side(Own, times => s_sink += Read(_own, 64, times))], []);
        yield return new Contest("surviving", "Write<ulong> to memory that may go",
            new Side("Nub", times => Write(_foreign, 64, times)), [new Side(Own, times => Write(_own, 64, times))], []);
        foreach (int size in (int[])[256, 4 << 10, 8 << 10, 64 << 10, 1 << 20])
        {
            // At least 0.9 of the other's speed, from 4 KiB on.
            byte[] buffer = new byte[size];
            Limit[] limits = size >= 4 << 10 ? [new Limit(Own, 1 / 0.9)] : [];
            yield return new Contest("surviving", $"CopyTo {BulkCases.Words(size)} of memory that may go",
                new Side("Nub", times => CopyTo(_foreign, buffer, times)), [new Side(Own, times => CopyTo(_own, buffer, times))], limits);
            yield return new Contest("surviving", $"CopyFrom {BulkCases.Words(size)} of memory that may go",
                new Side("Nub", times => CopyFrom(_foreign, buffer, times)), [new Side(Own, times => CopyFrom(_own, buffer, times))], limits);
        }
    }

    public void Dispose()
    {
        _spaces.ForEach(static space => space.Dispose());
        _foreign?.Dispose();
        _own.Dispose();
        _guest.Dispose();
    }

    private GuestAddressSpace Space(int regions)
    {
        var space = new GuestAddressSpace();
        _spaces.Add(space);
        for (int i = 0; i < regions; i++)
        {
            space.Map((ulong)i * 0x10_0000, _own, 0, 0x8_0000);
        }

        return space;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Read(HostSharedMemory memory, ulong offset, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += memory.Read<ulong>(offset);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong Read(GuestAddressSpace space, ulong address, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += space.Read<ulong>(address);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadHeld(HostSharedMemory memory, ulong offset, int times)
    {
        using HostLease lease = memory.Enter();
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += lease.Read<ulong>(offset);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadHeld(GuestAddressSpace space, ulong address, int times)
    {
        using GuestAddressLease lease = space.Enter();
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += lease.Read<ulong>(address);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Write(HostSharedMemory memory, ulong offset, int times)
    {
        for (int i = 0; i < times; i++)
        {
            memory.Write(offset, (ulong)i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyTo(HostSharedMemory memory, byte[] buffer, int times)
    {
        for (int i = 0; i < times; i++)
        {
            memory.CopyTo(4096, buffer);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyFrom(HostSharedMemory memory, byte[] buffer, int times)
    {
        for (int i = 0; i < times; i++)
        {
            memory.CopyFrom(4096, buffer);
        }
    }
}
