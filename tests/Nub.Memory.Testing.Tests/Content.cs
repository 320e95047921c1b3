using System.Text;
using Nub.Ipc;
using Nub.Virtio;

namespace Nub.Memory.Testing.Tests;

[AllValid]
internal partial struct Message
{
    public uint Length;
    public ushort Type;
    public ushort Flags;
    public ulong Address;
}

[AllValid]
internal partial struct Node
{
    public uint Next;
    public uint Value;
}

[AllValid, BigEndian]
internal partial struct NetworkHeader
{
    public ushort Kind;
    public ushort Length;
    public uint Sequence;
}

[AllValid]
internal partial struct SplitDescriptor
{
    public ulong Address;
    public uint Length;
    public ushort Flags;
    public ushort Next;
}

[AllValid]
internal partial struct PackedDescriptor
{
    public ulong Address;
    public uint Length;
    public ushort Id;
    public ushort Flags;
}

internal enum Color : byte
{
    Red = 1,
    Green = 2,
}

[ValidateOnRead]
internal partial struct Pixel
{
    public Color Color;
    public byte Brightness;
}

/// <summary>What an honest guest has written, for all parsers of these tests.</summary>
internal static class Content
{
    public const ulong Size = 12288;

    /// <summary>A message: length 8, type 1, flags 1, address 64.</summary>
    public const ulong Header = 0;

    /// <summary>Eight bytes and a zero.</summary>
    public const ulong Text = 16;

    /// <summary>A byte that is the sum of the eight.</summary>
    public const ulong Checksum = 28;

    /// <summary>Four messages of length 2, 3, 4, 5.</summary>
    public const ulong Array = 32;

    /// <summary>Three nodes, linked.</summary>
    public const ulong List = 128;

    /// <summary>A header in network byte order.</summary>
    public const ulong Network = 160;

    /// <summary>A validated struct.</summary>
    public const ulong Pixel = 176;

    /// <summary>A sequence number, even, and 16 bytes that it guards.</summary>
    public const ulong Sequence = 192;

    /// <summary>An index that the host moves, and one that the guest moves.</summary>
    public const ulong Indexes = 224;

    /// <summary>A stack with two elements, the upper one with a prefix.</summary>
    public const ulong Stack = 1024;

    public const ulong StackSize = 256;

    /// <summary>A ring with two records.</summary>
    public const ulong Ring = 4096;

    public const ulong RingSize = 4096;

    /// <summary>A split virtqueue of 4 entries, one of which is a chain of a text to be read and 64 bytes to be written; a packed one of the same follows at 9216.</summary>
    public const ulong Queue = 8192;

    public const ulong PackedQueue = 9216;

    /// <summary>Where the memory begins by guest address.</summary>
    public const ulong GuestAddress = 0x10_0000;

    public static HostileMemory Create()
    {
        var memory = new HostileMemory(Size);
        memory.Write(Header, new Message { Length = 8, Type = 1, Flags = 1, Address = 64 });
        byte[] text = Encoding.ASCII.GetBytes("payload!");
        memory.Write(Text, text);
        memory.Write(Checksum, (byte)text.Sum(value => value));
        for (uint index = 0; index < 4; index++)
        {
            memory.Write(Array + (index * 16), new Message { Length = index + 2, Type = 1, Address = 16 });
        }

        memory.Write(List, new Node { Next = (uint)List + 8, Value = 10 });
        memory.Write(List + 8, new Node { Next = (uint)List + 16, Value = 20 });
        memory.Write(List + 16, new Node { Next = 0, Value = 30 });
        memory.Write(Network, new NetworkHeader { Kind = 7, Length = 8, Sequence = 99 });
        memory.Write(Pixel, [(byte)Color.Green, 200]);
        memory.Write(Sequence, 6u);
        memory.Write(Sequence + 4, "0123456789abcdef"u8);
        memory.Write(Indexes, 2u);
        memory.Write(Indexes + 4, 3u);
        SharedStack stack = memory.Host.StackAt(Stack, StackSize);
        stack.Reset();
        stack.Push("lower"u8);
        stack.PushPrefixed("upper"u8);
        SharedRing ring = SharedRing.Create(memory.Host, Ring, RingSize);
        Assert.True(ring.Producer.TryWrite("first"u8));
        Assert.True(ring.Producer.TryWrite("second record"u8));
        memory.KeepContent();
        WriteQueues(memory);
        return memory;
    }

    public static VirtQueueLayout Layout(ulong at) => new(4, GuestAddress + at, GuestAddress + at + 64, GuestAddress + at + 128);

    // Virtual I/O Device 1.2, sections 2.7.5, 2.7.6 and 2.8.13.
    private static void WriteQueues(HostileMemory memory)
    {
        const ushort next = 1, write = 2, available = 1 << 7;
        memory.Write(Queue, new SplitDescriptor { Address = GuestAddress + Text, Length = 8, Flags = next, Next = 1 });
        memory.Write(Queue + 16, new SplitDescriptor { Address = GuestAddress + Queue + 256, Length = 64, Flags = write });
        memory.Write(Queue + 64 + 2, (ushort)1);
        memory.Write(PackedQueue, new PackedDescriptor { Address = GuestAddress + Text, Length = 8, Id = 2, Flags = next | available });
        memory.Write(PackedQueue + 16, new PackedDescriptor { Address = GuestAddress + Queue + 256, Length = 64, Id = 2, Flags = write | available });
    }

    public static GuestAddressSpace Space(HostSharedMemory memory)
    {
        var space = new GuestAddressSpace();
        space.Map(GuestAddress, memory, 0, Size);
        return space;
    }
}
