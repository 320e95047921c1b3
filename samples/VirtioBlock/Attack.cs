using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace VirtioBlock;

/// <summary>A way in which the driver breaks the rules, after it has built an honest read of sector 5 in descriptors 0 to 2.</summary>
/// <param name="Name">What it does, in words.</param>
/// <param name="Expected">What the device is to refuse it as.</param>
/// <param name="NeedsReset">Whether the device is to ask for a reset.</param>
/// <param name="Break">The code that does it.</param>
/// <param name="Submits">Whether the request is then made available; otherwise the code has told the device itself.</param>
internal sealed record Attack(string Name, Refusal Expected, bool NeedsReset, Action<Assembler> Break, bool Submits = true)
{
    private const ulong First = GuestMap.Descriptors;
    private const ulong Second = First + 16;
    private const ulong Third = First + 32;
    private const int Length = 8;
    private const int Flags = 12;
    private const int Next = 14;

    /// <summary>The attacks, in the order in which the driver makes them.</summary>
    public static IReadOnlyList<Attack> All { get; } =
    [
        new("a chain that comes back to itself", Refusal.ChainLoops, true, a =>
        {
            a.mov(__word_ptr[Third + Flags], 3);
            a.mov(__word_ptr[Third + Next], 1);
        }),
        new("a descriptor that is its own next", Refusal.ChainLoops, true, a => a.mov(__word_ptr[Second + Next], 1)),
        new("a next beyond the table", Refusal.NextOutOfRange, true, a => a.mov(__word_ptr[First + Next], SplitQueue.MostDescriptors)),
        new("a next of 65535", Refusal.NextOutOfRange, true, a => a.mov(__word_ptr[First + Next], -1)),
        new("a length of 4 GiB less one", Refusal.BufferOutsideMemory, true, a => a.mov(__dword_ptr[Second + Length], -1)),
        new("a buffer one byte too long", Refusal.BufferOutsideMemory, true, a => a.mov(__qword_ptr[Second], (int)(GuestMap.Size - BlockDevice.SectorSize + 1))),
        new("a buffer beyond the memory", Refusal.BufferOutsideMemory, true, a => a.mov(__qword_ptr[Second], 0x4000_0000)),
        new("an address whose end overflows", Refusal.BufferOutsideMemory, true, a => a.mov(__qword_ptr[Second], -16)),
        new("an available index that jumps", Refusal.AvailableIndexJumped, true, a => a.add(r15w, 1000)),
        new("an available index that goes back", Refusal.AvailableIndexJumped, true, a => a.sub(r15w, 2)),
        new(
            "a head beyond the table",
            Refusal.HeadOutOfRange,
            true,
            a =>
            {
                a.mov(eax, r15d);
                a.and(eax, SplitQueue.MostDescriptors - 1);
                a.mov(__word_ptr[rax * 2 + (int)(GuestMap.Available + 4)], SplitQueue.MostDescriptors);
                a.inc(r15w);
                a.mov(__[GuestMap.Available + 2], r15w);
                a.mov(__dword_ptr[rbx + 0x50], 0);
            },
            Submits: false),
        new("an indirect table that was not negotiated", Refusal.IndirectNotNegotiated, true, a => a.mov(__word_ptr[Second + Flags], QueueDescriptor.Indirect)),
        new("a request of one descriptor", Refusal.RequestTooShort, true, a => a.mov(__word_ptr[First + Flags], 0)),
        new("a header too short", Refusal.HeaderNotReadable, true, a => a.mov(__dword_ptr[First + Length], 15)),
        new("a header for the device to write", Refusal.HeaderNotReadable, true, a => a.mov(__word_ptr[First + Flags], 3)),
        new("a status that the device may not write", Refusal.StatusNotWritable, true, a => a.mov(__word_ptr[Third + Flags], 0)),
        new("a status of no bytes", Refusal.StatusNotWritable, true, a => a.mov(__dword_ptr[Third + Length], 0)),
        new("a read into what is not to be written", Refusal.WrongDirection, false, a => a.mov(__word_ptr[Second + Flags], 1)),
        new("half a sector", Refusal.NotWholeSectors, false, a => a.mov(__dword_ptr[Second + Length], BlockDevice.SectorSize / 2)),
        new("a sector beyond the disk", Refusal.BeyondTheDisk, false, a => a.mov(__dword_ptr[GuestMap.Header + 8], 1 << 30)),
        new("a sector of 2^64 - 1", Refusal.BeyondTheDisk, false, a => a.mov(__qword_ptr[GuestMap.Header + 8], -1)),
        new("a request of no known type", Refusal.UnknownRequest, false, a => a.mov(__dword_ptr[GuestMap.Header], -1)),
        Setup("a queue of no descriptors", Refusal.QueueSizeImpossible, 0x38, 0),
        Setup("a queue of 3 descriptors", Refusal.QueueSizeImpossible, 0x38, 3),
        Setup("a queue of 2^31 descriptors", Refusal.QueueSizeImpossible, 0x38, int.MinValue),
        Setup("descriptors beyond the memory", Refusal.QueueOutsideMemory, 0x84, -1),
        Setup("an available ring beyond the memory", Refusal.QueueOutsideMemory, 0x90, -4096),
        Setup("a used ring beyond the memory", Refusal.QueueOutsideMemory, 0xA4, 1),
    ];

    // The driver sets a register of the queue, and says that the queue is ready.
    private static Attack Setup(string name, Refusal expected, int register, int value) => new(
        name,
        expected,
        true,
        a =>
        {
            a.mov(__dword_ptr[rbx + register], value);
            a.mov(__dword_ptr[rbx + 0x44], 1);
        },
        Submits: false);
}
