using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory.Benchmarks;

/// <summary>
/// The memories that the contests are held on: Nub's, and the same amount for each peer. Each peer has its own, so that none
/// finds in the cache what another has put there.
/// </summary>
internal sealed unsafe class Arena : IDisposable
{
    /// <summary>The size of each memory and of the private buffer in bytes: twice the largest copy that is measured.</summary>
    public const ulong Size = 128UL << 20;

    private readonly MemoryMappedFile _file = MemoryMappedFile.CreateNew(null, 1 << 20);
    private readonly GuestSharedMemory _guest;

    public Arena()
    {
        (Host, _guest) = new ExclusiveSharedMemory(Size).Build();
        Host.Fill(0, Size, 1);
        Accessor = _file.CreateViewAccessor();
        Raw = (byte*)NativeMemory.AlignedAlloc((nuint)Size, 4096);
        new Span<byte>(Raw, int.MaxValue < Size ? int.MaxValue : (int)Size).Fill(1);
        Buffer = GC.AllocateUninitializedArray<byte>((int)Size, pinned: true);
        Buffer.AsSpan().Fill(2);
        HasSeed = SeedPeer.TryLoad(Size, out SeedPeer? seed, out string whyNot);
        Seed = seed;
        if (!HasSeed)
        {
            Console.WriteLine($"The seed's algorithm is not measured: {whyNot}.");
        }
    }

    public HostSharedMemory Host { get; }

    public MemoryMappedViewAccessor Accessor { get; }

    /// <summary>Unguarded memory, for raw pointers and the runtime's own copies.</summary>
    public byte* Raw { get; }

    /// <summary>The private side of copies; pinned, so that a peer in another language can have its address.</summary>
    public byte[] Buffer { get; }

    public nint BufferAddress => (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(Buffer));

    public SeedPeer? Seed { get; }

    public bool HasSeed { get; }

    /// <summary>The seed's side of a contest, where there is one.</summary>
    public Side[] With(Func<SeedPeer, Side> seed, params Side[] others) => Seed is null ? others : [seed(Seed), .. others];

    public void Dispose()
    {
        Host.Dispose();
        _guest.Dispose();
        Accessor.Dispose();
        _file.Dispose();
        NativeMemory.AlignedFree(Raw);
    }
}
