using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests.Views;

/// <summary>The <c>Try</c> forms of views, library's and generated, of memory whose owner has shortened it: <see langword="false"/>, and no exception.</summary>
public sealed class VanishedViewTests
{
    private const ulong Page = 4096;
    private const ulong GuestAddress = 0x7000;

    [SkippableFact]
    public void An_element_that_is_gone_is_neither_read_nor_written()
    {
        Each(16, static (place, isThere) =>
        {
            foreach (bool bigEndian in (bool[])[false, true])
            {
                var array = new SharedArrayView<uint>(place, 4, bigEndian);
                Assert.Equal(isThere, array.TryWrite(1, 77));
                Assert.Equal(isThere, array.TryWrite(1UL, 77));
                Assert.Equal(isThere, array.TryRead(1, out uint value));
                Assert.Equal(isThere ? 77U : 0, value);
                Assert.Equal(isThere, array.TryRead(1UL, out value));
                Assert.False(array.TryRead(4, out value) | array.TryWrite(4, 1) | array.TryRead(-1, out _) | array.TryWrite(-1, 1));
                Assert.Equal(isThere, new SharedArrayView<UInt128>(place, 1, bigEndian).TryWrite(0, UInt128.MaxValue));
            }
        });
    }

    [SkippableFact]
    public void A_field_that_is_gone_is_not_read()
    {
        Each(16, static (place, isThere) =>
        {
            var field = new SharedPlace<Vanishing>(place);
            new SharedArrayView<uint>(place, 4, bigEndian: false).TryWrite(2, 0x0102_0304);
            Assert.Equal(isThere, field.TryRead(8, out uint value));
            Assert.Equal(isThere ? 0x0102_0304U : 0, value);
            Assert.Equal(isThere, field.TryReadBigEndian(8, out value));
            Assert.Equal(isThere ? 0x0403_0201U : 0, value);
        });
    }

    [SkippableFact]
    public void A_checked_field_that_is_gone_is_not_given()
    {
        Each(16, static (place, isThere) =>
        {
            Vanishing.View view = new(new SharedPlace<Vanishing>(place));
            new SharedArrayView<byte>(place, 16, bigEndian: false).TryWrite(0, 1);
            new SharedArrayView<byte>(place, 16, bigEndian: false).TryWrite(1, 1);
            new SharedArrayView<byte>(place, 16, bigEndian: false).TryWrite(5, 1);
            Assert.Equal(isThere, view.TryGetFlag(out bool flag));
            Assert.Equal(isThere, flag);
            Assert.Equal(isThere, view.TryGetKind(out VanishingKind kind));
            Assert.Equal(isThere ? VanishingKind.One : 0, kind);
            Assert.Equal(isThere, view.TryGetFlags(1, out flag));
            Assert.Equal(isThere, flag);

            // No element is no reason for an exception either.
            Assert.False(view.TryGetFlags(4, out _) | view.TryGetFlags(-1, out _));
        });
    }

    /// <summary>What is gone is refused as a value that the enum has not: the first that is free, and none where all are defined.</summary>
    [SkippableFact]
    public void An_enum_of_any_kind_that_is_gone_is_not_given()
    {
        Each(24, static (place, isThere) =>
        {
            VanishingEnums.View view = new(new SharedPlace<VanishingEnums>(place));
            SharedArrayView<byte> bytes = new(place, 24, bigEndian: false);
            bytes.TryWrite(0, 0xA5);
            bytes.TryWrite(1, 0x81);
            bytes.TryWrite(15, 0x80);
            bytes.TryWrite(16, 1);
            bytes.TryWrite(23, 0);
            Assert.Equal(isThere, view.TryGetAll(out EveryBit all));
            Assert.Equal(isThere ? (EveryBit)0xA5 : 0, all);
            Assert.Equal(isThere, view.TryGetLeast(out LeastBytes least));
            Assert.Equal(isThere ? LeastBytes.Next : 0, least);
            Assert.Equal(isThere, view.TryGetLong(out LeastLong longest));
            Assert.Equal(isThere ? LeastLong.Least : 0, longest);
            Assert.Equal(isThere, view.TryGetMost(out MostBits most));
            Assert.Equal(isThere ? MostBits.Low : 0, most);

            // What is there and not defined is refused as ever.
            bytes.TryWrite(1, 0x82);
            bytes.TryWrite(23, 0x80);
            Assert.False(view.TryGetLeast(out _) | view.TryGetMost(out _));
        });
    }

    [SkippableFact]
    public void A_wire_enum_and_a_union_that_are_gone_are_not_given()
    {
        Each(24, static (place, isThere) =>
        {
            VanishingUnion.View view = new(new SharedPlace<VanishingUnion>(place));
            SharedArrayView<byte> bytes = new(place, 24, bigEndian: false);
            bytes.TryWrite(0, 1);
            bytes.TryWrite(4, 5);
            bytes.TryWrite(8, 6);
            Assert.Equal(isThere, view.TryGetKind(out VanishingKind kind));
            Assert.Equal(isThere ? VanishingKind.One : 0, kind);
            Assert.Equal(isThere, view.TryGetWord(out uint word));
            Assert.Equal(isThere ? 5U : 0, word);
            bytes.TryWrite(0, 2);
            Assert.Equal(isThere, view.TryGetPair(out VanishingPair pair));
            Assert.Equal(isThere ? (ushort)5 : 0, pair.Low);
            bytes.TryWrite(0, 3);
            Assert.Equal(isThere, view.TryGetTurned(out Words turned));
            Assert.Equal(isThere ? 0x0600_0000U : 0, turned[0]);
            bytes.TryWrite(0, 4);
            Assert.Equal(isThere, view.TryGetAll(out ulong all));
            Assert.Equal(isThere ? 0x5_0000_0004UL : 0, all);
        });
    }

