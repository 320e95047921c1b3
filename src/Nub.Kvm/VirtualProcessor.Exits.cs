using System.Buffers.Binary;

namespace Nub.Kvm;

// From what the kernel wrote to the shared page to a VmExit. The header and the exit behind it are copied at once, so that each byte is
// read once, and judged on the private copy: the page is shared. One access costs less than one for each field.
public sealed partial class VirtualProcessor
{
    // The header, and the longest of the exits that are read.
    private const int ExitSize = (int)RunHeader.ExitOffset + DebugExit.Layout.Size;

    private VmExit ReadExit()
    {
        Span<byte> page = stackalloc byte[ExitSize];
        _page.CopyTo(0, page);
        uint reason = RunHeader.ReadFrom(page).ExitReason;
        ReadOnlySpan<byte> exit = page[(int)RunHeader.ExitOffset..];
        return reason switch
        {
            ExitNumber.Io => ReadIo(IoExit.ReadFrom(exit)),
            ExitNumber.Mmio => ReadMmio(MmioExit.ReadFrom(exit)),
            ExitNumber.Halt => new VmExit(this, VmExitReason.Halt, reason),
            ExitNumber.Shutdown => new VmExit(this, VmExitReason.Shutdown, reason),
            ExitNumber.Debug => ReadDebug(DebugExit.ReadFrom(exit)),
            ExitNumber.FailEntry => new VmExit(this, VmExitReason.FailedEntry, reason) { Detail = OtherExit.ReadFrom(exit).LongNumber },
            ExitNumber.InternalError => new VmExit(this, VmExitReason.InternalError, reason) { Detail = OtherExit.ReadFrom(exit).Number },
            ExitNumber.SystemEvent => new VmExit(this, VmExitReason.SystemEvent, reason) { Detail = OtherExit.ReadFrom(exit).Number },
            ExitNumber.Hypercall => new VmExit(this, VmExitReason.Hypercall, reason) { Detail = OtherExit.ReadFrom(exit).LongNumber },
            ExitNumber.Exception => new VmExit(this, VmExitReason.Exception, reason) { Detail = OtherExit.ReadFrom(exit).Number },
            ExitNumber.InterruptWindowOpen => new VmExit(this, VmExitReason.InterruptWindowOpen, reason),
            ExitNumber.DirtyRingFull => new VmExit(this, VmExitReason.DirtyRingFull, reason),
            _ => new VmExit(this, VmExitReason.Unknown, reason) { Detail = OtherExit.ReadFrom(exit).LongNumber },
        };
    }

    private VmExit ReadIo(IoExit io)
    {
        // A product of 32 and 8 bits fits 64 bits.
        ulong length = (ulong)io.Count * io.Size;
        if (length > MostData || io.DataOffset > _page.Size - length)
        {
            throw Damaged($"{io.Count} items of {io.Size} bytes at offset {io.DataOffset}");
        }

        bool isRead = io.Direction == 0;
        TakeData(isRead, io.DataOffset, (int)length);
        return new VmExit(this, isRead ? VmExitReason.IoIn : VmExitReason.IoOut, ExitNumber.Io, (int)length)
        {
            Port = io.Port,
            Size = io.Size,
            Count = (int)io.Count,
        };
    }

    private VmExit ReadMmio(MmioExit mmio)
    {
        if (mmio.Length > sizeof(ulong))
        {
            throw Damaged($"{mmio.Length} bytes of MMIO");
        }

        bool isRead = mmio.IsWrite == 0;
        const ulong dataOffset = RunHeader.ExitOffset + MmioExit.Layout.DataOffset;
        BinaryPrimitives.WriteUInt64LittleEndian(_data, mmio.Data);
        TakeData(isRead, dataOffset, (int)mmio.Length, alreadyCopied: true);
        return new VmExit(this, isRead ? VmExitReason.MmioRead : VmExitReason.MmioWrite, ExitNumber.Mmio, (int)mmio.Length)
        {
            Address = mmio.Address,
            Size = (int)mmio.Length,
            Count = 1,
        };
    }

    private VmExit ReadDebug(DebugExit debug) =>
        new(this, VmExitReason.Debug, ExitNumber.Debug) { Address = debug.InstructionAddress, Detail = debug.Dr6 };

    // KVM_RUN has failed with EFAULT: the pages behind a slot cannot be reached.
    private VmExit ReadFault()
    {
        Span<byte> page = stackalloc byte[ExitSize];
        _page.CopyTo(0, page);
        uint reason = RunHeader.ReadFrom(page).ExitReason;
        return new VmExit(this, VmExitReason.MemoryFault, reason)
        {
            // The kernel says where only if it says the reason too (KVM_CAP_MEMORY_FAULT_INFO).
            Address = reason == ExitNumber.MemoryFault ? MemoryFaultExit.ReadFrom(page[(int)RunHeader.ExitOffset..]).GuestAddress : 0,
        };
    }

    private void TakeData(bool isRead, ulong offset, int length, bool alreadyCopied = false)
    {
        _isExitUnfinished = true;
        Span<byte> data = _data.AsSpan(0, length);
        if (isRead)
        {
            data.Clear();
            _answerOffset = offset;
            _answerLength = length;
        }
        else if (!alreadyCopied)
        {
            _page.CopyTo(offset, data);
        }
    }

    private KvmException Damaged(string what) =>
        new(Requests.Run.Name, 0, $"the shared page of virtual processor {Id} has {what}, which cannot be: something other than the kernel writes it");
}
