namespace Nub.Memory.Tests;

/// <summary>The two sides of one new mapping, both disposed at the end.</summary>
internal sealed class Pair : IDisposable
{
    public static readonly ulong Page = (ulong)Environment.SystemPageSize;

    public Pair(ulong pages = 1)
    {
        (Host, Guest) = new ExclusiveSharedMemory(pages * Page).Build();
        Size = pages * Page;
    }

    public HostSharedMemory Host { get; }

    public GuestSharedMemory Guest { get; }

    public ulong Size { get; }

    /// <summary>All bytes, for a comparison with a model.</summary>
    public byte[] Contents()
    {
        byte[] bytes = new byte[Size];
        Host.CopyTo(0, bytes);
        return bytes;
    }

    /// <summary>Fills the memory with bytes that all differ from their neighbours, and returns the same as a model.</summary>
    public byte[] FillWithPattern(byte seed = 1)
    {
        byte[] model = new byte[Size];
        for (int i = 0; i < model.Length; i++)
        {
            model[i] = (byte)(seed + i * 7 + i / 251);
        }

        Host.CopyFrom(0, model);
        return model;
    }

    public void Dispose()
    {
        Host.Dispose();
        Guest.Dispose();
    }
}
