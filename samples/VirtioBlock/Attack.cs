using Iced.Intel;
using Nub.Virtio;
using static Iced.Intel.AssemblerRegisters;

namespace VirtioBlock;

/// <summary>A way in which the driver breaks the rules, after it has built an honest read of sector 5 in descriptors 0 to 2.</summary>
/// <param name="Name">What it does, in words.</param>
/// <param name="Expected">The rule of the queue's that the device is to find broken, after which it needs a reset; or that it finds none.</param>
/// <param name="Answer">What the device is to answer the request with where no rule of the queue's is broken.</param>
/// <param name="Break">The code that does it.</param>
/// <param name="Submits">Whether the request is then made available; otherwise the code has told the device itself.</param>
internal sealed record Attack(string Name, VirtQueueError Expected, byte Answer, Action<Assembler> Break, bool Submits = true)
{
    private const ulong First = GuestMap.Descriptors;
    private const ulong Second = First + 16;
    private const ulong Third = First + 32;
    private const int Length = Descriptor.Length;
    private const int Flags = Descriptor.Flags;
    private const int Next = Descriptor.NextIndex;

    /// <summary>The attacks, in the order in which the driver makes them.</summary>
    public static IReadOnlyList<Attack> All { get; } =
    [
        Broken("a chain that comes back to itself", VirtQueueError.ChainTooLong, a =>
        {
            a.mov(__word_ptr[Third + Flags], 3);
            a.mov(__word_ptr[Third + Next], 1);
        }),
        Broken("a descriptor that is its own next", VirtQueueError.ChainTooLong, a => a.mov(__word_ptr[Second + Next], 1)),
        Broken("a next beyond the table", VirtQueueError.NextOutOfRange, a => a.mov(__word_ptr[First + Next], Descriptor.Count)),
        Broken("a next of 65535", VirtQueueError.NextOutOfRange, a => a.mov(__word_ptr[First + Next], -1)),
        Broken("buffers of more than 4 GiB", VirtQueueError.ChainTooLarge, a => a.mov(__dword_ptr[Second + Length], -1)),
        Broken("an address whose end overflows", VirtQueueError.BufferWraps, a => a.mov(__qword_ptr[Second], -16)),
        Broken("a buffer of no bytes", VirtQueueError.BufferEmpty, a => a.mov(__dword_ptr[Third + Length], 0)),
        Broken("a readable buffer after a writable one", VirtQueueError.ReadableAfterWritable, a => a.mov(__word_ptr[Third + Flags], 0)),
        Broken("an available index that jumps", VirtQueueError.AvailableIndexJumped, a => a.add(r15w, 1000)),
        Broken("an available index that goes back", VirtQueueError.AvailableIndexJumped, a => a.sub(r15w, 2)),
        Broken("an indirect table that was not negotiated", VirtQueueError.IndirectNotNegotiated, a => a.mov(__word_ptr[Second + Flags], Descriptor.Indirect)),
        new(
            "a head beyond the table",
            VirtQueueError.HeadOutOfRange,
            Request.Unanswered,
            a =>
            {
                a.mov(eax, r15d);
                a.and(eax, Descriptor.Count - 1);
                a.mov(__word_ptr[rax * 2 + (int)(GuestMap.Available + 4)], Descriptor.Count);
                a.inc(r15w);
                a.mov(__[GuestMap.Available + 2], r15w);
                a.mov(__dword_ptr[rbx + 0x50], 0);
            },
            Submits: false),
        Answered("a buffer one byte too long", Request.IoError, a => a.mov(__qword_ptr[Second], (int)(GuestMap.Size - BlockDevice.SectorSize + 1))),
        Answered("a buffer beyond the memory", Request.IoError, a => a.mov(__qword_ptr[Second], 0x4000_0000)),
        Answered("a buffer that is the device itself", Request.IoError, a => a.mov(__qword_ptr[Second], (int)GuestMap.Device)),
        Answered("a request without a place for the answer", Request.Unanswered, a => a.mov(__word_ptr[First + Flags], 0)),
        Answered("a header too short", Request.IoError, a => a.mov(__dword_ptr[First + Length], Request.HeaderSize - 1)),
        Answered("a header for the device to write", Request.IoError, a => a.mov(__word_ptr[First + Flags], 3)),
        Answered("half a sector", Request.IoError, a => a.mov(__dword_ptr[Second + Length], BlockDevice.SectorSize / 2)),
        Answered("a sector beyond the disk", Request.IoError, a => a.mov(__dword_ptr[GuestMap.Header + 8], 1 << 30)),
        Answered("a sector of 2^64 - 1", Request.IoError, a => a.mov(__qword_ptr[GuestMap.Header + 8], -1)),
        Answered("a request of no known type", Request.Unsupported, a => a.mov(__dword_ptr[GuestMap.Header], -1)),
        SetUp("a queue of no descriptors", VirtQueueError.SizeInvalid, 0x38, 0),
        SetUp("a queue of 3 descriptors", VirtQueueError.SizeInvalid, 0x38, 3),
        SetUp("a queue of 2^31 descriptors", VirtQueueError.SizeInvalid, 0x38, int.MinValue),
        SetUp("descriptors beyond the memory", VirtQueueError.AreaNotMapped, 0x84, -1),
        SetUp("an available ring beyond the memory", VirtQueueError.AreaNotMapped, 0x90, -4096),
        SetUp("a used ring beyond the memory", VirtQueueError.AreaNotMapped, 0xA4, 1),
        SetUp("descriptors at an odd address", VirtQueueError.AreaMisaligned, 0x80, (int)First + 8),
        SetUp("a used ring over the descriptors", VirtQueueError.AreasOverlap, 0xA0, (int)First + 64),
    ];

    // The request breaks a rule of the queue's.
    private static Attack Broken(string name, VirtQueueError expected, Action<Assembler> change) => new(name, expected, Request.Unanswered, change);

    // The queue is in order, and the request is not.
    private static Attack Answered(string name, byte answer, Action<Assembler> change) => new(name, VirtQueueError.None, answer, change);

    // The driver takes the queue back, changes a register of it, and says that it is ready.
    private static Attack SetUp(string name, VirtQueueError expected, int register, int value) => new(
        name,
        expected,
        Request.Unanswered,
        a =>
        {
            a.mov(__dword_ptr[rbx + 0x44], 0);
            a.mov(__dword_ptr[rbx + register], value);
            a.mov(__dword_ptr[rbx + 0x44], 1);
        },
        Submits: false);
}
