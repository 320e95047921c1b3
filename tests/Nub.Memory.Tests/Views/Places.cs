using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests.Views;

/// <summary>
/// The same bytes by each kind of place that a view can be bound to: a memory, its lease, a guest address space and its lease; and each of them of a memory that is touched on the
/// fast path, and of one that is too small for it (<see cref="Small"/>).
/// </summary>
internal static class Places
{
    /// <summary>Where a place begins in its memory.</summary>
    public const ulong Offset = 40;

    private const ulong GuestAddress = 0x1_0000;

    public delegate void Use<T, TView>(HostSharedMemory memory, SharedPlace<T> place) where T : unmanaged where TView : ISharedView<TView, T>, allows ref struct;

    public delegate void UseArray<[AllValid] T>(HostSharedMemory memory, SharedArrayView<T> array) where T : unmanaged;

    public delegate void UsePlace(HostSharedMemory memory, Place place);

    public delegate void UseViews(HostSharedMemory memory, SharedViews<Part, Part.View> views);

    public static void Each<T, TView>(Use<T, TView> use) where T : unmanaged where TView : ISharedView<TView, T>, allows ref struct
    {
        ulong size = (ulong)Unsafe.SizeOf<T>();
        EachPlace(size, (memory, place) => use(memory, new SharedPlace<T>(place)));
    }

    public static void EachArray<[AllValid] T>(ulong count, bool bigEndian, UseArray<T> use) where T : unmanaged =>
        EachPlace(SharedArrayView.LengthOf<T>(count), (memory, place) => use(memory, new SharedArrayView<T>(place, count, bigEndian)));

    public static void EachViews(ulong count, UseViews use) =>
        EachPlace(SharedArrayView.LengthOf<Part>(count), (memory, place) => use(memory, new SharedViews<Part, Part.View>(place, count)));

    /// <summary>A memory of which no access takes the fast path, because a value may be larger than it. Only Linux has memories of less than a page: elsewhere it is an ordinary one.</summary>
    public static HostSharedMemory Small()
    {
        if (!OperatingSystem.IsLinux())
        {
            (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(Pair.Page).Build();
            guest.Dispose();
            return host;
        }

        const ulong Size = 1000;
        using SafeFileHandle file = LinuxSharing.MemFd(Size);
        Assert.Equal(0, LinuxNative.FCntl(file, LinuxNative.FAddSeals, LinuxSharing.Shrink | LinuxSharing.Grow));
        var small = HostSharedMemory.Open(file, 0, Size);
        Assert.False(small.Live.MayRead);
        return small;
    }

    public static void EachPlace(ulong length, UsePlace use)
    {
        foreach (bool isSmall in (bool[])[false, true])
        {
            using var pair = new Pair();
            using HostSharedMemory memory = isSmall ? Small() : pair.Host.Clone();
            using var space = new GuestAddressSpace();
            space.Map(GuestAddress, memory, 0, memory.Size);
            use(memory, Place.In(memory, Offset, length));
            memory.Zero(); // which needs all users to have left
            use(memory, Place.In(space, GuestAddress + Offset, length));
            memory.Zero();
            using (HostLease lease = memory.Enter())
            {
                use(memory, Place.In(in lease, Offset, length));
            }

            memory.Fill(0, memory.Size, 0);
            using (GuestAddressLease lease = space.Enter())
            {
                use(memory, Place.In(in lease, GuestAddress + Offset, length));
            }
        }
    }
}

[AllValid]
internal partial struct Part
{
    public ushort Low;
    [BigEndian] public ushort High;
}

[InlineArray(3)]
internal struct Parts
{
    private Part _first;
}

[InlineArray(4)]
internal struct Words
{
    private uint _first;
}

/// <summary>56 bytes: a field of each kind.</summary>
[AllValid]
internal partial struct Entry
{
    public ulong Address;
    public uint Number;
    [BigEndian] public ushort Port;
    public ushort Flags;
    public Words Words;
    public Parts Parts;
    public int Signed;
    public long Long;
}

/// <summary>A struct with as many parts behind it as a field says.</summary>
[AllValid, Tail<Part>(nameof(Count))]
internal partial struct Listed
{
    public ushort Kind;
    [BigEndian] public ushort Count;
}

[ValidateOnRead]
internal partial struct Checked
{
    public uint Length;
    public bool Last;
    public byte A;
    [BigEndian] public ushort B;
}
