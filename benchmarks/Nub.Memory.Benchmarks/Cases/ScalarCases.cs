using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Nub.Memory.Benchmarks;

/// <summary>Single values: the access that hosts make most.</summary>
internal static unsafe class ScalarCases
{
    private const string Accessor = "ViewAccessor";
    private const string Pointer = "pointer";
    private const string Primitives = "BinaryPrimitives";

    // What a loop sums up goes here, so that no compiler finds out that nobody wants it.
    private static ulong s_sink;

    public static Contest[] All(Arena arena)
    {
        HostSharedMemory host = arena.Host;
        byte* raw = arena.Raw;

        return
        [
            new Contest("scalar", "Read<ulong>",
                new Side("Nub", times => s_sink += ReadUInt64(host, 64, times)),
                arena.With(seed => seed.ReadUInt64(64),
                    new Side(Accessor, times => s_sink += ReadAccessor(arena, 64, times)),
                    new Side(Primitives, times => s_sink += ReadPrimitives(new ReadOnlySpan<byte>(raw + 64, 8), times)),
                    new Side(Pointer, times => s_sink += ReadPointer(raw + 64, times))),
                [new Limit(SeedPeer.Name, 0.20, 0.13), new Limit(Accessor, 0.25, 0.15)]),

            new Contest("scalar", "Read<ulong>, misaligned",
                new Side("Nub", times => s_sink += ReadUInt64(host, 61, times)),
                arena.With(seed => seed.ReadUInt64(61)),
                [new Limit(SeedPeer.Name, 0.20)]),

            new Contest("scalar", "Read<uint>",
                new Side("Nub", times => s_sink += ReadUInt32(host, 64, times)),
                arena.With(seed => seed.ReadUInt32(64)),
                [new Limit(SeedPeer.Name, 0.35)]),

            new Contest("scalar", "Write<ulong>",
                new Side("Nub", times => WriteUInt64(host, 64, times)),
                arena.With(seed => seed.WriteUInt64(64),
                    new Side(Accessor, times => WriteAccessor(arena, 64, times))),
                [new Limit(SeedPeer.Name, 0.20)]),

            new Contest("scalar", "Write<uint>",
                new Side("Nub", times => WriteUInt32(host, 64, times)),
                arena.With(seed => seed.WriteUInt32(64)),
                [new Limit(SeedPeer.Name, 0.35)]),

            new Contest("scalar", "Read of a 16-byte struct",
                new Side("Nub", times => s_sink += ReadDescriptor(host, 64, times)),
                arena.With(seed => seed.Read16(64)),
                [new Limit(SeedPeer.Name, 1.0)]),

            new Contest("view", "field of a view",
                new Side("Nub", times => s_sink += ReadField(host, times)),
                [],
                []),

            new Contest("view", "field of a view under HostLease",
                new Side("Nub",
                    times => s_sink += ReadFieldHeld<byte>(host, times),
                    times => s_sink += ReadFieldHeld<short>(host, times),
                    times => s_sink += ReadFieldHeld<int>(host, times),
                    times => s_sink += ReadFieldHeld<long>(host, times)),
                [new Side(Pointer, times => s_sink += ReadPointer(raw + 64, times))],
                [new Limit(Pointer, 1.5, 1.1)]),
        ];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadUInt64(HostSharedMemory host, ulong offset, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += host.Read<ulong>(offset);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadUInt32(HostSharedMemory host, ulong offset, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += host.Read<uint>(offset);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteUInt64(HostSharedMemory host, ulong offset, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.Write(offset, (ulong)i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteUInt32(HostSharedMemory host, ulong offset, int times)
    {
        for (int i = 0; i < times; i++)
        {
            host.Write(offset, (uint)i);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadDescriptor(HostSharedMemory host, ulong offset, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += host.Read<Descriptor>(offset).Length;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadField(HostSharedMemory host, int times)
    {
        Descriptor.View view = Descriptor.At(host, 64);
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            // Another field than is read under HostLease: how the one is entered would else be counted into the profile of the other.
            sum += view.Length;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadFieldHeld<TPlace>(HostSharedMemory host, int times)
    {
        // For each type argument the JIT compiles it once more, and puts it elsewhere.
        using HostLease access = host.Enter();
        Descriptor.View view = Descriptor.At(in access, 64);
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += view.Address;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadPointer(byte* place, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += Volatile.Read(ref *(ulong*)place);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadPrimitives(ReadOnlySpan<byte> span, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            // The barrier keeps the load in the loop; without it, it is made once.
            sum += BinaryPrimitives.ReadUInt64LittleEndian(span);
            Volatile.ReadBarrier();
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadAccessor(Arena arena, long offset, int times)
    {
        ulong sum = 0;
        for (int i = 0; i < times; i++)
        {
            sum += arena.Accessor.ReadUInt64(offset);
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void WriteAccessor(Arena arena, long offset, int times)
    {
        for (int i = 0; i < times; i++)
        {
            arena.Accessor.Write(offset, (ulong)i);
        }
    }
}

/// <summary>A descriptor of a virtio split queue.</summary>
[AllValid]
internal partial struct Descriptor
{
    /// <summary>Where the buffer is, a guest physical address.</summary>
    public ulong Address;

    /// <summary>The length of the buffer in bytes.</summary>
    public uint Length;

    /// <summary>Whether it continues, and who writes it.</summary>
    public ushort Flags;

    /// <summary>The descriptor it continues at.</summary>
    public ushort Next;
}