    /// <summary>By guest address a region that was opened for reading is the guest's choice; elsewhere a write is a mistake of the host's.</summary>
    [SkippableFact]
    public void An_element_of_a_region_that_was_opened_for_reading_is_not_written()
    {
        LinuxSharing.SkipElsewhere();
        using SafeFileHandle file = LinuxSharing.MemFd(Page);
        using HostSharedMemory memory = HostSharedMemory.Open(file, 0, Page, SharedMemoryAccess.Read, allowUnsealed: true);
        using var space = new GuestAddressSpace();
        space.Map(GuestAddress, memory, 0, Page);
        using GuestAddressLease held = space.Enter();
        Assert.False(new SharedArrayView<uint>(Place.In(space, GuestAddress, 16), 4, bigEndian: false).TryWrite(0, 1));
        Assert.False(new SharedArrayView<uint>(Place.In(in held, GuestAddress, 16), 4, bigEndian: false).TryWrite(0, 1));
        Assert.Throws<NotSupportedException>(() => SharedArrayView.At<uint>(memory, 0, 4).TryWrite(0, 1));
    }

    /// <summary>What was written without an exception is marked as what was written with one.</summary>
    [SkippableFact]
    public void An_element_that_is_written_is_marked()
    {
        using var pair = new Pair();
        using var space = new GuestAddressSpace();
        space.Map(GuestAddress, pair.Host, 0, Page);
        var bitmap = new DirtyBitmap(GuestAddress, Page, 512);
        space.TrackWrites(bitmap);
        Assert.True(new SharedArrayView<uint>(Place.In(space, GuestAddress + 512, 16), 4, bigEndian: false).TryWrite(0, 1));
        Assert.True(bitmap.IsDirty(GuestAddress + 512));
        bitmap.Clear();
        using GuestAddressLease held = space.Enter();
        Assert.True(new SharedArrayView<uint>(Place.In(in held, GuestAddress + 1024, 16), 4, bigEndian: false).TryWrite(0, 1));
        Assert.True(bitmap.IsDirty(GuestAddress + 1024));
        Assert.Equal(1U, pair.Host.Read<uint>(1024));
    }

    // A place of each kind, in bytes that are there and in bytes that are gone.
    private static void Each(ulong length, Use use)
    {
        LinuxSharing.SkipElsewhere();
        _ = RecoveringAccessTests.Get();
        using SafeFileHandle file = LinuxSharing.MemFd(2 * Page);
        using HostSharedMemory memory = HostSharedMemory.Open(file, 0, 2 * Page);
        using var space = new GuestAddressSpace();
        space.Map(GuestAddress, memory, 0, 2 * Page);
        using HostLease lease = memory.Enter();
        using GuestAddressLease held = space.Enter();
        Assert.Equal(0, ShrinkingFile.FTruncate(file, (long)Page));
        for (ulong at = 0; at <= Page; at += Page)
        {
            use(Place.In(memory, at, length), at == 0);
            use(Place.In(in lease, at, length), at == 0);
            use(Place.In(space, GuestAddress + at, length), at == 0);
            use(Place.In(in held, GuestAddress + at, length), at == 0);
        }
    }

    private delegate void Use(Place place, bool isThere);
}

internal enum VanishingKind : byte
{
    None,
    One,
}

[Flags]
internal enum EveryBit : byte
{
    None,
    All = 0xFF,
}

internal enum LeastBytes : sbyte
{
    Least = sbyte.MinValue,
    Next = -127,
}

internal enum LeastLong : long
{
    Least = long.MinValue,
}

[Flags]
internal enum MostBits : ulong
{
    None,
    Low = 1,
    All = ulong.MaxValue >> 1,
}

/// <summary>24 bytes with enums of which an integer that is no value is hard to find, or not to be had.</summary>
[AllValid]
internal partial struct VanishingEnums
{
    [WireEnum] public EveryBit All;
    [WireEnum] public LeastBytes Least;
    public ushort A;
    public uint B;
    [WireEnum] public LeastLong Long;
    [WireEnum] public MostBits Most;
}

[InlineArray(4)]
internal struct VanishingFlags
{
    private bool _first;
}

/// <summary>16 bytes with fields that are checked.</summary>
[ValidateOnRead]
internal partial struct Vanishing
{
    public bool Flag;
    public VanishingKind Kind;
    public ushort Reserved;
    public VanishingFlags Flags;
    public ulong Rest;
}

[AllValid]
internal partial struct VanishingPair
{
    public ushort Low;
    public ushort High;
}

/// <summary>24 bytes with a wire enum, and fields of which it is the tag: read alone, as a struct, and with the whole.</summary>
[AllValid, StructLayout(LayoutKind.Explicit)]
internal partial struct VanishingUnion
{
    [FieldOffset(0), WireEnum] public VanishingKind Kind;
    [FieldOffset(0), Union(nameof(Kind), 4)] public ulong All;
    [FieldOffset(4), Union(nameof(Kind), 1)] public uint Word;
    [FieldOffset(4), Union(nameof(Kind), 2)] public VanishingPair Pair;
    [FieldOffset(8), Union(nameof(Kind), 3), BigEndian] public Words Turned;
}
